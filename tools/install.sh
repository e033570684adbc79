#!/bin/sh
# Install programs, manual pages and bash completion.
#
#   tools/install.sh BINDIR PREFIX
set -eu
bindir=$1 prefix=$2
mkdir -p "$prefix/bin" "$prefix/share/man/man1" \
    "$prefix/share/bash-completion/completions"
for program in "$bindir"/asid "$bindir"/asid-*; do
    [ -f "$program" ] || continue
    name=$(basename "$program")
    install -m 755 "$program" "$prefix/bin/$name"
    case $name in asid | asid-media-worker) continue ;; esac
    "$program" --help=man >"$prefix/share/man/man1/$name.1"
    "$program" --help=completion \
        >"$prefix/share/bash-completion/completions/$name"
done
