/*
 * The tables of the tokenizer: ids by text, texts by id, merges by pair.
 *
 * Open addressing with a power of two of slots, at most half of them used, so
 * that a lookup ends at a free slot soon. Entries are never removed.
 */
#include "bpe_int.h"

#include <stdlib.h>

#include "asid/base/hash.h"
#include "asid/base/utf8.h"

/* The published files spell every byte as a printable character: printable
 * Latin-1 stands for itself, the 68 other bytes, in order, for U+0100 on.
 * Returns the byte or -1. */
static int alphabet_byte(uint32_t cp)
{
    if ((cp >= 0x21 && cp <= 0x7e) || (cp >= 0xa1 && cp <= 0xac) ||
        (cp >= 0xae && cp <= 0xff))
        return (int)cp;
    if (cp < 0x100 || cp >= 0x100 + 68)
        return -1;
    cp -= 0x100;
    if (cp <= 0x20)
        return (int)cp;
    if (cp <= 0x20 + 0x22)
        return (int)(0x7f + cp - 0x21);
    return 0xad;
}

/* Spelling to bytes; false when a character stands for no byte. out has room
 * for BPE_MAX_TOKEN bytes and spelling is no longer than that. */
static bool spelling_bytes(struct str spelling, char *out, size_t *n)
{
    size_t at = 0;

    *n = 0;
    while (at < spelling.n) {
        uint32_t cp;
        unsigned used = utf8_decode(spelling.p + at, spelling.n - at, &cp);
        int byte = used ? alphabet_byte(cp) : -1;

        if (byte < 0)
            return false;
        out[(*n)++] = (char)byte;
        at += used;
    }
    return true;
}

static size_t slots_for(size_t entries)
{
    size_t slots = 64;

    while (slots < entries * 2)
        slots *= 2;
    return slots;
}

static size_t find_slot(const struct bpe *bpe, struct str bytes)
{
    size_t at = (size_t)hash_u64(bytes) & (bpe->slots - 1);

    while (bpe->slot[at] >= 0 && !str_eq(bpe->token[bpe->slot[at]].text, bytes))
        at = (at + 1) & (bpe->slots - 1);
    return at;
}

static void grow_slots(struct bpe *bpe)
{
    int32_t *old = bpe->slot;
    size_t n_old = bpe->slots;

    bpe->slots = slots_for(bpe->used + 1) * 2;
    bpe->slot = mem_alloc(bpe->slots * sizeof *bpe->slot);
    for (size_t i = 0; i < bpe->slots; i++)
        bpe->slot[i] = -1;
    for (size_t i = 0; i < n_old; i++)
        if (old[i] >= 0)
            bpe->slot[find_slot(bpe, bpe->token[old[i]].text)] = old[i];
    free(old);
}

int32_t bpe_find(const struct bpe *bpe, struct str bytes)
{
    return bpe->slots ? bpe->slot[find_slot(bpe, bytes)] : -1;
}

/* Take the id for a text that lives as long as the arena. */
static enum asid_rc claim_id(struct bpe *bpe, struct str text, int64_t id,
                             unsigned flags, struct asid_err *err)
{
    size_t room = bpe->room;

    if (id < 0 || id >= BPE_MAX_ID)
        return FAIL(err, "id %lld is not within 0 to %d", (long long)id,
                    BPE_MAX_ID - 1);
    while (room <= (size_t)id)
        room = room ? room * 2 : 1024;
    if (room > bpe->room) {
        bpe->token = mem_grow(bpe->token, room * sizeof *bpe->token);
        memset(bpe->token + bpe->room, 0,
               (room - bpe->room) * sizeof *bpe->token);
        bpe->room = room;
    }
    if (bpe->token[id].flags)
        return FAIL(err, "id %lld is given twice", (long long)id);
    bpe->token[id] = (struct bpe_token){text, flags};
    if ((size_t)id >= bpe->size)
        bpe->size = (size_t)id + 1;
    return ASID_OK;
}

enum asid_rc bpe_add_base(struct bpe *bpe, struct str spelling, int64_t id,
                          struct asid_err *err)
{
    char bytes[BPE_MAX_TOKEN];
    struct str text = spelling;
    bool reachable;
    size_t n;

    if (spelling.n > sizeof bytes)
        return FAIL(err, "an entry has %zu bytes, more than %d", spelling.n,
                    BPE_MAX_TOKEN);
    /* An entry in no spelling of bytes has a text but cannot be written. */
    reachable = spelling_bytes(spelling, bytes, &n);
    if (reachable)
        text = (struct str){bytes, n};
    text.p = arena_strndup(&bpe->arena, text.p, text.n);
    TRY(claim_id(bpe, text, id, BPE_HAS_TEXT, err));
    if (!reachable)
        return ASID_OK;
    if ((bpe->used + 1) * 2 > bpe->slots)
        grow_slots(bpe);
    n = find_slot(bpe, text);
    if (bpe->slot[n] >= 0)
        return FAIL(err, "the entry is there twice, as %d and %lld",
                    bpe->slot[n], (long long)id);
    bpe->slot[n] = (int32_t)id;
    bpe->used++;
    return ASID_OK;
}

