#!/bin/sh
# What int8 and int4 lose: log probabilities of given answers beside those of
# fp32, and captions beside those of the checkpoint's own precision. One table.
#
#   [MODEL=DIR] bench/bench_precision.sh BINDIR [ANSWERS] [CAPTIONS] [TEXTS]
#
#   ANSWERS    20; clips of asid-synth's seed 0, which the demo model never
#              learnt from, with their true captions as answers
#   CAPTIONS   200; clips of the same that are captioned, greedily; 0: none
#   MODEL      one more checkpoint, e.g. a random one of a published shape
#              (make_checkpoint), whose words are worth nothing: it only answers
#   TEXTS      3; answers it is given about VIDEO
#   NOISY      MODEL made with --noise: a row of how far that is from MODEL, both
#              in fp32 (make both with --dtype f32, or bf16 rounds too)
#   DEMO       data-samples/synth-captioner
#   VIDEO      data-samples/clips/bird.mp4
#   THREADS    2
#   CACHE      a folder for packed weights; removed at the end without it
#
#   tokens     of the answers
#   mean, most |log probability - that of fp32|, a token
#   other      tokens before which another one is the likeliest than with fp32
set -eu
bin=$1 answers=${2:-20} captions=${3:-200} texts=${4:-3}
: "${MODEL:=}" "${NOISY:=}" "${DEMO:=data-samples/synth-captioner}" "${THREADS:=2}"
: "${VIDEO:=data-samples/clips/bird.mp4}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${CACHE:=$dir/cache}"
prompt=$(jq -r '.sets["all-attributes"][0]' schemas/prompts.json)

# score MODEL PRECISION OPTION...: an object for each line "video TAB answer".
score() {
    scored=$1 precision=$2
    shift 2
    while IFS="$(printf '\t')" read -r video answer; do
        "$bin/asid-model" score -q --model "$scored" --precision "$precision" \
            --threads "$THREADS" --cache "$CACHE" --cache-towers 0 \
            --video "$video" --prompt "$prompt" --answer "$answer" "$@" \
            </dev/null >"$dir/score"
        jq -c '{logprobs, best: [.top[][0].id]}' "$dir/score"
    done
}
# distance NAME WHAT FILE: a row of how far the scores in FILE are from fp32's.
distance() {
    jq -n -r --arg name "$1" --arg what "$2" --slurpfile a "$dir/fp32" \
        --slurpfile b "$3" '
        def all(f): map(f) | add;
        [[$a | all(.logprobs), all(.best)], [$b | all(.logprobs), all(.best)]]
        | [[.[][0]] | transpose[] | .[0] - .[1] | fabs] as $off
        | [[.[][1]] | transpose[] | select(.[0] != .[1])] as $other
        | [$name, $what, ($off | length, add / length, max), ($other | length)]
        | @tsv' |
        awk -F '\t' '{ printf "%-12s %-5s %7d %9.4f %9.3f %7d\n", $1, $2, $3, $4, $5, $6 }'
}
# compare NAME MODEL NOISY QUESTIONS OPTION...: rows of the table.
compare() {
    name=$1 model=$2 noisy=$3 questions=$4
    shift 4
    score "$model" fp32 "$@" <"$questions" >"$dir/fp32"
    if [ -n "$noisy" ]; then
        score "$noisy" fp32 "$@" <"$questions" >"$dir/noisy"
        distance "$name" noise "$dir/noisy"
    fi
    for p in int8 int4; do
        score "$model" "$p" "$@" <"$questions" >"$dir/$p"
        distance "$name" "$p" "$dir/$p"
    done
}
caption() { # PRECISION
    "$bin/asid-caption" -q --root "$dir" --model "$DEMO" --precision "$1" \
        --threads "$THREADS" --cache "$CACHE" --cache-towers 0 \
        --repetition-penalty 1 "$dir/in" >"$dir/told"
    jq -c '[.id, .sources[-1].caption]' "$dir/told"
}

most=$(printf '%s\n' "$answers" "$captions" "$texts" | sort -n | tail -1)
"$bin/asid-synth" --count "$most" -j "$THREADS" --output "$dir" -q
jq -r --arg dir "$dir" '"\($dir)/\(.video)\t\(.caption)"' "$dir/truth.jsonl" >"$dir/true"
head -n "$answers" "$dir/true" >"$dir/asked"
printf '%-12s %-5s %7s %9s %9s %7s\n' answers "" tokens mean most other
compare demo "$DEMO" "" "$dir/asked"
if [ -n "$MODEL" ]; then
    head -n "$texts" "$dir/true" | cut -f 2 | sed "s|^|$VIDEO	|" >"$dir/asked"
    compare "$(basename "$MODEL")" "$MODEL" "$NOISY" "$dir/asked" --max-frames 4 \
        --min-pixels 12544 --max-pixels 25088
fi

[ "$captions" -gt 0 ] || exit 0
head -n "$captions" "$dir/sources.jsonl" >"$dir/few.jsonl"
"$bin/asid-ingest" -q --root "$dir" few.jsonl >"$dir/in"
caption bf16 >"$dir/own"
printf '\n%-12s %-5s %7s %9s\n' captions "" clips same
for p in int8 int4; do
    caption "$p" >"$dir/$p"
    paste "$dir/own" "$dir/$p" | awk -F '\t' -v p="$p" '
        $1 == $2 { same++ }
        END { printf "%-12s %-5s %7d %7.1f %%\n", "demo", p, NR, 100 * same / NR }'
done
