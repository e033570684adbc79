#!/bin/sh
# The loops that compute most hold their sums in registers: a compiler that puts
# them on the stack halves the speed and breaks no other test.
set -u
. tests/tap.sh
objects=$(dirname "$bin")/obj/common/nn

# in_registers FILE FUNCTION INSTRUCTION [ALLOWED]
in_registers() {
    objdump -d --no-show-raw-insn "$objects/$1.o" >"$tmp/code"
    is "$(awk -v f="<$2>:" -v op="$3" -v allowed="${4:-0}" '
        /^[0-9a-f]+ <.*>:$/ { inside = $2 == f }
        inside && index($0, op) { n++ }
        inside && /\(%rsp|\(%rbp/ && /[xyz]mm/ { bad++ }
        END { print (n > 11 ? "computes" : "computes nothing") ", " \
            (bad > allowed ? bad : 0) " vectors on the stack" }' "$tmp/code")" \
        "computes, 0 vectors on the stack" "$2 of $1"
}
if [ "$(uname -m)" = x86_64 ]; then
    in_registers kernels_avx2 avx2_tile vfmadd231ps
    in_registers qkernels_avx2 bytes_1 vpmaddwd
    in_registers qkernels_avx2 bytes_2 vpmaddwd
    in_registers qkernels_avx2 bytes_3 vpmaddwd
    in_registers qkernels_avx2 nibbles_1 vpmaddubsw
    in_registers qkernels_avx2 nibbles_2 vpmaddubsw
    # One of the wide sums, once for eight quads.
    in_registers qkernels_avx2 nibbles_3 vpmaddubsw 3
    in_registers qkernels_avx2 pairs vpmaddubsw
    in_registers kernels_avx512 avx512_tile vfmadd231ps
    in_registers qkernels_vnni vnni_tile vpdpbusd
else
    say 0 "only x86-64 has such kernels"
fi

finish
