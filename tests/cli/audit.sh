#!/bin/sh
# asid-audit: what the ledger answers.
set -u
. tests/tap.sh
db=$tmp/run/ledger.db

mkdir "$tmp/media"
cp data-samples/clips/bird.mp4 data-samples/clips/meadow-silent.mp4 "$tmp/media"
cp data-samples/clips/not-a-video.mp4 "$tmp/media/page.mp4"
esc=$(printf '\033')
cp data-samples/clips/not-a-video.mp4 "$tmp/media/bad${esc}[31m.mp4"
cat >"$tmp/p.yaml" <<END
name: audit
root: $tmp/media
stages: [ingest, export]
END
run "$bin/asid-run" "$tmp/p.yaml" --output "$tmp/run"
exits 0 "the pipeline runs to its end"

# --- why
run "$bin/asid-audit" why bird --ledger "$db"
exits 0 "why answers for an accepted record"
is "$(head -1 "$tmp/out")" "bird: accepted by every stage that saw it" \
    "why begins with what became of the record"
is "$(grep -c '^[12]\. ' "$tmp/out")" 2 "why shows every stage"
has "$tmp/out" "asid-ingest" "why names the program"
run "$bin/asid-audit" why page --ledger "$db"
exits 0 "why answers for a rejected record"
has "$tmp/out" "page: rejected by ingest: media.unreadable: " \
    "why begins with the reason of a reject"
is "$(head -1 "$tmp/out" | cut -c1-16)" "page: rejected b" \
    "the reason is the first line"
run "$bin/asid-audit" why bird --json --ledger "$db"
is "$(jq -r '[.id,.stage,.status,.program]|join(" ")' "$tmp/out")" \
    "bird ingest accepted asid-ingest
bird export accepted asid-export" "why --json is one object per stage, in order"
is "$(jq -r '.output_sha256' "$tmp/out" | head -1)" \
    "$(jq -r '.input_sha256' "$tmp/out" | tail -1)" \
    "what one stage put out is what the next one read"
run "$bin/asid-audit" why bird --stage export --json --ledger "$db"
is "$(jq -r .stage "$tmp/out")" export "--stage restricts why"
run "$bin/asid-audit" why nobody --ledger "$db"
exits 1 "why of an unknown record ends with status 1"
has "$tmp/err" "no record 'nobody'" "an unknown record is named"

# --- rejects
run "$bin/asid-audit" rejects --ledger "$db"
exits 0 "rejects answers"
is "$(sed -n 2p "$tmp/out" | awk '{print $1, $2, $3, $4}')" \
    "ingest stages/01-ingest.jsonl media.unreadable 2" "rejects counts by stage and code"
run "$bin/asid-audit" rejects --json --ledger "$db"
is "$(wc -l <"$tmp/out")" 2 "rejects --json is one object per reject"
is "$(jq -r .code "$tmp/out" | sort -u)" media.unreadable \
    "every object has its code"
run "$bin/asid-audit" rejects --code input.syntax --json --ledger "$db"
is "$(cat "$tmp/out")" "" "--code restricts rejects"
exits 0 "that there are none is an answer"
is "$(cat "$tmp/err")" "asid-audit: no rejects with code input.syntax" \
    "which people are told"
run "$bin/asid-audit" rejects --stage export -q --ledger "$db"
is "$status $(cat "$tmp/out" "$tmp/err")" "0 " "unless they want it quiet"
for wrong in "rejects --stage ingst" "balance --stage ingst" \
    "why bird --stage ingst" "runs --stage ingst"; do
    # shellcheck disable=SC2086
    run "$bin/asid-audit" $wrong --ledger "$db"
    exits 2 "an unknown stage is wrong usage: $wrong"
    has "$tmp/err" "--stage: unknown stage 'ingst'; did you mean 'ingest'?" \
        "the nearest one is named"
done
run "$bin/asid-audit" rejects --code media.mising --ledger "$db"
exits 2 "so is an unknown code"
has "$tmp/err" "--code: unknown code 'media.mising'; did you mean 'media.missing'?" \
    "with the nearest one"
run "$bin/asid-audit" rejects --code foo.bar --ledger "$db"
exits 2 "or with none"
has "$tmp/err" "--code: unknown code 'foo.bar'; the manual page" \
    "but where they are listed"
run "$bin/asid-audit" balance --stage caption --ledger "$db"
is "$status $(cat "$tmp/out" "$tmp/err")" \
    "0 asid-audit: no work of stage caption" "a stage that never worked is no error"
