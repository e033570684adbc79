/* Entries of the lexicon and the regular forms of English words. */
#include <string.h>

#include "asid/base/hash.h"
#include "lexicon_int.h"

static bool is_vowel(char c)
{
    return c && strchr("aeiou", c) != NULL;
}

/* The last letters of a word, "" before its beginning. */
static char from_end(struct str w, size_t i)
{
    return i < w.n ? w.p[w.n - 1 - i] : '\0';
}

/* One vowel group, then one consonant that is doubled: "stop", "run". */
static bool doubles(struct str w)
{
    unsigned groups = 0;

    for (size_t i = 0; i < w.n; i++)
        groups += is_vowel(w.p[i]) && (i == 0 || !is_vowel(w.p[i - 1]));
    return groups == 1 && w.n >= 3 && !is_vowel(from_end(w, 0)) &&
           !strchr("wxy", from_end(w, 0)) && is_vowel(from_end(w, 1)) &&
           !is_vowel(from_end(w, 2));
}

static bool hisses(struct str w)
{
    char last = from_end(w, 0), before = from_end(w, 1);

    return last == 's' || last == 'x' || last == 'z' ||
           (last == 'h' && (before == 'c' || before == 's'));
}

static bool consonant_y(struct str w)
{
    return from_end(w, 0) == 'y' && w.n > 1 && !is_vowel(from_end(w, 1));
}

static struct str spelled(struct lex_load *l, struct str w, size_t cut,
                          const char *ending)
{
    char *p =
        arena_printf(&l->scratch, "%.*s%s", (int)(w.n - cut), w.p, ending);

    return str_of(p);
}

static struct str with_s(struct lex_load *l, struct str w, bool verb)
{
    if (hisses(w) || (verb && from_end(w, 0) == 'o'))
        return spelled(l, w, 0, "es");
    return consonant_y(w) ? spelled(l, w, 1, "ies") : spelled(l, w, 0, "s");
}

static struct str with_ing(struct lex_load *l, struct str w)
{
    char last = from_end(w, 0), before = from_end(w, 1);

    if (last == 'e' && before == 'i')
        return spelled(l, w, 2, "ying");
    if (last == 'e' && w.n > 2 && !strchr("eoy", before))
        return spelled(l, w, 1, "ing");
    if (doubles(w))
        return spelled(l, w, 0, (char[]){last, 'i', 'n', 'g', 0});
    return spelled(l, w, 0, "ing");
}

static struct str with_ed(struct lex_load *l, struct str w)
{
    char last = from_end(w, 0);

    if (last == 'e')
        return spelled(l, w, 0, "d");
    if (consonant_y(w))
        return spelled(l, w, 1, "ied");
    if (doubles(w))
        return spelled(l, w, 0, (char[]){last, 'e', 'd', 0});
    return spelled(l, w, 0, "ed");
}

/* --- entries -------------------------------------------------------------- */

static void put_slot(struct text_rules *r, uint64_t key, size_t index)
{
    size_t i = key & r->mask;

    while (r->slots[i].index)
        i = (i + 1) & r->mask;
    r->slots[i] = (struct lex_slot){(uint32_t)(key >> 32), (uint32_t)index + 1};
}

static void grow(struct text_rules *r)
{
    size_t room = r->room ? r->room * 2 : 8192;
    struct lex *entries = arena_array(&r->arena, room, sizeof *entries);

    if (r->n_entries)
        memcpy(entries, r->entries, r->n_entries * sizeof *entries);
    r->entries = entries;
    r->room = room;
    r->mask = room * 4 - 1;
    r->slots = arena_array(&r->arena, room * 4, sizeof *r->slots);
    for (size_t i = 0; i < r->n_entries; i++)
        put_slot(r, entries[i].key, i);
}

const struct lex *lex_find(const struct text_rules *r, uint64_t key)
{
    uint32_t tag = (uint32_t)(key >> 32);

    for (size_t i = key & r->mask; r->slots[i].index; i = (i + 1) & r->mask)
        if (r->slots[i].tag == tag &&
            r->entries[r->slots[i].index - 1].key == key)
            return &r->entries[r->slots[i].index - 1];
    return NULL;
}

static struct lex *find_or_add(struct text_rules *r, uint64_t key)
{
    const struct lex *known = r->room ? lex_find(r, key) : NULL;
    struct lex *e;

    if (known)
        return &r->entries[known - r->entries];
    if (r->n_entries == r->room)
        grow(r);
    e = &r->entries[r->n_entries];
    e->key = key;
    e->number = -1;
    put_slot(r, key, r->n_entries++);
    return e;
}

