/*
 * A text that a decision changed, analysed again where it changed.
 *
 * Sentences are analysed each by itself, but for what stands around them: the
 * word and the full stop before, the word behind, quotation marks, the times
 * that claims take over and ranges over the whole clip. Of a plain sentence all
 * of that is known, so that it can be analysed between its two neighbouring
 * words and put in the place of the old one. Where anything is not plain, the
 * text is analysed as a whole.
 */
#include "merge_int.h"

enum { QUOTE_REACH = 2000 /* bytes between two marks of one quote */ };

/* From where on a list changes, where the rest goes on, and the new part. */
struct change {
    size_t from, to;   /* of the old list */
    size_t first, end; /* of the part's list */
};

struct again {
    struct merge *m;
    const struct text *old;
    size_t sentence; /* the one that changes */
    struct str raw;  /* the new text */
    size_t grow;     /* bytes more of it, modulo the size of memory */
    size_t window;   /* where the part begins, in both texts */
    const struct text *part;
    uint32_t place; /* of the sentence in the part */
    struct change words, anchors, claims, facts;
};

/* --- is it plain? ---------------------------------------------------------- */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_small((char)(c | 0x20));
}

/* ASCII without line breaks and without a mark that may be a quote's. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c < ' ' || c > '~' || c == '"')
            return false;
        if (c == '\'' && !(i > 0 && is_letter(s.p[i - 1]) && i + 1 < s.n &&
                           is_letter(s.p[i + 1])))
            return false;
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

/* Whether quotes are the same in both texts, if none stands in what changes:
 * marks are as near each other, and the text is not one quote. */
static bool keeps_quotes(const struct again *x)
{
    struct str text = x->old->text;

    if (text.n == 0 || !is_letter(text.p[0]))
        return false;
    return (text.n <= QUOTE_REACH && x->raw.n <= QUOTE_REACH) || is_plain(text);
}

static bool is_quoted(const struct text *t, size_t from, size_t to)
{
    for (size_t i = 0; i < t->n_quotes; i++)
        if (t->quotes[i].all.at < to &&
            t->quotes[i].all.at + t->quotes[i].all.n > from)
            return true;
    return false;
}

/* Where the small word before a sentence begins: " word. Sentence"; SIZE_MAX
 * when something else stands there. */
static size_t word_before(struct str text, size_t at)
{
    size_t from = at;

    if (at < 4 || text.p[at - 1] != ' ' || text.p[at - 2] != '.')
        return SIZE_MAX;
    from -= 2;
    while (from > 0 && is_small(text.p[from - 1]))
        from--;
    return from > 0 && from < at - 2 && text.p[from - 1] == ' ' ? from
                                                                : SIZE_MAX;
}

/* Where the word behind a sentence that ends in "word. " ends, or SIZE_MAX. */
static size_t word_behind(const struct text *t, size_t sentence)
{
    struct span s = t->sentences[sentence];
    size_t end = s.at + s.n;
    size_t i;

    if (s.n < 3 || t->text.p[end - 1] != '.' || !is_small(t->text.p[end - 2]))
        return SIZE_MAX;
    if (sentence + 1 == t->n_sentences)
        return t->text.n;
    if (t->sentences[sentence + 1].at != end + 1 || t->text.p[end] != ' ' ||
        !is_letter(t->text.p[end + 1]))
        return SIZE_MAX;
    i = merge_word_at(t, end);
    if (i == t->n_words || t->words[i].at.at != end + 1 || t->words[i].number)
        return SIZE_MAX;
    return end + 1 + t->words[i].at.n;
}

/* --- the part that changes --------------------------------------------------- */

static size_t sentence_at(const struct text *t, size_t byte)
{
    size_t low = 0, high = t->n_sentences;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->sentences[mid].at <= byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? low - 1 : 0;
}

static struct change words_of(const struct again *x)
{
    struct span s = x->old->sentences[x->sentence];
    struct span p = x->part->sentences[x->place];

    return (struct change){
        merge_word_at(x->old, s.at), merge_word_at(x->old, s.at + s.n),
        merge_word_at(x->part, p.at), merge_word_at(x->part, p.at + p.n)};
}

static size_t claims_before(const struct text *t, size_t sentence)
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

static bool same_time(double a, double b)
{
    return a <= b && a >= b;
}

/* The sentence has the times that it had, and no other word has any. */
static bool find_anchors(struct again *x)
{
    struct span s = x->old->sentences[x->sentence];
    size_t from = merge_anchor_at(x->old, s.at);
    size_t to = merge_anchor_at(x->old, s.at + s.n);

    x->anchors = (struct change){from, to, 0, x->part->n_anchors};
    if (x->part->n_anchors != to - from || has_ranges(x->part))
        return false;
    for (size_t i = from; i < to; i++) {
        const struct text_anchor *a = &x->old->anchors[i];
        const struct text_anchor *b = &x->part->anchors[i - from];

        if (b->sentence != x->place || !same_time(a->start, b->start) ||
            !same_time(a->end, b->end))
            return false;
    }
    return true;
}

