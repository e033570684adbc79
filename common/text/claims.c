/*
 * Claims: a sentence cut into clauses that can be true or false alone.
 *
 * Cuts are made at semicolons, at conjunctions and commas with a finite verb
 * behind them, and at anchors that head a clause. A clause behind a cut either
 * has a subject of its own ("and the crowd cheers") or takes that of the clause
 * before ("and picks up a ball"). Lists of nouns have no verb and stay whole;
 * a relative clause belongs to its noun.
 */
#include <math.h>

#include "clauses_int.h"

enum { SUBJECT_TOKENS = 48, SUBJECT_BYTES = 400 };

struct cutting {
    struct scan *s;
    struct range r; /* the sentence */
    uint32_t sentence;
    struct clause c;
    unsigned depth; /* of brackets */
    bool summary;
};

/* --- claims --------------------------------------------------------------- */

static bool is_edge(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    return !k->quoted && (k->kind == TOK_COMMA || k->kind == TOK_SEMICOLON ||
                          k->kind == TOK_COLON || k->kind == TOK_STOP ||
                          k->kind == TOK_DASH || k->kind == TOK_BREAK);
}

static bool has_words(const struct scan *s, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (s->toks[i].kind == TOK_WORD && !s->toks[i].anchor)
            return true;
    return false;
}

static void own_anchor(const struct scan *s, struct text_claim *claim,
                       size_t from, size_t end)
{
    claim->anchor = -1;
    for (size_t i = from; i < end; i++) {
        if (s->toks[i].anchor) {
            claim->anchor = (ptrdiff_t)s->toks[i].anchor - 1;
            return;
        }
    }
}

static void own_quote(const struct scan *s, struct text_claim *claim,
                      size_t from, size_t end)
{
    claim->quote = -1;
    for (size_t i = from; i < end; i++) {
        if (s->toks[i].quote) {
            claim->quote = (ptrdiff_t)s->toks[i].quote - 1;
            return;
        }
    }
}

static void own_words(const struct scan *s, struct text_claim *claim,
                      size_t from, size_t end)
{
    size_t first = from, last = end;

    while (s->toks[first].kind != TOK_WORD)
        first++;
    while (s->toks[last - 1].kind != TOK_WORD)
        last--;
    claim->first_word = s->toks[first].word;
    claim->n_words = s->toks[last - 1].word - claim->first_word + 1;
}

/* End the clause before token end and make a claim of it. */
static void add_claim(struct cutting *x, size_t end)
{
    struct scan *s = x->s;
    struct text *t = s->t;
    struct text_claim *claim;
    size_t begin = x->c.begin;
    struct range r = x->c.subject;

    while (begin < end && is_edge(s, begin))
        begin++;
    while (end > begin && is_edge(s, end - 1))
        end--;
    if (begin >= end || !has_words(s, begin, end))
        return;
    t->claims =
        scan_grow(s, t->claims, t->n_claims, &s->claims_room, sizeof *claim);
    s->claims = scan_grow(s, s->claims, t->n_claims, &s->claim_ranges_room,
                          sizeof *s->claims);
    s->claims[t->n_claims] = (struct range){(uint32_t)begin, (uint32_t)end};
    claim = &t->claims[t->n_claims++];
    memset(claim, 0, sizeof *claim);
    claim->at = (struct span){s->toks[begin].at,
                              tok_end(&s->toks[end - 1]) - s->toks[begin].at};
    if (r.end > r.first)
        claim->subject =
            (struct span){s->toks[r.first].at,
                          tok_end(&s->toks[r.end - 1]) - s->toks[r.first].at};
    own_anchor(s, claim, x->c.head, end);
    own_quote(s, claim, begin, end);
    own_words(s, claim, begin, end);
    claim->sentence = x->sentence;
    claim->summary = x->summary;
    claim->attribute = ATTRIBUTE_NONE;
}

static void start_clause(struct cutting *x, size_t head, size_t begin)
{
    x->c = (struct clause){
        .begin = begin, .main = SIZE_MAX, .past = SIZE_MAX, .head = head};
}

static bool has_left(const struct clause *c)
{
    return c->main != SIZE_MAX || c->past != SIZE_MAX;
}

/* Every clause may repeat its subject, so a subject has a bound. */
static bool is_too_long(const struct scan *s, struct range r)
{
    if (r.end <= r.first)
        return false;
    return r.end - r.first > SUBJECT_TOKENS ||
           tok_end(&s->toks[r.end - 1]) - s->toks[r.first].at > SUBJECT_BYTES;
}

