/*
 * What the files of the tokenizer share. bpe_load.c reads the published files
 * and calls bpe_table.c; bpe.c cuts text and bpe_word.c merges words with what
 * these built.
 */
#ifndef ASID_NN_BPE_INT_H
#define ASID_NN_BPE_INT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "asid/base/arena.h"
#include "asid/nn/bpe.h"

enum {
    BPE_MAX_ID = 1 << 20,    /* ids are below this */
    BPE_MAX_TOKEN = 1 << 12, /* bytes of one entry */
    BPE_MAX_ADDED = 1 << 14, /* added tokens */
    BPE_MAX_TEXT = 1 << 25,  /* bytes of a text to encode */
};

enum bpe_flag {
    BPE_HAS_TEXT = 1,
    BPE_ADDED = 2,
    BPE_SPECIAL = 4,
};

struct bpe_token {
    struct str text; /* bytes, not the printable alphabet */
    unsigned flags;
};

struct bpe_merge {
    uint64_t pair; /* left id << 32 | right id */
    int32_t rank;  /* -1: slot is free */
    int32_t id;    /* of the merged token */
};

struct bpe {
    struct arena arena;
    struct bpe_token *token; /* [room]; ids without an entry have no flags */
    size_t room, size;       /* size: one more than the highest id used */

    int32_t *slot; /* base vocabulary by bytes: ids, -1 is free */
    size_t slots, used;
    int32_t byte_id[256]; /* the one-byte tokens, -1 when there is none */

    struct bpe_merge *merge;
    size_t merge_slots, merges;

    int32_t *added; /* ids of the added tokens, sorted by text */
    size_t n_added, added_room;

    pcre2_code *pattern;
    bool nfc;
};

/* --- bpe_table.c -------------------------------------------------------- */

/* Entries of the base vocabulary, spelled in the printable alphabet. where
 * names the file and what it holds, for messages. */
enum asid_rc bpe_add_base(struct bpe *bpe, struct str spelling, int64_t id,
                          struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc bpe_add_added(struct bpe *bpe, struct str text, int64_t id,
                           bool special, struct asid_err *err) ASID_WARN_UNUSED;
/* Once all base entries are in; merges come in the order of their ranks. */
enum asid_rc bpe_add_merge(struct bpe *bpe, struct str left, struct str right,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* After the last entry: sort the added tokens, find the one-byte tokens. */
void bpe_seal(struct bpe *bpe);
/* Size the table for n merges, before the first bpe_add_merge. */
enum asid_rc bpe_reserve_merges(struct bpe *bpe, size_t n,
                                struct asid_err *err) ASID_WARN_UNUSED;
/* The id of a base entry by its bytes, or -1. */
int32_t bpe_find(const struct bpe *bpe, struct str bytes);
/* The merge of a pair of ids, or NULL. */
const struct bpe_merge *bpe_find_merge(const struct bpe *bpe, int32_t left,
                                       int32_t right);

/* --- bpe_word.c --------------------------------------------------------- */

/* Merge one word (a match of the pattern) into ids. */
enum asid_rc bpe_word(const struct bpe *bpe, struct str word,
                      struct bpe_ids *ids,
                      struct asid_err *err) ASID_WARN_UNUSED;

/* --- bpe_nfc.c ---------------------------------------------------------- */

/* Normalise valid UTF-8 to NFC. *out is the text itself when it already is
 * (then *space stays NULL), else *space, which the caller frees. */
enum asid_rc bpe_nfc(struct str text, struct str *out, char **space,
                     struct asid_err *err) ASID_WARN_UNUSED;

#endif
