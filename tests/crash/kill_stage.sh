#!/bin/bash
# Kill a stage at random instants, start it again each time until it ends, and
# compare with an undisturbed run: same output, same rejects, same outcomes.
#
#   tests/crash/kill_stage.sh BINDIR [ROUNDS] [SEED]
#
# Every round uses another way to call: one or four jobs, a stage that keeps
# state across records, an input that comes through a pipe.
set -u
bindir=$1 rounds=${2:-50} seed=${3:-1}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
RANDOM=$seed

# 120 records of 3 ms, some of them refused, some broken.
make_input() {
    for i in $(seq 1 120); do
        case $((i % 12)) in
        3) echo "{\"id\":\"r$i\",\"test\":{\"sleep\":3,\"reject\":\"media.damaged\"}}" ;;
        7) echo "broken $i" ;;
        9) echo "{\"id\":\"r$i\",\"test\":{\"sleep\":3,\"set\":$i,\"judge\":4}}" ;;
        10) echo "{\"id\":\"r$((i - 1))\",\"test\":{\"sleep\":3}}" ;;
        *) echo "{\"id\":\"r$i\",\"caption\":\"text $i\",\"test\":{\"sleep\":3,\"tokens\":$i}}" ;;
        esac
    done
}

run() { # folder program jobs how
    cd "$dir/$1" || exit 1
    if [ "$4" = pipe ]; then
        # shellcheck disable=SC2002  # an input that cannot be read twice
        cat ../in.jsonl | exec "$bindir/test/asid-$2" -q -j "$3" \
            -o out.jsonl --rejects rej.jsonl --ledger l.db
    else
        exec "$bindir/test/asid-$2" -q -j "$3" ../in.jsonl \
            -o out.jsonl --rejects rej.jsonl --ledger l.db
    fi
}

# What the ledger answers, without what depends on the clock.
answers() { # folder
    sqlite3 "$dir/$1/l.db" "
        SELECT seq, stage, record_id, status, code, message, attempts,
               input_sha256, options_sha256, output_sha256, tokens_in,
               tokens_out
        FROM latest_outcomes ORDER BY seq;
        SELECT record_id, stage, round, attribute, claim, kind, p, verdict,
               model, prompt_sha256, reason
        FROM verdicts ORDER BY record_id, attribute, claim;
        SELECT state, seq, accepted, rejected, failed, input_sha256,
               output_sha256, reject_sha256 FROM checkpoints;
        SELECT count(*) FROM outcomes;
        SELECT balanced FROM balance"
}

make_input >"$dir/in.jsonl"
kills=0 bad=0 round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    program=echo jobs=1 how=file
    case $((round % 4)) in
    1) jobs=4 ;;
    2) program=count ;;
    3) program=count jobs=4 how=pipe ;;
    esac
    want=want-$program
    if [ ! -d "$dir/$want" ]; then
        mkdir "$dir/$want"
        (run "$want" "$program" 1 file) || exit 1
    fi
    rm -rf "$dir/got"
    mkdir "$dir/got"
    tries=0
    while :; do
        tries=$((tries + 1))
        setsid bash -c "$(declare -f run); dir='$dir' bindir='$bindir'
            run got $program $jobs $how" &
        pid=$!
        ms=$((RANDOM % 250 + 1))
        # The last tries run to their end.
        if [ "$tries" -le 6 ]; then
            (sleep "0.$(printf '%03d' "$ms")"; kill -KILL -"$pid") 2>/dev/null &
            killer=$!
        else
            killer=
        fi
        wait "$pid" 2>/dev/null
        status=$?
        if [ -n "$killer" ]; then
            kill "$killer" 2>/dev/null
            wait "$killer" 2>/dev/null
        fi
        [ "$status" -eq 137 ] || break
        kills=$((kills + 1))
    done
    for file in out.jsonl rej.jsonl; do
        if ! cmp -s "$dir/$want/$file" "$dir/got/$file"; then
            echo "# round $round ($program -j $jobs, $how): $file differs"
            bad=$((bad + 1))
        fi
    done
    if [ "$(answers "$want")" != "$(answers got)" ]; then
        echo "# round $round ($program -j $jobs, $how): the ledgers differ"
        diff <(answers "$want") <(answers got) | head -5
        bad=$((bad + 1))
    fi
    if [ -e "$dir/got/out.jsonl.part" ] || [ "$status" -ne 0 ]; then
        echo "# round $round: status $status, or a .part file was left"
        bad=$((bad + 1))
    fi
done
echo "# $rounds rounds, $kills kills"
[ "$bad" -eq 0 ] && [ "$kills" -ge $((rounds / 2)) ]
