#!/bin/sh
# asid-export: rows, files, and what a reader may rely on.
set -u
. tests/tap.sh

cat >"$tmp/in.jsonl" <<'END'
{"id":"a","video":"a.mp4","media":{"duration":5,"sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","video":{"width":320,"height":240,"fps":25},"audio":null},"sources":[{"name":"m","caption":"first"}],"extra":1.50}
{"id":"b","sources":[],"caption":"\u00e9\u0007"}
{"id":"c","sources":[{"name":"m","attributes":{"speech":"hello"}}],"attributes":{"scene":{"text":"a street","verdict":"verified"}}}
END
run "$bin/asid-export" --output "$tmp/set" "$tmp/in.jsonl"
exits 0 "export of three records ends well"
same "$tmp/out" "$tmp/in.jsonl" "records pass through byte for byte"
is "$(ls "$tmp/set")" "features.json
manifest.json
raw.jsonl" "the folder holds rows, columns and manifest"
keys='["id","video","duration","sha256","width","height","fps","has_audio","attributes","verdicts","caption","sources"]'
is "$(jq -c keys_unsorted "$tmp/set/raw.jsonl" | sort -u)" "$keys" \
    "every row has the same keys in the same order"
is "$(jq -c keys_unsorted "$tmp/set/features.json")" "$keys" \
    "features.json describes the same columns"
is "$(jq -c '[.[]|type]' "$tmp/set/raw.jsonl" | sort -u)" \
    '["string","string","number","string","number","number","number","boolean","object","object","string","array"]' \
    "every column has one type"
is "$(jq -r .caption "$tmp/set/raw.jsonl" | head -1)" first \
    "without a caption of its own a record gets its first source's"
is "$(jq -r .attributes.scene "$tmp/set/raw.jsonl" | tail -1)" "a street" \
    "an attribute is its text"
is "$(jq -c '.sources[0].attributes|objects|keys_unsorted' "$tmp/set/raw.jsonl" |
    tail -1)" \
    '["scene","characters","objects","actions","narrative_elements","speech","camera","emotions"]' \
    "a source has all eight attributes"
has "$tmp/set/raw.jsonl" '"duration":5.0,' "a real number is spelled as one"
is "$(jq -r '.files[0]|[.name,.rows,.bytes,.sha256]|@tsv' \
    "$tmp/set/manifest.json")" \
    "raw.jsonl	3	$(wc -c <"$tmp/set/raw.jsonl")	$(sha256sum \
    <"$tmp/set/raw.jsonl" | cut -d' ' -f1)" \
    "the manifest counts and hashes the rows"

cp -r "$tmp/set" "$tmp/first"
run "$bin/asid-export" --output "$tmp/set" -j 4 "$tmp/in.jsonl"
exits 0 "export with four jobs ends well"
same "$tmp/set" "$tmp/first" "the same records give the same bytes at any -j"

printf '{"id":"z"}\nnot json\n' >"$tmp/mixed.jsonl"
run "$bin/asid-export" --output "$tmp/mixed" --rejects "$tmp/rejects" \
    "$tmp/mixed.jsonl"
exits 0 "a broken line does not stop an export"
is "$(wc -l <"$tmp/mixed/raw.jsonl") $(wc -l <"$tmp/rejects")" "1 1" \
    "a broken line goes to the rejects and not to the dataset"

run "$bin/asid-export" --output "$tmp/set" --strict "$tmp/mixed.jsonl"
exits 1 "a strict export stops at a broken line"
same "$tmp/set" "$tmp/first" "an export that stopped leaves the dataset alone"

: >"$tmp/empty.jsonl"
run "$bin/asid-export" --output "$tmp/empty" "$tmp/empty.jsonl"
exits 0 "export of nothing ends well"
is "$(wc -c <"$tmp/empty/raw.jsonl")" 0 "export of nothing is an empty dataset"

