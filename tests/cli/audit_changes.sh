#!/bin/sh
# asid-audit: evidence, changes between runs, statistics, samples, joined
# ledgers.
set -u
. tests/tap.sh

mkdir "$tmp/media"
cp data-samples/clips/bird.mp4 data-samples/clips/meadow-silent.mp4 "$tmp/media"
pipeline() { # MAX-FRAMES
    cat >"$tmp/p.yaml" <<END
name: audit
root: $tmp/media
model: data-samples/demo-checkpoint
stages:
  - ingest
  - caption: {name: demo, max-frames: $1, max-tokens: 4}
  - export
END
    run "$bin/asid-run" -q "$tmp/p.yaml" --output "$tmp/run"
}
db=$tmp/run/ledger.db
last_run() {
    sqlite3 "$db" "SELECT max(run_id) FROM runs WHERE program = 'asid-run'"
}
audit() { run "$bin/asid-audit" "$@" --ledger "$db"; }

# --- diff
pipeline 4
exits 0 "a pipeline runs"
one=$(last_run)
pipeline 4
two=$(last_run)
audit diff "$one" "$two"
exits 0 "diff of two runs that did the same"
is "$(cat "$tmp/out")" "no record changed" "nothing changed"
pipeline 2
three=$(last_run)
audit diff "$one" "$three" --json
exits 0 "diff answers after an option was changed"
is "$(jq -r 'select(.stage=="caption") | .id + " " + .cause + " " + .detail' \
    "$tmp/out" | sort)" "bird settings --max-frames 4 -> 2
meadow-silent settings --max-frames 4 -> 2" "the option is named as the cause"
is "$(jq -r 'select(.stage=="export") | .cause + ": " + .detail' "$tmp/out" |
    sort -u)" "input: caption: settings: --max-frames 4 -> 2" \
    "a later stage's change is put down to the stage that changed first"
cp data-samples/clips/portrait.mp4 "$tmp/media"
cp data-samples/clips/meadow-silent.mp4 "$tmp/media/bird.mp4"
pipeline 2
four=$(last_run)
audit diff "$three" "$four"
is "$(awk '$1=="ingest" || $1=="caption" {print $1, $2}' "$tmp/out" | sort)" \
    "caption bird
caption portrait
ingest bird
ingest portrait" "diff names exactly the records that changed"
is "$(awk '$2=="portrait" && $1=="ingest"' "$tmp/out" | grep -c ' new')" 1 \
    "a record that was not there is new"
is "$(awk '$2=="bird" && $1=="caption"' "$tmp/out" | grep -c 'ingest: input')" 1 \
    "a clip that was exchanged is put down to the input"
audit diff "$three" nobody
exits 1 "diff of a run that is not there is an error"
has "$tmp/err" "no run 'nobody'" "the run is named"
audit diff "$three"
exits 2 "diff of one run is wrong usage"

# --- why, with verdicts and sentences
sqlite3 "$db" "INSERT INTO verdicts SELECT run_id, execution, 'portrait',
    'caption', 0, 'scene', 1, 'error', 0.031, 'refuted', 'fingerprint0123456789',
    'abcdef0123456789', 'a red door' FROM outcomes WHERE record_id = 'portrait'
    AND stage = 'caption' ORDER BY execution DESC LIMIT 1"
audit why portrait
has "$tmp/out" "verdict  round 0, scene[1]: refuted (error), p 0.0310, by fingerprint01234, prompt abcdef012345: a red door" \
    "why tells each verdict with model, prompt and probability"
audit why portrait --json
is "$(jq -c 'select(.stage=="caption").verdicts[0]|[.attribute,.claim,.p,.verdict]' \
    "$tmp/out")" '["scene",1,0.031,"refuted"]' "why --json holds the verdicts"
out=$tmp/run/stages/03-export.jsonl
jq -c 'if .id == "portrait" then .attributes = {scene: {text: "A hall. A door.",
    claims: [{text: "A hall.", sources: ["a", "b"], verdict: "supported", p: 0.9,
              evidence: {model: "mmmm", prompt_sha256: "pppp"},
              dropped: [{text: "A barn.", sources: ["c"], reason: "decided by the verifier"}]},
             {text: "A door.", sources: ["a"]}]}}
    | .findings = [{stage: "merge", code: "merge.conflict", message: "hall or barn"}]
    else . end' "$out" >"$tmp/changed" && cp "$tmp/changed" "$out"
