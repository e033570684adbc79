#!/bin/sh
# The loops that compute most hold their sums in registers: a compiler that puts
# them on the stack halves the speed and breaks no other test.
set -u
. tests/tap.sh
objects=$(dirname "$bin")/obj/common/nn

# in_registers FILE FUNCTION INSTRUCTION MORE_THAN [ALLOWED_ON_STACK]
in_registers() {
    objdump -d --no-show-raw-insn "$objects/$1.o" >"$tmp/code"
    is "$(awk -v f="<$2>:" -v op="$3" -v least="$4" -v allowed="${5:-0}" '
        /^[0-9a-f]+ <.*>:$/ { inside = $2 == f }
        inside && index($0, op) { n++ }
        inside && /\(%rsp|\(%rbp/ && /[xyz]mm/ { bad++ }
        END { print (n > least ? "computes" : "computes nothing") ", " \
            (bad > allowed ? bad : 0) " vectors on the stack" }' "$tmp/code")" \
        "computes, 0 vectors on the stack" "$2 of $1"
}
if [ "$(uname -m)" = x86_64 ]; then
    in_registers kernels_avx2 avx2_tile vfmadd231ps 50
    in_registers qkernels_avx2 bytes_1 vpmaddwd 11
    in_registers qkernels_avx2 bytes_2 vpmaddwd 11
    in_registers qkernels_avx2 bytes_3 vpmaddwd 11
    in_registers qkernels_avx2 nibbles_1 vpmaddubsw 11
    in_registers qkernels_avx2 nibbles_2 vpmaddubsw 11
    # One of the wide sums, once for eight quads.
    in_registers qkernels_avx2 nibbles_3 vpmaddubsw 11 3
    in_registers qkernels_avx2 pairs vpmaddubsw 11
    in_registers kernels_avx512 avx512_tile vfmadd231ps 50
    # Pointers and what a part of the keys begins with; nothing in the loops.
    in_registers kernels_amx_attend amx_attend vscalefps 30 12
    in_registers qkernels_vnni vnni_tile vpdpbusd 50
    in_registers qkernels_vnni vnni_packed vpdpbusd 5
else
    say 0 "only x86-64 has such kernels"
fi

finish
