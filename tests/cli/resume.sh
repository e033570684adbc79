#!/bin/sh
# Going on after an interruption, and doing nothing twice.
# shellcheck disable=SC1091,SC2154
set -u
. tests/tap.sh
cd "$tmp" || exit 1
cat=$bin/asid-cat echo=$bin/test/asid-echo
ASID_TEST_CALLS=$tmp/calls
export ASID_TEST_CALLS

calls() { # how often the stage was called since the last question
    cat "$ASID_TEST_CALLS" /dev/null 2>/dev/null | wc -c
    rm -f "$ASID_TEST_CALLS"
}
work() { run "$echo" -q in -o out.jsonl --rejects rej.jsonl --ledger l.db "$@"; }
ask() { sqlite3 l.db "$1"; }
whole='SELECT seq,record_id,status,code,message,attempts,input_sha256,
    options_sha256,output_sha256,tokens_in,tokens_out FROM latest_outcomes
    ORDER BY seq;
    SELECT record_id,stage,round,attribute,claim,kind,p,verdict,model,
    prompt_sha256,reason FROM verdicts JOIN checkpoints USING (execution,stage)
    ORDER BY record_id,round,attribute,claim,kind'
for i in 1 2 3 4 5 6 7 8 9 10; do
    case $i in
    4) echo "{\"id\":\"r$i\",\"test\":{\"reject\":\"media.damaged\",\"judge\":3}}" ;;
    6) echo "broken" ;;
    *) echo "{\"id\":\"r$i\",\"test\":{\"set\":$i,\"tokens\":$i,\"judge\":$((i % 3))}}" ;;
    esac
done >in

# --- a whole run ---------------------------------------------------------------
work
exits 0 "a run with a ledger ends well"
is "$(calls)" 9 "each record is a call, the broken line none"
is "$(ls)" "err
in
l.db
out
out.jsonl
rej.jsonl" "nothing but the results is left"
is "$(ask 'SELECT state,records,accepted,rejected,failed,outcomes,balanced FROM balance')" \
    "complete|10|8|2|0|10|1" "the ledger balances"
is "$(ask "SELECT input_sha256 FROM latest_outcomes WHERE seq=1")" \
    "$(head -1 in | tr -d '\n' | sha256sum | cut -d' ' -f1)" \
    "an outcome knows the hash of its input line"
is "$(ask "SELECT output_sha256 FROM latest_outcomes WHERE seq=1")" \
    "$(head -1 out.jsonl | tr -d '\n' | sha256sum | cut -d' ' -f1)" \
    "and of its output line"
is "$(ask "SELECT record_id,code FROM latest_outcomes WHERE status='rejected' ORDER BY seq")" \
    "r4|media.damaged
line:6|input.syntax" "rejects are known by id or line"
is "$(ask 'SELECT sum(tokens_in),sum(tokens_out) FROM latest_outcomes')" "45|90" \
    "tokens are counted"
is "$(ask 'SELECT record_id,count(*),count(p),count(model),max(reason) FROM verdicts GROUP BY 1')" \
    "r1|1|1|0|claim 0 of r1
r10|1|1|0|claim 0 of r10
r2|2|1|1|claim 1 of r2
r4|3|2|2|claim 2 of r4
r5|2|1|1|claim 1 of r5
r7|1|1|0|claim 0 of r7
r8|2|1|1|claim 1 of r8" "judgements are noted, those of rejects as well"
is "$(ask 'SELECT program,status,finished_at>=started_at,peak_bytes>0 FROM runs')" \
    "asid-cat|done|1|1" "the run is noted"
cp out.jsonl want.out
cp rej.jsonl want.rej
ask "$whole" >want.rows

# --- nothing to do ---------------------------------------------------------------
run "$echo" in -o out.jsonl --rejects rej.jsonl --ledger l.db
exits 0 "the same call again ends well"
is "$(calls)" 0 "and calls the stage for nothing"
has err "nothing to do" "and says so"
rm rej.jsonl
work
same rej.jsonl want.rej "a result that was removed is made again"
is "$(calls)" 1 "by calling the stage only for what was not accepted"
is "$(ask "$whole")" "$(cat want.rows)" \
    "and the outcomes are those of the first run, tokens included"
sed -i 's/"r2"/"xx"/' out.jsonl
work
same out.jsonl want.out "a result that was edited is made again"
is "$(calls)" 2 "by calling the stage for the edited line and the reject"

# --- another input -----------------------------------------------------------------
echo '{"id":"r11"}' >>in
work
is "$(calls)" 2 "a longer input: only the new record and the reject are called"
is "$(tail -1 out.jsonl)" '{"id":"r11"}' "and the new record is there"
sed -i '$d' in
sed -i 's/"set":2/"set":22/' in
work
is "$(calls)" 2 "a changed record: only it and the reject are called"
is "$(sed -n 2p out.jsonl)" '{"id":"r2","test":{"set":22,"tokens":2,"judge":2},"echo":22}' \
    "and it is in its place"
