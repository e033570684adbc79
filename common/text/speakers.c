/*
 * Who says a quote.
 *
 * A cue is looked for before the quote ("a man in red says, “…”") and behind it
 * ("“…,” she whispers", "“…,” says the man"), inside the sentence. Cues of
 * writing ("a sign reads “…”") make it text that is shown.
 */
#include "text_int.h"

enum {
    LOOK_BACK = 24,  /* tokens before a quote in which its cue stands */
    LOOK_AHEAD = 10, /* tokens behind it */
    SPEAKER_MAX = 16,
};

#define SPEAKS                                                                 \
 (LEX_PERSON | LEX_ANIMAL | LEX_VOICE | LEX_PRON_SUBJECT | LEX_NAME)

struct cue {
    bool spoken, shown;
    struct range speaker;
};

static bool is_word(const struct scan *s, size_t i)
{
    return s->toks[i].kind == TOK_WORD && !s->toks[i].quoted &&
           !s->toks[i].anchor;
}

/* A token that a noun phrase does not reach across. */
static bool bounds_phrase(const struct scan *s, size_t i)
{
    const struct tok *k = &s->toks[i];

    if (!is_word(s, i))
        return true;
    return (k->flags & (LEX_CONJ | LEX_SUBORD) && !(k->flags & LEX_DET)) ||
           tok_role(s, i, ROLE_BOUND);
}

static bool speaks(const struct scan *s, struct range r)
{
    for (size_t i = r.first; i < r.end; i++)
        if (tok_has(s, i, SPEAKS))
            return true;
    return false;
}

static bool writes(const struct scan *s, struct range r)
{
    bool writing = false;

    for (size_t i = r.first; i < r.end; i++) {
        const struct tok *k = &s->toks[i];

        if (k->flags & LEX_PREP && !tok_role(s, i, ROLE_ON))
            break;
        if (k->flags & (LEX_PERSON | LEX_PRON_SUBJECT))
            return false;
        writing = writing || k->flags & LEX_WRITING ||
                  (k->phrase && k->phrase->flags & LEX_WRITING);
    }
    return writing;
}

/* "a voice is heard saying", "a man can be seen shouting": the end of what
 * stands before the auxiliary. */
static size_t before_heard(const struct scan *s, size_t least, size_t end)
{
    size_t i = end;

    if (i == least || !tok_has(s, i - 1, LEX_V_PAST) ||
        tok_has(s, i - 1, LEX_NOUN))
        return end;
    i--;
    while (i > least && is_word(s, i - 1) && tok_has(s, i - 1, LEX_AUX))
        i--;
    return end - i > 1 ? i : end;
}

/* The noun phrase that ends before token end, at or behind least. */
static struct range phrase_before(const struct scan *s, size_t least,
                                  size_t end)
{
    size_t first;
    bool participle = false;

    while (end > least && is_word(s, end - 1) &&
           tok_has(s, end - 1, LEX_ADV | LEX_AUX) &&
           !tok_has(s, end - 1, LEX_NOUN | LEX_PRON_SUBJECT))
        end--;
    end = before_heard(s, least, end);
    first = end;
    while (first > least && end - first < SPEAKER_MAX &&
           !bounds_phrase(s, first - 1)) {
        const struct tok *k = &s->toks[first - 1];

        if (k->finite & (FINITE_S | FINITE_AUX | FINITE_BASE))
            break;
        if (k->flags & LEX_V_ING && !(k->flags & LEX_NOUN)) {
            if (speaks(s, (struct range){(uint32_t)first, (uint32_t)end}))
                break;
            participle = true;
        }
        first--;
    }
    while (!participle && first < end &&
           tok_has(s, first, LEX_PREP | LEX_ADV) &&
           !tok_has(s, first, LEX_DET | LEX_PRON_SUBJECT | LEX_NOUN))
        first++;
    return (struct range){(uint32_t)first, (uint32_t)end};
}

/* Cut a phrase that holds a preposition down to where a speaker begins: "to a
 * woman in red" is "a woman in red", "the camera cuts to" was bounded before. */
static struct range from_speaker(const struct scan *s, struct range r)
{
    uint32_t i = r.first;

    while (i < r.end && !tok_has(s, i, SPEAKS))
        i++;
    if (i == r.end)
        return r;
    for (uint32_t k = i; k > r.first; k--) {
        if (tok_has(s, k - 1, LEX_PREP) && !tok_has(s, k - 1, LEX_DET))
            return (struct range){k, r.end};
    }
    return r;
}

/* The claim that a token lies in, or NULL. */
static const struct text_claim *claim_of(const struct scan *s, size_t i)
{
    size_t low = 0, high = s->t->n_claims;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (s->claims[mid].end <= i)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->t->n_claims && s->claims[low].first <= i
               ? &s->t->claims[low]
               : NULL;
}