/* The part is cut into the sentences that the whole text would be cut into. */
static bool find_part(struct again *x)
{
    struct span s = x->old->sentences[x->sentence];
    const struct text *t = x->part;
    bool last = x->sentence + 1 == x->old->n_sentences;
    size_t end = s.at + s.n + x->grow - x->window;
    size_t claims = x->sentence;

    if (t->n_sentences != x->place + 1u + !last ||
        t->sentences[x->place].at != s.at - x->window ||
        t->sentences[x->place].at + t->sentences[x->place].n != end ||
        (!last && t->sentences[x->place + 1].at != end + 1) || !find_anchors(x))
        return false;
    x->words = words_of(x);
    x->claims = (struct change){
        claims_before(x->old, claims), claims_before(x->old, claims + 1),
        claims_before(t, x->place), claims_before(t, x->place + 1u)};
    x->facts = (struct change){facts_before(x->old, x->claims.from),
                               facts_before(x->old, x->claims.to),
                               facts_before(t, x->claims.first),
                               facts_before(t, x->claims.end)};
    return true;
}

/* --- putting it in ------------------------------------------------------------ */

/* The old list with its changed part; *n gets how many there are. */
static void *joined(const struct again *x, const void *old, size_t n_old,
                    const void *part, const struct change *c, size_t size,
                    size_t *n)
{
    size_t more = c->end - c->first, rest = n_old - c->to;
    char *list, *p;

    *n = c->from + more + rest;
    p = list = merge_list(x->m, *n, size);
    if (c->from)
        p = mempcpy(p, old, c->from * size);
    if (more)
        p = mempcpy(p, (const char *)part + c->first * size, more * size);
    if (rest)
        memcpy(p, (const char *)old + c->to * size, rest * size);
    return list;
}

static void put_sentences(const struct again *x, struct text *t)
{
    struct change none = {x->old->n_sentences, x->old->n_sentences, 0, 0};

    t->sentences = joined(x, x->old->sentences, x->old->n_sentences, NULL,
                          &none, sizeof *t->sentences, &t->n_sentences);
    t->sentences[x->sentence].n += x->grow;
    for (size_t i = x->sentence + 1; i < t->n_sentences; i++)
        t->sentences[i].at += x->grow;
}

static void put_words(const struct again *x, struct text *t)
{
    size_t from = x->words.from, to = from + x->words.end - x->words.first;

    t->words = joined(x, x->old->words, x->old->n_words, x->part->words,
                      &x->words, sizeof *t->words, &t->n_words);
    for (size_t i = from; i < to; i++) {
        t->words[i].at.at += x->window;
        t->words[i].sentence = (uint32_t)x->sentence;
    }
    for (size_t i = to; i < t->n_words; i++)
        t->words[i].at.at += x->grow;
}

static void put_quotes(const struct again *x, struct text *t)
{
    struct change none = {x->old->n_quotes, x->old->n_quotes, 0, 0};

    t->quotes = joined(x, x->old->quotes, x->old->n_quotes, NULL, &none,
                       sizeof *t->quotes, &t->n_quotes);
    for (size_t i = 0; i < t->n_quotes; i++) {
        struct text_quote *q = &t->quotes[i];

        if (q->sentence <= x->sentence)
            continue;
        q->all.at += x->grow;
        q->words.at += x->grow;
        q->speaker.at += q->speaker.n ? x->grow : 0;
    }
}

static void put_anchors(const struct again *x, struct text *t)
{
    size_t from = x->anchors.from, to = x->anchors.to;

    t->anchors = joined(x, x->old->anchors, x->old->n_anchors, x->part->anchors,
                        &x->anchors, sizeof *t->anchors, &t->n_anchors);
    for (size_t i = from; i < to; i++) {
        t->anchors[i].at.at += x->window;
        t->anchors[i].sentence = (uint32_t)x->sentence;
    }
    for (size_t i = to; i < t->n_anchors; i++)
        t->anchors[i].at.at += x->grow;
}

static void put_facts(const struct again *x, struct text *t)
{
    size_t from = x->facts.from, to = from + x->facts.end - x->facts.first;

    t->facts = joined(x, x->old->facts, x->old->n_facts, x->part->facts,
                      &x->facts, sizeof *t->facts, &t->n_facts);
    for (size_t i = from; i < to; i++)
        t->facts[i].at.at += x->window;
    for (size_t i = to; i < t->n_facts; i++)
        t->facts[i].at.at += x->grow;
}

