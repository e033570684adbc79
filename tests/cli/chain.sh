#!/bin/sh
# Whole pipelines: the files that are shipped run, balance, and do what the same
# stages do in a shell line.
set -u
. tests/tap.sh

balance() { # FOLDER NAME
    run "$bin/asid-audit" balance --json --ledger "$1/ledger.db"
    exits 0 "$2: in = accepted + rejected for every stage"
    is "$(jq -s 'all(.balanced and .complete)' "$tmp/out")" true \
        "$2: and every stage is complete"
}
# What NAME.yaml gives in a folder of that name.
pipeline() {
    run "$bin/asid-run" -q "pipelines/$1.yaml" --output "$tmp/$1"
    exits 0 "$1: runs to its end"
    balance "$tmp/$1" "$1"
}

pipeline smoke
pipeline caption
pipeline text-only
pipeline re-verify
pipeline asid-verify

# --- without a model
q="-q --root data-samples"
line() { # the stages of text-only.yaml
    # shellcheck disable=SC2086  # a list of options is meant
    "$bin/asid" ingest $q annotations/avocado.jsonl annotations/mllm.jsonl \
        annotations/qwen.jsonl --check decode |
        "$bin/asid" asr $q --sidecar srt --sidecar vtt --sidecar json |
        "$bin/asid" merge $q | "$bin/asid" align $q |
        "$bin/asid" timecheck $q --tolerance 2.0 |
        "$bin/asid" export $q --formats raw --formats single-attribute \
            --formats all-attributes --formats ms-swift --check \
            --output "$tmp/line-set"
}
line >"$tmp/line.jsonl" 2>"$tmp/err"
same "$tmp/line-set" "$tmp/text-only/dataset" \
    "a shell line makes the same dataset as text-only.yaml"
last=$(ls "$tmp/text-only/stages/"*-export.jsonl)
same "$tmp/line.jsonl" "$last" "and the same records"
jq -c 'select(.id == "bird")' "$last" >"$tmp/bird"
is "$(jq -c '[.attributes[]?.claims[]? | select(.dropped) |
    [.text, .sources[0], .dropped[0].text]]' "$tmp/bird")" \
    '[["A purple bird stands on a tree branch with its wings spread.","mllm","A grey bird stands on a tree branch with its wings spread."]]' \
    "two purple birds outvote a grey one"
is "$(jq -r '.caption + ([.attributes[]?.text] | join(" "))' "$tmp/bird" |
    grep -c 'grey bird')" 0 "and the grey one is said nowhere"
has "$tmp/bird" merge.conflict "which is noted"
is "$(jq -r 'select(.id == "meadow-silent").findings[] | .code + " " + .was' "$last" | sort -u)" \
    "time.outside At 40s" \
    "an anchor at 40 s of a 5 s clip is found"
is "$(jq -r .reject.code "$tmp/text-only/rejects/01-ingest.jsonl")" media.missing \
    "a row without its clip is a reject"

# --- with one
small="--max-tokens 16 --max-frames 4 --min-frames 2 --max-pixels 12544
    --min-pixels 3136 --total-pixels 100352"
model="--model data-samples/demo-checkpoint"
line() { # the stages of asid-verify.yaml
    # shellcheck disable=SC2086  # lists of options are meant
    "$bin/asid" ingest $q annotations/avocado.jsonl annotations/mllm.jsonl \
        clips --orphans keep --check decode |
        "$bin/asid" caption $q $model $small --name local |
        "$bin/asid" asr $q --sidecar srt --sidecar vtt --sidecar json |
        "$bin/asid" merge $q --weights local=0.1 | "$bin/asid" align $q |
        "$bin/asid" timecheck $q --tolerance 2.0 |
        "$bin/asid" verify $q $model $small |
        "$bin/asid" refine $q $model $small --rounds 2 --last remove |
        "$bin/asid" export $q --formats raw --formats single-attribute \
            --formats all-attributes --formats ms-swift --formats pairs \
            --check --output "$tmp/model-set"
}
line >"$tmp/model.jsonl" 2>"$tmp/err"
same "$tmp/model-set" "$tmp/asid-verify/dataset" \
    "a shell line makes the same dataset as asid-verify.yaml"
same "$tmp/model.jsonl" "$tmp/asid-verify/stages/"*-export.jsonl \
    "and the same records"
is "$(jq -r '[.attributes[]? | .verdict] | map(select(. == "error")) | length' \
    "$tmp/model.jsonl" | sort -u)" 0 "nothing refuted is left"
run "$bin/asid-run" -q pipelines/asid-verify.yaml --output "$tmp/asid-verify"
exits 0 "run again, there is nothing to do"
is "$(sqlite3 "$tmp/asid-verify/ledger.db" \
    'SELECT count(*) = count(DISTINCT request_sha256) FROM replies')" 1 \
    "and no question was asked twice"

finish