run "$bin/asid-audit" runs --stage caption --ledger "$db"
has "$tmp/err" "no runs of stage caption" "nor one that was never called"
run "$bin/asid-audit" why "bad${esc}[31m" --ledger "$db"
exits 0 "a record with control characters in its id can be asked for"
is "$(grep -c "$esc" "$tmp/out")" 0 "control characters never reach a terminal"

# --- balance
run "$bin/asid-audit" balance --ledger "$db"
exits 0 "balance ends well when every stage balances"
is "$(awk 'NR > 1 {print $1, $2, $3, $4, $5, $6}' "$tmp/out")" \
    "ingest 4 2 2 0 ok
export 2 2 0 0 ok" "balance shows the figures of every stage in order"
run "$bin/asid-audit" balance --json --ledger "$db"
is "$(jq -c '[.stage,.in,.accepted,.rejected,.failed,.balanced]' "$tmp/out")" \
    '["ingest",4,2,2,0,true]
["export",2,2,0,0,true]' "balance --json gives the same figures"
cp "$db" "$tmp/wrong.db"
sqlite3 "$tmp/wrong.db" \
    "DELETE FROM outcomes WHERE stage = 'ingest' AND seq = 1"
run "$bin/asid-audit" balance --ledger "$tmp/wrong.db"
exits 1 "balance ends with status 1 when a stage does not balance"
has "$tmp/out" "NOT BALANCED" "the stage that does not balance is marked"

# --- one stage twice
cat >"$tmp/twice.yaml" <<END
name: twice
root: $tmp/media
stages: [ingest, cat, cat]
END
run "$bin/asid-run" "$tmp/twice.yaml" --output "$tmp/twice" -q
run "$bin/asid-audit" balance --ledger "$tmp/twice/ledger.db"
is "$(awk 'NR > 1 {print $1, $NF}' "$tmp/out")" \
    "ingest stages/01-ingest.jsonl
cat stages/02-cat.jsonl
cat stages/03-cat.jsonl" "balance tells two stages of one name apart"
echo broken >"$tmp/lines"
for n in 1 2; do
    "$bin/asid-cat" -q "$tmp/lines" -o "$tmp/twice/o$n" --rejects /dev/null \
        --ledger "$tmp/twice/ledger.db"
done
run "$bin/asid-audit" rejects --stage cat --ledger "$tmp/twice/ledger.db"
is "$(awk 'NR > 1 {print $1, $2, $3, $4}' "$tmp/out")" "cat o1 input.syntax 1
cat o2 input.syntax 1" "so does rejects"
run "$bin/asid-audit" rejects --stage cat --json --ledger "$tmp/twice/ledger.db"
is "$(jq -r .output "$tmp/out")" "$(realpath "$tmp/twice")/o1
$(realpath "$tmp/twice")/o2" "its objects have the whole path"
run "$bin/asid-audit" why bird --ledger "$tmp/twice/ledger.db"
is "$(grep '^[0-9]' "$tmp/out")" "1. ingest: accepted, stages/01-ingest.jsonl
2. cat: accepted, stages/02-cat.jsonl
3. cat: accepted, stages/03-cat.jsonl" "and so does why"
"$bin/asid-cat" -q "$tmp/lines" --rejects /dev/null \
    --ledger "$tmp/twice/ledger.db"
run "$bin/asid-audit" balance --ledger "$tmp/twice/ledger.db"
is "$(grep -c -- ' -$' "$tmp/out")" 1 "standard output is a hyphen"

# --- runs
run "$bin/asid-audit" runs --ledger "$db"
exits 0 "runs answers"
is "$(awk 'NR > 1 {print $2, $4}' "$tmp/out" | sort)" "asid-export done
asid-ingest done
asid-run done" "runs lists every call with its status"
run "$bin/asid-audit" runs --json --ledger "$db"
is "$(jq -r 'select(.program != "asid-run").parent_run' "$tmp/out" | sort -u)" \
    "$(jq -r 'select(.program == "asid-run").run_id' "$tmp/out")" \
    "stages name the pipeline's run as their parent"
is "$(jq -r 'select(.peak_bytes > 0 and .seconds >= 0).program' "$tmp/out" |
    wc -l)" 3 "every run has its time and peak memory"

# --- frame
jq -c '.attributes = {scene: {text: "x", claims: [
        {text: "A lawn.", verdict: "supported", p: 0.9},
        {text: "A sea.", start: 2, end: 4, verdict: "refuted", p: 0.2},
        {text: "A bear sings.", start: 1, end: 1, verdict: "refuted", p: 0.1}]}} |
    .reject = {stage: "refine", code: "refine.exhausted", message: "still"}' \
    "$tmp/run/stages/01-ingest.jsonl" >"$tmp/judged"
