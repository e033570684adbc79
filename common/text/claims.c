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

#include "text_int.h"

enum { CLAUSE_LOOK = 16 /* tokens in which the verb of a clause must come */ };

enum joint {
    JOINT_COMMA,
    JOINT_AND,    /* and, but, then */
    JOINT_WHILE,  /* while, as, whereas */
    JOINT_STRONG, /* semicolon */
    JOINT_DASH,
    JOINT_NONE,
};

/* The clause being read. */
struct clause {
    size_t begin;         /* its first token */
    size_t main;          /* its finite verb, or SIZE_MAX */
    size_t past;          /* a form that may be it, or SIZE_MAX */
    struct range subject; /* carried from the clause before; empty: none */
    size_t head;          /* where its anchors are looked for from */
    bool relative_due;    /* behind "who": the next verb is not the main one */
    bool relative;        /* inside a relative clause behind the verb */
    bool dependent;       /* begins with "when", "after": not a claim alone */
    bool as;              /* begins with "as" or "while" */
};

struct cutting {
    struct scan *s;
    struct range r; /* the sentence */
    uint32_t sentence;
    struct clause c;
    unsigned depth; /* of brackets */
    bool summary;
};

/* --- what stands at a place ----------------------------------------------- */

static bool is_and(const struct scan *s, size_t i)
{
    return tok_has(s, i, LEX_CONJ) && !s->toks[i].quoted &&
           !tok_in(s, i, "or nor as while whereas plus");
}

static bool is_while(const struct scan *s, size_t i)
{
    if (tok_in(s, i, "while whereas"))
        return !s->toks[i].quoted;
    return tok_is(s, i, "as") && !s->toks[i].quoted && !s->toks[i].phrase;
}

/* Step over an anchor and the comma behind it. */
static bool skip_anchor(const struct scan *s, size_t *i, size_t end)
{
    uint32_t anchor = *i < end ? s->toks[*i].anchor : 0;

    if (!anchor)
        return false;
    *i = s->anchors[anchor - 1].end;
    if (*i < end &&
        (s->toks[*i].kind == TOK_COMMA || s->toks[*i].kind == TOK_COLON ||
         s->toks[*i].kind == TOK_DASH))
        ++*i;
    return true;
}

/* "Then, ", "Finally, ": words that only join. */
static bool skip_connective(const struct scan *s, size_t *i, size_t end)
{
    size_t n;

    if (*i >= end || s->toks[*i].quoted)
        return false;
    n = s->toks[*i].phrase && s->toks[*i].phrase->flags & LEX_CONNECT
            ? s->toks[*i].phrase_n
            : 1;
    if (!tok_has(s, *i, LEX_CONNECT))
        return false;
    if (*i + n < end && s->toks[*i + n].kind == TOK_COMMA)
        *i += n + 1;
    else if (tok_is(s, *i, "then"))
        *i += n;
    else
        return false;
    return true;
}

static size_t skip_adverbs(const struct scan *s, size_t i, size_t end)
{
    while (i < end && tok_has(s, i, LEX_ADV) && !s->toks[i].quoted &&
           !(s->toks[i].flags & (LEX_NOUN | LEX_PREP | LEX_VERB)))
        i++;
    return i;
}

static bool begins_subject(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    if (k->kind != TOK_WORD || k->quoted)
        return false;
    if (k->flags & (LEX_PREP | LEX_SUBORD | LEX_AUX | LEX_ABSORBED))
        return false;
    if (k->flags & LEX_REL && !(k->flags & LEX_DET))
        return false;
    return k->numeric || k->flags & (LEX_DET | LEX_PRON_SUBJECT | LEX_PRON |
                                     LEX_NOUN | LEX_ADJ | LEX_NAME);
}

struct look {
    size_t verb, past;
    unsigned relative, joints;
    bool noun;
};

/* One token of a possible clause: 1 its verb, -1 there is none, 0 go on. */
static int look_step(const struct scan *s, struct look *x, size_t i, size_t end)
{
    const struct tok *k = &s->toks[i];

    if (k->anchor)
        return 0;
    if (k->kind != TOK_WORD || k->quoted)
        return -1;
    if (k->finite & (FINITE_S | FINITE_AUX | FINITE_BASE)) {
        if (!x->noun)
            return -1;
        if (x->relative == 0)
            return 1;
        x->relative--;
        return 0;
    }
    if (k->finite & FINITE_PAST && x->past == SIZE_MAX && x->relative == 0)
        x->past = i;
    if (k->flags & LEX_REL && x->noun) {
        x->relative++;
        return 0;
    }
    if (k->flags & LEX_CONJ) {
        if (!x->noun || x->joints++ || !tok_in(s, i, "and or") ||
            i + 1 >= end || !begins_subject(s, i + 1))
            return -1;
        return 0;
    }
    if (k->flags & LEX_SUBORD && !(k->flags & LEX_PREP))
        return -1;
    if (k->numeric ||
        k->flags & (LEX_NOUN | LEX_PRON_SUBJECT | LEX_PRON | LEX_NAME))
        x->noun = true;
    return 0;
}