/* Move a claim by bytes, words and facts, modulo the size of memory. */
static void move(struct text_claim *c, size_t bytes, size_t words, size_t facts)
{
    c->at.at += bytes;
    c->subject.at += c->subject.n ? bytes : 0;
    c->first_word += words;
    c->first_fact += facts;
    if (c->attribute == ATTRIBUTE_NONE) /* not asked for */
        return;
    c->actor += c->actor >= 0 ? (ptrdiff_t)words : 0;
    c->verb += c->verb >= 0 ? (ptrdiff_t)words : 0;
}

/* A claim of the part; false when its attribute may hang on a time that only
 * the whole text tells. */
static bool put_claim(const struct again *x, struct text_claim *c)
{
    move(c, x->window, x->words.from - x->words.first,
         x->facts.from - x->facts.first);
    c->sentence = (uint32_t)x->sentence;
    if (c->anchor >= 0)
        c->anchor += (ptrdiff_t)x->anchors.from;
    if (isfinite(c->start) || c->summary || x->anchors.from == 0)
        return true;
    c->start = x->old->anchors[x->anchors.from - 1].start;
    c->end = x->old->anchors[x->anchors.from - 1].end;
    return c->attribute != ATTRIBUTE_SCENE;
}

static bool put_claims(const struct again *x, struct text *t)
{
    size_t from = x->claims.from, to = from + x->claims.end - x->claims.first;

    t->claims = joined(x, x->old->claims, x->old->n_claims, x->part->claims,
                       &x->claims, sizeof *t->claims, &t->n_claims);
    for (size_t i = from; i < to; i++)
        if (!put_claim(x, &t->claims[i]))
            return false;
    for (size_t i = to; i < t->n_claims; i++)
        move(&t->claims[i], x->grow, t->n_words - x->old->n_words,
             t->n_facts - x->old->n_facts);
    return true;
}

static const struct text *put_together(const struct again *x)
{
    struct text *t = arena_alloc(x->m->arena, sizeof *t);

    t->text = x->raw;
    put_sentences(x, t);
    put_words(x, t);
    put_quotes(x, t);
    put_anchors(x, t);
    put_facts(x, t);
    return put_claims(x, t) ? t : NULL;
}

/* --- one sentence ---------------------------------------------------------------- */

/* The bytes of the old text that are analysed: the sentence between a word on
 * each side; n 0: it is not plain. */
static struct span window_of(const struct again *x)
{
    struct span s = x->old->sentences[x->sentence];
    size_t from = x->sentence ? word_before(x->old->text, s.at) : 0;
    size_t to = word_behind(x->old, x->sentence);
    struct span w = {from, to - from};

    if (from == SIZE_MAX || to == SIZE_MAX || (x->sentence == 0 && s.at != 0) ||
        is_quoted(x->old, from, to) || !is_plain(span_of(x->old->text, w)))
        w.n = 0;
    return w;
}

/* What is looked at from outside stays: neither the last word nor what stands
 * behind it is edited. */
static bool is_inside(const struct text *t, size_t sentence,
                      const struct m_edit *first, const struct m_edit *last)
{
    struct span s = t->sentences[sentence];
    size_t word = merge_word_at(t, s.at + s.n);

    return word > 0 && first->at.at >= s.at &&
           last->at.at + last->at.n <= t->words[word - 1].at.at;
}

/* Make the edits [first, end), which are all in one sentence. */
static const struct text *edit_sentence(struct merge *m, const struct m_text *t,
                                        const struct text *old, size_t sentence,
                                        struct m_edit **edits, size_t n)
{
    struct again x = {.m = m, .old = old, .sentence = sentence};
    struct span w;
    struct str now;

    if (!is_inside(old, sentence, edits[0], edits[n - 1]))
        return NULL;
    w = window_of(&x);
    x.raw = merge_apply(m, old->text, edits, n);
    x.grow = x.raw.n - old->text.n;
    x.window = w.at;
    x.place = w.at < old->sentences[sentence].at;
    now = (struct str){x.raw.p + w.at, w.n + x.grow};
    if (w.n == 0 || x.raw.n > TEXT_MAX || !keeps_quotes(&x) || !is_plain(now))
        return NULL;
    x.part = merge_analyse_text(m, t, now);
    return find_part(&x) ? put_together(&x) : NULL;
}

bool merge_analyse_again(struct merge *m, struct m_text *t,
                         struct m_edit **edits, size_t n)
{
    const struct text *now = t->t;

    if (now->text.n > TEXT_MAX || now->n_sentences == 0 || has_ranges(now))
        return false;
    while (n > 0) {
        size_t sentence = sentence_at(now, edits[n - 1]->at.at), first = n - 1;

        while (first > 0 &&
               sentence_at(now, edits[first - 1]->at.at) == sentence)
            first--;
        now = edit_sentence(m, t, now, sentence, edits + first, n - first);
        if (!now)
            return false;
        n = first;
    }
    t->t = now;
    t->raw = now->text;
    return true;
}
