#!/bin/sh
# Run TAP tests in parallel and close with "N passed, N failed".
#
#   tests/run.sh BINDIR JOBS TEST...
#
# A test is a program or a .sh script that prints TAP. A test fails when it
# exits non-zero, prints "not ok", or runs nothing. The log of a failing test
# is shown whole; all logs stay under BINDIR/../test-logs.
set -u

bindir=$1 jobs=$2
shift 2
logs=$(dirname "$bindir")/test-logs
rm -rf "$logs"
mkdir -p "$logs"

export ASID_BINDIR="$bindir" ASID_TEST_LOGS="$logs"

# shellcheck disable=SC2016  # the inner shell expands
printf '%s\n' "$@" | xargs -P "$jobs" -I{} sh -c '
    test=$1 name=$(basename "$1")
    log=$ASID_TEST_LOGS/$name.log
    start=$(date +%s)
    case $test in
    *.sh) sh "$test" >"$log" 2>&1 </dev/null ;;
    *) "$test" >"$log" 2>&1 </dev/null ;;
    esac
    status=$?
    took=$(($(date +%s) - start))
    ok=$(grep -c "^ok " "$log")
    bad=$(grep -c "^not ok " "$log")
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then
        bad=1
        echo "# no test ran" >>"$log"
    fi
    echo "$ok $bad" >"$log.count"
    if [ "$bad" -ne 0 ]; then
        printf "FAIL %s (status %s, %s s)\n" "$name" "$status" "$took"
        sed "s/^/    /" "$log"
    else
        printf "ok   %s: %s passed, %s s\n" "$name" "$ok" "$took"
    fi' sh {}

awk '{ ok += $1; bad += $2 }
     END { printf "%d passed, %d failed\n", ok, bad; exit bad != 0 || ok == 0 }' \
    "$logs"/*.count
