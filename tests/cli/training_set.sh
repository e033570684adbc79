#!/bin/sh
# make_training_set: the stream that a model is trained on.
set -u
. tests/tap.sh

tool=$(dirname "$bin")/tools/make_training_set

run "$tool" --seed 7 --count 4 --no-sound --output "$tmp/all"
exits 0 "a set is made"
is "$(head -c 4 "$tmp/all")" ASTR "it begins with its mark"
# seconds, frames, height, width, samples, bytes of JSON
head -c 28 "$tmp/all" | od -An -tu4 -v -w28 >"$tmp/head"
read -r _ seconds frames height width samples json <"$tmp/head"
is "$frames" $((2 * seconds)) "two frames a second"
is "$height x $width, $samples" "160 x 224, 0" "of the world's size, no sound"
tail -c +$((29 + frames * height * width * 3)) "$tmp/all" |
    head -c "$json" >"$tmp/json"
has "$tmp/json" '"kind":"all"' "there are captions"
has "$tmp/json" '"kind":"all-short"' "and short ones"
has "$tmp/json" '"kind":"refine"' "and repairs"
yes=$(grep -o '"answer":"yes"' "$tmp/json" | wc -l)
no=$(grep -o '"answer":"no"' "$tmp/json" | wc -l)
is "$yes" "$no" "as much is true as false"
has "$tmp/json" '"class":"planted ' "errors of asid-synth --mutate are asked about"
grep -q 'From [0-9.]*s to [0-9.]*s, ' "$tmp/json"
say $? "and times as asid-verify says them"
has "$tmp/json" '"looks":[{"actors":[[' "what is seen where is told"
[ "$yes" -ge 12 ]
say $? "of a clip at least twelve claims are true"

run "$tool" --seed 7 --count 4 --output "$tmp/heard"
exits 0 "a set with sound is made"
head -c 28 "$tmp/heard" | od -An -tu4 -v -w28 >"$tmp/head"
read -r _ seconds _ _ _ samples _ <"$tmp/head"
is "$samples" $((seconds * 16000)) "16000 samples a second"

run "$tool" --seed 7 --count 1 --output "$tmp/first"
read -r _ seconds _ _ _ _ json <"$tmp/head"
tail -c "$json" "$tmp/first" | jq -c .hears >"$tmp/hears"
is "$(jq --argjson n "$seconds" '.words | length > 0 and
    all(.[]; .[1] < .[2] and .[2] <= $n)' "$tmp/hears")" true \
    "each word has its time"

run "$tool" --seed 7 --count 1 --no-sound --output "$tmp/a"
run "$tool" --seed 7 --first 1 --count 3 --no-sound --output "$tmp/b"
cat "$tmp/a" "$tmp/b" >"$tmp/parts"
cmp -s "$tmp/all" "$tmp/parts"
say $? "parts add up to the whole"

run "$tool" --seed 7 --count 1 --pictures --output "$tmp/seen"
exits 0 "pictures alone are made"
head -c 28 "$tmp/seen" | od -An -tu4 -v -w28 >"$tmp/head"
read -r _ _ frames _ _ samples json <"$tmp/head"
tail -c "$json" "$tmp/seen" >"$tmp/json"
is "$samples $(jq -c '[(.looks | length) * 2, .rows]' "$tmp/json")" \
    "0 [$frames,[]]" "with what is seen in each pair of frames, and no more"

run "$tool" --texts 20 --seed 7
exits 0 "texts are printed"
has "$tmp/out" 'says, "' "with speech"
is "$(grep -c '^yes$' "$tmp/out")" "$(grep -c '^no$' "$tmp/out")" \
    "as many answers of each"

run "$tool" --seed 7
exits 2 "an output is needed"
run "$tool" --seed x --output "$tmp/x"
exits 2 "a number is a number"
run "$tool" --sead 7 --output "$tmp/x"
exits 2 "an unknown option is refused"
has "$tmp/err" "--sead" "and named"
run "$tool" --seed 7 --no-sound --output "$tmp/none/x"
exits 1 "a folder that is not there is an error"

finish
