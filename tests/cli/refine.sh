#!/bin/sh
# asid-refine: what it rewrites, what it leaves alone, what it gives up on.
# Answers come from a mock endpoint whose scenario says which statements are
# true and how wrong ones are to be said.
set -u
. tests/tap.sh
. tests/mock/serve.sh

serve '{"rules":[
    {"match":"one short sentence","has":"At 1s, a red door","answer":"A blue door stands open."},
    {"match":"one short sentence","has":"A cat sleeps","answer":"None."},
    {"match":"one short sentence","has":"A wrong hat","answer":"A worse hat lies there."},
    {"match":"one short sentence","has":"A worse hat","answer":"The worst hat lies there."},
    {"match":"one short sentence","has":"The same thing","answer":"The same thing hangs there."},
    {"match":"At 1s, a blue door","p":0.9},
    {"match":"hat lies","p":0.04},
    {"p":0.5}]}'
refine() {
    run "$bin/asid-refine" -q --root data-samples --endpoint "$url" \
        --model org/mock --max-frames 4 --window 0 "$@"
}
asked() { wc -l <"$tmp/log"; }

"$bin/asid-ingest" -q --root data-samples --rejects /dev/null clips \
    >"$tmp/clips"
record() { # CLIP ATTRIBUTES CAPTION
    jq -c --arg id "$1" --argjson a "$2" --arg c "$3" \
        'select(.id == $id) | .attributes = $a | .caption = $c' "$tmp/clips"
}
claim() { # TEXT START VERDICT P
    printf '{"text":"%s","start":%s,"end":%s,"sources":["a"],"verdict":"%s","p":%s}' \
        "$1" "$2" "$2" "$3" "$4"
}
good='{"scene":{"text":"A meadow.  It is  green.","verdict":"verified","claims":[{"text":"A meadow.","verdict":"supported"}]}}'

# --- nothing to do
record bird "$good" "A meadow. It is green." |
    sed 's/  / /g' >"$tmp/clean"
refine "$tmp/clean"
exits 0 "a record with nothing to repair passes"
same "$tmp/out" "$tmp/clean" "byte for byte"
is "$(asked)" 0 "and nobody is asked"

# --- what is repaired
doors="{\"objects\":{\"text\":\"At 1s, a red door stands open. At 4s, a cup falls.\",\"verdict\":\"error\",\"claims\":[$(claim 'A red door stands open.' 1 refuted 0.1),$(claim 'A cup falls.' 4 supported 0.9)],\"missing\":[$(claim 'A lamp glows.' 2 supported 0.8)]},\"characters\":{\"text\":\"A cat sleeps. A dog barks.\",\"verdict\":\"error\",\"claims\":[$(claim 'A cat sleeps.' null refuted 0.1),$(claim 'A dog barks.' null supported 0.9)]}}"
record bird "$doors" \
    "At 1s, a red door stands open. A cat sleeps. A dog barks. At 4s, a cup falls." \
    >"$tmp/in"
refine --ledger "$tmp/l.db" -o "$tmp/done" "$tmp/in"
exits 0 "refuted, missing and hopeless claims are repaired"
is "$(jq -r .attributes.objects.text "$tmp/done")" \
    "At 1s, a blue door stands open. At 2s, a lamp glows. At 4s, a cup falls." \
    "a refuted claim is said anew, a missing one comes in at its time"
is "$(jq -r .attributes.characters.text "$tmp/done")" "A dog barks." \
    "a claim that nothing can be made of goes"
is "$(jq -r .caption "$tmp/done")" \
    "At 1s, a blue door stands open. A dog barks. At 2s, a lamp glows. At 4s, a cup falls." \
    "the caption changes in the same places"
is "$(jq -c '[.attributes[].verdict]' "$tmp/done")" '["refined","refined"]' \
    "what was repaired is refined"
is "$(jq -r '.attributes.objects.draft' "$tmp/done")" \
    "At 1s, a red door stands open. At 4s, a cup falls." "the draft is kept"
is "$(jq -c '.attributes.objects.claims[0]|[.text,.verdict,.p,.sources,.dropped[0].text]' \
    "$tmp/done")" \
    '["A blue door stands open.","supported",0.9,["refine"],"A red door stands open."]' \
    "the new claim has its verdict, and what it replaced"
is "$(jq -r '.findings[].code' "$tmp/done" | sort | tr '\n' ' ')" \
    "refine.added refine.removed refine.rewritten " "each repair is a finding"
