#!/bin/sh
# asid-merge from outside: records in, one attribute set and caption out.
. "$(dirname "$0")/../tap.sh"
gold=$(dirname "$0")/../gold/merge.jsonl

# The records of the gold set, without what is expected of them.
sed 's/^{"record"://; s/,"keep":.*$//' "$gold" >"$tmp/in"

cat >"$tmp/one" <<'END'
{"id":"a","n":1.50,"sources":[{"name":"x","caption":"At 0s, a red bus stops. A boy gets off."},{"name":"y","caption":"At 0s, a red bus stops at a school.","mine":[1, 2]}],"k":"\u00e9"}
END
run "$bin/asid-merge" -q "$tmp/one"
exits 0 "a record is merged"
has "$tmp/out" '"caption":"At 0s, a red bus stops at a school. A boy gets off."' \
    "what each source knows is in the caption"
has "$tmp/out" '"sources":["x","y"]' "claims name their sources"
has "$tmp/out" '{"id":"a","n":1.50,"sources":[{"name":"x","caption":"At 0s, a red bus stops. A boy gets off."},{"name":"y","caption":"At 0s, a red bus stops at a school.","mine":[1, 2]}],"k":"\u00e9"' \
    "what belongs to others passes byte for byte"
cp "$tmp/out" "$tmp/first"
run "$bin/asid" merge -q "$tmp/one"
same "$tmp/out" "$tmp/first" "asid merge is the same program"
run "$bin/asid-merge" -q "$tmp/first"
same "$tmp/out" "$tmp/first" "a second merge changes nothing"

run "$bin/asid-merge" -q "$tmp/in" --rejects "$tmp/rejects"
exits 0 "the gold records are merged"
is "$(wc -l <"$tmp/out")" "$(wc -l <"$tmp/in")" "none is lost or rejected"
cp "$tmp/out" "$tmp/want"
run "$bin/asid-merge" -q -j 4 "$tmp/in"
same "$tmp/out" "$tmp/want" "as many at once as wanted, the same bytes"
run "$bin/asid-cat" -q "$tmp/want"
same "$tmp/out" "$tmp/want" "every record fits the schema"

cat >"$tmp/mixed" <<'END'
{"id":"none"}
{"id":"blank","sources":[{"name":"x","caption":"  "}],"attributes":{"scene":{"text":"A park."}}}
{"id":"old","caption":"At 0s, a dog barks."}
{"id":"odd","sources":[{"name":"x","streams":"smell"}]}
END
run "$bin/asid-merge" -q "$tmp/mixed" --rejects "$tmp/rejects"
exits 0 "records without anything to merge are no error"
has "$tmp/rejects" '{"id":"none","reject":{"stage":"merge","code":"merge.no_source"' \
    "they are rejected with a code"
is "$(grep -c '"code":"merge.no_source"' "$tmp/rejects")" 2 "blank texts as well"
has "$tmp/rejects" '"code":"input.schema","message":"sources[0].streams:' \
    "an unknown kind of streams is told"
has "$tmp/out" '"caption":"At 0s, a dog barks.","attributes":{' \
    "a caption alone is kept and taken apart"
is "$(cat "$tmp/out" "$tmp/rejects" | wc -l)" 4 "in = accepted + rejected"

cat >"$tmp/odds" <<'END'
{"id":"c","sources":[{"name":"x","caption":"At 0s, a green van turns."},{"name":"y","caption":"At 0s, a black van turns."}]}
END
run "$bin/asid-merge" -q "$tmp/odds"
has "$tmp/out" '"caption":"At 0s, a van turns."' "an open question is not answered"
has "$tmp/out" '"alternatives":[{"text":"A ' "both answers are kept beside it"
has "$tmp/out" '"code":"merge.conflict"' "and it is noted"
run "$bin/asid-merge" -q --weights x=1.5 "$tmp/odds"
has "$tmp/out" '"caption":"At 0s, a green van turns."' "--weights decides"
run "$bin/asid-merge" -q --weights x=1.5,y.actions=2 "$tmp/odds"
has "$tmp/out" '"caption":"At 0s, a black van turns."' "for one attribute alone"
run "$bin/asid-merge" -q --heard x "$tmp/odds"
has "$tmp/out" '"caption":"At 0s, a black van turns."' "--heard takes the say"

run "$bin/asid-merge" --weights x "$tmp/odds"
exits 2 "a malformed weight is wrong usage"
has "$tmp/err" 'weights: x: expected NAME=WEIGHT' "the message says how"
run "$bin/asid-merge" --tolerance -1 "$tmp/odds"
exits 2 "a negative tolerance as well"
run "$bin/asid-merge" --help=man
has "$tmp/out" 'merge.unfounded' "the manual page lists the codes"

run "$bin/asid-merge" --fuse "$tmp/odds"
exits 2 "--fuse without a model is wrong usage"
# The demo checkpoint has random weights: what it writes is nothing to take.
run "$bin/asid-merge" -q --fuse --max-tokens 8 \
    --model "$(dirname "$0")/../../data-samples/demo-checkpoint" "$tmp/one"
exits 0 "a model is asked for better prose"
has "$tmp/out" '"code":"merge.fusion","attribute":"actions"' \
    "what it makes of an attribute is held against the claims"
has "$tmp/out" '"caption":"At 0s, a red bus stops at a school. A boy gets off."' \
    "a text that lost anything is not taken"

run "$bin/asid-merge" -q --ledger "$tmp/ledger" -o "$tmp/kept" "$tmp/odds"
exits 0 "a run is kept in the ledger"
run "$bin/asid-merge" -q --ledger "$tmp/ledger" -o "$tmp/kept" --weights y=2 \
    "$tmp/odds"
exits 0 "another weight is another result"
has "$tmp/kept" 'a black van turns' "so nothing old is taken for it"
finish
