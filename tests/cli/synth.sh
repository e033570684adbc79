#!/bin/sh
# asid-synth: clips with their truth, and what is written about them.
set -u
. tests/tap.sh

run "$bin/asid-synth" --count 3 --output "$tmp/a" -q
exits 0 "three clips are made"
is "$(find "$tmp/a/clips" -name 'synth-0-0000[012].mp4' | wc -l)" 3 \
    "each in a file of its own"
is "$(find "$tmp/a" -name '*.part')" "" "nothing unfinished is left"
is "$(jq -r .id "$tmp/a/truth.jsonl" | tr '\n' ' ')" \
    "synth-0-00000 synth-0-00001 synth-0-00002 " "in the order of their numbers"
is "$(jq -r .video "$tmp/a/sources.jsonl" | tail -1)" \
    clips/synth-0-00002.mp4 "both lists name them"
is "$(jq -r '.sources | length' "$tmp/a/sources.jsonl" | sort -u)" 3 \
    "three observers write about each"
is "$(jq -rs '[.[].attributes | length] | unique[]' "$tmp/a/truth.jsonl")" 8 \
    "the truth has eight attributes"
is "$(jq -s '[.[].planted[] | select(.source and .class and .now)] == [.[].planted[]]' \
    "$tmp/a/sources.jsonl")" true "what was planted names source and class"
is "$(jq -rs '[.[] | select(.attributes or .caption)] | length' \
    "$tmp/a/sources.jsonl")" 0 "sources tell nothing of the truth"
is "$(jq -c .asr "$tmp/a/truth.jsonl")" "$(jq -c .asr "$tmp/a/sources.jsonl")" \
    "both have the transcript"

run "$bin/asid-synth" --count 2 --first 1 -j 2 --output "$tmp/b" -q
exits 0 "a part of them is made on two threads"
is "$(cat "$tmp/err")" "" "quietly"
tail -2 "$tmp/a/truth.jsonl" >"$tmp/part"
cmp -s "$tmp/part" "$tmp/b/truth.jsonl" &&
    cmp -s "$tmp/a/clips/synth-0-00002.mp4" "$tmp/b/clips/synth-0-00002.mp4"
say $? "with the same bytes, films too"
run "$bin/asid-synth" --count 1 --seed 1 --output "$tmp/c"
has "$tmp/err" "asid-synth: 1 clips," "what it took is said"
exits 0 "another seed is taken"
[ "$(jq -c .attributes "$tmp/c/truth.jsonl")" != \
    "$(head -1 "$tmp/a/truth.jsonl" | jq -c .attributes)" ]
say $? "another seed makes another world"

"$bin/asid-ingest" --check decode --root "$tmp/a" sources.jsonl -q >"$tmp/in" &&
    is "$(wc -l <"$tmp/in")" 3 "ingest finds the clips whole"
is "$(jq -c '[.planted, .asr]' "$tmp/in")" \
    "$(jq -c '[.planted, .asr]' "$tmp/a/sources.jsonl")" \
    "and keeps what was planted and said"
"$bin/asid-merge" -q "$tmp/in" | "$bin/asid-align" -q |
    "$bin/asid-timecheck" -q >"$tmp/merged"
is "$(jq -r '.id' "$tmp/merged" | wc -l)" 3 "the text stages take them"
"$bin/asid-cat" -q "$tmp/a/truth.jsonl" >"$tmp/cat"
cmp -s "$tmp/cat" "$tmp/a/truth.jsonl"
say $? "the truth keeps the record schema"

run "$bin/asid-synth" --count 1
exits 2 "a call without a folder is wrong"
has "$tmp/err" "--output" "and says what is missing"
run "$bin/asid-synth" --count 0 --output "$tmp/d"
exits 2 "so is a call for no clips"
echo file >"$tmp/file"
run "$bin/asid-synth" --count 1 --output "$tmp/file"
exits 1 "a file is no folder"
finish
