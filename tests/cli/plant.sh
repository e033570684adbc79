#!/bin/sh
# Planted errors: the parity test must fail when the network is wrong. Each
# plant changes one line of a copy of the tree; a plant whose pattern is no
# longer in the source fails, so that this file stays true.
set -u
. tests/tap.sh

build=$(dirname "$bin")
mode=$(basename "$build")
tree=$tmp/tree
mkdir -p "$tree/tests/vectors/cases" "$tree/tests/unit"
cp -a Makefile common include schemas stages tools "$tree"
cp -a tests/unit/check.h tests/unit/vectors.h tests/unit/test_parity.c \
    "$tree/tests/unit"
cp -a tests/vectors/checkpoints tests/vectors/media "$tree/tests/vectors"
# One case with everything is enough here.
cp -a tests/vectors/cases/tiny-a-video-sound "$tree/tests/vectors/cases"
# What is built already need not be built again.
cp -a "$build" "$tree/built"

# parity LOG: build the test in the copy and run it.
parity() {
    make -C "$tree" -s MODE="$mode" BUILD=built built/tests/test_parity \
        >"$tmp/make" 2>&1 || {
        echo "# it does not build:"
        sed 's/^/#   /' "$tmp/make"
        return 2
    }
    (cd "$tree" && ASID_BINDIR="$bin" built/tests/test_parity) >"$1" 2>&1
}

# plant NAME FILE PATTERN REPLACEMENT
plant() {
    cp -p "$tree/$2" "$tmp/kept"
    sed "s/$3/$4/" "$tmp/kept" >"$tmp/changed"
    if cmp -s "$tmp/kept" "$tmp/changed"; then
        say 1 "$1: there is no '$3' in $2"
        return
    fi
    cp "$tmp/changed" "$tree/$2"
    parity "$tmp/log"
    caught=$?
    [ "$caught" -eq 1 ] && grep -q '^not ok' "$tmp/log"
    say $? "$1 is noticed"
    cp "$tmp/kept" "$tree/$2"
}

parity "$tmp/log"
say $? "the unchanged copy passes" || sed 's/^/#   /' "$tmp/log"

plant "a rotary axis taken for another" common/omni/decoder.c \
    'positions\[axis \* s->capacity' 'positions[(2 - axis) * s->capacity'
plant "a rotary angle off by a thousandth" common/omni/decoder.c \
    'at \* s->at.frequency\[j\]' '1.001F * at * s->at.frequency[j]'
plant "keys that are not rotated" common/omni/decoder.c \
    'nn_rotate(s->nn, keys, kv, m, c->text.kv_heads' \
    'nn_rotate(s->nn, keys, kv, 0, c->text.kv_heads'
plant "patches of a group in another order" common/omni/patches.c \
    'OMNI_MERGE \* gy + i \/ OMNI_MERGE' 'OMNI_MERGE * gy + i % OMNI_MERGE'
plant "windows left in their own order" common/omni/vision.c \
    'out + v->order\[k\] \* o' 'out + k * o'
plant "windows where all patches should meet" common/omni/vision.c \
    '\.n_segments = full ? 1' '.n_segments = full ? 0'
plant "chunks of sound without positions" common/omni/audio.c \
    'nn_add(s->nn, x, a->table, rows \* d)' 'nn_add(s->nn, x, a->table, 0)'
plant "a penalty for every occurrence" common/omni/generate.c \
    'if (s->at.seen\[id\])' 'if (s->at.seen[id] > 1)'
plant "a penalty that rewards" common/omni/generate.c \
    'scores\[id\] \/ penalty' 'scores[id] * (2 - 1 \/ penalty)'
finish
