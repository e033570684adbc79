#!/bin/sh
# The stage runner from outside: lines, rejects, exit statuses, files, signals.
# shellcheck disable=SC2015,SC2016,SC2094,SC2317
set -u
bin=${ASID_BINDIR:-$PWD/build/release/bin}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
count=0 failed=0

# check NAME: the status of the command before it decides.
check() {
    status=$?
    count=$((count + 1))
    if [ "$status" -eq 0 ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        failed=1
        sed 's/^/#   err: /' err 2>/dev/null | head -5
        head -c 300 out 2>/dev/null | sed 's/^/#   out: /'
        echo
    fi
}
# is WANTED-STATUS COMMAND...: run it, output in out, messages in err.
is() {
    wanted=$1
    shift
    "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || { echo "# status $got, not $wanted: $*"; false; }
}
cat=$bin/asid-cat echo=$bin/test/asid-echo

# --- lines ------------------------------------------------------------------
printf '\357\273\277{"id":"a","n":1.50,"u":"\\u00e9"}\r\n\n   \t\n{"id":"b", "x" : [1e5, 2.0]}  \n{"id":"c"}' >in
printf '{"id":"a","n":1.50,"u":"\\u00e9"}\n{"id":"b", "x" : [1e5, 2.0]}\n{"id":"c"}\n' >want
is 0 "$cat" in && cmp out want
check "records pass byte for byte: mark, CRLF, blank lines, no last newline"
grep -q 'warning: in: byte-order mark' err
check "a dropped byte-order mark is told"
grep -q '^asid-cat: 3 records in, 3 accepted, 0 rejected' err
check "the summary counts"
is 0 "$cat" -q in && [ ! -s err ]
check "-q says nothing when all is well"
"$cat" -q <in >out 2>err && cmp out want
check "standard input is read without file names"
"$cat" -q - in <in >out 2>err && cat want want | cmp - out
check "- is standard input among other files"

printf '{"id":"a"}\n[1]\n{"id":3}\nbroken\n\377\376\n{"id":"c","reject":{"stage":"x","code":"y","message":"z"},"media":[]}\n{"id":"d","id":"d"}\n' >in
is 0 "$cat" -q in --rejects rej && [ "$(wc -l <out)" -eq 1 ] &&
    [ "$(wc -l <rej)" -eq 6 ]
check "lines in = accepted + rejected"
sed -n 1p rej | grep -qF '"code":"input.syntax"' &&
    sed -n 1p rej | grep -qF '"line":2,"raw":"[1]"}'
check "a line that is no object keeps its number and text"
sed -n 2p rej | grep -q '^{"id":3,"reject":{"stage":"cat","code":"input.schema","message":"id: '
check "a record of the wrong shape goes whole, with its path"
sed -n 4p rej | grep -qF '"raw_base64":"//4="}'
check "bytes that are no text go as base64"
sed -n 5p rej | grep -q '"id":"c","reject":{"stage":"cat","code":"input.schema"' &&
    ! sed -n 5p rej | grep -q '"code":"y"'
check "an older reject is replaced"
"$bin/asid-cat" -q rej >out 2>err && [ "$(grep -c raw rej)" -ge 1 ]
check "rejects are lines of JSON"
is 0 "$cat" -q in && grep -q '^asid-cat: in:4: line:4: input.syntax: ' err &&
    [ "$(wc -l <err)" -eq 6 ]
check "without --rejects every reject is told, even with -q"

awk 'BEGIN { printf "{\"id\":\"long\",\"x\":\""; for (i = 0; i < 300000; i++) printf "abcdefghij"; print "\"}"; print "{\"id\":\"z\"}" }' >long
is 0 "$cat" -q --max-line 100000 long --rejects rej && [ "$(wc -l <out)" -eq 1 ] &&
    grep -q '3000020 bytes, more than 100000' rej && grep -q '"truncated":true' rej &&
    [ "$(wc -c <rej)" -lt 66500 ]
check "a line over the limit is passed by and its beginning kept"
is 0 "$cat" -q long && cmp out long
check "a long line within the limit passes"
awk 'BEGIN { for (i = 0; i < 129; i++) printf "["; for (i = 0; i < 129; i++) printf "]"; print "" }' |
    sed 's/^/{"id":"deep","x":/; s/$/}/' >deep
is 0 "$cat" -q deep --rejects rej && [ ! -s out ] && grep -q input.syntax rej
check "too much depth is a reject"

# --- rejects by the stage ----------------------------------------------------
printf '{"id":"a"}\n{"id":"b","k":1.0,"test":{"reject":"media.damaged"}}\n{"id":"c"}\n' >in
is 0 "$echo" -q in --rejects rej && [ "$(wc -l <out)" -eq 2 ] &&
    grep -qxF '{"id":"b","k":1.0,"test":{"reject":"media.damaged"},"reject":{"stage":"cat","code":"media.damaged","message":"asked for"}}' rej
check "the rejected record is the original one"
is 1 "$echo" --strict in --rejects rej && [ "$(cat out)" = '{"id":"a"}' ] &&
    grep -q '^asid-cat: stopped at the first reject (--strict): b: media.damaged: asked for$' err &&
    [ "$(wc -l <rej)" -eq 1 ]
check "--strict stops at the first reject, which is kept"
is 0 "$echo" -q --max-reject 0.5 in
check "--max-reject lets the share pass"
is 1 "$echo" -q --max-reject 0.4 in && grep -q 'max-reject' err
check "--max-reject stops when the share is exceeded"
printf '{"id":"a"}\n{"id":"b","test":{"fail":true}}\n{"id":"c"}\n' >in
is 1 "$echo" in && [ "$(cat out)" = '{"id":"a"}' ] &&
    grep -qx 'asid-cat: in:2: the model is gone' err
check "a failing stage ends with status 1, whole lines, and the place"
printf '{"id":"a","test":{"bad":true}}\n' >in
is 1 "$echo" in && [ ! -s out ] && grep -q 'in:1: the stage made a record of the wrong shape: sources: ' err
check "a stage that makes a wrong record is stopped"
printf '{"id":"a"}\n{"id":"a"}\n{"id":"b"}\n' >in
is 0 "$bin/test/asid-count" -q in --rejects rej &&
    [ "$(cat out)" = "$(printf '{"id":"a","number":1}\n{"id":"b","number":2}')" ] &&
    grep -q input.duplicate rej
check "ordered callbacks see records in order and may refuse"

# --- order and threads ---------------------------------------------------------
awk 'BEGIN { for (i = 0; i < 200; i++) printf "{\"id\":\"r%d\",\"test\":{\"sleep\":%d,\"set\":%d%s}}\n", i, (i * 7) % 5, i, i % 9 == 4 ? ",\"reject\":\"media.damaged\"" : "" }' >in
"$echo" -q in --rejects rej1 >out1 2>err && "$echo" -q -j 4 in --rejects rej4 >out4 2>err &&
    cmp out1 out4 && cmp rej1 rej4 && "$echo" -q -j 0 in --rejects rej0 >out0 2>err && cmp out1 out0
check "the same bytes at -j 1, -j 4 and -j 0"
is 1 "$echo" -q -j 4 --strict in --rejects rej && [ "$(wc -l <out)" -eq 4 ] &&
    [ "$(wc -l <rej)" -eq 1 ]
check "--strict stops at the same place at -j 4"

# --- files ------------------------------------------------------------------------
printf '{"id":"a"}\n' >in
is 2 "$cat" in -o in && grep -q 'is an input file' err && [ "$(cat in)" = '{"id":"a"}' ]
check "-o onto an input is refused"
ln in hard
is 2 "$cat" in -o hard
check "also by another name"
cp in x.part
is 2 "$cat" x.part -o x
check "also the input that is our own .part"
is 2 "$cat" in -o y --rejects y
check "output and rejects cannot be one file"
"$cat" <in -o in 2>err
[ $? -eq 2 ]
check "nor standard input and output"
is 1 "$cat" nofile && grep -q '^asid-cat: cannot open nofile: ' err
check "a missing input is status 1"
is 1 "$cat" . && grep -q 'is a folder' err
check "a folder is no input"
is 1 "$cat" in -o nodir/x && grep -q 'nodir' err
check "an output in no folder is status 1"
is 1 "$cat" -q in -o /dev/full && grep -q '/dev/full: No space left' err &&
    [ -c /dev/full ]
check "a full disk is status 1 and named"
is 1 sh -c '"$0" -q in >/dev/full' "$cat" && grep -q 'standard output: No space left' err
check "also on standard output"
is 0 "$cat" -q in -o plain && cmp in plain && [ ! -e plain.part ] && [ ! -e plain.lock ]
check "-o leaves the output and nothing else"
ln -s plain link
is 0 "$cat" -q in -o link && [ -L link ]
check "a link stays a link"
awk 'BEGIN { for (i = 0; i < 200000; i++) print "{\"id\":\"r" i "\"}" }' >many
# full FILE COMMAND...: in FILE are whole lines, as many as the summary counts.
full() {
    wrote=$1
    shift
    is 1 "$@" && grep -q 'File too large' err &&
        [ "$(wc -l <"$wrote")" -gt 20000 ] && # what fits is not dropped
        head -n "$(wc -l <"$wrote")" many | cmp - "$wrote" &&
        grep -q " $(wc -l <"$wrote") accepted, 0 rejected, [1-9][0-9]* not written" err
}
for jobs in 1 3; do
    full wrote sh -c 'ulimit -f 999; "$0" -j "$1" many >wrote' "$cat" $jobs
    check "output that is full holds whole lines and these are counted at -j $jobs"
done
full o.part sh -c 'ulimit -f 999; "$0" many -o o' "$cat" && [ ! -e o ]
check "so does the .part of -o"
awk '/not written/ { for (i = 1; i < NF; i++) {
         if ($(i + 1) == "records") all = $i
         if ($(i + 1) == "accepted,") some += $i
         if ($(i + 1) == "not") some += $i } }
     END { exit all == 0 || all != some }' err
