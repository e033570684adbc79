/*
 * Sentences that were analysed before.
 *
 * A sentence is analysed by itself, but for what stands around it: the full stop
 * before, the word behind, quotation marks, the times that its claims take over
 * and ranges over the whole clip. Of a plain sentence all of that is known, so
 * that its analysis holds wherever it stands between such neighbours. Stretches
 * of other sentences are analysed between the two words around them. Where
 * anything is not plain, or does not come out as expected, nothing is put
 * together and the text is to be analysed as a whole.
 */
#include <string.h>

#include "known_int.h"

enum {
    QUOTE_REACH = 2000, /* bytes between two marks of one quote */
    PROBES = 16,        /* sentences looked at: others may be made to collide */
    STRETCHES = 4,      /* that are analysed, and one more in so many bytes: */
    STRETCH = 128,      /* each costs as much as some sentences do */
};

/* A stretch that ends like a sentence. */
struct piece {
    size_t at, end;
    const struct known *known; /* or NULL */
};

struct compose {
    struct text_known *k;
    struct known_how how;
    struct str raw;
    struct piece *pieces;
    size_t n_pieces;
    struct known_item *items;
    size_t n_items;
};

/* --- what is plain ----------------------------------------------------------- */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_small((char)(c | 0x20));
}

/* ASCII without line breaks: a byte's top bit gets set when it is below a blank,
 * above '~' or not ASCII. */
static bool is_printable(struct str s)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t eight, odd = 0;

    for (; s.n >= sizeof eight; s.p += sizeof eight, s.n -= sizeof eight) {
        memcpy(&eight, s.p, sizeof eight);
        odd |= (eight - each * ' ') | (eight + each) | eight;
    }
    odd &= each * 0x80;
    for (size_t i = 0; i < s.n; i++)
        odd |= s.p[i] < ' ' || s.p[i] > '~';
    return !odd;
}

/* A quotation mark, not an apostrophe inside a word. */
static bool is_mark(struct str s, size_t i)
{
    if (s.p[i] != '\'')
        return s.p[i] == '"';
    return i == 0 || i + 1 >= s.n || !is_letter(s.p[i - 1]) ||
           !is_letter(s.p[i + 1]);
}

static bool has_marks(struct str s)
{
    if (!memchr(s.p, '"', s.n) && !memchr(s.p, '\'', s.n))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (is_mark(s, i))
            return true;
    return false;
}