enum asid_rc bpe_add_added(struct bpe *bpe, struct str text, int64_t id,
                           bool special, struct asid_err *err)
{
    unsigned flags = BPE_HAS_TEXT | BPE_ADDED | (special ? BPE_SPECIAL : 0u);

    if (text.n == 0 || text.n > BPE_MAX_TOKEN)
        return FAIL(err, "an added token has %zu bytes, not 1 to %d", text.n,
                    BPE_MAX_TOKEN);
    if (bpe->n_added == BPE_MAX_ADDED)
        return FAIL(err, "more than %d added tokens", BPE_MAX_ADDED);
    text.p = arena_strndup(&bpe->arena, text.p, text.n);
    /* A vocabulary may list its added tokens too, under the same id. */
    if (id >= 0 && (size_t)id < bpe->size &&
        bpe->token[id].flags == BPE_HAS_TEXT &&
        str_eq(bpe->token[id].text, text))
        bpe->token[id].flags = flags;
    else
        TRY(claim_id(bpe, text, id, flags, err));
    if (bpe->n_added == bpe->added_room) {
        bpe->added_room = bpe->added_room ? bpe->added_room * 2 : 64;
        bpe->added = mem_grow(bpe->added, bpe->added_room * sizeof *bpe->added);
    }
    bpe->added[bpe->n_added++] = (int32_t)id;
    return ASID_OK;
}

enum asid_rc bpe_reserve_merges(struct bpe *bpe, size_t n, struct asid_err *err)
{
    if (n > BPE_MAX_ID)
        return FAIL(err, "%zu merges, more than %d", n, BPE_MAX_ID);
    bpe->merge_slots = slots_for(n + 1);
    bpe->merge = mem_alloc(bpe->merge_slots * sizeof *bpe->merge);
    for (size_t i = 0; i < bpe->merge_slots; i++)
        bpe->merge[i].rank = -1;
    return ASID_OK;
}

static size_t find_merge_slot(const struct bpe *bpe, uint64_t pair)
{
    uint64_t h = pair * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(h ^ (h >> 32)) & (bpe->merge_slots - 1);

    while (bpe->merge[at].rank >= 0 && bpe->merge[at].pair != pair)
        at = (at + 1) & (bpe->merge_slots - 1);
    return at;
}

const struct bpe_merge *bpe_find_merge(const struct bpe *bpe, int32_t left,
                                       int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    const struct bpe_merge *m = &bpe->merge[find_merge_slot(bpe, pair)];

    return m->rank >= 0 ? m : NULL;
}

enum asid_rc bpe_add_merge(struct bpe *bpe, struct str left, struct str right,
                           struct asid_err *err)
{
    char bytes[2 * BPE_MAX_TOKEN];
    size_t n_left, n_right, at;
    int32_t l, r, id;

    if (left.n > BPE_MAX_TOKEN || right.n > BPE_MAX_TOKEN ||
        !spelling_bytes(left, bytes, &n_left) ||
        (l = bpe_find(bpe, (struct str){bytes, n_left})) < 0)
        return FAIL(err, "left part is no entry of the vocabulary");
    if (!spelling_bytes(right, bytes + n_left, &n_right) ||
        (r = bpe_find(bpe, (struct str){bytes + n_left, n_right})) < 0)
        return FAIL(err, "right part is no entry of the vocabulary");
    id = bpe_find(bpe, (struct str){bytes, n_left + n_right});
    if (id < 0)
        return FAIL(err, "the merged text is no entry of the vocabulary");
    /* An empty part would merge without end. */
    if (n_left == 0 || n_right == 0)
        return FAIL(err, "a part is empty");
    BUG_IF(bpe->merges * 2 > bpe->merge_slots);
    at = find_merge_slot(bpe, (uint64_t)(uint32_t)l << 32 | (uint32_t)r);
    if (bpe->merge[at].rank >= 0)
        return FAIL(err, "the pair is there twice, with rank %d and %zu",
                    bpe->merge[at].rank, bpe->merges);
    bpe->merge[at] = (struct bpe_merge){
        (uint64_t)(uint32_t)l << 32 | (uint32_t)r, (int32_t)bpe->merges, id};
    bpe->merges++;
    return ASID_OK;
}

static int by_text(const void *a, const void *b, void *tokens)
{
    const struct bpe_token *token = tokens;

    return str_cmp(token[*(const int32_t *)a].text,
                   token[*(const int32_t *)b].text);
}

void bpe_seal(struct bpe *bpe)
{
    if (bpe->n_added)
        qsort_r(bpe->added, bpe->n_added, sizeof *bpe->added, by_text,
                bpe->token);
    for (int b = 0; b < 256; b++) {
        char byte = (char)b;

        bpe->byte_id[b] = bpe_find(bpe, (struct str){&byte, 1});
    }
}