check "the summary adds up"
head -7 many >wrote
sed 1,7d many >rest
is 1 sh -c 'ulimit -f 999; "$0" rest >>wrote' "$cat" &&
    head -n "$(wc -l <wrote)" many | cmp - wrote
check "what stood before in a file that is appended to stays"
# Long lines, for the ledger is under the same limit.
awk '{ printf "{\"id\":\"w%d\",\"x\":\"%020000d\"}\n", NR, NR }' rest | head -99 >wide
is 1 sh -c 'ulimit -f 999; "$0" wide -o o --ledger l.db' "$cat" &&
    grep -q '^asid-cat: cannot write .*/o.part: File too large' err &&
    is 0 "$cat" wide -o o --ledger l.db && cmp wide o
check "with room again, a run with a ledger goes on behind it"
rm -f l.db* o o.part
{ "$cat" many 2>err; echo $? >status; } | head -1 >out
[ "$(cat status)" = 0 ] && [ ! -s err ] && [ "$(cat out)" = '{"id":"r0"}' ]
check "a closed pipe ends quietly"
{ "$cat" -j 2 many 2>err; echo $? >status; } | head -1 >out
[ "$(cat status)" = 0 ] && [ ! -s err ]
check "also at -j 2"
(echo '{"id":"a"}'; sleep 1; echo '{"id":"b"}') | "$cat" -q | (
    read -r line
    date +%s%N >first
    cat >/dev/null
    date +%s%N >last
    [ "$line" = '{"id":"a"}' ]
) && [ $((($(cat last) - $(cat first)) / 1000000)) -gt 500 ]
check "a record goes out while the input pauses"