/* Cut before the clause that begins at begin, whose joint began at i. */
static void cut(struct cutting *x, size_t i, size_t begin, size_t verb,
                bool carried, bool aux)
{
    struct range subject = {0, 0};

    if (carried) {
        size_t main = x->c.main != SIZE_MAX ? x->c.main : x->c.past;

        subject = subject_of(x->s, &x->c, main);
        if (aux && subject.end > subject.first && subject.first < main &&
            x->c.begin <= main)
            subject.end = (uint32_t)main + 1;
    }
    if (is_too_long(x->s, subject))
        subject.end = subject.first;
    add_claim(x, i);
    start_clause(x, i, begin);
    x->c.subject = subject;
    if (carried && verb != SIZE_MAX && !x->s->toks[verb].finite)
        x->c.main = verb;
}

/* The joint at i cuts if a clause stands behind it. Returns where to go on, or
 * 0 when it does not cut. */
static size_t try_cut(struct cutting *x, size_t i, enum joint kind)
{
    const struct scan *s = x->s;
    size_t end = x->r.end, begin, verb, own;
    bool anchored = false, aux = false, carried;

    begin =
        clause_begin(s, i + (kind == JOINT_AND || kind == JOINT_WHILE ? 0 : 1),
                     end, &kind, &anchored);
    if (begin >= end || !x->c.words)
        return 0;
    verb = behind_insertion(s, skip_adverbs(s, begin, end), end);
    own = clause_at(s, begin, end, x->c.main == SIZE_MAX);
    if (own == SIZE_MAX && verb < end && verb > begin && kind != JOINT_COMMA)
        own = clause_at(s, verb, end, false);
    /* A past form is the verb on the left only if one is on the right. */
    if (own != SIZE_MAX && x->c.main == SIZE_MAX && !x->c.as &&
        !(s->toks[own].finite & FINITE_PAST) && kind != JOINT_STRONG)
        return 0;
    if (kind == JOINT_STRONG) {
        carried = own == SIZE_MAX && verb < end && has_left(&x->c) &&
                  goes_on(s, &x->c, verb, end, &aux);
        cut(x, i, begin, verb, carried, aux);
        return begin;
    }
    carried = kind != JOINT_WHILE && kind != JOINT_DASH && verb < end &&
              has_left(&x->c) && !x->c.relative &&
              goes_on(s, &x->c, verb, end, &aux) &&
              (kind == JOINT_AND || anchored || surely_verb(s, verb));
    if (kind == JOINT_COMMA && x->c.dependent && !anchored) {
        if (own != SIZE_MAX) {
            struct clause c = x->c;

            /* "When …, …" stays one claim; what follows has its subject. */
            start_clause(x, c.head, begin);
            x->c.begin = c.begin;
        }
        return 0;
    }
    if (carried && own != verb) {
        cut(x, i, begin, verb, true, aux);
        return begin;
    }
    if (own != SIZE_MAX && (has_left(&x->c) || x->c.as)) {
        cut(x, i, begin, own, false, false);
        return begin;
    }
    /* "…, at 3s, a bright room": an anchor heads a clause, verb or not. */
    if (anchored && kind != JOINT_WHILE && begin + 1 < end &&
        has_words(s, begin, begin + 2) && begins_subject(s, begin)) {
        cut(x, i, begin, SIZE_MAX, false, false);
        return begin;
    }
    return 0;
}

/* Note what a word is in the clause being read. */
static void note_word(struct cutting *x, size_t i)
{
    const struct tok *k = &x->s->toks[i];
    struct clause *c = &x->c;

    if (k->finite & (FINITE_S | FINITE_AUX | FINITE_BASE)) {
        if (c->relative_due)
            c->relative_due = false;
        else if (c->main == SIZE_MAX)
            c->main = i;
    } else if (k->finite & FINITE_PAST && c->past == SIZE_MAX &&
               !c->relative_due) {
        c->past = i;
    }
    if (k->flags & LEX_REL && i > c->begin + 1 &&
        tok_has(x->s, i - (x->s->toks[i - 1].kind == TOK_COMMA ? 2 : 1),
                LEX_NOUN | LEX_PRON)) {
        c->relative_due = true;
        c->relative = c->main != SIZE_MAX;
    }
}