/* Whether a subject and its verb begin at i: the verb, or SIZE_MAX. */
static size_t clause_at(const struct scan *s, size_t i, size_t end, bool past)
{
    struct look x = {SIZE_MAX, SIZE_MAX, 0, 0, false};

    i = skip_adverbs(s, i, end);
    if (i >= end || !begins_subject(s, i))
        return SIZE_MAX;
    for (size_t n = 0; n < CLAUSE_LOOK && i < end; n++, i++) {
        int found = look_step(s, &x, i, end);

        if (found > 0)
            return i;
        if (found < 0)
            break;
    }
    return past ? x.past : SIZE_MAX;
}

/* The first verb behind the auxiliary of a clause, or SIZE_MAX. */
static size_t behind_auxiliary(const struct scan *s, size_t main, size_t end)
{
    size_t i = main + 1;

    while (i < end && i < main + 6 && s->toks[i].kind == TOK_WORD &&
           !s->toks[i].quoted &&
           (tok_has(s, i, LEX_ADV) || tok_in(s, i, "be been being not")) &&
           !tok_has(s, i, LEX_V_ING))
        i++;
    return i < end && tok_has(s, i, LEX_VERB) && !s->toks[i].quoted ? i
                                                                    : SIZE_MAX;
}

/* A form that is no noun here: nothing else, or an object behind it. */
static bool surely_verb(const struct scan *s, size_t i)
{
    uint64_t next;

    if (!(s->toks[i].flags & (LEX_NOUN | LEX_ADJ | LEX_PREP)))
        return true;
    if (i + 1 >= s->n_toks)
        return false;
    next = s->toks[i + 1].flags;
    return next & (LEX_DET | LEX_PRON | LEX_PREP | LEX_ADV) ||
           s->toks[i + 1].numeric || s->toks[i + 1].quoted;
}

/* Whether the verb at i goes on with the clause's own verb: the same form, or
 * the same auxiliary before both. *aux: the auxiliary is carried as well. */
static bool goes_on(const struct scan *s, const struct clause *c, size_t i,
                    size_t end, bool *aux)
{
    uint64_t f = s->toks[i].flags;
    size_t main = c->main, verb;

    *aux = false;
    if (s->toks[i].kind != TOK_WORD || s->toks[i].quoted)
        return false;
    if (main == SIZE_MAX)
        return c->past != SIZE_MAX && f & LEX_V_PAST && surely_verb(s, i);
    if (f & LEX_AUX)
        return !tok_in(s, i, "be been being");
    if (s->toks[main].finite & FINITE_AUX) {
        verb = behind_auxiliary(s, main, end);
        *aux = verb != SIZE_MAX &&
               (f & s->toks[verb].flags &
                (LEX_V_ING | LEX_V_PAST | LEX_V_BASE)) != 0 &&
               (f & LEX_V_ING || surely_verb(s, i));
        if (*aux)
            return true;
        return f & LEX_V_S && surely_verb(s, i);
    }
    if (s->toks[main].finite & FINITE_S)
        return f & LEX_V_S && (s->toks[i].finite || surely_verb(s, i));
    return f & LEX_V_BASE && surely_verb(s, i);
}

/* --- subjects ------------------------------------------------------------- */

/* What is carried from a clause: the part between commas before its verb that
 * begins like a subject. */