# --- signals -------------------------------------------------------------------------
slow='{"id":"r","test":{"sleep":100}}'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "$slow"; done >slow
for jobs in 1 3; do
    "$echo" -j "$jobs" slow >out 2>err &
    pid=$!
    sleep 0.45
    kill -TERM "$pid"
    wait "$pid"
    [ $? -eq 143 ] && [ "$(wc -l <out)" -lt 20 ] && [ "$(tail -c 1 out | wc -l)" -eq 1 ]
    check "SIGTERM ends with whole lines and status 143 at -j $jobs"
done
mkfifo fifo
"$cat" -q fifo >out 2>err &
pid=$!
exec 3>fifo
sleep 0.2
kill -INT "$pid" 2>/dev/null
kill -TERM "$pid"
wait "$pid"
[ $? -ge 130 ]
check "a signal ends a stage that waits for input"
exec 3>&-

# --- usage ---------------------------------------------------------------------------
is 2 "$cat" --strct in && grep -qx 'asid-cat: --strct: no such option; did you mean --strict?' err
check "an unknown option names the nearest"
cp in ./-dash.jsonl && cp in ./--strct.jsonl
is 2 "$cat" -dash.jsonl && grep -qx 'asid-cat: -d: no such option; --help lists them (a name that begins with a dash goes after --)' err &&
    is 2 "$cat" --strct.jsonl && grep -q 'strct.jsonl: no such option; .*(a name that begins with a dash goes after --)$' err &&
    is 0 "$cat" -q -- -dash.jsonl
