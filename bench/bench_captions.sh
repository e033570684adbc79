#!/bin/sh
# How many clips a minute asid-caption makes, one at a time and several at once,
# and whether they say the same.
#
#   [VIDEOS=PATH] [CACHE=DIR] bench/bench_captions.sh BINDIR [CLIPS] [MODEL] [JOBS] [OPTION...]
#
#   CLIPS      24; clips of asid-synth's seed 0
#   MODEL      data-samples/synth-captioner
#   JOBS       8
#   OPTION     further options of asid-caption, e.g. --precision int8
#   VIDEOS     a file or folder of videos to take the first CLIPS of instead
#   CACHE      a folder for packed weights; removed at the end without it
#
# Nothing is kept from one run for the other (--cache-towers 0); a run of one clip
# before the clock starts has packed and read the weights. Prints one JSON
# object; exit 1 when an output differs from that of one at a time.
set -eu
bin=$1 clips=${2:-24} model=${3:-data-samples/synth-captioner} jobs=${4:-8}
shift $(($# < 4 ? $# : 4))
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${CACHE:=$dir/cache}"

if [ -n "${VIDEOS:-}" ]; then
    root=/ videos=$(realpath "$VIDEOS")
else
    "$bin/asid-synth" --count "$clips" -j 0 --output "$dir" -q
    root=$dir videos=clips
fi
"$bin/asid-ingest" -q --root "$root" "$videos" | head -n "$clips" >"$dir/in"
clips=$(wc -l <"$dir/in")

caption() { # NAME INPUT OPTION...
    name=$1 input=$2
    shift 2
    "$bin/asid-caption" -q --root "$root" --model "$model" --cache "$CACHE" \
        --cache-towers 0 "$@" "$input" -o "$dir/$name"
}
# seconds NAME OPTION...: all clips, in seconds.
seconds() {
    name=$1
    shift
    start=$(date +%s.%N)
    caption "$name" "$dir/in" "$@"
    echo "$(date +%s.%N) $start" | awk '{ print $1 - $2 }'
}
head -n 1 "$dir/in" >"$dir/first"
caption warm "$dir/first" "$@"
one=$(seconds one -j 1 "$@")
many=$(seconds many -j "$jobs" "$@")
cmp -s "$dir/one" "$dir/many" && same=true || same=false
jq -n -c --argjson clips "$clips" --argjson jobs "$jobs" --argjson same "$same" \
    --argjson one "$one" --argjson many "$many" '
    def figures: {seconds: (. * 100 | round / 100),
        clips_a_minute: ($clips * 60 / . * 10 | round / 10)};
    {clips: $clips, jobs: $jobs, alone: ($one | figures),
     together: ($many | figures), ratio: ($one / $many * 100 | round / 100),
     same: $same}'
[ "$same" = true ]