/* The subject that the clause of token i took over, as tokens. */
static struct range carried(const struct scan *s, size_t i)
{
    const struct text_claim *c = claim_of(s, i);
    struct range r = {0, 0};
    size_t first;

    if (!c || c->subject.n == 0)
        return r;
    first = tok_at(s, c->subject.at);
    if (first == SIZE_MAX)
        return r;
    r.first = r.end = (uint32_t)first;
    while (r.end < s->n_toks &&
           s->toks[r.end].at < c->subject.at + c->subject.n)
        r.end++;
    while (r.end > r.first && tok_has(s, r.end - 1, LEX_AUX))
        r.end--;
    return r;
}

/* Who the verb at i has as its subject. */
static struct range subject_before(const struct scan *s, size_t least, size_t i)
{
    struct range r;

    if (i > least && s->toks[i - 1].kind == TOK_COMMA) {
        /* "A man, wearing a hat, says": over the part between commas. */
        size_t k = i - 1;

        while (k > least && i - k < LOOK_BACK &&
               s->toks[k - 1].kind != TOK_COMMA)
            k--;
        if (k > least)
            i = k - 1;
        else
            i--;
    }
    if (i > least && tok_role(s, i - 1, ROLE_RELATIVE))
        i--;
    /* Chinese: two verbs of speech in a row. */
    while (i > least && tok_has(s, i - 1, LEX_SAYS_ELSEWHERE))
        i--;
    r = phrase_before(s, least, i);
    if (r.first == r.end)
        r = carried(s, i);
    return from_speaker(s, r);
}

/* A verb of speech; "is called “…”" is a name, not something said. */
static bool is_saying(const struct scan *s, size_t i)
{
    if (!is_word(s, i) || !tok_has(s, i, LEX_SAY | LEX_SAYS_ELSEWHERE))
        return false;
    if (tok_has(s, i, LEX_SAYS_ELSEWHERE))
        return true;
    /* "in a low voice" */
    if (tok_has(s, i, LEX_NOUN) && !s->toks[i].finite && i > 0 &&
        tok_has(s, i - 1, LEX_DET | LEX_ADJ) && is_word(s, i - 1))
        return false;
    if (tok_has(s, i, LEX_V_PAST) && i > 0 && tok_role(s, i - 1, ROLE_PASSIVE))
        return false;
    return tok_has(s, i, LEX_VERB);
}

static bool is_showing(const struct scan *s, size_t i)
{
    return is_word(s, i) && tok_has(s, i, LEX_SHOW) && tok_has(s, i, LEX_VERB);
}

/* The beginning of what may belong to a quote: of its sentence, or behind the
 * quote before. */
static size_t reach_back(const struct scan *s, size_t q)
{
    size_t least = s->sentences[s->t->quotes[q].sentence].first;
    size_t first = s->quotes[q].first;

    if (q > 0 && s->quotes[q - 1].end > least)
        least = s->quotes[q - 1].end;
    if (first - least > LOOK_BACK)
        least = first - LOOK_BACK;
    return least;
}

/* "Man: …", "a man's voice: …", "the words “…”". */
static bool noun_cue(const struct scan *s, size_t least, size_t first,
                     struct cue *cue)
{
    size_t end = first;
    struct range r;

    if (end > least && s->toks[end - 1].kind == TOK_COLON)
        end--;
    if (end == least)
        return false;
    r = phrase_before(s, least, end);
    if (r.first == r.end || is_saying(s, r.end - 1))
        return false;
    if (writes(s, r)) {
        cue->shown = true;
        return true;
    }
    if (end < first && speaks(s, r)) {
        cue->spoken = true;
        cue->speaker = from_speaker(s, r);
        return true;
    }
    return false;
}

/* The noun phrase behind a verb: "says the man in red". */
static struct range phrase_behind(const struct scan *s, size_t i, size_t end)
{
    size_t first = i;

    while (i < end && i - first < SPEAKER_MAX && !bounds_phrase(s, i) &&
           !(tok_has(s, i, LEX_V_ING) && !tok_has(s, i, LEX_NOUN)) &&
           !tok_has(s, i, LEX_ADV))
        i++;
    return (struct range){(uint32_t)first, (uint32_t)i};
}

/* The verb at i says or shows the quote that begins at token first. */
static void settle(const struct scan *s, size_t least, size_t i, size_t first,
                   struct cue *cue)
{
    bool says = is_saying(s, i);
    struct range r = subject_before(s, least, i);

