#!/bin/sh
# asid-align: what it makes of quotes, anchors and speakers, which records it
# refuses, and how often it is right about a set checked by hand.
set -u
. tests/tap.sh

align() {
    run "$bin/asid-align" -q "$@"
}
asr='"asr":{"name":"w","language":"en","segments":[
 {"start":2,"end":4,"text":"Hello everyone, welcome to my kitchen.","speaker":"A"},
 {"start":12,"end":14,"text":"Can I lick the spoon?","speaker":"B"},
 {"start":20,"end":23,"text":"It smells so good in here!","speaker":"B"}]}'
record() { # ID CAPTION
    jq -nc --arg id "$1" --arg caption "$2" "{id:\$id,$asr,caption:\$caption}"
}

# --- what it does
{
    record right 'At 2s, a woman says, "hello everyone; welcome to my kitchen".'
    record wrong 'At 12s, a boy asks, "Can I lick that spoon?"'
    record late 'At 19s, a boy asks, "Can I lick the spoon?"'
    record never 'At 2s, a woman says, "Please like and subscribe."'
    record voices 'A boy asks, "Can I lick the spoon?" Then a woman says, "It smells so good in here!"'
} >"$tmp/in"
align "$tmp/in"
exits 0 "a file of captions is aligned"
cp "$tmp/out" "$tmp/first"
is "$(jq -r .caption "$tmp/out" | sed -n 1p)" \
    'At 2s, a woman says, "hello everyone; welcome to my kitchen".' \
    "what was said stays as it is written"
is "$(jq -r .caption "$tmp/out" | sed -n 2p)" \
    'At 12s, a boy asks, "Can I lick the spoon?"' \
    "a misquote gets the words spoken"
is "$(jq -r .caption "$tmp/out" | sed -n 3p)" \
    'At 12s, a boy asks, "Can I lick the spoon?"' \
    "an anchor goes where the words are"
is "$(jq -c '[.id,(.findings//[]|.[]|[.stage,.code,.was,.now])]' "$tmp/out" |
    tail -4)" \
    '["wrong",["align","speech.misquoted","Can I lick that spoon?","Can I lick the spoon?"]]
["late",["align","speech.misplaced","At 19s","At 12s"]]
["never",["align","speech.unsupported",null,null]]
["voices",["align","speech.speaker",null,null]]' \
    "findings say what was and what is"
is "$(jq -c '.attributes.speech.quotes[]|[.text,.start,.end,.speaker,.transcript,.similarity,.attribute]' \
    "$tmp/out" | sed -n 2p)" \
    '["Can I lick the spoon?",12,14,"B","Can I lick the spoon?",0.8824,"caption"]' \
    "a quote has words, time and speaker of the transcript"
align "$tmp/first"
same "$tmp/out" "$tmp/first" "its own output goes through unchanged"
align -j 4 "$tmp/in"
same "$tmp/out" "$tmp/first" "four jobs: same bytes"

# --- what it leaves alone
printf '%s\n' \
    '{ "id":"a", "caption":"He says, \u0022Hi\u0022.", "n":1.50 }' \
    '{"id":"b","asr":null,"caption":"He says, \"Good morning.\""}' \
    '{"id":"c","asr":{"segments":[]},"caption":"Nobody speaks."}' >"$tmp/plain"
align "$tmp/plain"
same "$tmp/out" "$tmp/plain" "no transcript or no quote: every byte stays"
align --report-only "$tmp/in"
is "$(jq -r .caption "$tmp/out")" "$(jq -r .caption "$tmp/in")" \
    "--report-only changes no text"
is "$(jq -r '.findings//[]|.[].code' "$tmp/out")" \
    "$(jq -r '.findings//[]|.[].code' "$tmp/first")" \
    "--report-only finds the same"

# --- what nobody said
align --unsupported reject --rejects "$tmp/rejects" "$tmp/in"
exits 0 "a rejected record is no failure"
is "$(wc -l <"$tmp/out") $(wc -l <"$tmp/rejects")" "4 1" \
    "--unsupported reject rejects the one record"
is "$(jq -c 'del(.reject)' "$tmp/rejects")" \
    "$(sed -n 4p "$tmp/in")" "a rejected record is whole"
is "$(jq -c .reject "$tmp/rejects")" \
    '{"stage":"align","code":"speech.unsupported","message":"1 of 1 quotes are not in the transcript, first \"Please like and subscribe.\""}' \
    "the reject says which quote"
align --unsupported remove "$tmp/in"
is "$(jq -r 'select(.id=="never").caption' "$tmp/out")" "" \
    "--unsupported remove takes the statement out"
record some 'He says, "Can I lick the spoon?" She says, "Please subscribe now."' \
    >>"$tmp/in"
align --unsupported reject-all --rejects "$tmp/rejects" "$tmp/in"
is "$(jq -r .id "$tmp/rejects")" never \
    "--unsupported reject-all keeps records with a quote that was said"

# --- options
align --tolerance 10 "$tmp/in"
is "$(jq -r 'select(.id=="late").caption' "$tmp/out")" \
    'At 19s, a boy asks, "Can I lick the spoon?"' "--tolerance is obeyed"
align --similarity 0.9 "$tmp/in"
is "$(jq -r 'select(.id=="wrong").findings[0].code' "$tmp/out")" \
    speech.unsupported "--similarity is obeyed"
align --similarity 0.1 "$tmp/in"
exits 2 "a similarity that means nothing is wrong usage"
align --unsupported drop "$tmp/in"
exits 2 "an unknown treatment is wrong usage"
printf '%s\n' '{"id":"x","asr":{"segments":[{"start":0,"text":"a"}]}}' >"$tmp/bad"
align --rejects "$tmp/rejects" "$tmp/bad"
is "$(jq -r .reject.code "$tmp/rejects")" input.schema \
    "a segment without an end is refused"

# --- how often it is right
align tests/gold/align.jsonl
jq -s -f tests/gold/align.jq "$tmp/out" >"$tmp/score"
is "$(jq '.records >= 20 and .facts >= 60' "$tmp/score")" true \
    "the checked set is large enough"
is "$(jq '.precision >= 0.95' "$tmp/score")" true "precision of at least 0.95"
is "$(jq '.recall >= 0.95' "$tmp/score")" true "recall of at least 0.95"
is "$(jq '.times >= 0.95' "$tmp/score")" true "times of at least 0.95"
jq -c . "$tmp/score" | sed 's/^/# /'
cp "$tmp/out" "$tmp/first"
align "$tmp/first"
same "$tmp/out" "$tmp/first" "the checked set: a second run changes nothing"
finish
