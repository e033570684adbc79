#!/bin/sh
# asid-caption: what a captioner adds to a record, what it never asks twice, and
# which records it refuses.
set -u
. tests/tap.sh

model=data-samples/demo-checkpoint
small="--max-frames 4 --min-frames 2 --max-pixels 12544 --min-pixels 3136
       --total-pixels 100352 --max-tokens 12"
caption() {
    # shellcheck disable=SC2086  # a list of options is meant
    run "$bin/asid-caption" -q --root data-samples --model $model $small "$@"
}
"$bin/asid-ingest" -q --root data-samples --rejects /dev/null clips \
    >"$tmp/records"

# --- what it adds
caption "$tmp/records"
exits 0 "captioning a folder of clips ends well"
cp "$tmp/out" "$tmp/first"
is "$(jq -r .id "$tmp/out" | tr '\n' ' ')" \
    "$(jq -r .id "$tmp/records" | tr '\n' ' ')" "records come in input order"
is "$(jq -c '[.sources[0].name,(.sources|length)]' "$tmp/out" | sort -u)" \
    '["demo-checkpoint",1]' "the source is named after the checkpoint folder"
is "$(jq -c '.sources[0]|[keys_unsorted,.prompts,.truncated]' "$tmp/out" |
    sort -u)" '[["name","caption","prompts","model","truncated"],"all-attributes",true]' \
    "an entry says set, checkpoint and whether the limit cut it"
is "$(jq -c 'del(.sources)' "$tmp/out")" \
    "$(jq -c 'del(.sources)' "$tmp/records")" "nothing else of a record changes"
caption -j 4 --threads 1 "$tmp/records"
same "$tmp/out" "$tmp/first" "four jobs on one thread: same bytes"
caption -j 1 --threads 2 "$tmp/records"
same "$tmp/out" "$tmp/first" "one job on two threads: same bytes"
# More than go together, with prompts by their ids, drawn, several of a clip.
for i in 1 2; do
    jq -c --arg i $i '.id += $i' "$tmp/records"
done >"$tmp/many"
for how in "--prompts generic --temperature 0.9 --seed 3" \
    "--no-audio --prompts single-attribute --attributes speech,scene,camera"; do
    # shellcheck disable=SC2086
    caption $how "$tmp/many"
    cp "$tmp/out" "$tmp/many.out"
    # shellcheck disable=SC2086
    caption $how -j 12 "$tmp/many"
    same "$tmp/out" "$tmp/many.out" "twelve at once, $how: same bytes"
    is "$(wc -l <"$tmp/out")" "$(wc -l <"$tmp/many")" "and all of them"

    # What the largest takes is enough for all: they wait for each other.
    most=0
    while read -r record; do
        printf '%s\n' "$record" >"$tmp/record"
        # shellcheck disable=SC2086
        caption $how --memory 0.00001 "$tmp/record"
        need=$(sed -n 's/.*needs \([0-9.]*\) MiB.*/\1/p' "$tmp/err")
        most=$(echo "$need $most" | awk '{ m = ($1 > $2) ? $1 : $2; print m }')
    done <"$tmp/records"
    # shellcheck disable=SC2086
    caption $how -j 12 "$tmp/many" \
        --memory "$(echo "$most" | awk '{ print ($1 + 0.2) / 1024 }')"
    exits 0 "twelve at once in $most MiB"
    same "$tmp/out" "$tmp/many.out" "and they say the same"
    # shellcheck disable=SC2086
    caption $how -j 12 "$tmp/many" \
        --memory "$(echo "$most" | awk '{ print ($1 - 0.2) / 1024 }')"
    exits 0 "with less the largest is refused"
    has "$tmp/err" "model.memory" "for its memory"
done

# shellcheck disable=SC2086
"$bin/asid-caption" -q --root data-samples --model $model $small -j 12 \
    --max-tokens 20000 "$tmp/many" >"$tmp/stopped" 2>&1 &
