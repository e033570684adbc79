#!/bin/sh
# The house rules that a script can check. Prints every breach; exit 1 if any.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
breach() {
    echo "lint: $*"
    bad=1
}

# Layers: the folder of a file decides which include/asid/LAYER it may use.
check_layers() {
    awk '
        FILENAME == "tools/layers.txt" {
            if (/^#/) next
            split($0, part, ":"); layer = part[1]
            allowed[layer, layer] = 1
            n = split(part[2], word, " ")
            for (i = 1; i <= n; i++) allowed[layer, word[i]] = 1
            next
        }
        FNR == 1 {
            n = split(FILENAME, p, "/")
            layer = p[1] == "stages" ? "stages" : p[1] == "common" ? p[2] : p[3]
        }
        match($0, /^#include "asid\/[a-z]+\//) {
            used = substr($0, RSTART + 15, RLENGTH - 16)
            if (!((layer, used) in allowed)) {
                print FILENAME ":" FNR ": layer " layer " may not use " used
                bad = 1
            }
        }
        END { exit bad }' tools/layers.txt \
        $(git ls-files -co --exclude-standard 'common/*.[ch]' 'include/*.h' 'stages/*.c')
}
check_layers || bad=1

# One door per third-party library.
door() { # pattern folder...
    pattern=$1
    shift
    git grep -nE "#include <($pattern)" -- 'common/*.[ch]' 'include/*.h' \
        'stages/*.c' | while IFS=: read -r file line rest; do
        ok=
        for folder in "$@"; do
            case $file in "$folder"/*) ok=1 ;; esac
        done
        [ -n "$ok" ] || echo "lint: $file:$line: $rest belongs in $*"
    done
}
doors=$(
    door 'libav|libsw|soxr' common/media stages/main
    door 'sqlite3' common/ledger
    door 'yaml' common/data
    door 'pcre2' common/data common/nn
    door 'utf8proc' common/nn common/text
    door 'libstemmer' common/text
    door 'nettle' common/base
    door 'curl' common/net
    door 'espeak-ng' common/synth
)
[ -z "$doors" ] || { echo "$doors"; bad=1; }

# Every public header compiles alone.
for h in include/asid/*/*.h; do
    printf '#include "%s"\n' "${h#include/}" |
        gcc -std=gnu11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -x c \
            -fsyntax-only - || breach "$h does not compile alone"
done

# Calls that have no place in library code.
calls=$(git grep -nwE '(sprintf|strcpy|strcat|strtok|atoi|atof|gets|rand|srand|localtime|gmtime|system|popen|tmpnam|mktemp)\(' -- 'common/*.c' 'stages/*.c')
[ -z "$calls" ] || breach "banned calls:
$calls"
calls=$(git grep -nwE '(printf|fprintf|puts|perror|exit|getenv)\(' -- \
    'common/data/*.c' 'common/ledger/*.c' 'common/nn/*.c' 'common/omni/*.c' \
    'common/ask/*.c' 'common/net/*.c' 'common/media/media*.c')
[ -z "$calls" ] || breach "printing, exit or environment below kit:
$calls"

# Length of files.
for f in $(git ls-files -co --exclude-standard 'common/*.c' 'stages/*.c' 'include/*.h'); do
    n=$(wc -l <"$f")
    [ "$n" -le 650 ] || breach "$f has $n lines"
done

# One label.
labels=$(git grep -nE '^[a-z_]+:$' -- 'common/*.c' 'stages/*.c' | grep -v ':out:$')
[ -z "$labels" ] || breach "labels other than out:
$labels"

# Reject codes used in C are listed in schemas/codes.tsv.
git grep -hoE 'REJECT\([^,]*, *"[a-z_]+\.[a-z_]+"' -- 'common/*.c' 'stages/*.c' |
    grep -oE '"[^"]+"' | tr -d '"' | sort -u | while read -r code; do
    grep -q "^$code	" schemas/codes.tsv || echo "$code"
done | { read -r first && { echo "lint: codes missing in schemas/codes.tsv: $first"; exit 1; }; true; } || bad=1

# Every code has a test that provokes it, by name.
grep -v '^#' schemas/codes.tsv | cut -f1 | while read -r code; do
    git grep -qF "$code" -- 'tests/*.sh' 'tests/*.c' 'tests/gold' || echo "$code"
done | { read -r first && { echo "lint: no test names the code $first"; exit 1; }; true; } || bad=1

# Private traces and unfinished marks.
traces=$(git grep -nIE '(^|[^a-zA-Z0-9_.])/(work|farm|root|opt)/' -- . ':!tools/lint.sh')
[ -z "$traces" ] || breach "paths of some machine:
$traces"
marks=$(git grep -nIwE 'TODO|FIXME|XXX|HACK' -- '*.c' '*.h' '*.py' '*.sh' Makefile ':!tools/lint.sh')
[ -z "$marks" ] || breach "unfinished marks:
$marks"

exit $bad
