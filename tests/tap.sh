# Sourced by shell tests: TAP, a scratch folder in $tmp, programs in $bin.
# Every assertion is a sentence; a failing one shows what came.
# shellcheck shell=sh disable=SC2034
bin=${ASID_BINDIR:-$PWD/build/release/bin}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/asid-test-XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
# No cache of the user's, and none between runs unless a test names a folder:
# what one has computed the next one must compute again.
unset XDG_CACHE_HOME HOME
tap_count=0
tap_bad=0

# say STATUS SENTENCE: one TAP line.
say() {
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        echo "not ok $tap_count - $2"
        tap_bad=$((tap_bad + 1))
    fi
}

# run COMMAND...: its exit status in $status, its output in $tmp/out, $tmp/err.
run() {
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
}

shown() {
    sed 's/^/#   out: /' "$tmp/out"
    sed 's/^/#   err: /' "$tmp/err"
}

# exits STATUS SENTENCE: the last run ended so.
exits() {
    [ "$status" -eq "$1" ]
    say $? "$2" || return
    [ "$status" -eq "$1" ] || { echo "#   status $status, not $1"; shown; }
}

# has FILE TEXT SENTENCE: the file contains the text.
has() {
    if grep -qF -e "$2" "$1"; then
        say 0 "$3"
    else
        say 1 "$3"
        echo "#   no '$2' in:"
        head -c 4000 "$1" | sed 's/^/#   /'
    fi
}

# is GOT WANTED SENTENCE
is() {
    if [ "$1" = "$2" ]; then
        say 0 "$3"
    else
        say 1 "$3"
        printf '#   got    %s\n#   wanted %s\n' "$1" "$2"
    fi
}

# same A B SENTENCE: two files or folders hold the same.
same() {
    if diff -r "$1" "$2" >"$tmp/diff" 2>&1; then
        say 0 "$3"
    else
        say 1 "$3"
        head -c 4000 "$tmp/diff" | sed 's/^/#   /'
    fi
}

finish() {
    echo "1..$tap_count"
    [ "$tap_bad" -eq 0 ] && [ "$tap_count" -gt 0 ]
}
