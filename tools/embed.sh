#!/bin/sh
# Write a C file that embeds the given files: name, bytes, length. Used for
# schemas/, so that programs carry the one source of truth with them.
set -eu
echo '/* Made by tools/embed.sh; do not edit. */'
echo '#include "asid/data/schema_files.h"'
i=0
for f in "$@"; do
    cat <<END
__asm__(".section .rodata\n.balign 16\nasid_file_${i}:\n.incbin \"${f}\"\n"
        "asid_file_${i}_end:\n.byte 0\n.previous\n");
extern const char asid_file_${i}[], asid_file_${i}_end[];
END
    i=$((i + 1))
done
echo 'const struct schema_embedded schema_embedded[] = {'
i=0
for f in "$@"; do
    echo "    {\"$(basename "$f")\", asid_file_${i}, asid_file_${i}_end},"
    i=$((i + 1))
done
echo '    {0, 0, 0},'
echo '};'
