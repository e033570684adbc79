#!/bin/sh
# asid-verify by an endpoint: probabilities come from logprobs, questions go
# several at once, an unsure claim with a time is asked on a window, and no
# answered question is asked again.
set -u
. tests/tap.sh
. tests/mock/serve.sh

verify() {
    run "$bin/asid-verify" -q --root data-samples --endpoint "$url" \
        --model judge --max-frames 4 --no-missing --ledger "$tmp/l.db" \
        --rejects "$tmp/rej" "$@"
}
twice() { awk -F '\t' '$5 == "answered" { print $4 }' "$@" | sort | uniq -d; }
answered() { awk -F '\t' '$5 == "answered"' "$tmp/log" | wc -l; }

"$bin/asid-ingest" -q --root data-samples --rejects /dev/null clips/bird.mp4 |
    jq -c '.attributes = {"scene": {"text": "A green meadow. The sky is blue."},
        "actions": {"text": "At 1s, a bird flies. At 3s, it lands."}}' >"$tmp/in"

# Only the whole clip has a frame at 0 s; there the landing is unsure.
serve '{"rules":[{"match":"green meadow","times":1,"status":500},
    {"match":"sky is blue","delay":0.3,"p":0.1},
    {"match":"green meadow","delay":0.3,"p":0.9},
    {"match":"At 1s, a bird flies","p":0.97},
    {"match":"At 3s, it lands","has":"\"text\":\"0 s\"","p":0.52},
    {"match":"It lands","p":0.93}]}'
verify "$tmp/in"
exits 0 "claims are judged by an endpoint"
cp "$tmp/out" "$tmp/first"
is "$(jq -c '[.attributes[].claims[] | [(.p * 100 | round), .verdict]]' "$tmp/out")" \
    '[[90,"supported"],[10,"refuted"],[97,"supported"],[93,"supported"]]' \
    "by the probabilities it gives, the unsure one by its window"
is "$(jq -r '.attributes[].claims[].evidence.model' "$tmp/out" | sort -u)" judge \
    "the evidence names the model"
is "$(twice "$tmp/log")" "" "no question is asked twice"
is "$(awk -F '\t' '$3 > 1 { n = 1 } END { print n + 0 }' "$tmp/log")" 1 \
    "several are in flight"
before=$(answered)
verify "$tmp/in"
same "$tmp/out" "$tmp/first" "a second run gives the same"
is "$(answered)" "$before" "and asks nothing"
unserve

serve '{"rules":[{"match":"red barn","logprobs":false}]}'
sed 's/green meadow/red barn/' "$tmp/in" >"$tmp/other"
verify "$tmp/other"
exits 0 "an endpoint without logprobs is not the end"
is "$(wc -c <"$tmp/out") $(jq -r .reject.code "$tmp/rej")" "0 model.failed" \
    "but no probability is made up: the record is rejected"
has "$tmp/rej" "no probabilities" "and the reject says why"
is "$(awk -F '\t' '$6 ~ /red barn/' "$tmp/log" | wc -l)" 1 \
    "which asking again would not change"
unserve

# --- what is missing: somebody else, something else, a feeling
jq -c '.attributes = {"actions": {"text": "At 1s, the red cat jumps."},
    "emotions": {"text": "The red cat feels happy."}}' "$tmp/in" >"$tmp/cats"
serve '{"rules":[
    {"match":"only the actions","answer":"At 1s, the red cat jumps. At 2s, the blue robot jumps. At 3s, the red cat spins."},
    {"match":"only the emotions","answer":"The red cat feels happy. The blue robot feels sad."},
    {"match":"At 3s, the red cat spins","p":0.1},
    {"p":0.9}]}'
run "$bin/asid-verify" -q --root data-samples --endpoint "$url" --model judge \
    --max-frames 4 --attributes actions --attributes emotions "$tmp/cats"
exits 0 "what short claims leave out is looked for"
is "$(jq -c '.attributes | map_values([.missing[] | [.text, .start]])' "$tmp/out")" \
    '{"actions":[["The blue robot jumps.",2]],"emotions":[["The blue robot feels sad.",null]]}' \
    "and found, when the model says that it is so"