frame() { run "$bin/asid-audit" frame "$@" --root "$tmp/media" -o "$tmp/f.jpg"; }
frame bird "$tmp/judged"
exits 0 "frame answers"
has "$tmp/out" "bird: scene[2] at 1 s: A bear sings." \
    "frame takes the least likely refuted claim"
has "$tmp/out" "refuted, p 0.1000" "and says how likely it is"
has "$tmp/out" "rejected: still" "and what the record was rejected for"
is "$(od -An -tx1 -N3 "$tmp/f.jpg" | tr -d ' ')" ffd8ff "the frame is a JPEG"
frame bird "$tmp/judged" --sentence "a sea"
has "$tmp/out" "scene[1] at 2 s: A sea." "--sentence chooses another claim"
has "$tmp/out" "frame at 3." "its frame is the one in the middle of its time"
frame bird "$tmp/judged" --sentence "a ship"
exits 1 "a sentence that is not there is an error"
has "$tmp/err" "no claim of record 'bird' contains 'a ship'" "which it names"
frame nobody "$tmp/judged"
exits 1 "so is a record that is not there"
jq -c '.video = "gone.mp4"' "$tmp/judged" >"$tmp/moved"
frame bird "$tmp/moved"
exits 1 "and a video that is not there"
has "$tmp/err" "video gone.mp4 ($tmp/media/gone.mp4, --root $tmp/media): No such" \
    "with its name, the path and the folder it was looked for in"
jq -c --arg v "$tmp/none.mp4" '.video = $v' "$tmp/judged" >"$tmp/moved"
frame bird "$tmp/moved"
has "$tmp/err" "asid-audit: video $tmp/none.mp4: No such" \
    "a whole path is looked for where it says"
: >"$tmp/media/empty.mp4"
jq -c '.video = "empty.mp4"' "$tmp/judged" >"$tmp/moved"
frame bird "$tmp/moved"
has "$tmp/err" "video empty.mp4 ($tmp/media/empty.mp4, --root $tmp/media): the file is empty" \
    "so is an empty one"
run "$bin/asid-audit" frame bird "$tmp/judged" --root "$tmp/media" \
    -o "$tmp/none/f.jpg"
exits 1 "a picture that cannot be written is an error"
has "$tmp/err" "asid-audit: cannot create $tmp/none/f.jpg" \
    "which is none of the video"
jq -c 'del(.attributes)' "$tmp/judged" >"$tmp/silent"
frame bird "$tmp/silent"
exits 1 "a record without claims has no picture"
has "$tmp/err" "record 'bird' has no claims; it was rejected: still" \
    "the message says why"

# --- help
# shellcheck disable=SC2016
awk '/^\| question/ {on = 1} on && !NF {exit} on' docs/AUDIT.md |
    sed -n 's/^| `\([a-z]*\)[ `].*/\1/p' | sort -u >"$tmp/documented"
"$bin/asid-audit" --help=json | jq -r .properties.question.description |
    tr -cs 'a-zA-Z' '\n' | grep -x '[a-z]*' | grep -vx or | sort -u \
    >"$tmp/helped"
same "$tmp/documented" "$tmp/helped" "help and docs/AUDIT.md name the same questions"
for question in $(cat "$tmp/documented"); do
    run "$bin/asid-audit" "$question" 1 2 3 4 --ledger "$tmp/none.db" --list false
    is "$(grep -c 'unknown question' "$tmp/err")" 0 "$question is a question"
done

# --- wrong questions
run "$bin/asid-audit" wyh bird --ledger "$db"
exits 2 "an unknown question is wrong usage"
has "$tmp/err" "did you mean 'why'?" "an unknown question gets the nearest one"
run "$bin/asid-audit" foo --ledger "$db"
exits 2 "so is one that is like none"
has "$tmp/err" "unknown question 'foo': ask why ID, rejects, balance" \
    "which gets them all"
run "$bin/asid-audit" --ledger "$db"
exits 2 "no question is wrong usage"
run "$bin/asid-audit" why --ledger "$db"
exits 2 "why without a record is wrong usage"
run "$bin/asid-audit" balance --ledger "$tmp/none.db"
exits 1 "a ledger that is not there is an error"
is "$(ls "$tmp/none.db" 2>/dev/null)" "" "asking makes no ledger"

finish