    /* "a man holding a sign that reads": the sign does. */
    if (i > least + 1 && tok_role(s, i - 1, ROLE_THAT) &&
        tok_has(s, i - 2, LEX_WRITING))
        r.first = (r.end = (uint32_t)i - 1) - 1;
    if (writes(s, r) || (!says && !speaks(s, r))) {
        cue->shown = true;
        return;
    }
    /* "“…,” said the king, “…”" */
    if (r.first == r.end && i == least)
        r = phrase_behind(s, i + 1, first);
    cue->spoken = true;
    cue->speaker = r;
}

static bool cue_before(const struct scan *s, size_t q, struct cue *cue)
{
    size_t least = reach_back(s, q), first = s->quotes[q].first;
    bool set_off = first > least && (s->toks[first - 1].kind == TOK_COMMA ||
                                     s->toks[first - 1].kind == TOK_COLON);

    if (noun_cue(s, least, first, cue))
        return true;
    for (size_t i = first; i-- > least;) {
        if (s->toks[i].kind == TOK_SEMICOLON)
            break;
        if (is_saying(s, i) ||
            (is_showing(s, i) && (!speaks(s, subject_before(s, least, i)) ||
                                  tok_role(s, i, ROLE_READ)))) {
            settle(s, least, i, first, cue);
            return true;
        }
        /* "asks if she is “okay”": the quote belongs to another verb. */
        if (!set_off && s->toks[i].finite & (FINITE_S | FINITE_AUX))
            break;
    }
    return false;
}

static bool cue_behind(const struct scan *s, size_t q, struct cue *cue)
{
    size_t end = s->sentences[s->t->quotes[q].sentence].end;
    size_t first = s->quotes[q].end;
    struct range r;

    if (first < end && s->toks[first].kind == TOK_COMMA)
        first++;
    for (size_t i = first; i < end && i < first + LOOK_AHEAD; i++) {
        if (!is_word(s, i) || (bounds_phrase(s, i) && i > first))
            return false;
        if (!is_saying(s, i) || tok_has(s, i, LEX_V_ING))
            continue;
        if (i == first) {
            r = phrase_behind(s, i + 1, end);
            if (!speaks(s, r) && !tok_has(s, i, LEX_SAYS_ELSEWHERE))
                return false;
        } else {
            r = (struct range){(uint32_t)first, (uint32_t)i};
            while (r.end > r.first && tok_has(s, r.end - 1, LEX_ADV))
                r.end--;
            if (!speaks(s, r) && !tok_has(s, r.first, LEX_DET))
                return false;
        }
        cue->spoken = true;
        cue->speaker = r;
        return true;
    }
    return false;
}

/* A quote right behind another one, with only "and" or a comma between, is
 * what the same speaker goes on to say. */
static bool goes_on(const struct scan *s, size_t q)
{
    size_t from;

    if (q == 0 || s->t->quotes[q - 1].sentence != s->t->quotes[q].sentence)
        return false;
    from = s->quotes[q - 1].end;
    if (s->quotes[q].first - from > LOOK_AHEAD)
        return false;
    for (size_t i = from; i < s->quotes[q].first; i++)
        if (s->toks[i].kind == TOK_WORD &&
            !tok_has(s, i, LEX_CONJ | LEX_ADV | LEX_CONNECT))
            return false;
    return true;
}

static void give_speaker(struct scan *s, size_t i, const struct cue *cue)
{
    struct text_quote *q = &s->t->quotes[i];
    struct range r = cue->speaker;

    q->spoken = cue->spoken;
    if (!cue->spoken || r.first >= r.end)
        return;
    q->speaker.at = s->toks[r.first].at;
    q->speaker.n = tok_end(&s->toks[r.end - 1]) - q->speaker.at;
}

/* "“…,” he says, “…”": the cue between two quotes belongs to both. */
static void find_speaker(struct scan *s, size_t i)
{
    struct cue cue = {false, false, {0, 0}};

    if (cue_behind(s, i, &cue) && !cue_before(s, i, &cue)) {
        give_speaker(s, i, &cue);
        return;
    }
    cue = (struct cue){false, false, {0, 0}};
    if (cue_before(s, i, &cue) || cue_behind(s, i, &cue)) {
        give_speaker(s, i, &cue);
    } else if (goes_on(s, i)) {
        s->t->quotes[i].spoken = s->t->quotes[i - 1].spoken;
        s->t->quotes[i].speaker = s->t->quotes[i - 1].speaker;
    } else if (s->hint == ATTRIBUTE_SPEECH) {
        s->t->quotes[i].spoken = true;
    }
}

void scan_speakers(struct scan *s)
{
    for (size_t i = 0; i < s->t->n_quotes; i++)
        find_speaker(s, i);
}
