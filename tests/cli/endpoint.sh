#!/bin/sh
# A captioner behind an endpoint that has good days and bad ones: no record is
# lost, nothing answered is asked again, it ends, and the key stays secret.
set -u
. tests/tap.sh

mock=$bin/test/asid-mock-endpoint
ASID_API_KEY=sk-planted-$$-0123456789
export ASID_API_KEY
mkdir "$tmp/scenarios" "$tmp/see" # only the second is searched for the key

# serve NAME SCENARIO: an endpoint; its address in $url, its log in $log.
serve() {
    printf '%s' "$2" >"$tmp/scenarios/$1"
    rm -f "$tmp/scenarios/port"
    log=$tmp/see/$1.log
    "$mock" --port-file "$tmp/scenarios/port" --scenario "$tmp/scenarios/$1" \
        --log "$log" --seconds 100 2>"$tmp/scenarios/$1.err" &
    server=$!
    i=0
    while [ ! -s "$tmp/scenarios/port" ] && [ $i -lt 200 ]; do
        sleep 0.05
        i=$((i + 1))
    done
    url=http://127.0.0.1:$(cat "$tmp/scenarios/port")/v1
}
unserve() {
    kill "$server"
    wait "$server" 2>/dev/null
}

caption() {
    run "$bin/asid-caption" -q --root data-samples --endpoint "$url" \
        --model org/mock --max-frames 4 "$@"
    cp "$tmp/err" "$tmp/see/err-$((see = see + 1))"
}
see=0

# Requests that came to $2, and among the answered ones those asked twice.
count() { awk -F '\t' -v what="$2" '$5 == what' "$1" | wc -l; }
twice() { awk -F '\t' '$5 == "answered" { print $4 }' "$@" | sort | uniq -d; }

"$bin/asid-ingest" -q --root data-samples --rejects /dev/null clips \
    >"$tmp/records"
head -1 "$tmp/records" >"$tmp/one"

# --- good days
serve good "{\"key\":\"$ASID_API_KEY\",\"models\":[\"org/mock\"]}"
caption "$tmp/records"
exits 0 "a server captions a folder of clips"
cp "$tmp/out" "$tmp/see/good"
is "$(jq -c '.sources[0]|[.name,.model,.truncated]' "$tmp/out" | sort -u)" \
    '["mock","org/mock",false]' "the source is named after the model"
is "$(jq -c 'del(.sources)' "$tmp/out")" \
    "$(jq -c 'del(.sources)' "$tmp/records")" "nothing else of a record changes"
caption -j 4 "$tmp/records"
same "$tmp/out" "$tmp/see/good" "four records at once: same bytes"
unserve

serve senses '{"rules":[
    {"match":"Its sound:","has":"\"format\":\"wav\"","answer":"heard"},
    {"match":"0 s","has":"data:image/jpeg;base64,/9j/","answer":"seen"}]}'
caption "$tmp/records"
is "$(jq -r .sources[0].caption "$tmp/out" | tr '\n' ' ')" \
    "heard heard seen heard " "it gets pictures with their times, and the sound"
caption --no-audio "$tmp/records"
is "$(jq -r .sources[0].caption "$tmp/out" | sort -u)" "seen" \
    "or pictures only"
unserve

# --- bad days that pass
serve passing '{"rules":[
    {"match":"of scene","times":1,"status":429,"retry_after":"1"},
    {"match":"of characters","times":2,"status":500},
    {"match":"of objects","times":1,"fault":"hang"},
    {"match":"of actions","times":1,"fault":"cut"},
    {"match":"of narrative","times":1,"fault":"html"},
    {"match":"of speech","times":1,"fault":"utf8"},
    {"match":"of camera","times":1,"status":429},
    {"match":"of emotions","times":1,"fault":"short"}]}'
every="--prompts single-attribute --timeout 2 -j 4 --ledger $tmp/see/l.db"
# shellcheck disable=SC2086  # a list of options is meant
caption $every --prompt 'Tell of {attr}.' "$tmp/records"
exits 0 "429, 500, late, cut off and nonsense are sat out"
is "$(jq -c '.sources[0].attributes|length' "$tmp/out" | sort -u)$(wc -l <"$tmp/out")" \
    "84" "and every record has all of its answers"
is "$(twice "$log")" "" "no answered question was asked again"
is "$(count "$log" answered)" 32 "each was answered"
cp "$tmp/out" "$tmp/see/passing"
# shellcheck disable=SC2086
caption $every --prompt 'Tell of {attr}.' "$tmp/records"
same "$tmp/out" "$tmp/see/passing" "a second run gives the same"
is "$(count "$log" answered)" 32 "and asks nothing"
unserve

