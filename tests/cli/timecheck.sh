#!/bin/sh
# asid-timecheck: what is repaired, reported and rejected; the gold set.
set -u
. tests/tap.sh

timecheck() { run "$bin/asid-timecheck" -q --rejects "$tmp/rejects" "$@"; }
codes() { jq -r '.findings[]? | "\(.code) \(.attribute // "caption") \(.repaired)"' "$tmp/out"; }
clip='"media":{"duration":20,"video":{"fps":30}}'

# --- a good record, byte for byte
printf '%s\n' \
    "{\"id\":\"a\", $clip ,\"x\":1.50,\"caption\":\"At 0s, a man waves. At 9s, he leaves.\"}" \
    '{"id":"b","caption":null}' '{"id":"c"}' >"$tmp/good"
timecheck "$tmp/good"
exits 0 "records with nothing wrong pass"
same "$tmp/out" "$tmp/good" "byte for byte"
timecheck --canonical "$tmp/good"
same "$tmp/out" "$tmp/good" "also when all times are to be canonical"

# --- repairs
printf '%s\n' \
    "{\"id\":\"end\",$clip,\"caption\":\"At 3s, a man waves. At 21s, he leaves.\"}" \
    "{\"id\":\"frames\",$clip,\"caption\":\"At 0s, a man waves. At 150s, he sits. At 270s, he stands. At 540s, he leaves.\"}" \
    "{\"id\":\"order\",$clip,\"caption\":\"At 3s, a man waves. At 9s, he sits. At 5s, he stands. At 12s, he leaves.\"}" \
    >"$tmp/bad"
timecheck "$tmp/bad"
exits 0 "records with wrong times pass"
is "$(codes)" "time.outside caption true
time.frames caption true
time.order caption false" "what is certain is repaired, the rest reported"
is "$(jq -r .caption "$tmp/out")" "At 3s, a man waves. At 20s, he leaves.
At 0s, a man waves. At 5s, he sits. At 9s, he stands. At 18s, he leaves.
At 3s, a man waves. At 9s, he sits. At 5s, he stands. At 12s, he leaves." \
    "only repaired times are spelled anew"
is "$(jq -c 'select(.id=="end").findings[0]|[.stage,.was,.now]' "$tmp/out")" \
    '["timecheck","At 21s","At 20s"]' "a finding says what was and what is now"
cp "$tmp/out" "$tmp/once"
timecheck "$tmp/once"
same "$tmp/out" "$tmp/once" "a second run changes nothing"
timecheck -j 2 "$tmp/bad"
same "$tmp/out" "$tmp/once" "several jobs give the same bytes"
timecheck --repair none "$tmp/bad"
is "$(jq -r .caption "$tmp/out")" "$(jq -r .caption "$tmp/bad")" \
    "with --repair none texts stay as they are"
is "$(codes)" "time.outside caption false
time.frames caption false
time.order caption false" "and everything is reported"
timecheck --tolerance 0.5 "$tmp/bad"
is "$(jq -r 'select(.id=="end").findings[0].repaired' "$tmp/out")" false \
    "beyond a smaller tolerance the end is no repair"

printf '%s\n' "{\"id\":\"c\",$clip,\"caption\":\"[0:03] A man waves. Around the 8-second mark, he sits.\"}" >"$tmp/odd"
timecheck --canonical "$tmp/odd"
is "$(jq -r .caption "$tmp/out")" "At 3s, a man waves. At 8s, he sits." \
    "all times are spelled anew when asked for"
is "$(codes)" "format.time caption true" "and that is noted"
cp "$tmp/out" "$tmp/once"
timecheck --canonical "$tmp/once"
same "$tmp/out" "$tmp/once" "once"

# --- rejects
printf '%s\n' \
    "{\"id\":\"hopeless\",$clip,\"caption\":\"At 40s, a man waves. At 33s, he sits. At 71s, he stands. At 90.5s, he leaves.\"}" \
    "{\"id\":\"one\",$clip,\"caption\":\"At 40s, a man waves.\"}" >"$tmp/hopeless"
timecheck "$tmp/hopeless"
exits 0 "a record whose times are all wrong is a reject"
is "$(jq -r '"\(.id) \(.reject.stage) \(.reject.code) \(.reject.message)"' "$tmp/rejects")" \
    "hopeless timecheck time.inconsistent 4 of 4 times are wrong and cannot be repaired" \
    "and the message counts them"
is "$(jq -r .caption "$tmp/rejects")" \
    "At 40s, a man waves. At 33s, he sits. At 71s, he stands. At 90.5s, he leaves." \
    "a reject is the record as it came"
is "$(jq -r .id "$tmp/out")" one "one wrong time of one is no reason to lose a record"
timecheck --max-wrong 1 "$tmp/hopeless"
is "$(jq -r .id "$tmp/out" | tr '\n' ' ')" "hopeless one " \
    "with --max-wrong 1 none is rejected"
timecheck --max-wrong 0 "$tmp/hopeless"
is "$(jq -r .id "$tmp/out" | tr '\n' ' ')" "" \
    "with --max-wrong 0 one wrong time is too many"

# --- the gold set: findings, cause and texts as written by hand
gold=tests/gold/timecheck.jsonl
jq -c .record $gold >"$tmp/gold"
timecheck --max-wrong 1 "$tmp/gold"
exits 0 "the gold set passes"
jq -c -n --slurpfile want $gold --slurpfile got "$tmp/out" '
    range($want | length) as $i | $want[$i].want as $w | $got[$i] as $g |
    ([$g.findings[]? | "\(.code) \(.attribute // "caption")\(if .claim then " \(.claim)" else "" end) \(if .repaired then "+" else "-" end)"]) as $f |
    ([$g.findings[]?.code | select(. == "time.offset" or . == "time.rate" or . == "time.frames")] | unique | .[0]) as $cause |
    ($w.texts | to_entries | map(select(.value != (if .key == "caption" then $g.caption else $g.attributes[.key].text end)).key)) as $texts |
    {id: $g.id, ok: ($f == $w.findings and $cause == $w.cause and $texts == []), $f, want: $w.findings, $texts}' \
    >"$tmp/scored"
total=$(jq -s length "$tmp/scored")
good=$(jq -s 'map(select(.ok)) | length' "$tmp/scored")
jq -c 'select(.ok | not)' "$tmp/scored" | sed 's/^/# /'
echo "# gold: $good of $total"
[ "$total" -ge 20 ] && [ $((good * 100)) -ge $((total * 95)) ]
say $? "at least 95 % of the gold set, with the cause named right"
is "$(jq -c 'select(.want.findings == []).record' $gold)" \
    "$(jq -c '.record.id as $id | select(.want.findings == []) | $id' $gold | while read -r id; do jq -c "select(.id == $id)" "$tmp/out"; done)" \
    "records of the gold set with nothing wrong stay as they are"
cp "$tmp/out" "$tmp/once"
timecheck --max-wrong 1 "$tmp/once"
same "$tmp/out" "$tmp/once" "the gold set stays as it came out"

# --- wrong usage
timecheck --tolerance 0 "$tmp/good"
exits 2 "a tolerance of nothing is wrong usage"
timecheck --repair some "$tmp/good"
exits 2 "an unknown kind of repair is wrong usage"
timecheck --max-wrong 2 "$tmp/good"
exits 2 "a share above one is wrong usage"

finish
