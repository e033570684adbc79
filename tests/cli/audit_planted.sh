#!/bin/sh
# asid-audit score --planted: what a verifier made of errors that are known.
set -u
. tests/tap.sh

"$bin/asid-synth" --count 6 --output "$tmp/s" -q
"$bin/asid-synth" --mutate "$tmp/s/truth.jsonl" --per-record 13 >"$tmp/bad"
planted=$(jq -s '[.[].planted[]] | length' "$tmp/bad")
score() { # FILE FILTER
    "$bin/asid-audit" score "$1" --planted "$tmp/bad" | jq -c "$2"
}
verdicts() { # VERDICT: every claim has it
    jq -c ".attributes |= map_values(.claims |= map(.verdict = \"$1\"))" \
        "$tmp/bad"
}

verdicts supported >"$tmp/yes"
is "$(score "$tmp/yes" '[.kill_rate, .false_alarm_rate]')" "[0,0]" \
    "a verifier that always says yes finds nothing"
verdicts refuted >"$tmp/no"
is "$(score "$tmp/no" .false_alarm_rate)" 1 \
    "one that always says no is wrong about every true claim"
is "$(score "$tmp/no" '.planted == '"$planted"' and .kill_rate > 0.8')" true \
    "and finds all but what was deleted"
verdicts unsure >"$tmp/unsure"
is "$(score "$tmp/unsure" '[.caught, .false_alarms]')" "[0,0]" \
    "who is unsure has found nothing"

# The right verdicts: planted claims refuted, deleted ones missing.
jq -c '.planted as $p | .attributes |= with_entries(.key as $k |
    .value.claims |= map(.text as $t | .verdict =
        (if any($p[]; .attribute == $k and .claim == $t and .class != "deletion")
         then "refuted" else "supported" end)) |
    .value.missing = [$p[] | select(.attribute == $k and .class == "deletion") |
        {text: .was}])' "$tmp/bad" >"$tmp/perfect"
is "$(score "$tmp/perfect" '[.kill_rate, .false_alarms, .repaired]')" "[1,0,0]" \
    "one that knows scores full"
is "$(score "$tmp/perfect" '[.per_class[].kill_rate] | unique')" "[1]" \
    "in every class"
is "$(score "$tmp/perfect" '.per_class | length')" 13 "of which there are 13"

# What a pipeline put out: the truth again.
is "$(score "$tmp/s/truth.jsonl" '[.kill_rate, .false_alarms]')" "[1,0]" \
    "where the truth stands again everything was caught"
is "$(score "$tmp/s/truth.jsonl" '.repaired >= .planted -
    .per_class.addition.planted - .per_class.contradiction.planted')" true \
    "and repaired, but for what was only added"

jq -c '.reject = {stage: "refine", code: "refine.exhausted", message: "x"}' \
    "$tmp/yes" >"$tmp/rejects"
is "$(score "$tmp/rejects" '[.rejected, .kill_rate, .untouched]')" "[6,1,0]" \
    "what is in a rejected record harms nobody"
head -2 "$tmp/yes" >"$tmp/part"
tail -4 "$tmp/rejects" >"$tmp/other"
is "$("$bin/asid-audit" score "$tmp/part" "$tmp/other" --planted "$tmp/bad" |
    jq -c '[.records, .rejected]')" "[6,4]" "several files are one result"

# What observers got wrong.
sources() { # FILTER FILE
    "$bin/asid-audit" score "$2" --planted "$tmp/s/sources.jsonl" | jq -c "$1"
}
is "$(sources '[.planted > 10, .kill_rate]' "$tmp/s/truth.jsonl")" "[true,1]" \
    "of the errors of sources the truth has none"
is "$(sources '.repaired + .per_class.addition.planted == .planted' \
    "$tmp/s/truth.jsonl")" true "and what was there in their place"
jq -c '.planted as $p | .attributes.scene.claims = [$p[] |
    (.now | capture("^At (?<t>[0-9]+)s, (?<x>.*)$") // {t: null, x: .}) |
    {text: .x, start: (.t | if . then tonumber else null end), end: null}] |
    .attributes |= with_entries(select(.key == "scene"))' \
    "$tmp/s/sources.jsonl" >"$tmp/heard"
is "$(sources .kill_rate "$tmp/heard")" 0 \
    "who says it all again, under any attribute, has caught none"

run "$bin/asid-audit" score "$tmp/yes" --planted "$tmp/bad" \
    --truth "$tmp/s/truth.jsonl"
exits 2 "both at once is a wrong call"
run "$bin/asid-audit" score "$tmp/yes" --planted "$tmp/none"
exits 1 "errors that are not there are an error"

finish