job=$!
sleep 2
kill -TERM $job
wait $job
is $? 143 "SIGTERM ends twelve that are answered together"

# --- several captioners side by side
caption --name second --prompts generic "$tmp/first"
is "$(jq -c '[.sources[].name]' "$tmp/out" | sort -u)" \
    '["demo-checkpoint","second"]' "a second captioner stands beside the first"
cp "$tmp/out" "$tmp/both"
caption --name demo-checkpoint "$tmp/both"
is "$(jq -c .sources "$tmp/out")" "$(jq -c .sources "$tmp/both")" \
    "the same captioner again replaces its own entry in place"

# --- attributes
head -1 "$tmp/records" >"$tmp/one"
caption --prompts single-attribute --attributes speech,scene "$tmp/one"
exits 0 "single attributes can be chosen"
is "$(jq -c '.sources[0].attributes|keys_unsorted' "$tmp/out")" \
    '["scene","speech"]' "chosen attributes come in the contract's order"
jq -r .sources[0].attributes.speech "$tmp/out" >"$tmp/shared"
caption --prompts single-attribute --attributes speech "$tmp/one"
jq -r .sources[0].attributes.speech "$tmp/out" >"$tmp/alone"
same "$tmp/shared" "$tmp/alone" \
    "a question that shares the clip's prefix is answered as if asked alone"
caption --prompts single-attribute --attributes speech,scene \
    --prompt 'What is it?' --ledger "$tmp/equal.db" "$tmp/one"
is "$(jq -r '.sources[0].attributes | .speech == .scene' "$tmp/out") $(
    sqlite3 "$tmp/equal.db" 'select count(*) from replies')" "true 1" \
    "equal questions are asked once"
caption --prompts single-attribute --attributes weather "$tmp/one"
exits 2 "an attribute that is none is wrong usage"
caption --prompt 'Only the {attr}.' --attributes camera "$tmp/one"
exits 0 "a prompt of one's own is taken"
caption --prompts generic --attributes scene "$tmp/one"
exits 2 "attributes for a prompt set without a place for them are wrong usage"
caption --prompt 'All of it.' --attributes scene "$tmp/one"
exits 2 "and so are attributes for such a prompt of one's own"
has "$tmp/err" "--attributes: --prompt has no {attr}" "with the reason"
caption --prompt "$(printf 'caf\351')" "$tmp/one"
exits 2 "a prompt that is not UTF-8 is wrong usage"

# --- the name
(
    cd $model || exit
    run "$bin/asid-caption" -q --root ../../data-samples --model . $small \
        --ledger "$tmp/name.db" -o "$tmp/named" "$tmp/one"
)
is "$(jq -r .sources[0].name "$tmp/named")" demo-checkpoint \
    "the folder one stands in has its real name"
