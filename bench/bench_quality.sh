#!/bin/sh
# How right a checkpoint is about synthetic films whose truth is known: as a
# captioner, as a verifier of planted errors, and in the whole pipeline.
#
#   bench/bench_quality.sh BINDIR [CLIPS] [MODEL] [FIRST]
#
# Clips FIRST (0) to FIRST + CLIPS (200) - 1 of asid-synth's seed 0, which the
# demo model never learns from. Prints one JSON object; shares, not percent:
#
#   captions   false: of what captions say; missing: of the truth
#   verifier   of errors planted into true records (asid-synth --mutate), and of
#              the claims that nobody touched
#   merged, refined   what three observers who err wrote, merged; verified and
#              refined by the model (accepted records)
#              lost: of what is true and one of the three said; explained: of
#              the lost claims, those of which asid-audit why names in their own
#              words that they were refuted or what they lost against
#   gone       of the errors of those observers after merging, after refining
set -eu
bin=$1 clips=${2:-200} model=${3:-data-samples/synth-captioner} first=${4:-0}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

score() { # FILE... OPTION...
    "$bin/asid-audit" score "$@"
}
"$bin/asid-synth" --count "$clips" --first "$first" -j 0 --output "$dir" -q
"$bin/asid-ingest" -q --root "$dir" sources.jsonl >"$dir/in"
"$bin/asid-caption" -q --root "$dir" --model "$model" --repetition-penalty 1 \
    "$dir/in" -o "$dir/told"
jq -c '{id, caption: .sources[-1].caption}' "$dir/told" >"$dir/captions"
score "$dir/captions" --truth "$dir/truth.jsonl" >"$dir/captions.score"

# As many errors as there are of true claims left, nearly.
"$bin/asid-synth" --mutate "$dir/truth.jsonl" --per-record 10 >"$dir/bad"
"$bin/asid-verify" -q --root "$dir" --model "$model" --window 0 --account 0.25 --events \
    --repetition-penalty 1 "$dir/bad" -o "$dir/judged"
score "$dir/judged" --planted "$dir/bad" >"$dir/verifier.score"

"$bin/asid-merge" -q "$dir/in" | "$bin/asid-align" -q |
    "$bin/asid-timecheck" -q >"$dir/merged"
"$bin/asid-verify" -q --root "$dir" --model "$model" --window 0 --account 0.25 --events \
    --repetition-penalty 1 --ledger "$dir/l.db" "$dir/merged" -o "$dir/verified"
"$bin/asid-refine" -q --root "$dir" --model "$model" --last remove --mismatch 0.4 \
    --repetition-penalty 1 --ledger "$dir/l.db" --rejects "$dir/rejects" \
    "$dir/verified" -o "$dir/refined"
for name in merged refined; do
    score "$dir/$name" --truth "$dir/truth.jsonl" \
        --before "$dir/sources.jsonl" >"$dir/$name.score"
    score "$dir/$name" --planted "$dir/sources.jsonl" >"$dir/$name.planted"
done
# The lost claims of which asid-audit why names the reason.
explained() {
    score "$dir/refined" --truth "$dir/truth.jsonl" --before "$dir/sources.jsonl" \
        --list lost | jq -r '[.id, .text] | @tsv' |
        while IFS="$(printf '\t')" read -r id text; do
            "$bin/asid-audit" why "$id" --ledger "$dir/l.db" --sentence "$text" |
                grep -F -- "$text" | grep -E -m 1 'refuted|against:' ||
                echo "$id: no reason is named: $text" >&2
        done | wc -l
}
jq -n -c --argjson explained "$(explained)" \
    --slurpfile c "$dir/captions.score" --slurpfile v "$dir/verifier.score" \
    --slurpfile m "$dir/merged.score" --slurpfile r "$dir/refined.score" \
    --slurpfile mp "$dir/merged.planted" --slurpfile rp "$dir/refined.planted" '
    def truth: {claims, "false": .false_rate, missing: .missing_rate};
    {clips: $c[0].records,
     captions: ($c[0] | truth + {attributes: (.per_attribute | map_values(truth))}),
     verifier: ($v[0] | {planted, kill_rate, untouched, false_alarm_rate,
         classes: (.per_class | map_values(.kill_rate))}),
     merged: ($m[0] | truth + {lost: .lost_rate}),
     refined: ($r[0] | truth + {lost: .lost_rate, lost_claims: .lost,
         explained: $explained, records}),
     gone: {merged: $mp[0].kill_rate, refined: $rp[0].kill_rate,
         classes: ($rp[0].per_class | map_values(.kill_rate))}}'
