#!/bin/sh
# Run every fuzz target for a while, JOBS at once.
#
#   tests/fuzz/run.sh DIR SECONDS JOBS
#
# New inputs go to DIR/corpus, findings to DIR/findings; the tracked corpus is
# only read. Exit 1 if a target crashed, leaked, hung or ate memory.
set -u
dir=$1 seconds=$2 jobs=$3
mkdir -p "$dir/findings"
export dir seconds

# shellcheck disable=SC2016  # the inner shell expands
find "$dir" -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | sort |
    xargs -P "$jobs" -I{} sh -c '
    target=$1 name=$(basename "$1")
    mkdir -p "$dir/corpus/$name"
    seeds=tests/fuzz/corpus/${name#fuzz_}
    [ -d "$seeds" ] || seeds=
    if "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2560 \
        -artifact_prefix="$dir/findings/$name-" -print_final_stats=1 \
        "$dir/corpus/$name" $seeds >"$dir/$name.log" 2>&1; then
        runs=$(sed -n "s/^stat::number_of_executed_units: *//p" "$dir/$name.log")
        echo "ok $name: $runs inputs in $seconds s"
    else
        echo "not ok $name"
        tail -40 "$dir/$name.log"
        exit 255
    fi' sh {}