mkdir "$tmp/other"
cp $model/* "$tmp/other"
root=$PWD/data-samples
(
    cd "$tmp/other" || exit
    run "$bin/asid-caption" -q --root "$root" --model . $small \
        --ledger "$tmp/name.db" -o "$tmp/named" "$tmp/one"
)
is "$(jq -r .sources[0].name "$tmp/named")" other \
    "also where an earlier output was made under another"
is "$(sqlite3 "$tmp/name.db" 'select count(*) from replies')" 1 \
    "a name is nothing to ask the model again for"

# --- nothing asked twice
caption --ledger "$tmp/l.db" "$tmp/records"
same "$tmp/out" "$tmp/first" "with a ledger: same bytes"
asked=$(sqlite3 "$tmp/l.db" 'select count(*) from replies')
is "$asked" "$(wc -l <"$tmp/records")" "every answer is in the ledger"
# A kill between an answer and its record's outcome: the next run takes the
# answer from the ledger and counts what it took as if it had asked.
tokens='SELECT record_id,tokens_in,tokens_out FROM latest_outcomes ORDER BY seq'
sqlite3 "$tmp/l.db" "$tokens" >"$tmp/tokens"
is "$(awk -F'|' '$2 > 12 && $3 > 0' "$tmp/tokens" | wc -l)" "$asked" \
    "the ledger says how many tokens every record took"
sqlite3 "$tmp/l.db" '.backup '"$tmp/killed.db"
sqlite3 "$tmp/killed.db" 'DELETE FROM outcomes; DELETE FROM checkpoints'
caption --ledger "$tmp/killed.db" "$tmp/records"
sqlite3 "$tmp/killed.db" "$tokens" >"$tmp/tokens.killed"
same "$tmp/tokens.killed" "$tmp/tokens" \
    "an answer taken from the ledger counts its tokens"
caption --ledger "$tmp/l.db" --prompts single-attribute \
    --attributes speech,scene "$tmp/one"
sqlite3 "$tmp/l.db" "$tokens" >"$tmp/tokens"
sqlite3 "$tmp/l.db" "DELETE FROM replies WHERE created_at =
    (SELECT max(created_at) FROM replies)"
caption --ledger "$tmp/l.db" --prompts single-attribute \
    --attributes speech,scene "$tmp/one"
sqlite3 "$tmp/l.db" "$tokens" >"$tmp/tokens.killed"
same "$tmp/tokens.killed" "$tmp/tokens" \
    "also when one of two answers had been kept"
mkdir "$tmp/gone"
# shellcheck disable=SC2086
run "$bin/asid-caption" -q --root "$tmp/gone" --model $model $small \
    --ledger "$tmp/l.db" "$tmp/records"
is "$(jq -r .reject.code "$tmp/out" 2>/dev/null | sort -u | head -1)$status" \
    "0" "a missing clip is a reject, not the end"
caption --ledger "$tmp/l.db" --seed 7 --temperature 0.8 "$tmp/one"
exits 0 "sampling with a seed"
cp "$tmp/out" "$tmp/seed7"
caption --seed 7 --temperature 0.8 "$tmp/one"
same "$tmp/out" "$tmp/seed7" "the same seed draws the same answer"

# --- refusals
printf '%s\n' '{"id":"x"}' '{"id":"y","video":"clips/none.mp4"}' \
    '{"id":"z","video":"clips/not-a-video.mp4"}' >"$tmp/bad"
echo '{"id":"d","video":"/dev/zero"}' >>"$tmp/bad"
jq -c '.media.bytes=1|.id="w"|del(.media.sha256)' "$tmp/one" >>"$tmp/bad"
jq -c '.video="clips/portrait.mp4"|del(.media.bytes)|.id="c"' "$tmp/one" \
    >>"$tmp/bad"
caption --ledger "$tmp/l.db" --rejects "$tmp/rejects" "$tmp/bad"
exits 0 "records that cannot be captioned are rejected, not fatal"
is "$(jq -c '[.id,.reject.code]' "$tmp/rejects" | tr '\n' ' ')" \
    '["x","input.schema"] ["y","media.unreadable"] ["z","media.unreadable"] ["d","media.unreadable"] ["w","media.changed"] ["c","media.changed"] ' \
    "each with its reason: no video, no file, no media, no end, another size, another clip"
ln -s "$PWD/data-samples" "$tmp/moved"
# shellcheck disable=SC2086
run "$bin/asid-caption" -q --root "$tmp/moved" --model $model $small \
    --rejects "$tmp/rejects.moved" "$tmp/bad"
same "$tmp/rejects.moved" "$tmp/rejects" "moving the root changes no reject"
run "$bin/asid-caption" -q "$tmp/one"
exits 2 "without a model it is wrong usage"
has "$tmp/err" "--model" "and the message names the option"
run "$bin/asid-caption" -q --model data-samples/clips "$tmp/one"
exits 1 "a folder that is no checkpoint is an error"
has "$tmp/err" "config.json" "and the message names the missing file"
caption --memory 0.001 "$tmp/one"
exits 1 "work that does not fit is refused"
has "$tmp/err" "memory" "with the reason"
finish
