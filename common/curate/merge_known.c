/*
 * Sentences that were analysed before: sources tell the same in the same words,
 * and a decision changes few sentences of a text.
 *
 * A sentence is analysed by itself, but for what stands around it: the full stop
 * before, the word behind, quotation marks, the times that its claims take over
 * and ranges over the whole clip. Of a plain sentence all of that is known, so
 * that its analysis holds wherever it stands between such neighbours. Stretches
 * of other sentences are analysed between the two words around them. Where
 * anything is not plain, or does not come out as expected, nothing is put
 * together and the text is to be analysed as a whole.
 */
#include "merge_int.h"

enum { QUOTE_REACH = 2000 /* bytes between two marks of one quote */ };

/* A stretch that ends like a sentence. */
struct piece {
    size_t at, end;
    const struct m_known *known; /* or NULL */
};

/* Sentences [first, end) of an analysis that stand in the new text. */
struct item {
    const struct text *t;
    uint32_t first, end;
    bool known;
    size_t shift; /* from its bytes to the new text's, modulo memory's size */
};

struct compose {
    struct merge *m;
    const struct m_text *of;
    struct str raw;
    struct piece *pieces;
    size_t n_pieces;
    struct item *items;
    size_t n_items;
    struct text *t; /* what becomes of them */
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

static size_t quotes_before(const struct text *t, size_t byte)
{
    size_t n = 0;

    while (n < t->n_quotes && t->quotes[n].all.at < byte)
        n++;
    return n;
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
    q = quotes_before(t, from);
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

/* Where such a sentence is noted, or would be. */
static uint32_t *slot_of(const struct m_knowns *all, const struct m_known *key)
{
    size_t i = key->hash & all->mask;

    for (; all->slots[i]; i = (i + 1) & all->mask) {
        const struct m_known *k = &all->list[all->slots[i] - 1];

        if (k->hash == key->hash && k->first == key->first &&
            k->last == key->last && k->read_as == key->read_as &&
            k->hint == key->hint && str_eq(k->bytes, key->bytes))
            break;
    }
    return &all->slots[i];
}

static bool make_key(const struct m_text *of, struct str text, size_t at,
                     size_t end, struct m_known *key)
{
    *key = (struct m_known){.first = at == 0,
                            .last = end == text.n,
                            .read_as = of->read_as,
                            .hint = of->hint};
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

static void begin(struct merge *m)
{
    struct m_knowns *all = &m->knowns;
    size_t bytes = 0, size = 64;

    for (size_t i = 0; i < m->n_texts; i++)
        bytes += m->texts[i].raw.n;
    while (size < bytes / 16)
        size *= 2;
    all->mask = size - 1;
    all->room = (uint32_t)(size / 2);
    all->slots = arena_array(m->arena, size, sizeof all->slots[0]);
    all->list = merge_list(m, all->room, sizeof all->list[0]);
}

/* Note the sentences [first, end), which are between two cuts. */
static void know(struct merge *m, const struct m_text *of, const struct text *t,
                 uint32_t first, uint32_t end)
{
    struct m_knowns *all = &m->knowns;
    struct span last = t->sentences[end - 1];
    struct m_known key;
    uint32_t *slot;

    if (all->n == all->room ||
        !make_key(of, t->text, t->sentences[first].at, last.at + last.n, &key))
        return;
    slot = slot_of(all, &key);
    if (*slot)
        return;
    key.t = t;
    key.sentence = first;
    key.sentences = end - first;
    all->list[all->n++] = key;
    *slot = all->n;
}

/* Note the sentences [first, end) of a text that are plain, those between two
 * cuts together; word is the first one of the first of them. */
static void know_all(struct merge *m, const struct m_text *of,
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
            know(m, of, t, first, i + 1);
        first = i + 1;
        word = next;
    }
}

void merge_know(struct merge *m, const struct m_text *of)
{
    const struct text *t = of->t;

    if (t->text.n > TEXT_MAX || has_ranges(t) || !is_printable(t->text))
        return;
    if (!m->knowns.list)
        begin(m);
    know_all(m, of, t, 0, (uint32_t)t->n_sentences, 0);
}

/* --- the pieces of a text -------------------------------------------------------- */

/* Cut behind each "word. " with a letter behind it; returns how many are known. */
static size_t cut(struct compose *x)
{
    const struct m_knowns *all = &x->m->knowns;
    size_t known = 0;

    x->pieces = merge_list(x->m, x->raw.n / 4 + 1, sizeof x->pieces[0]);
    for (size_t at = 0; at < x->raw.n;) {
        struct piece *p = &x->pieces[x->n_pieces++];
        const char *stop = x->raw.p + at;
        struct m_known key;
        uint32_t slot = 0;

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
        if (make_key(x->of, x->raw, at, p->end, &key))
            slot = *slot_of(all, &key);
        if (slot) {
            p->known = &all->list[slot - 1];
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
    t = merge_analyse_text(x->m, x->of,
                           (struct str){x->raw.p + window, end - window});
    n = (uint32_t)t->n_sentences;
    if (n < 1u + !first + !last || has_ranges(t) ||
        !keeps_quotes(t, 0, t->text.n) ||
        t->sentences[!first].at != at - window ||
        (!last && (t->sentences[n - 1].at != next - window ||
                   t->sentences[n - 1].n != end - next)))
        return false;
    x->items[x->n_items++] = (struct item){t, !first, n - !last, false, window};
    return true;
}

static bool find_items(struct compose *x)
{
    x->items = merge_list(x->m, x->n_pieces, sizeof x->items[0]);
    for (size_t i = 0; i < x->n_pieces;) {
        const struct m_known *k = x->pieces[i].known;
        size_t from = i++;

        if (!k) {
            while (i < x->n_pieces && !x->pieces[i].known)
                i++;
            if (!add_part(x, from, i))
                return false;
            continue;
        }
        x->items[x->n_items++] =
            (struct item){k->t, k->sentence, k->sentence + k->sentences, true,
                          x->pieces[from].at - k->t->sentences[k->sentence].at};
    }
    return true;
}

/* --- putting them together ------------------------------------------------------- */

/* What an item has of each list of its text. */
struct part {
    size_t word, words, quote, quotes, anchor, anchors, claim, claims, fact,
        facts;
};

static size_t claims_before(const struct text *t, uint32_t sentence)
{
    size_t low = 0, high = t->n_claims;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->claims[mid].sentence < sentence)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t facts_before(const struct text *t, size_t claim)
{
    return claim < t->n_claims ? t->claims[claim].first_fact : t->n_facts;
}

static struct part part_of(const struct item *x)
{
    const struct text *t = x->t;
    size_t at = t->sentences[x->first].at;
    size_t end = t->sentences[x->end - 1].at + t->sentences[x->end - 1].n;
    struct part p = {.word = merge_word_at(t, at),
                     .quote = quotes_before(t, at),
                     .anchor = merge_anchor_at(t, at),
                     .claim = claims_before(t, x->first)};

    p.words = merge_word_at(t, end) - p.word;
    p.quotes = quotes_before(t, end) - p.quote;
    p.anchors = merge_anchor_at(t, end) - p.anchor;
    p.claims = claims_before(t, x->end) - p.claim;
    p.fact = facts_before(t, p.claim);
    p.facts = facts_before(t, p.claim + p.claims) - p.fact;
    return p;
}

static void add_words(struct text *t, const struct item *x,
                      const struct part *p)
{
    uint32_t sentence = (uint32_t)t->n_sentences - x->first;

    for (size_t i = 0; i < p->words; i++) {
        struct text_word *w = &t->words[t->n_words++];

        *w = x->t->words[p->word + i];
        w->at.at += x->shift;
        w->sentence += sentence;
    }
}

static void add_quotes(struct text *t, const struct item *x,
                       const struct part *p)
{
    for (size_t i = 0; i < p->quotes; i++) {
        struct text_quote *q = &t->quotes[t->n_quotes++];

        *q = x->t->quotes[p->quote + i];
        q->all.at += x->shift;
        q->words.at += x->shift;
        q->speaker.at += q->speaker.n ? x->shift : 0;
        q->sentence += (uint32_t)t->n_sentences - x->first;
    }
}

static void add_anchors(struct text *t, const struct item *x,
                        const struct part *p)
{
    for (size_t i = 0; i < p->anchors; i++) {
        struct text_anchor *a = &t->anchors[t->n_anchors++];

        *a = x->t->anchors[p->anchor + i];
        a->at.at += x->shift;
        a->sentence += (uint32_t)t->n_sentences - x->first;
    }
}

static void add_facts(struct text *t, const struct item *x,
                      const struct part *p)
{
    for (size_t i = 0; i < p->facts; i++) {
        struct text_fact *f = &t->facts[t->n_facts++];

        *f = x->t->facts[p->fact + i];
        f->at.at += x->shift;
    }
}

/* Before words, quotes, anchors and facts of the item are added. */
static void add_claims(struct text *t, const struct item *x,
                       const struct part *p)
{
    size_t words = t->n_words - p->word;

    for (size_t i = 0; i < p->claims; i++) {
        struct text_claim *c = &t->claims[t->n_claims++];

        *c = x->t->claims[p->claim + i];
        c->at.at += x->shift;
        c->subject.at += c->subject.n ? x->shift : 0;
        c->sentence += (uint32_t)t->n_sentences - x->first;
        c->first_word += words;
        c->first_fact += t->n_facts - p->fact;
        if (c->anchor >= 0)
            c->anchor += (ptrdiff_t)(t->n_anchors - p->anchor);
        if (c->quote >= 0)
            c->quote += (ptrdiff_t)(t->n_quotes - p->quote);
        if (c->attribute == ATTRIBUTE_NONE) /* not asked for */
            continue;
        c->actor += c->actor >= 0 ? (ptrdiff_t)words : 0;
        c->verb += c->verb >= 0 ? (ptrdiff_t)words : 0;
    }
}

static void add_item(struct text *t, const struct item *x, const struct part *p)
{
    add_claims(t, x, p);
    add_words(t, x, p);
    add_quotes(t, x, p);
    add_anchors(t, x, p);
    add_facts(t, x, p);
    for (uint32_t i = x->first; i < x->end; i++) {
        struct span s = x->t->sentences[i];

        t->sentences[t->n_sentences++] = (struct span){s.at + x->shift, s.n};
    }
}

/* Claims take over the last time before them, here perhaps another one. False
 * when an attribute may hang on whether there is one. */
static bool give_times(struct text *t)
{
    ptrdiff_t last = -1;
    size_t next = 0;

    for (size_t i = 0; i < t->n_claims; i++) {
        struct text_claim *c = &t->claims[i];
        bool timed = isfinite(c->start);

        for (; next < t->n_anchors && t->anchors[next].at.at < c->at.at; next++)
            last = (ptrdiff_t)next;
        if (c->anchor >= 0 || c->summary)
            continue;
        c->start = last < 0 ? (double)NAN : t->anchors[last].start;
        c->end = last < 0 ? (double)NAN : t->anchors[last].end;
        if (timed != (last >= 0) &&
            c->attribute == (timed ? ATTRIBUTE_ACTIONS : ATTRIBUTE_SCENE))
            return false;
    }
    return true;
}

static const struct text *put_together(const struct compose *x)
{
    struct text *t = arena_alloc(x->m->arena, sizeof *t);
    struct part *parts = merge_list(x->m, x->n_items, sizeof *parts);
    struct part all = {.words = 0};
    size_t sentences = 0;

    for (size_t i = 0; i < x->n_items; i++) {
        parts[i] = part_of(&x->items[i]);
        sentences += x->items[i].end - x->items[i].first;
        all.words += parts[i].words;
        all.quotes += parts[i].quotes;
        all.anchors += parts[i].anchors;
        all.claims += parts[i].claims;
        all.facts += parts[i].facts;
    }
    t->text = x->raw;
    t->sentences = merge_list(x->m, sentences, sizeof *t->sentences);
    t->words = merge_list(x->m, all.words, sizeof *t->words);
    t->quotes = merge_list(x->m, all.quotes, sizeof *t->quotes);
    t->anchors = merge_list(x->m, all.anchors, sizeof *t->anchors);
    t->claims = merge_list(x->m, all.claims, sizeof *t->claims);
    t->facts = merge_list(x->m, all.facts, sizeof *t->facts);
    for (size_t i = 0; i < x->n_items; i++)
        add_item(t, &x->items[i], &parts[i]);
    return give_times(t) ? t : NULL;
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
            know_all(x->m, x->of, t, sentence, end, word);
        }
        sentence = end;
    }
}

const struct text *merge_compose(struct merge *m, const struct m_text *of,
                                 struct str raw)
{
    struct compose x = {.m = m, .of = of, .raw = raw};
    const struct text *t;

    if (m->knowns.n == 0 || raw.n == 0 || raw.n > TEXT_MAX ||
        !is_letter(raw.p[0]) || !is_printable(raw))
        return NULL;
    if (cut(&x) == 0 || !find_items(&x))
        return NULL;
    t = put_together(&x);
    if (t)
        know_new(&x, t);
    return t;
}