is "$(sqlite3 "$tmp/l.db" "SELECT round || ' ' || attribute || ' ' || kind ||
    ' ' || verdict FROM verdicts")" "1 objects error supported" \
    "each new judgement is in the ledger"
before=$(asked)
rm "$tmp/done"
refine --ledger "$tmp/l.db" -o "$tmp/done" "$tmp/in"
is "$(asked)" "$before" "done again, nothing is asked twice"
refine "$tmp/done"
is "$(jq -c 'del(.findings)' "$tmp/out")" "$(jq -c 'del(.findings)' "$tmp/done")" \
    "refining what is refined changes nothing"

# --- what is given up
hats="{\"objects\":{\"text\":\"A wrong hat lies there. A cup falls.\",\"verdict\":\"error\",\"claims\":[$(claim 'A wrong hat lies there.' null refuted 0.1),$(claim 'A cup falls.' null supported 0.9)]}}"
record portrait "$hats" "A wrong hat lies there. A cup falls." >"$tmp/hats"
refine --rejects "$tmp/rejects" "$tmp/hats"
exits 0 "a claim that still fails does not stop the work"
is "$(jq -r .reject.code "$tmp/rejects")" refine.exhausted \
    "after the last round its record is rejected"
has "$tmp/rejects" "objects[0]: still refuted after 2 rounds, p 0.0400: The worst hat lies there." \
    "the message tells what fails, after how much"
is "$(jq -c 'del(.reject)' "$tmp/rejects")" "$(cat "$tmp/hats")" \
    "and the record is as it came in"
refine --rounds 1 --last remove "$tmp/hats"
is "$(jq -r .attributes.objects.text "$tmp/out") $(jq -r .caption "$tmp/out")" \
    "A cup falls. A cup falls." "--last remove takes the claim out instead"
is "$(jq -r '.attributes.objects.removed[0].text' "$tmp/out")" \
    "A worse hat lies there." "and keeps it aside"
same_thing="{\"objects\":{\"text\":\"The same thing hangs there. A cup falls.\",\"claims\":[$(claim 'The same thing hangs there.' null refuted 0.1)]}}"
record portrait "$same_thing" "" >"$tmp/same"
refine "$tmp/same"
is "$(jq -r .attributes.objects.text "$tmp/out")" "A cup falls." \
    "an answer that says the same again is none"

# --- texts about another clip
before=$(asked)
refine --mismatch 0.4 --rejects "$tmp/rejects" "$tmp/hats"
exits 0 "texts that are mostly wrong do not stop the work"
is "$(jq -r .reject.code "$tmp/rejects")" refine.mismatch \
    "their record is rejected"
has "$tmp/rejects" "1 of 2 claims are refuted, the texts are about another clip; first of all objects[0]: A wrong hat lies there." \
    "with the least likely claim"
is "$(asked)" "$before" "before anybody is asked"
refine --mismatch 0.5 --last remove "$tmp/hats"
is "$(jq -r .attributes.objects.text "$tmp/out")" "A cup falls." \
    "as many as allowed are repaired"

# --- the format pass
record bird '{"scene":{"text":"A **hall** is there.<|im_end|> The door of it is red. The door of it is red.","verdict":"verified","claims":[]}}' \
    "(0:03) A hall is there." >"$tmp/untidy"
refine --canonical "$tmp/untidy"
is "$(jq -r '.attributes.scene.text' "$tmp/out")" \
    "A hall is there. The door of it is red." "symbols and repeats go"
is "$(jq -r .caption "$tmp/out")" "At 3s, A hall is there." \
    "--canonical rewrites anchors"
is "$(jq -r '.findings[].code' "$tmp/out" | sort | tr '\n' ' ')" \
    "format.repetition format.symbols format.time " "each with a finding"
loop=$(printf 'he walks on %.0s' $(seq 100))
record bird '{}' "$loop" >"$tmp/loop"
refine --rejects "$tmp/rejects" "$tmp/loop"
is "$(jq -r .reject.code "$tmp/rejects")" format.collapsed \
    "a text that repeats itself until nothing is left is rejected"
is "$("$bin/asid-cat" -q "$tmp/hats" "$tmp/in" "$tmp/clean" | wc -l)" 3 \
    "what tests feed is sound"

run "$bin/asid-refine" "$tmp/in"
exits 2 "without a model it is wrong usage"
unserve

finish
