#!/bin/sh
# What int8 and int4 weights change in what a checkpoint says.
#
#   [MODEL=DIR VIDEO=FILE] bench/bench_precision.sh BINDIR [CLIPS] [SCORED]
#
# Of the demo model: captions of CLIPS (200) held-out synthetic clips that stay
# the same bytes as with the weights as published, and the mean distance of the
# log probabilities of the true captions of SCORED (20) of them, token by token,
# from fp32. With MODEL, a checkpoint of another shape: the same distance for
# those captions beside VIDEO. One JSON object for each.
set -eu
bin=$1 clips=${2:-200} scored=${3:-20} demo=data-samples/synth-captioner
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Log probabilities of the lines of captions, one JSON array a line.
logprobs() { # MODEL PRECISION PIXELS
    while IFS="$(printf '\t')" read -r video caption; do
        "$bin/asid-model" score -q --model "$1" --precision "$2" --cache "$dir/cache" \
            --cache-towers 0 --max-pixels "$3" --video "$video" --answer "$caption" |
            jq -c .logprobs
    done
}
# distance FILE FILE: of two files of such lines, over all tokens.
distance() {
    jq -n --slurpfile a "$1" --slurpfile b "$2" '
        [$a, $b] | transpose | map(transpose[] | .[0] - .[1] | fabs) | add / length'
}
compare() { # NAME MODEL PIXELS FILE
    for p in fp32 int8 int4; do
        logprobs "$2" $p "$3" <"$4" >"$dir/$p"
    done
    jq -n -c --arg name "$1" --argjson texts "$(wc -l <"$4")" \
        --argjson int8 "$(distance "$dir/fp32" "$dir/int8")" \
        --argjson int4 "$(distance "$dir/fp32" "$dir/int4")" '
        {model: $name, texts: $texts, logprob_distance: {int8: $int8, int4: $int4}}'
}

"$bin/asid-synth" --count "$clips" -j 0 --output "$dir" -q
"$bin/asid-ingest" -q --root "$dir" sources.jsonl >"$dir/in"
for p in bf16 int8 int4; do
    "$bin/asid-caption" -q --root "$dir" --model "$demo" --precision $p --cache "$dir/cache" \
        --repetition-penalty 1 "$dir/in" | jq -c '.sources[-1].caption' >"$dir/said-$p"
done
same() {
    paste -d '\n' "$dir/said-bf16" "$dir/said-$1" | awk 'NR % 2 { a = $0; next } a == $0 { n++ }
        END { print n + 0 }'
}
jq -n -c --argjson clips "$clips" --argjson int8 "$(same int8)" --argjson int4 "$(same int4)" '
    {captions: $clips, unchanged: {int8: $int8, int4: $int4}}'

jq -r '[.video, .caption] | @tsv' "$dir/truth.jsonl" | head -n "$scored" |
    sed "s|^|$dir/|" >"$dir/answers"
compare demo "$demo" 0 "$dir/answers"
if [ -n "${MODEL:-}" ]; then
    head -n 3 "$dir/answers" | awk -F '\t' -v v="${VIDEO:?a video}" '{ print v "\t" $2 }' \
        >"$dir/three"
    compare "$MODEL" "$MODEL" 25088 "$dir/three"
fi
