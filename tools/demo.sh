#!/bin/sh
# The main job where everybody can see whether it is done well: films whose truth
# is known, what three observers who err wrote about them, and ASID-Verify by a
# small model that was trained on such films (docs/DEMO_MODEL.md). Beside them
# real films, of which that model knows nothing.
set -eu
bin=$1 count=${2:-10}
out=demo-out films=demo-out/films
model=data-samples/synth-captioner
begin=$(date +%s)

# --- the films and the words about them --------------------------------------

rm -rf "$out"
"$bin/asid-synth" --count "$count" -j 0 --output "$films" -q
mv "$films/sources.jsonl" "$films/observed.jsonl"
# The fourth film gets the words about the third: somebody mixed up two rows.
jq -c -s '.[2].sources as $other | .[3] |= (.sources = $other | .planted = [])
    | .[]' "$films/observed.jsonl" >"$films/sources.jsonl"
mixed=$(sed -n 4p "$films/sources.jsonl" | jq -r .id)
cp -r data-samples/clips "$films/real"
"$bin/asid-ingest" -q --root "$films" real |
    "$bin/asid-caption" -q --root "$films" --model "$model" \
        --name out-of-its-world --repetition-penalty 1 --max-tokens 400 |
    grep -v '"reject"' >"$films/real.jsonl"

# --- the pipeline -------------------------------------------------------------

"$bin/asid-run" pipelines/demo.yaml --output "$out"
end=$(date +%s)

# --- what came of it ----------------------------------------------------------

stage() { # NAME: its output
    ls "$out"/stages/*-"$1".jsonl
}
score() { # FILE FILTER OPTION...
    file=$1 filter=$2
    shift 2
    "$bin/asid-audit" score "$file" "$@" | jq -r "$filter"
}
jq -c '{id, caption: .sources[0].caption}' "$films/sources.jsonl" \
    >"$films/observer.jsonl"
grep -v -F "\"$mixed\"" "$films/truth.jsonl" >"$films/known.jsonl"

line() { # NAME FILE
    score "$2" '[.claims, .false_rate * 100, .missing_rate * 100] | @tsv' \
        --truth "$films/known.jsonl" |
        awk -v name="$1" '{ printf "  %-26s %7d %7.1f %% %7.1f %%\n", name, $1,
            $2, $3 }'
}
echo
echo "$count synthetic films              claims   wrong    of the truth missing"
line "one observer" "$films/observer.jsonl"
line "three, merged" "$(stage timecheck)"
line "verified and refined" "$(stage refine)"
echo
for name in timecheck refine; do
    score "$(stage $name)" '[.planted, .caught, .repaired] | @tsv' \
        --planted "$films/sources.jsonl" |
        awk -v name="$name" '{ printf "  errors of the observers: %d; after %s " \
            "%d are gone, %d of them put right\n", $1, name, $2, $3 }'
done
echo "  seconds: $((end - begin))"
echo
echo "rejected:"
"$bin/asid-audit" rejects --ledger "$out/ledger.db"
echo
echo "Film $mixed had the words about another film:"
"$bin/asid-audit" frame "$mixed" "$out"/rejects/*-refine.jsonl \
    --root "$films" -o "$out/$mixed.jpg"
echo
echo "in = accepted + rejected, stage by stage:"
"$bin/asid-audit" balance --ledger "$out/ledger.db"
