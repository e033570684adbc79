#!/bin/sh
# The demo captioner: trained weights, from the film to the sentence.
set -u
. tests/tap.sh
model=data-samples/synth-captioner

is "$("$bin/asid-model" info --model "$model" | jq -c .tensors.missing)" \
    0 "the checkpoint is whole"
[ "$(cat "$model"/* | wc -c)" -le 16000000 ]
say $? "and has at most 16 MB"

"$bin/asid-synth" --count 6 --output "$tmp/s" -q
"$bin/asid-ingest" -q --root "$tmp/s" clips >"$tmp/in"
run "$bin/asid-caption" -q --root "$tmp/s" --model "$model" \
    --repetition-penalty 1 -o "$tmp/out.jsonl" "$tmp/in"
exits 0 "it captions clips that it never saw"
jq -c '{id, caption: .sources[0].caption}' "$tmp/out.jsonl" >"$tmp/captions"
"$bin/asid-audit" score "$tmp/captions" --truth "$tmp/s/truth.jsonl" >"$tmp/score"
# What docs/DEMO_MODEL.md says that it can do.
for key in scene characters objects camera; do
    is "$(jq ".per_attribute.$key | .missing_rate <= 0.1 and
        .false_rate <= 0.1" "$tmp/score")" true "it knows the $key"
done
is "$(jq '.per_attribute.speech.missing_rate <= 0.1' "$tmp/score")" true \
    "it hears"
is "$(jq '.missing_rate <= 0.1 and .false_rate <= 0.1' "$tmp/score")" true \
    "and tells most of what is there"

finish