check "a file whose name begins with a dash is told where it goes"
is 2 "$cat" -dashes && grep -qx 'asid-cat: -d: no such option; --help lists them' err
check "but only where there is such a file"
is 2 "$cat" -j x && grep -q 'expected a whole number from 0 to 1024, got "x"' err
check "a number is checked"
is 2 "$cat" --max-reject=1.5 && grep -q 'from 0 to 1, got "1.5"' err
check "a range is checked"
is 2 "$cat" --progress sometimes && grep -q 'expected one of auto, always, never' err
check "a choice is checked"
is 2 "$cat" -o && grep -q 'expected a value' err
check "a missing value is told"
is 0 "$cat" -qj2 -- in && [ ! -s err ] && [ -s out ]
check "bundled letters and -- work"
is 0 "$cat" --help && grep -q '^usage: asid-cat' out && [ "$(awk 'length > 80' out | wc -l)" -eq 0 ]
check "--help fits 80 columns"
is 0 "$cat" --help=man && grep -q '^.SH EXIT STATUS' out && grep -q 'input.syntax' out
check "--help=man has exit status and codes"
is 0 "$cat" --help=json && grep -q '"x-kind"' out
check "--help=json prints the entry"
is 0 "$cat" --help=completion && bash -n out
check "--help=completion is bash"
is 2 "$cat" --help=html
check "an unknown form of help is refused"
is 0 "$cat" --version && head -1 out | grep -q '^asid-cat (asid) [0-9]' && grep -q 'SQLite 3' out
check "--version names the libraries"
is 1 sh -c '"$0" --help >/dev/full' "$cat"
check "help onto a full disk is status 1"

# --- the launcher ----------------------------------------------------------------------
is 2 "$bin/asid" && [ ! -s out ] && grep -q 'cat  *pass records through' err
check "asid alone is wrong usage and says how to call it"
is 0 "$bin/asid" --help && grep -q 'cat  *pass records through' out
check "asid lists the programs"
is 0 "$bin/asid" cat -q in && cmp out in
check "asid NAME runs asid-NAME"
is 2 "$bin/asid" cta && grep -qx 'asid: cta: no such program; did you mean cat?' err
check "asid names the nearest program"

# --- targets that would write over each other --------------------------------------------
printf '{"id":"a"}\nbroken\n' >two
for pair in '-o z --rejects z.part' '-o z --ledger z' '--rejects z --ledger z' \
    '-o z-wal --ledger z' '-o z --rejects ./z.lock' '--rejects -'; do
    # shellcheck disable=SC2086  # a list of options is meant
    is 2 "$cat" -q $pair two && [ ! -e z ]
    check "colliding targets are refused: $pair"
done
timeout 20 "$cat" -q <&- >out 2>err
check "closed standard input is empty input, not a hang"

echo "1..$count"
exit $failed