struct lex *lex_make(struct lex_load *l, struct str form)
{
    struct lex *e;
    uint64_t key = 0;
    size_t at = 0;

    for (;;) {
        size_t n = 0;
        uint64_t word;

        while (at + n < form.n && form.p[at + n] != '_' &&
               form.p[at + n] != '-')
            n++;
        word = hash_u64((struct str){form.p + at, n});
        key = at ? lex_chain(key, word) : word;
        e = find_or_add(l->rules, key);
        if (at == 0)
            lex_short_add(l->rules, (struct str){form.p, n},
                          (size_t)(e - l->rules->entries));
        at += n + 1;
        if (at >= form.n)
            break;
        e->more = true;
    }
    e->seen = true;
    return e;
}

static bool is_phrase(struct str form)
{
    return memchr(form.p, '_', form.n) || memchr(form.p, '-', form.n);
}

void lex_give(struct lex_load *l, struct str form, struct str base,
              uint64_t flags)
{
    struct lex *e = lex_make(l, form);

    e->flags |= flags;
    if (e->stem || is_phrase(form))
        return;
    if (base.n == 0)
        base = form;
    e->stem = stem_of(&l->stemming, base, hash_u64(base));
}

/* Cut the next form off a list with slashes. */
static struct str next_form(struct str *forms)
{
    const char *slash = memchr(forms->p, '/', forms->n);
    struct str form = {forms->p, slash ? (size_t)(slash - forms->p) : forms->n};

    forms->p += form.n;
    forms->n -= form.n;
    if (slash) {
        forms->p++;
        forms->n--;
    }
    return form;
}

/* "clothes", "scissors": plural by themselves. */
static bool is_plural_only(struct str w)
{
    return from_end(w, 0) == 's' && !strchr("suia", from_end(w, 1));
}

void lex_give_noun(struct lex_load *l, struct str forms, uint64_t flags)
{
    struct str base = next_form(&forms);

    flags |= LEX_NOUN;
    if (is_plural_only(base)) {
        lex_give(l, base, base, flags | LEX_PLURAL);
        return;
    }
    lex_give(l, base, base, flags);
    if (forms.n == 0)
        forms = with_s(l, base, false);
    while (forms.n)
        lex_give(l, next_form(&forms), base, flags | LEX_PLURAL);
}

void lex_give_verb(struct lex_load *l, struct str forms, uint64_t flags)
{
    struct str base = next_form(&forms), ing = with_ing(l, base);
    bool regular = true;

    lex_give(l, base, base, flags | LEX_V_BASE);
    if (is_phrase(base))
        return;
    while (forms.n) {
        struct str form = next_form(&forms);

        if (str_ends(form, "ing")) {
            ing = form;
            continue;
        }
        lex_give(l, form, base, flags | LEX_V_PAST);
        regular = false;
    }
    lex_give(l, with_s(l, base, true), base, flags | LEX_V_S);
    lex_give(l, ing, base, flags | LEX_V_ING);
    if (regular)
        lex_give(l, with_ed(l, base), base, flags | LEX_V_PAST);
}

/* --- words nobody listed -------------------------------------------------- */

static bool ends_in(struct str w, const char *endings)
{
    while (*endings) {
        size_t n = 0;

        while (endings[n] && endings[n] != ' ')
            n++;
        if (w.n > n + 1 && w.p[w.n - 1] == endings[n - 1] &&
            memcmp(w.p + w.n - n, endings, n) == 0)
            return true;
        endings += n;
        endings += *endings == ' ';
    }
    return false;
}

uint64_t lex_guess(struct str w)
{
    if (w.n < 3)
        return LEX_GUESSED | LEX_NOUN;
    if (ends_in(w, "ly"))
        return LEX_GUESSED | LEX_ADV;
    if (ends_in(w, "ing"))
        return LEX_GUESSED | LEX_V_ING;
    if (ends_in(w, "ed"))
        return LEX_GUESSED | LEX_V_PAST;
    if (ends_in(w, "ous ful ish ical able ible less ive ic ary"))
        return LEX_GUESSED | LEX_ADJ;
    if (ends_in(w, "ss us is ness"))
        return LEX_GUESSED | LEX_NOUN;
    if (ends_in(w, "s"))
        return LEX_GUESSED | LEX_NOUN | LEX_PLURAL | LEX_V_S;
    return LEX_GUESSED | LEX_NOUN;
}