sed -i 's/"set":22/"set":2/' in
work
same out.jsonl want.out "the old input gives the old bytes"
calls >/dev/null
ASID_TEST_IDENTITY=other work
is "$(calls)" 9 "another model: everything is called again"
work --max-line 5000
is "$(calls)" 9 "another option: everything is called again"
work --max-line 5000 -j 3 --progress never
is "$(calls)" 0 "options that change no result change nothing"

# --- failed: tried again -----------------------------------------------------------------
printf '{"id":"a"}\n{"id":"b","test":{"outage":true}}\n{"id":"c"}\n' >in
ASID_TEST_OUTAGE=1
export ASID_TEST_OUTAGE
work
exits 0 "a record without an answer is no failure of the stage"
has rej.jsonl model.failed "it is in the rejects"
is "$(ask 'SELECT failed,balanced FROM balance')" "1|1" "and counted as failed"
calls >/dev/null
work
is "$(calls)" 1 "the next run tries only it again"
is "$(ask "SELECT attempts FROM latest_outcomes WHERE record_id='b'")" 2 "attempts count"
unset ASID_TEST_OUTAGE
work
is "$(calls)" 1 "and again"
is "$(ask "SELECT status,attempts FROM latest_outcomes WHERE record_id='b'")" "accepted|3" \
    "until it is accepted"
is "$(wc -l <out.jsonl) $(wc -c <rej.jsonl)" "3 0" "then it is among the others"
work
is "$(calls)" 0 "and then there is nothing to do"

# --- interrupted ----------------------------------------------------------------------------
fresh() {
    rm -f l.db* ./*.jsonl ./*.part ./*.lock "$ASID_TEST_CALLS"
    for i in 1 2 3 4 5 6 7 8; do
        [ $i -eq 3 ] && echo '{"id":"bad","test":{"reject":"media.damaged"}}'
        echo "{\"id\":\"r$i\",\"test\":{\"sleep\":250,\"set\":$i}}"
    done >in
}
# hold: let the process that works on out.jsonl do a few records, then stop it
# where it is; its number is in $owner.
hold() {
    tries=0
    until [ "$(ask 'SELECT count(*) > 2 FROM outcomes' 2>/dev/null)" = 1 ] ||
        [ $tries -gt 600 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    owner=$(sed 's/process \([0-9]*\).*/\1/' out.jsonl.lock)
    kill -STOP "$owner"
}
fresh
work
cp out.jsonl want.out
cp rej.jsonl want.rej
ask "$whole" >want.rows
fresh
"$echo" -q in -o out.jsonl --rejects rej.jsonl --ledger l.db &
pid=$!
hold
kill -TERM $pid
kill -CONT $pid
wait $pid
is "$?" 143 "SIGTERM: status 143"
is "$([ -e out.jsonl ] && echo early)" "" "no result before the end"
is "$(ask 'SELECT status FROM runs')" stopped "the run is noted as stopped"
calls >before
run "$echo" in -o out.jsonl --rejects rej.jsonl --ledger l.db
exits 0 "the same call goes on"
has err "of them by an earlier run" "and says so"
same out.jsonl want.out "the output is that of an undisturbed run"
same rej.jsonl want.rej "so are the rejects"
ask "$whole" >rows
same rows want.rows "so are the outcomes"
is $(($(cat before) + $(calls) <= 10)) 1 "nothing was called twice but what was in flight"

fresh
"$echo" -q in -o out.jsonl --rejects rej.jsonl --ledger l.db 2>/dev/null &
pid=$!
hold
run "$echo" -q in -o out.jsonl --ledger l.db
exits 1 "a second process on the same output refuses"
has err "out.jsonl.lock: in use by process $pid on $(uname -n)" "and names the first"
run "$echo" -q in -o other.jsonl --rejects rej.jsonl
exits 1 "also when only the rejects are the same"
kill -KILL $pid
wait $pid 2>/dev/null
calls >/dev/null
cp out.jsonl.part kept
echo garbage >>out.jsonl.part
work
same out.jsonl want.out "a dead owner is taken over, bytes past the checkpoint are cut"
is $(($(calls) < 9)) 1 "without starting over"

fresh
"$echo" -q in -o out.jsonl --rejects rej.jsonl --ledger l.db 2>/dev/null &
pid=$!
hold
kill -KILL $pid
wait $pid 2>/dev/null
calls >/dev/null
sed -i 's/r1/rX/' out.jsonl.part
work
same out.jsonl want.out "a .part that is not what the ledger says is not believed"
is "$(calls)" 9 "so everything is done again"
is "$(ask 'SELECT count(*) FROM outcomes')" 9 "and the outcomes of the lost half are gone"

fresh
(head -4 in; sleep 5) | "$echo" -q -o out.jsonl --rejects rej.jsonl --ledger l.db 2>/dev/null &
pid=$!
hold
kill -KILL "$owner"
wait $pid 2>/dev/null
calls >/dev/null
"$echo" -q -o out.jsonl --rejects rej.jsonl --ledger l.db <in
same out.jsonl want.out "a stage that reads a pipe goes on as well"
is $(($(calls) < 7)) 1 "without starting over"
(sed 's/r1/r0/' in | cat) | "$echo" -q -o out.jsonl --rejects rej.jsonl --ledger l.db
is "$(head -1 out.jsonl)" '{"id":"r0","test":{"sleep":250,"set":1},"echo":1}' \
    "another pipe than before is read from its start"

