#!/bin/sh
# Run test programs under valgrind, JOBS at once; any error or leak fails.
#
#   tests/valgrind.sh JOBS TEST...
set -u
jobs=$1
shift
logs=$(dirname "$(dirname "$1")")/valgrind-logs
rm -rf "$logs"
mkdir -p "$logs"
export logs

# shellcheck disable=SC2016  # the inner shell expands
printf '%s\n' "$@" | xargs -P "$jobs" -I{} sh -c '
    name=$(basename "$1") start=$(date +%s)
    if valgrind -q --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite,indirect "$1" \
        >"$logs/$name" 2>&1 </dev/null; then
        echo "ok   $name under valgrind, $(($(date +%s) - start)) s"
        touch "$logs/$name.ok"
    else
        echo "FAIL $name under valgrind (status $?)"
        tail -60 "$logs/$name" | sed "s/^/    /"
        touch "$logs/$name.bad"
    fi' sh {}

ok=$(find "$logs" -name '*.ok' | wc -l)
bad=$(find "$logs" -name '*.bad' | wc -l)
echo "$ok passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$ok" -gt 0 ]
