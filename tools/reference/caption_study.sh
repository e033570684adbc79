#!/bin/sh
# The paper in miniature: what a captioner learns from captions of one observer,
# from three merged, and from those verified and refined.
#
#   tools/reference/caption_study.sh BUILD FOLDER [CLIPS] [TEST] [RUNS] [STEPS]
#
# BUILD is build/release, FOLDER is made. CLIPS (200) synthetic clips of seed 500
# are captioned in the three ways by asid's own pipeline; from each set the demo
# captioner's decoder learns for STEPS (48) of 8 clips, RUNS (3) times with
# another seed, its towers frozen; then each captions TEST (60) clips of seed 0.
# PYTHON names the interpreter with the packages of requirements.txt.
# The table (set, of what, how many, false, missing) goes to standard output and
# FOLDER/study.tsv. Called again with the same FOLDER it goes on where it was.
set -eu
build=$1 dir=$2 clips=${3:-200} test=${4:-60} runs=${5:-3} steps=${6:-48}
python=${PYTHON:-python3}
bin=$build/bin model=data-samples/synth-captioner seed=500
tool="$build/tools/make_training_set"
train="$python tools/reference/train_demo.py"

say() {
    printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2
}
score() { # CAPTIONS FOLDER
    "$bin/asid-audit" score "$1" --truth "$2/truth.jsonl"
}
mkdir -p "$dir"
if [ ! -e "$dir/prepared" ]; then
    say "$clips clips to learn from, $test to be tested with"
    "$bin/asid-synth" --seed $seed --count "$clips" -j 0 --output "$dir/clips" -q
    "$bin/asid-synth" --count "$test" -j 0 --output "$dir/test" -q
    "$bin/asid-ingest" -q --root "$dir/test" clips >"$dir/test.jsonl"

    say "their captions: of one observer, merged, refined"
    "$bin/asid-ingest" -q --root "$dir/clips" sources.jsonl >"$dir/in"
    jq -c '{id, caption: .sources[0].caption}' "$dir/in" >"$dir/single.jsonl"
    "$bin/asid-merge" -q "$dir/in" | "$bin/asid-align" -q |
        "$bin/asid-timecheck" -q >"$dir/merged"
    jq -c '{id, caption}' "$dir/merged" >"$dir/merged.jsonl"
    "$bin/asid-verify" -q --root "$dir/clips" --model $model --window 0 --account 0.25 --events \
        --repetition-penalty 1 "$dir/merged" |
        "$bin/asid-refine" -q --root "$dir/clips" --model $model --last remove \
            --mismatch 0.4 --repetition-penalty 1 --rejects "$dir/rejects" \
            >"$dir/refined"
    jq -c '{id, caption}' "$dir/refined" >"$dir/refined.jsonl"
    $train prepare --tool "$tool" --output "$dir/bundle" --tokenizer $model \
        >"$dir/prepare.log" 2>&1
    : >"$dir/rows"
    touch "$dir/prepared"
fi
have() { # SET RUN: the row is there
    grep -q "\"set\":\"$1\",\"run\":\"$2\"" "$dir/rows"
}
row() { # SET RUN CAPTIONS FOLDER WHAT
    score "$3" "$4" | jq -c --arg set "$1" --arg run "$2" --arg what "$5" '
        {set: $set, run: $run, of: $what, records, claims, "false": .false_rate,
         missing: .missing_rate}' >>"$dir/rows"
}
ask() { # MODEL SET RUN: caption the test clips
    "$bin/asid-caption" -q --root "$dir/test" --model "$1" \
        --repetition-penalty 1 "$dir/test.jsonl" -o "$dir/told"
    jq -c '{id, caption: .sources[-1].caption}' "$dir/told" >"$dir/told.jsonl"
    row "$2" "$3" "$dir/told.jsonl" "$dir/test" captioner
}
have before 0 || ask $model before 0
for set in single merged refined; do
    have $set 0 || row $set 0 "$dir/$set.jsonl" "$dir/clips" captions
    for run in $(seq "$runs"); do
        have $set "$run" && continue
        say "learning from $set, run $run"
        rm -rf "$dir/model"
        $train train --tool "$tool" --bundle "$dir/bundle" --start $model \
            --output "$dir/model" --captions "$dir/$set.jsonl" --seed "$run" \
            --data-seed $seed --ring 150 --suffix 576 --batch 8 --rate 5e-4 \
            --warm 10 --steps "$steps" --amp --evaluate 1 \
            >"$dir/$set-$run.log" 2>&1
        ask "$dir/model" $set "$run"
    done
done
jq -s -r '
    def percent: (. * 1000 | round / 10 | tostring) + " %";
    def spread: (add / length | percent) +
        if length > 1 then " (" + (min | percent) + " to " + (max | percent) + ")"
        else "" end;
    group_by([.set, .of])[] | [.[0].set, .[0].of, length,
        ([.[].false] | spread), ([.[].missing] | spread)] | @tsv' \
    "$dir/rows" | tee "$dir/study.tsv"