# --- bad days that do not: the record's question fails for good
serve lasting '{"rules":[
    {"match":"t500","status":500,"body":{"error":{"message":"lost it: $KEY"}}},
    {"match":"t400","status":400,"body":{"error":{"message":"too long"}}},
    {"match":"thang","fault":"hang"},
    {"match":"tcut","fault":"cut"},
    {"match":"thtml","fault":"html"},
    {"match":"tempty","answer":" "},
    {"match":"trefusal","refusal":"I will not."},
    {"match":"thuge","fault":"huge"},
    {"match":"of objects","status":503}]}'
faults="500 400 hang cut html empty refusal huge"
for f in $faults; do
    "$bin/asid-caption" -q --root data-samples --endpoint "$url" --model m \
        --max-frames 4 --timeout 0.6 --prompt "t$f" --ledger "$tmp/see/l.db" \
        -o "$tmp/see/$f.out" --rejects "$tmp/see/$f.rej" "$tmp/one" \
        2>"$tmp/see/$f.err" </dev/null
    echo $? >"$tmp/see/$f.status" &
done
wait_for() {
    i=0
    while [ ! -s "$1" ] && [ $i -lt 600 ]; do
        sleep 0.1
        i=$((i + 1))
    done
}
for f in $faults; do
    wait_for "$tmp/see/$f.status"
    is "$(cat "$tmp/see/$f.status") $(wc -c <"$tmp/see/$f.out") $(
        jq -r '.reject|.stage,.code' "$tmp/see/$f.rej" | tr '\n' ' ')" \
        "0 0 caption model.failed " "$f for ever rejects the record, exit 0"
done
has "$tmp/see/500.rej" "answered 500" "the reject says what came"
has "$tmp/see/400.rej" "too long" "in the server's words"
has "$tmp/see/hang.rej" "within 0.6 s" "or that nothing came"
is "$(count "$log" 400) $(count "$log" 500)" "1 4" \
    "what is refused is asked once, what fails four times"
is "$(sqlite3 "$tmp/see/l.db" "select distinct status from outcomes
    where code = 'model.failed'")" failed "in the ledger it may be tried again"
three="--prompts single-attribute --attributes scene,objects,camera
       --prompt then.of.{attr} --ledger $tmp/see/l.db"
three=$(echo "$three" | tr '\n' ' ')
# shellcheck disable=SC2086
caption $three --prompt 'Then of {attr}.' -o "$tmp/see/three" \
    --rejects "$tmp/see/three.rej" "$tmp/one"
is "$(jq -r .reject.code "$tmp/see/three.rej")" model.failed \
    "one failed question of three rejects its record"
first=$log
unserve
serve recovered '{}'
# shellcheck disable=SC2086
caption $three --prompt 'Then of {attr}.' -o "$tmp/see/three" \
    --rejects "$tmp/see/three.rej" "$tmp/one"
exits 0 "the next run tries it again, where the server has moved to"
is "$(jq -c '.sources[0].attributes|keys_unsorted' "$tmp/see/three")$(
    wc -c <"$tmp/see/three.rej")" '["scene","objects","camera"]0' "and accepts it"
is "$(twice "$first" "$log")" "" "without asking again what was answered"
is "$(count "$log" answered)" 1 "only what was not"
unserve

# --- not the record's fault: exit 1, nothing rejected
# fails SCENARIO TEXT SENTENCE
fails() {
    serve fatal "$1"
    caption -o "$tmp/see/fatal" --rejects "$tmp/see/fatal.rej" "$tmp/records"
    exits 1 "$3 is the end, exit 1"
    has "$tmp/err" "$2" "and said so"
    is "$(cat "$tmp/see/fatal.rej" 2>/dev/null)" "" "with nothing rejected"
    unserve
}
fails '{"key":"another"}' "refuses the API key" "a refused key"
fails '{"models":["x"]}' "no such model" "an unknown model"
fails '{"rules":[{"fault":"redirect"}]}' "redirect" "a redirect"
fails '{"rules":[{"status":402}]}' "402" "an empty account"
caption -o "$tmp/see/fatal" --rejects "$tmp/see/fatal.rej" "$tmp/records"
exits 1 "nobody at the address is the end, exit 1"
has "$tmp/err" "cannot be reached" "and said so"
is "$(cat "$tmp/see/fatal.rej" 2>/dev/null)" "" "with nothing rejected"