audit why portrait --sentence hall
exits 0 "why --sentence answers"
has "$tmp/out" "scene[0] A hall." "the sentence is found"
has "$tmp/out" "   from a, b; supported, p 0.9000, by mmmm, prompt pppp" \
    "with its sources and its evidence"
has "$tmp/out" "   against: A barn., from c: decided by the verifier" \
    "and what lost against it, and why"
has "$tmp/out" "finding merge.conflict by merge: hall or barn" "and the findings"
is "$(grep -c 'A door' "$tmp/out")" 0 "other sentences are left out"
audit why portrait --sentence "a barn"
has "$tmp/out" "scene[0] A hall." "a sentence that lost leads to the one that won"
is "$(grep -c 'A door' "$tmp/out")" 0 "and to no other"
audit why portrait --sentence "a ship"
exits 0 "a sentence that nobody wrote is no error"
has "$tmp/out" "no claim contains 'a ship'" "but said to be nowhere"

# --- stats
cat >"$tmp/verified.jsonl" <<'END'
{"id":"a","attributes":{"scene":{"text":"x","verdict":"verified","claims":[{"text":"x","sources":["p","q"],"verdict":"supported"}]},"objects":{"text":"y","verdict":"error","claims":[{"text":"y","sources":["p"],"verdict":"refuted"},{"text":"z","sources":["q"],"verdict":"unsure","dropped":[{"text":"w","sources":["p"]}]}]},"speech":{"text":"","verdict":"absent"}}}
not json
{"id":"b","attributes":{"scene":{"text":"x","verdict":"missing","missing":[{"text":"m"}]},"camera":{"text":"x"}}}
END
run "$bin/asid-audit" stats "$tmp/verified.jsonl" --json
exits 0 "stats answers without a ledger"
is "$(jq -c '[.records,.all.texts,.all.absent,.all.judged,.all.no_error,.all.no_missing,.all.clean]' \
    "$tmp/out" | sed 's/0\.66666[0-9]*/2\/3/g; s/0\.33333[0-9]*/1\/3/g')" \
    '[2,4,1,3,2/3,2/3,1/3]' "rates are shares of the judged attributes"
is "$(jq -c '.per_attribute.scene|[.judged,.no_error,.no_missing]' "$tmp/out")" \
    '[2,1,0.5]' "rates are told per attribute"
is "$(jq -c '.sources[]|[.name,.claims,.supported,.refuted,.unsure,.lost,.unique]' \
    "$tmp/out")" '["p",3,1,1,0,1,1]
["q",2,1,0,1,0,1]' "the scorecard tells what became of each source's claims"
has "$tmp/err" "1 lines are no records" "broken lines are counted"
run "$bin/asid-audit" stats "$tmp/verified.jsonl" "$tmp/verified.jsonl"
is "$(grep -c '^verified.jsonl: 2 records' "$tmp/out")" 2 \
    "each file is told by itself"
run "$bin/asid-audit" stats "$tmp/none.jsonl"
exits 1 "a file that is not there is an error"
seq 884 >"$tmp/numbers"
for call in "stats" "sample 3" "sample 3 --code input.syntax"; do
    # shellcheck disable=SC2086
    run "$bin/asid-audit" $call "$tmp/numbers"
    is "$status $(cat "$tmp/out" "$tmp/err")" \
        "1 asid-audit: $tmp/numbers: none of 884 lines is a record" \
        "a file without any record is an error: $call"
done
: >"$tmp/nothing"
run "$bin/asid-audit" stats "$tmp/nothing"
exits 0 "one without any line is none"

# --- sample
i=0
while [ $i -lt 500 ]; do
    [ $((i % 2)) -eq 1 ] && code=input.schema || code=input.syntax
    echo "{\"id\":\"r$i\",\"n\":1.50,\"reject\":{\"stage\":\"s\",\"code\":\"$code\",\"message\":\"m\"}}"
    i=$((i + 1))
