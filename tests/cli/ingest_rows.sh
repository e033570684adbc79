#!/bin/sh
# asid-ingest of existing datasets: rows become sources of their videos.
set -u
. tests/tap.sh

root=$tmp/media
mkdir -p "$root/clips"
cp data-samples/clips/bird.mp4 data-samples/clips/portrait.mp4 \
    data-samples/clips/meadow-silent.mp4 "$root/clips"
ingest() {
    run "$bin/asid-ingest" -q --root "$root" --rejects "$tmp/rejects" "$@"
}
cat >"$root/avocado.jsonl" <<'END'
{"messages":[{"role":"user","content":"<video>Describe the video."},{"role":"assistant","content":"A bird sings."}],"videos":["clips/bird.mp4"]}
{"messages":[{"role":"user","content":"<video>Describe the video."},{"role":"assistant","content":"A tall picture."}],"videos":["clips/portrait.mp4"]}
no row
{"messages":[{"role":"user","content":"<video>Describe the video."},{"role":"assistant","content":"Nobody knows."}],"videos":["clips/gone.mp4"]}
{"video":"clips/bird.mp4"}
END
cat >"$root/mllm.json" <<'END'
[{"id": "b1", "video": "clips/bird.mp4", "data_source": "demo",
  "conversations": [{"from": "human", "value": "<video>\nSay it all."},
                    {"from": "gpt", "value": "At 0s, a bird."}]}]
END

ingest avocado.jsonl mllm.json clips
exits 0 "rows and folders are read together"
is "$(jq -r '.id + " " + .video' "$tmp/out")" "bird clips/bird.mp4
portrait clips/portrait.mp4" "records come in the order of the rows"
is "$(jq -c 'select(.id=="bird").sources' "$tmp/out")" \
    '[{"name":"avocado","caption":"A bird sings."},{"name":"mllm","caption":"At 0s, a bird."}]' \
    "each dataset is a source"
is "$(jq -r 'select(.id=="bird").media.video.width' "$tmp/out")" 480 \
    "the video is probed"
is "$(jq -r '.reject.code + " " + (.video // "") + (.rows[0].line // "" | tostring)' \
    "$tmp/rejects" | sort)" "input.orphan clips/meadow-silent.mp4
input.schema 5
input.syntax 3
media.missing clips/gone.mp4" "rows and videos without each other are rejected"
is "$(jq -r 'select(.reject.code=="input.syntax").rows[0].raw' "$tmp/rejects")" \
    "no row" "a broken row is kept whole"
is "$(jq -r 'select(.reject.code=="media.missing").rows[0].row.messages[1].content' \
    "$tmp/rejects")" "Nobody knows." "a row without its video is kept whole"
cp "$tmp/out" "$tmp/one"
ingest -j 4 avocado.jsonl mllm.json clips
same "$tmp/out" "$tmp/one" "several jobs give the same bytes"
ingest --orphans keep avocado.jsonl clips
is "$(jq -r .id "$tmp/out" | sort | tr '\n' ' ')" "bird meadow-silent portrait " \
    "--orphans keep takes videos without rows"

ingest mllm.json
is "$(jq -c '[.id,.data_source]' "$tmp/out")" '["b1","demo"]' \
    "rows keep their id and keys that mean nothing to asid"
ingest --name other mllm.json
is "$(jq -r '.sources[0].name' "$tmp/out")" other "--name names the source"

# A dataset that asid wrote comes back as it was, and knows its files.
"$bin/asid-ingest" -q --root "$root" clips |
    jq -c '.attributes={scene:{text:"A meadow.",verdict:"verified"}}
        | .caption="At 0s, a meadow."' |
    "$bin/asid-export" --output "$tmp/set" >"$tmp/ignored"
cp "$tmp/set/raw.jsonl" "$root/raw.jsonl"
ingest raw.jsonl
exits 0 "raw rows of an export are read"
is "$(jq -c '[.id,.sources]' "$tmp/out" | head -1)" \
    '["bird",[{"name":"raw","attributes":{"scene":"A meadow."},"caption":"At 0s, a meadow."}]]' \
    "attributes and caption become a source"
cp "$root/clips/bird.mp4" "$tmp/keep.mp4"
cp "$root/clips/portrait.mp4" "$root/clips/bird.mp4"
ingest raw.jsonl
is "$(jq -r '.id + " " + .reject.code' "$tmp/rejects")" "bird media.changed" \
    "a video that is another one than the rows say is rejected"
cp "$tmp/keep.mp4" "$root/clips/bird.mp4"

# Rows of one attribute each, spread over a file as ASID-1M has them.
for attribute in scene camera; do
    for clip in bird portrait; do
        echo "{\"query\":\"<video>Describe only the $attribute of this video.\",\"response\":\"$clip $attribute\",\"videos\":[\"clips/$clip.mp4\"]}"
    done
done >"$root/single.jsonl"
ingest single.jsonl
is "$(jq -c '.sources[0].attributes' "$tmp/out")" \
    '{"scene":"bird scene","camera":"bird camera"}
{"scene":"portrait scene","camera":"portrait camera"}' \
    "rows about single attributes come together by video"
"$bin/asid-ingest" -q --root "$root" --shard 0/2 single.jsonl >"$tmp/s0"
"$bin/asid-ingest" -q --root "$root" --shard 1/2 single.jsonl >"$tmp/s1"
is "$(sort "$tmp/s0" "$tmp/s1" | sha256sum)" "$(sort "$tmp/out" | sha256sum)" \
    "shards hold every row once"

# What a row says changes the work, what it does not say does not.
l="--ledger $tmp/ledger.db -o $tmp/records.jsonl"
# shellcheck disable=SC2086
ingest $l single.jsonl
# shellcheck disable=SC2086
ingest $l single.jsonl
exits 0 "a second ingest has nothing to do"
sed -i 's/bird scene/bird, again/' "$root/single.jsonl"
# shellcheck disable=SC2086
ingest $l single.jsonl
is "$(jq -r '.sources[0].attributes.scene' "$tmp/records.jsonl" | head -1)" \
    "bird, again" "a changed row is ingested again"

printf '\n' >"$root/empty.jsonl"
echo '[]' >"$root/empty.json"
run "$bin/asid-ingest" --root "$root" empty.jsonl empty.json
exits 0 "datasets without rows end well"
is "$(grep warning "$tmp/err")" \
    "asid-ingest: warning: empty.jsonl: the dataset has no rows
asid-ingest: warning: empty.json: the dataset has no rows" \
    "a warning says of each that it has none"
mkdir "$root/none"
ingest empty.jsonl none
exits 1 "one beside a folder without videos is a failure"
echo "no row" >"$root/broken.jsonl"
run "$bin/asid-ingest" --root "$root" broken.jsonl
is "$(grep -c warning "$tmp/err")" 0 "a dataset whose rows are refused has rows"

ingest none.jsonl
exits 1 "a dataset that is not there is an error"
printf '[{"video":"a"},' >"$root/cut.json"
ingest cut.json
exits 1 "an array that is cut off is an error"
has "$tmp/err" "cut.json" "the file is named"

finish