# --- killed while publishing ---------------------------------------------------------------
printf '{"id":"a"}\n{"id":"b","test":{"reject":"media.damaged"}}\n' >in
for case in none rejects both; do
    rm -f l.db* ./*.jsonl "$ASID_TEST_CALLS"
    work
    cp out.jsonl want.out
    cp rej.jsonl want.rej
    ask "UPDATE checkpoints SET state = 'finishing'"
    case $case in
    none) mv out.jsonl out.jsonl.part && mv rej.jsonl rej.jsonl.part ;;
    rejects) mv out.jsonl out.jsonl.part ;;
    esac
    calls >/dev/null
    work
    exits 0 "killed while publishing ($case renamed): the next run ends it"
    is "$(calls)" 0 "without calling the stage ($case)"
    same out.jsonl want.out "with the same output ($case)"
    same rej.jsonl want.rej "and the same rejects ($case)"
    is "$(ask 'SELECT state FROM checkpoints')" complete "and says so ($case)"
done

# --- other ways to call ------------------------------------------------------------------------
rm -f l.db* ./*.jsonl
"$cat" -q in --ledger l.db >out.jsonl 2>/dev/null
is "$(ask 'SELECT output,state,records,balanced FROM balance')" "-|complete|2|1" \
    "with standard output the ledger only records"
"$cat" -q in --ledger l.db >out.jsonl 2>/dev/null
is "$(wc -l <out.jsonl)" 2 "and nothing is skipped"
rm -f l.db*
echo 'no database, but long enough to be looked at: 0123456789 0123456789 0123456789' >l.db
work
exits 1 "a file that is no database is no ledger"
has err "l.db: " "and is named"
rm -f l.db*
ask 'CREATE TABLE t (x)'
work
exits 1 "another program's database is no ledger"
has err "no ledger of asid" "and stays untouched"
rm -f l.db*
work
ask 'PRAGMA user_version = 99' >/dev/null
work
exits 1 "a newer ledger is refused"
has err "newer asid" "with the reason"

rm -f l.db* ./*.jsonl "$ASID_TEST_CALLS"
run "$echo" -q in -o out.jsonl --rejects /dev/null --ledger l.db
run "$echo" -q in -o out.jsonl --rejects /dev/null --ledger l.db
is "$(calls) $(wc -l <out.jsonl)" "2 1" "rejects that go to a device do not keep from resuming"

# --- limits: what is done already counts as if it were done now ----------------------------------------
{
    echo '{"id":"a"}'
    echo '{"id":"b","test":{"reject":"media.damaged"}}'
    echo '{"id":"c"}'
    echo broken
    echo '{"id":"d"}'
} >in
for limit in --strict '--max-reject 0' '--max-reject 0.4'; do
    rm -f l.db* ./*.jsonl ./*.part
    # shellcheck disable=SC2086  # an option and its value
    work $limit
    exits 1 "$limit: a reject too many ends the run"
    cp err want.err
    [ ! -e out.jsonl ]
    say $? "$limit: and publishes nothing"
    # shellcheck disable=SC2086
    work $limit
    exits 1 "$limit: the same call again ends the same way"
    same err want.err "$limit: with the same message"
    work
    exits 0 "$limit: without it the work goes on to its end"
    cp out.jsonl want.out
    calls >/dev/null
    # shellcheck disable=SC2086
    work $limit
    exits 1 "$limit: complete, and still a reject too many"
    same err want.err "$limit: with the message of the first run"
    same out.jsonl want.out "$limit: what was published stays"
    is "$(calls)" 0 "$limit: and nothing is called for it"
done
work --max-reject 0.5
exits 0 "a share that is not exceeded lets complete work pass"
rm -f l.db* ./*.jsonl ./*.part
printf '{"id":"a"}\n{"id":"b","test":{"outage":true}}\n{"id":"c"}\n' >in
ASID_TEST_OUTAGE=1
export ASID_TEST_OUTAGE
work --strict
exits 1 "an outage is a reject too many for --strict"
unset ASID_TEST_OUTAGE
calls >/dev/null
work --strict
exits 0 "but one that is tried again"
is "$(calls)" 2 "and the work goes on from there"

# --- several stages on one ledger -------------------------------------------------------------------
rm -f l.db* ./*.jsonl
awk 'BEGIN { for (i = 0; i < 2000; i++) print "{\"id\":\"r" i "\"}" }' >in
for i in 1 2 3 4 5; do
    "$cat" -q in -o "o$i.jsonl" --ledger l.db &
done
wait
is "$(ask 'SELECT count(*),sum(outcomes),min(balanced) FROM balance')" "5|10000|1" \
    "five processes write to one new ledger at once"
finish
