#!/bin/sh
# The main job on the sample clips: ingest, caption, export; then what the
# ledger knows about it.
set -eu
bin=$1
out=demo-out

"$bin/asid-run" pipelines/caption.yaml --output "$out"
echo
echo "dataset: $out/dataset/raw.jsonl"
cut -c 1-160 "$out/dataset/raw.jsonl" | sed 's/^/  /; s/$/ .../'
echo
echo "rejected:"
"$bin/asid-audit" rejects --ledger "$out/ledger.db"
echo
echo "in = accepted + rejected, stage by stage:"
"$bin/asid-audit" balance --ledger "$out/ledger.db"
echo
cat <<'END'
The sample checkpoint is small and untrained: its captions are noise made by the
real code path. With a published checkpoint the same commands do the real job:
set `model:` in the pipeline file to its folder.
END
