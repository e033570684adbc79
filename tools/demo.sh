#!/bin/sh
# The main job on the sample clips: ingest, caption, export; then what the
# ledger knows about it. Then the same on films whose truth is known, by a small
# model that was trained on such: how much it sees and hears.
set -eu
bin=$1
out=demo-out
synth=$out/synth
model=data-samples/synth-captioner

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

Now ten synthetic films, captioned by a small model that was trained on others
of their kind (docs/DEMO_MODEL.md), and three observers' words about them merged
without any model (docs/SYNTH.md):
END
"$bin/asid-synth" --count 10 -j 0 --output "$synth" -q
"$bin/asid-ingest" -q --root "$synth" sources.jsonl -o "$synth/records.jsonl"
"$bin/asid-caption" -q --root "$synth" --model "$model" --repetition-penalty 1 \
    "$synth/records.jsonl" -o "$synth/captioned.jsonl"
"$bin/asid-merge" -q "$synth/records.jsonl" | "$bin/asid-align" -q |
    "$bin/asid-timecheck" -q >"$synth/merged.jsonl"
text() { # FILTER FILE
    jq -c "{id, caption: ($1)}" "$2"
}
text '.sources[-1].caption' "$synth/captioned.jsonl" >"$synth/model.jsonl"
text '.sources[0].caption' "$synth/records.jsonl" >"$synth/observer.jsonl"
echo
echo "a film: $synth/clips/synth-0-00001.mp4"
echo "  the truth:  $(sed -n 2p "$synth/truth.jsonl" | jq -r .caption | cut -c 1-150) ..."
echo "  the model:  $(sed -n 2p "$synth/model.jsonl" | jq -r .caption | cut -c 1-150) ..."
echo
echo "                    claims   false   of the truth missing"
for who in model observer merged; do
    "$bin/asid-audit" score "$synth/$who.jsonl" --truth "$synth/truth.jsonl" |
        jq -r --arg who "$who" '[.claims, .false_rate * 100, .missing_rate * 100]
            | "\(.[0]) \(.[1]) \(.[2]) \($who)"' |
        awk '{ n["model"] = "the model"; n["observer"] = "one observer"
               n["merged"] = "three, merged"
               printf "  %-16s %7d %6.1f %% %15.1f %%\n", n[$4], $1, $2, $3 }'
done