static enum joint joint_at(const struct scan *s, size_t i)
{
    switch ((enum tok_kind)s->toks[i].kind) {
    case TOK_SEMICOLON:
        return JOINT_STRONG;
    case TOK_COMMA:
        return JOINT_COMMA;
    case TOK_DASH:
        return s->toks[i].shape & SHAPE_GLUED && s->toks[i].cp != 0x2014
                   ? JOINT_NONE
                   : JOINT_DASH;
    case TOK_WORD:
        if (is_and(s, i))
            return JOINT_AND;
        return is_while(s, i) ? JOINT_WHILE : JOINT_NONE;
    case TOK_COLON:
    case TOK_STOP:
    case TOK_OPEN:
    case TOK_CLOSE:
    case TOK_QUOTE:
    case TOK_BREAK:
    case TOK_OTHER:
        break;
    }
    return JOINT_NONE;
}

static size_t step(struct cutting *x, size_t i)
{
    const struct tok *k = &x->s->toks[i];
    enum joint kind;
    size_t next;

    if (k->kind == TOK_WORD && k->quoted)
        x->c.words = true;
    if (k->quoted || k->anchor)
        return i + 1;
    if (k->kind == TOK_OPEN)
        x->depth++;
    if (k->kind == TOK_CLOSE && x->depth > 0)
        x->depth--;
    if (x->depth > 0) {
        x->c.words = x->c.words || k->kind == TOK_WORD;
        return i + 1;
    }
    kind = joint_at(x->s, i);
    next = kind == JOINT_NONE ? 0 : try_cut(x, i, kind);
    if (next)
        return next;
    if (k->kind == TOK_COMMA)
        x->c.relative = x->c.relative_due = false;
    if (k->kind == TOK_WORD) {
        x->c.words = true;
        note_word(x, i);
    }
    return i + 1;
}

/* The beginning of a sentence: connectives and anchors left out. */
static size_t begin_sentence(struct cutting *x)
{
    const struct scan *s = x->s;
    enum joint kind = JOINT_NONE;
    bool anchored = false;
    size_t i = clause_begin(s, x->r.first, x->r.end, &kind, &anchored);

    start_clause(x, x->r.first, i);
    x->c.as = kind == JOINT_WHILE;
    x->c.dependent = i < x->r.end && tok_has(s, i, LEX_SUBORD);
    return i;
}

/* --- summaries and times -------------------------------------------------- */

static bool is_clip(const struct scan *s, size_t i)
{
    return tok_role(s, i, ROLE_CLIP);
}

/* "Throughout, …", "… throughout.", "throughout the video". */
static bool is_summary(const struct scan *s, struct range r)
{
    size_t words = 0;

    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (k->kind != TOK_WORD || k->quoted || k->anchor)
            continue;
        words++;
        if (k->phrase && k->phrase->flags & LEX_SUMMARY)
            return true;
        if (!(k->flags & LEX_SUMMARY))
            continue;
        if (words <= 2 || i + 1 >= r.end || s->toks[i + 1].kind == TOK_STOP)
            return true;
        for (size_t n = 1; n <= 3 && i + n < r.end; n++)
            if (is_clip(s, i + n))
                return true;
    }
    return false;
}

static void give_times(struct scan *s)
{
    struct text *t = s->t;
    ptrdiff_t last = -1;
    size_t next = 0;

    for (size_t i = 0; i < t->n_claims; i++) {
        struct text_claim *c = &t->claims[i];
        ptrdiff_t anchor = c->anchor;

        /* An anchor of words that belong to no claim counts as well. */
        for (; next < t->n_anchors && t->anchors[next].at.at < c->at.at; next++)
            if (!t->anchors[next].whole)
                last = (ptrdiff_t)next;
        c->start = c->end = NAN;
        if (anchor < 0 && !c->summary)
            anchor = last;
        if (anchor >= 0) {
            c->start = t->anchors[anchor].start;
            c->end = t->anchors[anchor].end;
        }
    }
}

void scan_claims(struct scan *s)
{
    for (size_t n = 0; n < s->t->n_sentences; n++) {
        struct cutting x = {
            .s = s, .r = s->sentences[n], .sentence = (uint32_t)n};

        x.summary = is_summary(s, x.r);
        for (size_t i = begin_sentence(&x); i < x.r.end;)
            i = step(&x, i);
        add_claim(&x, x.r.end);
    }
    give_times(s);
}