size_t known_quotes_before(const struct text *t, size_t byte)
{
    size_t low = 0, high = t->n_quotes;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->quotes[mid].all.at < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Whether all marks in these bytes of a text are those of quotes that end in
 * them, and would wherever the bytes stand: an apostrophe behind an s may be
 * none. */
static bool keeps_quotes(const struct text *t, size_t from, size_t to)
{
    size_t q;

    if (!has_marks((struct str){t->text.p + from, to - from}))
        return true;
    if (to - from > QUOTE_REACH)
        return false;
    q = known_quotes_before(t, from);
    for (size_t i = from; i < to; i++) {
        size_t end;

        if (!is_mark(t->text, i))
            continue;
        if (q == t->n_quotes || t->quotes[q].all.at != i)
            return false;
        end = i + t->quotes[q].all.n;
        if (end > to || (end < to && !strchr(".,;:!?", t->text.p[end])))
            return false;
        i = end - 1;
        q++;
    }
    return true;
}

static bool has_ranges(const struct text *t)
{
    for (size_t i = 0; i < t->n_anchors; i++)
        if (t->anchors[i].range)
            return true;
    return false;
}

/* Bytes of the word of letters at a byte, with a blank or comma behind it; 0:
 * there is none. */
static size_t word_at(struct str s, size_t at)
{
    size_t end = at;

    while (end < s.n && is_letter(s.p[end]))
        end++;
    return end < s.n && (s.p[end] == ' ' || s.p[end] == ',') ? end - at : 0;
}

/* Where the small word before a sentence begins: " word. Sentence"; SIZE_MAX:
 * something else stands there. */
static size_t word_before(struct str s, size_t at)
{
    size_t from = at;

    if (at < 4 || s.p[at - 1] != ' ' || s.p[at - 2] != '.')
        return SIZE_MAX;
    from -= 2;
    while (from > 0 && is_small(s.p[from - 1]))
        from--;
    return from > 0 && from < at - 2 && s.p[from - 1] == ' ' ? from : SIZE_MAX;
}

/* --- sentences that are known -------------------------------------------------- */

/* The bytes that make a sentence what it is: with the word behind it. */
static bool seen_bytes(struct str text, size_t at, size_t end,
                       struct str *bytes)
{
    size_t word = 0;

    if (end < text.n) {
        word = word_at(text, end + 1);
        if (word == 0)
            return false;
        word++;
    }
    *bytes = (struct str){text.p + at, end + word - at};
    return at == 0 || word_before(text, at) != SIZE_MAX;
}

static uint64_t hash_of(struct str s)
{
    uint64_t hash = s.n, eight;

    for (; s.n >= sizeof eight; s.p += sizeof eight, s.n -= sizeof eight) {
        memcpy(&eight, s.p, sizeof eight);
        hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Where such a sentence is noted, or would be; NULL: too many stand there. */
static uint32_t *slot_of(const struct text_known *all, const struct known *key)
{
    size_t i = key->hash & all->mask, probes = 0;

    for (; all->slots[i]; i = (i + 1) & all->mask) {
        if (probes++ == PROBES)
            return NULL;
        const struct known *k = &all->list[all->slots[i] - 1];

        if (k->hash == key->hash && k->first == key->first &&
            k->last == key->last && k->how.hint == key->how.hint &&
            k->how.parts == key->how.parts && str_eq(k->bytes, key->bytes))
            break;
    }
    return &all->slots[i];
}

static bool make_key(struct known_how how, struct str text, size_t at,
                     size_t end, struct known *key)
{
    *key = (struct known){.first = at == 0, .last = end == text.n, .how = how};
    if (!seen_bytes(text, at, end, &key->bytes))
        return false;
    key->hash = hash_of(key->bytes);
    return true;
}

/* A word is the one that begins at a byte, and goes on with no other: a number
 * might. */
static bool is_lone_word(const struct text *t, size_t word, size_t at)
{
    return word < t->n_words && t->words[word].at.at == at &&
           !t->words[word].number;
}

/* Whether sentences end before this one as cut() sees it; word is its first. */
static bool is_cut(const struct text *t, uint32_t sentence, size_t word)
{
    struct span before = t->sentences[sentence - 1];
    size_t end = before.at + before.n;

    return before.n > 2 && t->text.p[end - 1] == '.' &&
           is_small(t->text.p[end - 2]) && end + 1 < t->text.n &&
           t->text.p[end] == ' ' && is_letter(t->text.p[end + 1]) &&
           is_lone_word(t, word, end + 1);
}

/* Sentences from byte to byte say the same elsewhere. A colon may be that of a
 * time of day, which the word before tells. */
static bool is_plain(const struct text *t, size_t from, size_t to, size_t word)
{
    return is_letter(t->text.p[from]) && is_lone_word(t, word, from) &&
           !memchr(t->text.p + from, ':', to - from) &&
           keeps_quotes(t, from, to);
}

/* Note the sentences [first, end), which are between two cuts. */
static void know(struct text_known *all, struct known_how how,
                 const struct text *t, uint32_t first, uint32_t end)
{
    struct span last = t->sentences[end - 1];
    struct known key;
    uint32_t *slot;

    if (all->n == all->room ||
        !make_key(how, t->text, t->sentences[first].at, last.at + last.n, &key))
        return;
    slot = slot_of(all, &key);
    if (!slot || *slot)
        return;
    key.t = t;
    key.sentence = first;
    key.sentences = end - first;
    all->list[all->n++] = key;
    *slot = all->n;
}

/* Note the sentences [first, end) of a text that are plain, those between two
 * cuts together; word is the first one of the first of them. */
static void know_all(struct text_known *all, struct known_how how,
                     const struct text *t, uint32_t first, uint32_t end,
                     size_t word)
{
    size_t next = word;

    for (uint32_t i = first; i < end; i++) {
        size_t from = t->sentences[first].at;
        size_t to = t->sentences[i].at + t->sentences[i].n;

        while (next < t->n_words && t->words[next].sentence <= i)
            next++;
        if (i + 1 < t->n_sentences ? !is_cut(t, i + 1, next) : to < t->text.n)
            continue;
        if (is_plain(t, from, to, word))
            know(all, how, t, first, i + 1);
        first = i + 1;
        word = next;
    }
}

static void know_text(struct text_known *all, struct known_how how,
                      const struct text *t)
{
    if (t->text.n <= TEXT_MAX && !has_ranges(t) && is_printable(t->text))
        know_all(all, how, t, 0, (uint32_t)t->n_sentences, 0);
}

/* --- the pieces of a text -------------------------------------------------------- */

/* Cut behind each "word. " with a letter behind it; returns how many are known. */
static size_t cut(struct compose *x)
{
    const struct text_known *all = x->k;
    size_t known = 0;

    /* A letter, a full stop and a blank are the least that is one. */
    x->pieces = arena_list(x->k->arena, x->raw.n / 3 + 1, sizeof x->pieces[0]);
    for (size_t at = 0; at < x->raw.n;) {
        struct piece *p = &x->pieces[x->n_pieces++];
        const char *stop = x->raw.p + at;
        struct known key;
        uint32_t *slot = NULL;

        *p = (struct piece){at, x->raw.n, NULL};
        while ((stop = memchr(stop + 1, '.',
                              (size_t)(x->raw.p + x->raw.n - stop) - 1))) {
            size_t end = (size_t)(stop - x->raw.p) + 1;

            if (is_small(stop[-1]) && end + 1 < x->raw.n && stop[1] == ' ' &&
                is_letter(stop[2])) {
                p->end = end;
                break;
            }
            if (end == x->raw.n)
                break;
        }
        if (make_key(x->how, x->raw, at, p->end, &key))
            slot = slot_of(all, &key);
        if (slot && *slot) {
            p->known = &all->list[*slot - 1];
            known++;
        }
        at = p->end + 1;
    }
    return known;
}

/* Analyse the pieces [from, to), of which none is known. */
static bool add_part(struct compose *x, size_t from, size_t to)
{
    size_t at = x->pieces[from].at, window = at, end = x->raw.n, next = 0;
    bool last = to == x->n_pieces, first = at == 0;
    uint32_t n;
    const struct text *t;

    if (!first)
        window = word_before(x->raw, at);
    if (!last) {
        next = x->pieces[to].at;
        end = next + word_at(x->raw, next);
    }
    if (window == SIZE_MAX || end == next)
        return false;
    t = text_analyse_parts(x->k->rules, x->k->arena,
                           (struct str){x->raw.p + window, end - window},
                           x->how.hint, x->how.parts);
    n = (uint32_t)t->n_sentences;
    if (n < 1u + !first + !last || has_ranges(t) ||
        !keeps_quotes(t, 0, t->text.n) ||
        t->sentences[!first].at != at - window ||
        (!last && (t->sentences[n - 1].at != next - window ||
                   t->sentences[n - 1].n != end - next)))
        return false;
    x->items[x->n_items++] =
        (struct known_item){t, !first, n - !last, false, window};
    return true;
}

/* Stretches of pieces that are to be analysed. */
static size_t count_stretches(const struct compose *x)
{
    size_t n = 0;

    for (size_t i = 0; i < x->n_pieces; i++)
        n += !x->pieces[i].known && (i == 0 || x->pieces[i - 1].known);
    return n;
}

static bool find_items(struct compose *x)
{
    if (count_stretches(x) > STRETCHES + x->raw.n / STRETCH)
        return false;
    x->items = arena_list(x->k->arena, x->n_pieces, sizeof x->items[0]);
    for (size_t i = 0; i < x->n_pieces;) {
        const struct known *k = x->pieces[i].known;
        size_t from = i++;

        if (!k) {
            while (i < x->n_pieces && !x->pieces[i].known)
                i++;
            if (!add_part(x, from, i))
                return false;
            continue;
        }
        x->items[x->n_items++] = (struct known_item){
            k->t, k->sentence, k->sentence + k->sentences, true,
            x->pieces[from].at - k->t->sentences[k->sentence].at};
    }
    return true;
}

/* --- in all ------------------------------------------------------------------------ */

/* Without attributes the hint says no more than whether quotes are spoken. */
static struct known_how how_of(enum attribute hint, unsigned parts)
{
    if (!(parts & TEXT_ATTRIBUTES) && hint != ATTRIBUTE_SPEECH)
        hint = ATTRIBUTE_NONE;
    return (struct known_how){hint, parts};
}

/* Note the sentences that no text had before. */
static void know_new(const struct compose *x, const struct text *t)
{
    uint32_t sentence = 0;
    size_t word = 0;

    for (size_t i = 0; i < x->n_items; i++) {
        uint32_t end = sentence + x->items[i].end - x->items[i].first;

        if (!x->items[i].known) {
            while (word < t->n_words && t->words[word].sentence < sentence)
                word++;
            know_all(x->k, x->how, t, sentence, end, word);
        }
        sentence = end;
    }
}

const struct text *known_compose(struct text_known *k, struct str text,
                                 enum attribute hint, unsigned parts)
{
    struct compose x = {.k = k, .how = how_of(hint, parts), .raw = text};
    const struct text *t;

    if (k->n == 0 || text.n == 0 || text.n > TEXT_MAX ||
        !is_letter(text.p[0]) || !is_printable(text))
        return NULL;
    if (cut(&x) == 0 || !find_items(&x))
        return NULL;
    t = known_join(k, text, x.items, x.n_items);
    if (t)
        know_new(&x, t);
    return t;
}

struct text_known *text_known_new(const struct text_rules *rules,
                                  struct arena *a, size_t bytes)
{
    enum { LEAST = 64, SENTENCE = 16 };
    struct text_known *k = arena_alloc(a, sizeof *k);
    size_t size = LEAST;

    while (size < bytes / SENTENCE && size < TEXT_MAX)
        size *= 2;
    k->rules = rules;
    k->arena = a;
    k->mask = size - 1;
    k->room = (uint32_t)(size / 2);
    k->slots = arena_array(a, size, sizeof k->slots[0]);
    k->list = arena_list(k->arena, k->room, sizeof k->list[0]);
    return k;
}

const struct text *text_known_analyse(struct text_known *k, struct str text,
                                      enum attribute hint, unsigned parts)
{
    const struct text *t = NULL;

    t = known_compose(k, text, hint, parts);
    if (t)
        return t;
    t = text_analyse_parts(k->rules, k->arena, text, hint, parts);
    know_text(k, how_of(hint, parts), t);
    return t;
}