: >"$tmp/file"
run "$bin/asid-export" --output "$tmp/file" "$tmp/in.jsonl"
exits 1 "a file where the folder should be is an error"
# --- rows to train on
mkdir "$tmp/media"
: >"$tmp/media/a.mp4"
cat >"$tmp/rich.jsonl" <<'END'
{"id":"a","video":"a.mp4","media":{"duration":5,"video":{"width":320,"height":240,"fps":25,"frames":125},"audio":null},"attributes":{"scene":{"text":"A street.","draft":"A road.","verdict":"refined"},"speech":{"text":"","verdict":"absent"},"camera":{"text":"It pans.","verdict":"verified"}},"caption":"At 0s, a street. It pans.","findings":[{"stage":"refine","code":"merge.conflict","attribute":"scene","message":"m"}]}
{"id":"b","video":"a.mp4","media":{"duration":45,"video":{"width":320,"height":240,"fps":25,"frames":1125},"audio":null},"attributes":{"scene":{"text":"A <image> hall.","verdict":"verified"}},"caption":"A hall."}
{"id":"c","video":"a.mp4","media":{"duration":45,"video":{"width":1280,"height":720,"fps":25,"frames":1125},"audio":null},"attributes":{"scene":{"text":"A hall.","verdict":"verified"}},"caption":"A hall."}
END
formats=raw,single-attribute,all-attributes,ms-swift,llama-factory,sharegpt,pairs
run "$bin/asid-export" --root "$tmp/media" --formats $formats --check \
    --collection c --budget 6000 \
    --tokenizer tests/vectors/checkpoints/tiny-a --max-pixels 401408 \
    --rejects "$tmp/unfit" --output "$tmp/all" "$tmp/rich.jsonl"
exits 0 "all formats are written, and load"
is "$(jq -r '.id + " " + .reject.code' "$tmp/unfit")" "b export.media_tag
c export.budget" "records whose rows a trainer would spoil are rejected"
has "$tmp/unfit" "at most 6000 are allowed" "a row over the budget says by what"
train=$tmp/all/annotations/0_30_s_c/train
is "$(jq -r .attribute "$train/single_attribute_0_30_s_c.jsonl")" "scene
camera" "single-attribute rows lie by duration, one for each that applies"
is "$(jq -r '.messages[1].content' "$train/all_attributes_0_30_s_c.jsonl")" \
    "At 0s, a street. It pans." "the row over all attributes has the caption"
is "$(jq -r '.messages[0].content[:7]' "$tmp/all/ms_swift.jsonl" | sort | uniq -c |
    awk '{print $1, $2}')" "3 <video>" "a media tag stands before every question"
is "$(jq -r '.rejected_response + "|" + .messages[1].content + "|" +
    .reasons[0]' "$tmp/all/pairs.jsonl")" "A road.|A street.|merge.conflict" \
    "pairs hold draft, answer and reason"
is "$(jq -r '.asid.file_name' "$tmp/all/dataset_info.json")" \
    llama_factory.jsonl "dataset_info.json names the file"
is "$(cd "$tmp/all" && jq -r '.files[] | .sha256 + "  " + .name' manifest.json |
    sha256sum -c --quiet 2>&1)" "" "the manifest is right about every file"
run "$bin/asid-export" --formats ms-swift --check --root "$tmp" \
    --output "$tmp/lost" "$tmp/rich.jsonl"
exits 1 "--check fails when a video is missing"
has "$tmp/err" "ms_swift.jsonl:1: no such video" "the row is named"
run "$bin/asid-export" --formats ms-swift --output "$tmp/all" "$tmp/rich.jsonl"
is "$(find "$tmp/all" -type f | sed "s|$tmp/all/||" | sort)" "manifest.json
ms_swift.features.json
ms_swift.jsonl" "files of formats no longer wanted go"
run "$bin/asid-export" --budget 9 --output "$tmp/p" "$tmp/in.jsonl"
exits 2 "a budget without a tokenizer is wrong usage"
run "$bin/asid-export" --collection ../x --output "$tmp/p" "$tmp/in.jsonl"
exits 2 "a collection that is no name is wrong usage"

run "$bin/asid-export" --formats parquet --output "$tmp/p" "$tmp/in.jsonl"
exits 2 "an unknown format is wrong usage"

finish