# --- certificates
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" \
    -out "$tmp/cert.pem" -days 2 -subj /CN=localhost 2>"$tmp/err"
openssl s_server -accept 127.0.0.1:0 -key "$tmp/key.pem" \
    -cert "$tmp/cert.pem" -www >"$tmp/server" 2>&1 &
server=$!
i=0
while ! grep -q '^ACCEPT' "$tmp/server" && [ $i -lt 200 ]; do
    sleep 0.05
    i=$((i + 1))
done
url=https://localhost:$(sed -n 's/^ACCEPT.*://p' "$tmp/server")/v1
caption "$tmp/one"
exits 1 "a certificate that nobody vouches for is the end, exit 1"
has "$tmp/err" "certificate" "and said so"
unserve

# --- wrong usage
url=http://user:secret@127.0.0.1/v1
caption "$tmp/one"
exits 2 "an address with a password is wrong usage"
run grep -c secret "$tmp/err"
is "$(cat "$tmp/out")" 0 "and is not repeated"
run "$bin/asid-caption" --endpoint http://localhost:1/v1 "$tmp/one"
exits 2 "an endpoint without the name of a model is wrong usage"
run "$bin/asid-model" info --endpoint http://localhost:1/v1 --model m
exits 2 "only a checkpoint can be looked into"

# --- stopped and killed
serve slow '{"rules":[{"match":"long","fault":"hang"},{"delay":0.15}]}'
"$bin/asid-caption" -q --root data-samples --endpoint "$url" --model m \
    --max-frames 4 --prompt long "$tmp/records" >"$tmp/see/stopped" 2>&1 &
job=$!
wait_for "$tmp/scenarios/port"
sleep 1
kill -TERM $job
wait $job
is $? 143 "SIGTERM ends the wait for an answer"
kill_run() {
    # shellcheck disable=SC2086
    "$bin/asid-caption" -q --root data-samples --endpoint "$url" --model m \
        --max-frames 4 --prompts single-attribute --prompt 'K {attr}.' -j 2 \
        --ledger "$tmp/see/$1.db" -o "$tmp/see/$1" "$tmp/records" 2>/dev/null
}
for delay in 0.7 1.1; do
    kill_run killed &
    job=$!
    sleep $delay
    pkill -9 -P $job 2>/dev/null
    kill -9 $job 2>/dev/null
    wait $job 2>/dev/null
done
kill_run killed
kill_run whole
same "$tmp/see/killed" "$tmp/see/whole" "killed twice: the same bytes in the end"
sqlite3 "$tmp/see/killed.db" 'select count(*) from replies' >"$tmp/out"
is "$(cat "$tmp/out")" 32 "with every answer in the ledger once"
unserve

# --- in a pipeline
serve pipeline '{}'
cat >"$tmp/p.yaml" <<EOF
name: p
root: data-samples
stages:
  - ingest: {inputs: [clips]}
  - caption: {name: far, endpoint: "$url", model: org/mock, max-frames: 4}
EOF
run "$bin/asid-run" -q "$tmp/p.yaml" --output "$tmp/see/run"
exits 0 "a pipeline asks an endpoint"
is "$(jq -r .sources[0].name "$tmp"/see/run/*caption*/*.jsonl 2>/dev/null |
    sort -u)$(find "$tmp/see/run" -name '*caption*.jsonl' -exec jq -r \
    .sources[0].name {} + 2>/dev/null | sort -u)" far "under the name it is given"
sed -i 's/, model: org.mock//' "$tmp/p.yaml"
run "$bin/asid-run" -q "$tmp/p.yaml" --output "$tmp/see/run2"
exits 2 "an endpoint without a model is a fault of the pipeline file"
has "$tmp/err" "p.yaml:5" "with its place"
unserve

# --- the key
serve echo '{"rules":[{"match":"say","answer":"It is $KEY, $KEY."},
    {"match":"fail","status":400,"body":{"error":{"message":"no $KEY"}}},
    {"match":"die","status":401}]}'
for what in say fail die; do
    caption -v --prompt "$what" --ledger "$tmp/see/l.db" -o "$tmp/see/$what" \
        --rejects "$tmp/see/$what.rej" "$tmp/one"
done
has "$tmp/see/say" '"It is ***' "a key in an answer is overwritten"
unserve
run grep -rl -e "$ASID_API_KEY" "$tmp/see"
is "$(cat "$tmp/out")" "" "the key is in no output, reject, ledger, log or message"
finish