done >"$tmp/all.jsonl"
run "$bin/asid-audit" sample 40 "$tmp/all.jsonl" --seed 7
exits 0 "a sample is drawn"
cp "$tmp/out" "$tmp/forty"
is "$(sort -u "$tmp/forty" | wc -l)" 40 "of as many records as were asked for"
is "$(grep -cxFf "$tmp/all.jsonl" "$tmp/forty")" 40 "as they were, byte for byte"
shuf --random-source="$tmp/all.jsonl" "$tmp/all.jsonl" >"$tmp/shuffled"
run "$bin/asid-audit" sample 40 "$tmp/shuffled" --seed 7
is "$(sort "$tmp/out" | sha256sum)" "$(sort "$tmp/forty" | sha256sum)" \
    "the order of the file does not matter"
run "$bin/asid-audit" sample 80 "$tmp/all.jsonl" --seed 7
is "$(grep -cxFf "$tmp/forty" "$tmp/out")" 40 "a greater sample holds a smaller one"
run "$bin/asid-audit" sample 40 "$tmp/all.jsonl" --seed 8
[ "$(sort "$tmp/out" | sha256sum)" != "$(sort "$tmp/forty" | sha256sum)" ]
say $? "another seed draws another sample"
run "$bin/asid-audit" sample 10 "$tmp/all.jsonl" --code input.schema
is "$(jq -r .reject.code "$tmp/out" | sort | uniq -c | awk '{print $1, $2}')" \
    "10 input.schema" "--code draws from one kind of reject"
run "$bin/asid-audit" sample 0 "$tmp/all.jsonl"
exits 2 "a sample of nothing is wrong usage"

# --- merge
for i in 0 1; do
    sed "s/-silent//" "$tmp/p.yaml" >"$tmp/shard.yaml"
    "$bin/asid-run" -q "$tmp/p.yaml" --shard $i/2 --output "$tmp/shard$i"
done
run "$bin/asid-audit" merge "$tmp/shard0/ledger.db" "$tmp/shard1/ledger.db" \
    --ledger "$tmp/joined.db"
exits 0 "the ledgers of shards are joined"
run "$bin/asid-audit" balance --json --ledger "$tmp/joined.db"
exits 0 "a joined ledger balances"
is "$(jq -s 'map(select(.stage=="ingest").accepted) | add' "$tmp/out")" 3 \
    "it knows the records of all shards"
sqlite3 "$tmp/joined.db" .dump | sha256sum >"$tmp/before"
run "$bin/asid-audit" merge "$tmp/shard1/ledger.db" --ledger "$tmp/joined.db"
exits 0 "joining again is no error"
has "$tmp/out" ": 0 outcomes" "and brings nothing new"
sqlite3 "$tmp/joined.db" .dump | sha256sum >"$tmp/after"
same "$tmp/before" "$tmp/after" "and changes nothing"
cp "$tmp/shard0/ledger.db" "$tmp/lie.db"
sqlite3 "$tmp/lie.db" "UPDATE outcomes SET output_sha256 = 'x'"
run "$bin/asid-audit" merge "$tmp/lie.db" --ledger "$tmp/joined.db"
exits 1 "a ledger that contradicts another is refused"
has "$tmp/err" "tells another story of record" "the record is named"
sqlite3 "$tmp/joined.db" .dump | sha256sum >"$tmp/after"
same "$tmp/before" "$tmp/after" "and nothing of it is taken"
run "$bin/asid-audit" merge "$tmp/none.db" --ledger "$tmp/joined.db"
exits 1 "a ledger that is not there is an error"
echo "no ledger" >"$tmp/text.db"
for wrong in none text; do
    run "$bin/asid-audit" merge "$tmp/shard0/ledger.db" "$tmp/$wrong.db" \
        --ledger "$tmp/new.db"
    exits 1 "so it is for a new ledger: $wrong.db"
    has "$tmp/err" "$tmp/$wrong.db: " "which is named"
    [ ! -e "$tmp/new.db" ]
    say $? "and no new one is left behind"
done

finish