static struct range subject_of(const struct scan *s, const struct clause *c,
                               size_t verb)
{
    struct range best = c->subject;
    size_t from = c->begin;

    if (verb == SIZE_MAX)
        return best;
    while (from < verb) {
        size_t end = from, first;

        while (end < verb && s->toks[end].kind != TOK_COMMA)
            end++;
        first = skip_adverbs(s, from, end);
        if (first < end && begins_subject(s, first)) {
            while (end > first && s->toks[end - 1].kind != TOK_WORD &&
                   !s->toks[end - 1].quoted)
                end--;
            best = (struct range){(uint32_t)first, (uint32_t)end};
            /* "The man, wearing a hat, walks": the first part is it. */
            if (s->toks[verb - 1].kind == TOK_COMMA)
                break;
        }
        while (end < verb && s->toks[end].kind == TOK_COMMA)
            end++;
        from = end;
    }
    while (best.end > best.first + 1 && tok_has(s, best.end - 1, LEX_ADV) &&
           !tok_has(s, best.end - 1, LEX_NOUN | LEX_PRON))
        best.end--;
    return best;
}

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
    struct text_claim claim = {0};
    size_t begin = x->c.begin;
    struct range r = x->c.subject;

    while (begin < end && is_edge(s, begin))
        begin++;
    while (end > begin && is_edge(s, end - 1))
        end--;
    if (begin >= end || !has_words(s, begin, end))
        return;
    claim.at = (struct span){s->toks[begin].at,
                             tok_end(&s->toks[end - 1]) - s->toks[begin].at};
    if (r.end > r.first)
        claim.subject =
            (struct span){s->toks[r.first].at,
                          tok_end(&s->toks[r.end - 1]) - s->toks[r.first].at};
    own_anchor(s, &claim, x->c.head, end);
    own_quote(s, &claim, begin, end);
    own_words(s, &claim, begin, end);
    claim.sentence = x->sentence;
    claim.summary = x->summary;
    claim.attribute = ATTRIBUTE_NONE;
    t->claims =
        scan_grow(s, t->claims, t->n_claims, &s->claims_room, sizeof claim);
    s->claims = scan_grow(s, s->claims, t->n_claims, &s->claim_ranges_room,
                          sizeof *s->claims);
    s->claims[t->n_claims] = (struct range){(uint32_t)begin, (uint32_t)end};
    t->claims[t->n_claims++] = claim;
}

/* "- ", "* ", a bullet at the head of a line. */
static bool is_list_mark(const struct scan *s, size_t i, size_t end)
{
    if (i >= end || s->toks[i].quoted)
        return false;
    return s->toks[i].kind == TOK_DASH ||
           (s->toks[i].kind == TOK_OTHER &&
            (s->toks[i].cp == '*' || s->toks[i].cp == 0x2022));
}

/* Where a clause begins behind a joint: conjunctions, anchors and connectives
 * left out. *kind gets what joined it. */
static size_t clause_begin(const struct scan *s, size_t i, size_t end,
                           enum joint *kind, bool *anchored)
{
    for (;;) {
        if (i < end && is_and(s, i) && !s->toks[i].anchor) {
            *kind = *kind == JOINT_STRONG ? JOINT_STRONG : JOINT_AND;
            i += s->toks[i].phrase && s->toks[i].phrase->flags & LEX_CONJ
                     ? s->toks[i].phrase_n
                     : 1;
        } else if (i < end && is_while(s, i)) {
            *kind = *kind == JOINT_STRONG ? JOINT_STRONG : JOINT_WHILE;
            i++;
        } else if (skip_anchor(s, &i, end)) {
            *anchored = true;
        } else if (skip_connective(s, &i, end)) {
            if (*kind == JOINT_COMMA)
                *kind = JOINT_AND;
        } else if (*kind != JOINT_NONE && i < end &&
                   s->toks[i].kind == TOK_COMMA) {
            i++;
        } else if (*kind == JOINT_NONE && is_list_mark(s, i, end)) {
            i++;
        } else {
            return i;
        }
    }
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
    if (begin >= end || !has_words(s, x->c.begin, i))
        return 0;
    if (kind == JOINT_STRONG) {
        cut(x, i, begin, SIZE_MAX, clause_at(s, begin, end, true) == SIZE_MAX,
            false);
        return begin;
    }
    verb = skip_adverbs(s, begin, end);
    own = clause_at(s, begin, end, x->c.main == SIZE_MAX);
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
    if (k->flags & LEX_REL && i > c->begin &&
        tok_has(x->s, i - 1, LEX_NOUN | LEX_PRON)) {
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

    if (k->quoted || k->anchor)
        return i + 1;
    if (k->kind == TOK_OPEN)
        x->depth++;
    if (k->kind == TOK_CLOSE && x->depth > 0)
        x->depth--;
    if (x->depth > 0)
        return i + 1;
    kind = joint_at(x->s, i);
    next = kind == JOINT_NONE ? 0 : try_cut(x, i, kind);
    if (next)
        return next;
    if (k->kind == TOK_COMMA)
        x->c.relative = x->c.relative_due = false;
    if (k->kind == TOK_WORD)
        note_word(x, i);
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
    return tok_in(s, i, "video clip scene footage film sequence recording");
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
