#!/bin/sh
# asid-synth --mutate: errors planted in records that were right.
set -u
. tests/tap.sh

"$bin/asid-synth" --count 8 --output "$tmp/s" -q
truth=$tmp/s/truth.jsonl

run "$bin/asid-synth" --mutate "$truth" --per-record 13
exits 0 "errors are planted"
cp "$tmp/out" "$tmp/all"
is "$(jq -r .id "$tmp/all" | tr '\n' ' ')" "$(jq -r .id "$truth" | tr '\n' ' ')" \
    "every record comes out, in order"
is "$(jq -rs '[.[].planted[].class] | unique | join(" ")' "$tmp/all")" \
    "action addition colour contradiction count deletion left_right negation object order quote_words speaker time_shift" \
    "of every class"
is "$(jq -c 'select([.planted[] | select(.class != "deletion")] |
    all(.claim as $c | .attribute as $a |
        $a != null and $c != ""))' "$tmp/all" | wc -l)" 8 "each says where"
is "$(jq -s '[.[] | .attributes as $t | .planted[] |
    select(.class != "deletion") | . as $p |
    select([$t[$p.attribute].claims[].text] | index($p.claim) | not)] | length' \
    "$tmp/all")" 0 "what is planted is among the claims"
is "$(jq -s '[.[] | .attributes as $t | .planted[] | . as $p |
    select(.class == "deletion") |
    select([$t[$p.attribute].claims[].text] | index($p.claim))] | length' \
    "$tmp/all")" 0 "what was deleted is not"
"$bin/asid-cat" -q "$tmp/all" >"$tmp/cat"
is "$(wc -l <"$tmp/cat")" 8 "the records keep the schema"

run "$bin/asid-synth" --mutate "$truth" --per-record 13
cmp -s "$tmp/out" "$tmp/all"
say $? "the same seed plants the same"
run "$bin/asid-synth" --mutate "$truth" --per-record 13 --seed 5
! cmp -s "$tmp/out" "$tmp/all"
say $? "another seed plants others"
tail -3 "$truth" >"$tmp/tail"
run "$bin/asid-synth" --mutate "$tmp/tail" --per-record 13
tail -3 "$tmp/all" | cmp -s - "$tmp/out"
say $? "what is planted in a record depends on no other record"

# One error of one class: nothing else changes.
only() { # CLASS
    "$bin/asid-synth" --mutate "$truth" --classes "$1" >"$tmp/one"
    is "$(jq -rs '[.[].planted[]?.class] | unique | join(" ")' "$tmp/one")" \
        "$1" "$1 alone"
    "$bin/asid-audit" score "$tmp/one" --truth "$truth" >"$tmp/score"
}
for class in colour count left_right action negation time_shift; do
    only "$class"
    planted=$(jq -s '[.[].planted[]?] | length' "$tmp/one")
    # Of "the red cat jumps before the blue cat leaves" words alone do not tell
    # which of the two was changed.
    is "$(jq ".false <= $planted and .false >= $planted - 1" "$tmp/score")" \
        true "$class: what is planted is false, and nothing else"
done
only deletion
is "$(jq -c '[.false, .missing]' "$tmp/score")" "[0,8]" \
    "a deleted claim is missing"
is "$(jq -s '[.[].planted[]? | [.was, .now] | map(ltrimstr("At ") |
    rtrimstr("s") | tonumber) | .[1] - .[0] | fabs | select(. < 3)] | length' \
    "$tmp/one" 2>/dev/null || echo 0)" 0 "a deletion has no times"
"$bin/asid-synth" --mutate "$truth" --classes time_shift >"$tmp/one"
is "$(jq -s '[.[].planted[]? | [.was, .now] | map(ltrimstr("At ") |
    rtrimstr("s") | tonumber) | .[1] - .[0] | fabs | select(. < 3)] | length' \
    "$tmp/one")" 0 "times are moved by three seconds and more"

# Records of any origin, without claims, other languages, nothing to plant in.
printf '%s\n' '{"id":"a","caption":"At 1s, a man opens a red box. He says, \"Wait for me.\""}' \
    '{"id":"b","attributes":{"scene":{"text":"Ein Wald."}},"caption":"Ein Wald.","mine":1.50}' \
    >"$tmp/others"
run "$bin/asid-synth" --mutate "$tmp/others" --classes colour
exits 0 "records of any origin are taken"
is "$(jq -c 'select(.id == "a") | .planted[0] | [.class, .was]' "$tmp/out")" \
    '["colour","A man opens a red box."]' "a caption alone is enough"
has "$tmp/out" '"mine":1.50' "what means nothing to asid goes through"
is "$(jq -c 'select(.id == "b") | .planted' "$tmp/out")" null \
    "nothing is planted where there is nothing to plant in"

cat >"$tmp/odd" <<'END'
{"id":"n","attributes":{"scene":{"text":"A red box.","claims":[{"text":"A\u0000 red box is left."},{"text":7},7]}},"caption":"A red box."}
{"id":"x","caption":"a an A red red \"red \"an orange is an orange"}
END
run "$bin/asid-synth" --mutate "$tmp/odd" --per-record 100
exits 0 "odd records do no harm"
is "$(wc -l <"$tmp/out")" 2 "and come out"

run "$bin/asid-synth" --mutate "$truth" --classes colours
exits 2 "an unknown class is refused"
run "$bin/asid-synth" --mutate "$truth" --output "$tmp/x"
exits 2 "so is a folder that nobody would write to"
run "$bin/asid-synth" --mutate "$tmp/none"
exits 1 "a file that is not there is an error"
is "$(cat "$tmp/err")" \
    "asid-synth: cannot open $tmp/none: No such file or directory" \
    "that names it once"
echo '{"id":' >"$tmp/broken"
run "$bin/asid-synth" --mutate "$tmp/broken"
exits 1 "so is a broken line"
has "$tmp/err" "asid-synth: $tmp/broken: line 1 is" "and its place is said"

finish
