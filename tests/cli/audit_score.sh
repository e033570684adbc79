#!/bin/sh
# asid-audit score: records against records that are known to be right.
set -u
. tests/tap.sh

rate() { # FILE KEY
    "$bin/asid-audit" score "$1" --truth "$tmp/s/truth.jsonl" | jq -c "$2"
}

"$bin/asid-synth" --count 6 --output "$tmp/s" -q
run "$bin/asid-audit" score "$tmp/s/truth.jsonl" --truth "$tmp/s/truth.jsonl"
exits 0 "the truth is scored"
is "$(jq -c '[.records, .false, .missing]' "$tmp/out")" "[6,0,0]" \
    "nothing in it is false, nothing is missing"
[ "$(jq .claims "$tmp/out")" -gt 60 ]
say $? "all its claims are looked at"

jq -c '{id, caption}' "$tmp/s/truth.jsonl" >"$tmp/captions"
is "$(rate "$tmp/captions" '[.false, .missing]')" "[0,0]" \
    "the caption alone says as much"

printf '%s\n' '{"id":"x","attributes":{"actions":{"text":"At 1s, the red cat jumps. At 6s, the blue duck spins.","claims":[{"text":"The red cat jumps.","start":1,"end":2},{"text":"The blue duck spins.","start":6,"end":7}]}}}' \
    >"$tmp/x.truth"
told() { # SENTENCES WANTED SENTENCE
    jq -cn --arg t "$1" '{id: "x", attributes: {actions: {text: $t}}}' \
        >"$tmp/x.told"
    is "$("$bin/asid-audit" score "$tmp/x.told" --truth "$tmp/x.truth" |
        jq -c '[.true, .false, .missing]')" "$2" "$3"
}
told "At 1s, the red cat jumps. At 6s, the blue duck spins." "[2,0,0]" \
    "equal claims are true"
told "At 3s, the red cat jumps. At 5s, the blue duck spins." "[2,0,0]" \
    "two seconds are no error"
told "At 5s, the red cat jumps. At 6s, the blue duck spins." "[1,1,1]" \
    "four seconds are one, and what was there is missing"
told "At 1s, the red cat spins. At 6s, the blue duck spins." "[1,1,1]" \
    "another deed is false"
told "At 1s, the green cat jumps. At 6s, the blue duck spins." "[1,1,1]" \
    "another colour is false"
told "At 6s, the blue duck spins." "[1,0,1]" "what is left out is missing"

jq -c '{id, caption: .sources[0].caption}' "$tmp/s/sources.jsonl" >"$tmp/one"
[ "$(rate "$tmp/one" .missing_rate | tr -d .)" -gt 01 ] &&
    [ "$(rate "$tmp/one" .false)" -gt 0 ]
say $? "an observer leaves out and gets wrong"

# --- what was there before
before() { # SOURCES WANTED SENTENCE
    jq -cn --argjson s "$1" '{id: "x", sources: $s}' >"$tmp/x.before"
    is "$("$bin/asid-audit" score "$tmp/x.told" --truth "$tmp/x.truth" \
        --before "$tmp/x.before" | jq -c '[.missing, .had, .lost, .lost_rate]')" \
        "$2" "$3"
}
jq -cn '{id: "x", attributes: {actions: {text: "At 6s, the blue duck spins."}}}' \
    >"$tmp/x.told"
before '[{"name":"a","caption":"At 6s, the blue duck spins."},{"name":"b","attributes":{"actions":"At 2s, the red cat jumps. At 3s, the cat sings."}}]' \
    "[1,2,1,0.5]" "what a source said is lost"
before '[{"name":"a","caption":"At 6s, the blue duck spins."}]' "[1,1,0,0]" \
    "what none said is missing, not lost"
before '[{"name":"a","attributes":{"actions":{"text":"At 1s, the red cat jumps."}}},{"name":"b"}]' \
    "[1,1,1,1]" "sources may have texts in objects, or nothing"
listed() { # KIND WANTED
    is "$("$bin/asid-audit" score "$tmp/x.told" --truth "$tmp/x.truth" \
        --before "$tmp/x.before" --list "$1" | jq -cs 'map([.id, .attribute, .text, .start])')" \
        "$2" "the claims themselves: $1"
}
listed lost '[["x","actions","The red cat jumps.",1]]'
listed missing '[["x","actions","The red cat jumps.",1]]'
listed false '[]'
jq -cn '{id: "x", attributes: {actions: {text: "At 6s, the blue duck sings."}}}' \
    >"$tmp/x.told"
listed lost '[["x","actions","The red cat jumps.",1]]'
listed missing '[["x","actions","The red cat jumps.",1],["x","actions","The blue duck spins.",6]]'
listed false '[["x","actions","The blue duck sings.",6]]'
run "$bin/asid-audit" score "$tmp/x.told" --truth "$tmp/x.truth" --list lost
exits 2 "nothing is lost without what was there before"
has "$tmp/err" "--before" "and the message says so"
run "$bin/asid-audit" score "$tmp/x.told" --planted "$tmp/x.truth" --list false
exits 2 "planted errors are not listed"
run "$bin/asid-audit" score "$tmp/x.told" --planted "$tmp/x.truth" \
    --before "$tmp/x.before"
exits 2 "planted errors are not compared with what was before"

echo '{"id":"unknown","caption":"A cat."}' >"$tmp/unknown"
is "$(rate "$tmp/unknown" '[.records, .without_truth, .false_rate]')" \
    "[0,1,null]" "a record without truth is not judged"
seq 3 >"$tmp/numbers"
for kind in truth planted; do
    run "$bin/asid-audit" score "$tmp/one" "$tmp/numbers" \
        --$kind "$tmp/s/truth.jsonl"
    exits 1 "a file without any record is an error"
    is "$(cat "$tmp/err")" \
        "asid-audit: $tmp/numbers: none of 3 lines is a record" "which is named"
done
run "$bin/asid-audit" score "$tmp/one"
exits 2 "a call without truth is wrong"
has "$tmp/err" "--truth" "and says what is missing"
run "$bin/asid-audit" score "$tmp/one" --truth "$tmp/none"
exits 1 "truth that is not there is an error"
is "$(cat "$tmp/err")" \
    "asid-audit: cannot open $tmp/none: No such file or directory" \
    "that names it once"
cat "$tmp/x.truth" "$tmp/x.truth" >"$tmp/twice"
run "$bin/asid-audit" score "$tmp/one" --truth "$tmp/twice"
exits 1 "truth with an id twice is an error"
has "$tmp/err" "$tmp/twice: line 2: the id x comes twice" "and says so"

finish
