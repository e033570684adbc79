/*
 * Byte-level BPE tokenizer as published with Qwen2.5 (docs/MODEL.md section 2):
 * added tokens first (leftmost longest), NFC (utf8proc), pre-tokeniser pattern
 * (PCRE2), byte alphabet, merges by rank.
 *
 * Loads tokenizer.json, or vocab.json + merges.txt + added_tokens.json /
 * tokenizer_config.json. Read-only after loading: safe for several threads.
 */
#ifndef ASID_NN_BPE_H
#define ASID_NN_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asid/base/err.h"
#include "asid/base/str.h"

struct bpe;

struct bpe_ids {
    int32_t *id; /* grown by bpe_encode, freed by bpe_ids_release */
    size_t n, room;
};
void bpe_ids_add(struct bpe_ids *ids, int32_t id);
void bpe_ids_release(struct bpe_ids *ids);

/* Load from a checkpoint folder. FAILED names the file and the fault. */
enum asid_rc bpe_open(const char *dir, struct bpe **out,
                      struct asid_err *err) ASID_WARN_UNUSED;
void bpe_close(struct bpe *bpe);
/* One more than the highest id that has text. */
size_t bpe_size(const struct bpe *bpe);
/* Append the ids of the text. With added false, added tokens inside the text
 * are ordinary text (user text that must not ask for media). REJECT
 * "input.syntax" when the text is not UTF-8. */
enum asid_rc bpe_encode(const struct bpe *bpe, struct str text, bool added,
                        struct bpe_ids *ids,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* Whether bpe_decode has text for an id; the model's output is wider than the
 * vocabulary. */
bool bpe_has_text(const struct bpe *bpe, int32_t id);
/* The id of an added token by its text, or -1. */
int32_t bpe_added(const struct bpe *bpe, const char *text);
/* Append the text of ids: byte sequences that are not UTF-8 become U+FFFD, ids
 * without text vanish; special tokens are dropped when skip_special. */
void bpe_decode(const struct bpe *bpe, const int32_t *ids, size_t n,
                bool skip_special, struct buf *text);

#endif