is "$(awk -F '\t' '$6 ~ /yes or no/' "$tmp/log" | wc -l)" 5 \
    "what is known is not asked about again"
unserve

# --- what a question leaves in doubt, decided by the model's own account
jq -c '.attributes = {"objects": {"text": "There are two red balls on the left. There is one blue lamp on the right. There are three trees. There is a bench."},
    "narrative_elements": {"text": "The whole story shows how the blue robot jumps before the red cat waves. The whole story tells how the red cat spins before the red cat waves. The whole story shows how the red cat waves before the red cat spins."}}' "$tmp/in" >"$tmp/doubts"
cp "$tmp/doubts" "$tmp/doubt"
serve '{"rules":[
    {"match":"only the objects","answer":"There are two red balls on the left. There is one blue ball on the right. There is a bench."},
    {"match":"only the actions","answer":"At 2s, the red cat spins."},
    {"match":"only the narrative","answer":"The whole story tells how the red cat spins before the red cat waves."},
    {"match":"two red balls","p":0.55},
    {"match":"one blue lamp","p":0.7},
    {"match":"three trees","p":0.9},
    {"match":"a bench","p":0.2},
    {"match":"waves before the red cat spins","p":0.55},
    {"match":"before","p":0.9},
    {"match":"\nThe blue robot jumps.","p":0.3},
    {"match":"\nThe red cat spins.","p":0.2},
    {"p":0.9}]}'
decide() {
    run "$bin/asid-verify" -q --root data-samples --endpoint "$url" \
        --model judge --max-frames 4 --attributes objects \
        --attributes narrative_elements --attributes actions --no-missing "$@" "$tmp/doubt"
}
verdicts() {
    jq -c "[.attributes.$1.claims[] | [.verdict, (.p * 100 | round), .evidence.$2]]" \
        "$tmp/out"
}
decide
is "$(verdicts objects account)" \
    '[["unsure",55,null],["supported",70,null],["supported",90,null],["refuted",20,null]]' \
    "by questions alone"
decide --account 0.25
is "$(verdicts objects account)" \
    '[["supported",55,"same"],["refuted",70,"other"],["supported",90,null],["supported",20,"same"]]' \
    "what the account says holds, what is in doubt and not there does not"
is "$(verdicts narrative_elements account)" \
    '[["supported",90,null],["supported",90,"same"],["unsure",55,null]]' \
    "the same words in another order are not the same"
jq -c '.attributes = {"objects": {"text": "", "claims": [{"text": "There are two balls.", "alternatives": [
    {"text": "There are two balls."}, {"text": "There is one blue ball on the right."}]}]}}' \
    "$tmp/in" >"$tmp/doubt"
decide --account 0.25
is "$(jq -c '.attributes.objects.claims[] | [.text, .verdict]' "$tmp/out")" \
    '["There is one blue ball on the right.","supported"]' \
    "of readings the one that the account says takes the place"
jq -c '.attributes = {"actions": {"text": "", "claims": [{"text": "At 5s, the red cat spins.", "start": 5, "end": 6, "alternatives": [
    {"text": "At 5s, the red cat spins.", "start": 5, "end": 6},
    {"text": "At 2s, the red cat spins.", "start": 2, "end": 3, "sources": ["b"]}]},
    {"text": "A dog barks.", "start": 4, "end": 5, "alternatives": [
    {"text": "A dog barks."}, {"text": "A bench falls."}]}]}}' \
    "$tmp/in" >"$tmp/doubt"
decide --account 0.25
is "$(jq -c '.attributes.actions.claims[] | [.text, .start, .end, .verdict]' "$tmp/out")" \
    '["At 2s, the red cat spins.",2,3,"supported"]
["A dog barks.",4,5,"supported"]' \
    "a reading brings its times; the account is about those"
cp "$tmp/doubts" "$tmp/doubt"
decide --events
is "$(verdicts narrative_elements event)" \
    '[["refuted",30,"The blue robot jumps."],["supported",90,null],["unsure",55,null]]' \
    "a story falls with an event that is denied and that no account tells"
unserve
finish
