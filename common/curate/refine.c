/* Refinement without a model: claims, texts, caption. */
#include "asid/curate/refine.h"

#include <math.h>
#include <string.h>

#include "asid/text/similar.h"

/* --- collecting ------------------------------------------------------------*/

static struct str text_of(const struct json *claim)
{
    const struct json *text = json_get(claim, "text");

    return text && json_type(text) == JSON_STRING ? json_str(text) : STR("");
}

static bool is_verdict(const struct json *claim, const char *wanted)
{
    const char *verdict = json_text(json_get(claim, "verdict"));

    return verdict && strcmp(verdict, wanted) == 0;
}

static void add_item(struct refine_item *items, size_t *n, enum refine_why why,
                     enum attribute key, struct json *claim)
{
    struct refine_item *item = &items[(*n)++];

    *item = (struct refine_item){
        .why = why, .attribute = key, .claim = claim, .was = text_of(claim)};
    claim_times(claim, &item->start, &item->end);
}

size_t refine_collect(struct arena *a, const struct json *record,
                      struct refine_item **items)
{
    size_t most = 0, n = 0;

    for (int k = 0; k < ATTRIBUTES; k++) {
        const struct json *o = record_attribute(record, (enum attribute)k);

        most += json_count(json_get(o, "claims")) +
                json_count(json_get(o, "missing"));
    }
    *items = arena_array(a, most, sizeof **items);
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        const struct json *o = record_attribute(record, key);

        json_each(claim, json_get(o, "claims")) {
            bool open = json_count(json_get(claim, "alternatives")) > 0;

            if (is_verdict(claim, "refuted") && !open)
                add_item(*items, &n, REFINE_WRONG, key, claim);
            else if (is_verdict(claim, "supported") && open)
                add_item(*items, &n, REFINE_DECIDED, key, claim);
        }
        json_each(claim, json_get(o, "missing")) {
            if (is_verdict(claim, "supported"))
                add_item(*items, &n, REFINE_MISSING, key, claim);
        }
    }
    return n;
}

static double p_of(const struct json *claim)
{
    double p;

    return json_f64(json_get(claim, "p"), &p) ? p : (double)NAN;
}

struct refine_tally refine_count(const struct json *record)
{
    struct refine_tally t = {0};

    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;

        json_each(claim, json_get(record_attribute(record, key), "claims")) {
            size_t n = 0;

            if (is_verdict(claim, "supported"))
                t.judged++;
            if (!is_verdict(claim, "refuted"))
                continue;
            t.judged++;
            t.refuted++;
            if (!t.worst.claim || p_of(claim) < p_of(t.worst.claim))
                add_item(&t.worst, &n, REFINE_WRONG, key, claim);
        }
    }
    return t;
}

/* --- claims ----------------------------------------------------------------*/

struct work {
    const struct text_rules *rules;
    struct arena *a;
    const char *stage;
    struct json *record;
    struct refine_item *items;
    size_t n;
};

static struct json *list_of(struct arena *a, struct json *object,
                            const char *key)
{
    struct json *list = json_get(object, key);

    if (!list || json_type(list) != JSON_ARRAY) {
        list = json_new_array(a);
        json_set(a, object, key, list);
    }
    return list;
}

static void add_dropped(struct work *w, struct json *claim, struct str text,
                        const struct json *sources, const char *reason)
{
    struct json *entry = json_new_object(w->a);

    json_set(w->a, entry, "text", json_new_str(w->a, text));
    if (sources)
        json_set(w->a, entry, "sources", json_copy(w->a, sources));
    json_set_text(w->a, entry, "reason", reason);
    json_append(list_of(w->a, claim, "dropped"), entry);
}

/* What the refining stage says itself has the stage as its source. */
static void set_source(struct work *w, struct json *claim)
{
    struct json *names = json_new_array(w->a);

    json_append(names, json_new_text(w->a, w->stage));
    json_set(w->a, claim, "sources", names);
}

static ptrdiff_t index_of(const struct json *list, const struct json *claim)
{
    ptrdiff_t i = 0;

    json_each(item, list) {
        if (item == claim)
            return i;
        i++;
    }
    return -1;
}

/* Findings count claims; a claim that goes moves those behind it. */
static void renumber(struct work *w, enum attribute key, int64_t gone)
{
    json_each(finding, json_get(w->record, "findings")) {
        struct json *number = json_get(finding, "claim");
        const char *attribute = json_text(json_get(finding, "attribute"));
        int64_t claim;

        if (!attribute || strcmp(attribute, attribute_keys[key]) != 0 ||
            !number || !json_i64(number, &claim))
            continue;
        if (claim == gone)
            json_unlink(number);
        else if (claim > gone)
            json_set_i64(w->a, finding, "claim", claim - 1);
    }
}

static void note(struct work *w, const struct refine_item *item,
                 const char *code, ptrdiff_t claim, const char *message)
{
    struct json *finding =
        finding_add(w->a, w->record, w->stage, code, item->attribute, claim,
                    "%s: " STR_FMT, message, STR_ARG(item->was));

    json_set(w->a, finding, "was",
             item->why == REFINE_WRONG ? json_new_str(w->a, item->was)
                                       : json_new_null(w->a));
    json_set(w->a, finding, "now", json_new_nonempty(w->a, item->now));
    json_set_bool(w->a, finding, "repaired", true);
}

static void change_wrong(struct work *w, struct refine_item *item,
                         struct json *object, struct json *claims)
{
    ptrdiff_t index = index_of(claims, item->claim);

    if (item->now.n) {
        add_dropped(w, item->claim, item->was, json_get(item->claim, "sources"),
                    "refuted");
        json_set(w->a, item->claim, "text", json_new_str(w->a, item->now));
        set_source(w, item->claim);
        note(w, item, "refine.rewritten", index, "refuted, and said anew");
        return;
    }
    json_unlink(item->claim);
    json_append(list_of(w->a, object, "removed"), item->claim);
    renumber(w, item->attribute, index);
    note(w, item, "refine.removed", -1, "refuted, and removed");
}

/* The readings that lost are kept; the claim is one like any other now. */
static void settle(struct work *w, struct json *claim, struct str winner)
{
    struct json *readings = json_get(claim, "alternatives");

    json_each(reading, readings) {
        if (!str_eq(text_of(reading), winner))
            add_dropped(w, claim, text_of(reading),
                        json_get(reading, "sources"),
                        "decided by the verifier");
    }
    json_unlink(readings);
}

static void change_claims(struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct refine_item *item = &w->items[i];
        struct json *object =
            record_attribute_make(w->a, w->record, item->attribute);
        struct json *claims = list_of(w->a, object, "claims");

        switch (item->why) {
        case REFINE_WRONG:
            change_wrong(w, item, object, claims);
            continue;
        case REFINE_DECIDED:
            settle(w, item->claim, item->was);
            break;
        case REFINE_MISSING:
            json_unlink(item->claim);
            json_append(claims, item->claim);
            if (json_count(json_get(object, "missing")) == 0)
                json_unlink(json_get(object, "missing"));
            break;
        }
        item->now = item->was;
        note(w, item, "refine.added", index_of(claims, item->claim),
             item->why == REFINE_MISSING ? "was missing" : "was in dispute");
    }
}

/* --- texts -----------------------------------------------------------------*/

/* What the items do to one text; key NONE: all of them. */
static struct repair *repairs_for(const struct work *w, enum attribute key,
                                  size_t *n)
{
    struct repair *list = arena_array(w->a, w->n, sizeof *list);

    *n = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct refine_item *item = &w->items[i];
        struct repair *r;

        if (key != ATTRIBUTE_NONE && item->attribute != key)
            continue;
        r = &list[(*n)++];
        r->was = item->was;
        r->now = item->now;
        r->start = item->start;
        r->end = isnan(item->end) ? item->start : item->end;
        r->kind = item->why != REFINE_WRONG ? REPAIR_ADD
                  : item->now.n             ? REPAIR_REPLACE
                                            : REPAIR_REMOVE;
    }
    return list;
}

static bool all_done(const struct repair *repairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!repairs[i].done)
            return false;
    return true;
}

/* Claims that the text is to assert. */
static size_t add_claims(struct work *w, const struct json *claims,
                         struct repair *out)
{
    size_t n = 0;

    json_each(claim, claims) {
        struct repair *r = &out[n];

        if (json_count(json_get(claim, "alternatives")) > 0)
            continue;
        *r = (struct repair){.kind = REPAIR_ADD, .now = text_of(claim)};
        claim_times(claim, &r->start, &r->end);
        if (isnan(r->end))
            r->end = r->start;
        n += r->now.n > 0;
    }
    (void)w;
    return n;
}

static struct str text_anew(struct work *w, enum attribute key)
{
    const struct json *claims =
        json_get(record_attribute(w->record, key), "claims");
    struct repair *list = arena_array(w->a, json_count(claims), sizeof *list);

    return repair_text(w->rules, w->a, STR(""), key, list,
                       add_claims(w, claims, list));
}

static struct str caption_anew(struct work *w)
{
    struct repair *list;
    size_t most = 0, n = 0;

    for (int k = 0; k < ATTRIBUTES; k++)
        most += json_count(
            json_get(record_attribute(w->record, (enum attribute)k), "claims"));
    list = arena_array(w->a, most, sizeof *list);
    for (int k = 0; k < ATTRIBUTES; k++)
        n += add_claims(
            w,
            json_get(record_attribute(w->record, (enum attribute)k), "claims"),
            list + n);
    return repair_text(w->rules, w->a, STR(""), ATTRIBUTE_NONE, list, n);
}

static void set_text(struct work *w, struct json *holder, const char *key,
                     struct str was, struct str now)
{
    if (str_eq(was, now))
        return;
    if (was.n && !json_get(holder, "draft"))
        json_set(w->a, holder, "draft", json_new_str(w->a, was));
    json_set(w->a, holder, key, json_new_str(w->a, now));
}

static void change_texts(struct work *w)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute key = (enum attribute)k;
        struct json *object = record_attribute(w->record, key);
        struct str was = record_attribute_text(w->record, key), now;
        size_t n;
        struct repair *repairs = repairs_for(w, key, &n);

        if (n == 0)
            continue;
        now = repair_text(w->rules, w->a, was, key, repairs, n);
        if (!all_done(repairs, n))
            now = text_anew(w, key);
        set_text(w, object, "text", was, now);
    }
}

/* Whether the text still says one of the claims that were wrong, in words of
 * its own. */
static bool still_says(const struct work *w, struct str text)
{
    static const double SAME = 0.9;
    const struct text *t = text_analyse(w->rules, w->a, text, ATTRIBUTE_NONE);

    for (size_t i = 0; i < w->n; i++) {
        const struct refine_item *item = &w->items[i];
        const struct text *wrong;

        if (item->why != REFINE_WRONG)
            continue;
        wrong = text_analyse(w->rules, w->a, item->was, item->attribute);
        for (size_t c = 0; wrong->n_claims > 0 && c < t->n_claims; c++)
            if (similar_claims(wrong, &wrong->claims[0], t, &t->claims[c])
                    .jaccard >= SAME)
                return true;
    }
    return false;
}

static void change_caption(struct work *w)
{
    struct str was = record_caption(w->record), now = was;
    size_t n;
    struct repair *repairs = repairs_for(w, ATTRIBUTE_NONE, &n);

    if (was.n)
        now = repair_text(w->rules, w->a, was, ATTRIBUTE_NONE, repairs, n);
    if (was.n == 0 || still_says(w, now))
        now = caption_anew(w);
    set_text(w, w->record, "caption", was, now);
}

void refine_apply(const struct text_rules *rules, struct arena *a,
                  const char *stage, struct json *record,
                  struct refine_item *items, size_t n)
{
    struct work w = {rules, a, stage, record, items, n};

    change_claims(&w);
    change_texts(&w);
    change_caption(&w);
}

/* --- the end ---------------------------------------------------------------*/

void refine_finish(struct json *record, struct arena *a)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        struct json *object = record_attribute(record, (enum attribute)k);
        bool wrong = json_count(json_get(object, "missing")) > 0;

        json_each(claim, json_get(object, "claims")) {
            wrong |= is_verdict(claim, "refuted") &&
                     json_count(json_get(claim, "alternatives")) == 0;
        }
        if (!object || wrong)
            continue;
        if (json_get(object, "draft") || is_verdict(object, "error") ||
            is_verdict(object, "missing"))
            json_set_text(a, object, "verdict", "refined");
        /* Everything that it said was wrong. */
        if (record_attribute_text(record, (enum attribute)k).n == 0)
            json_set_text(a, object, "verdict", "absent");
    }
}

/* --- answers ---------------------------------------------------------------*/

/* Without the quotation marks around all of it, or one at either end that has
 * no partner; marks around what is said in the sentence stay. */
static struct str strip_marks(struct str s, const char *open, const char *close)
{
    size_t o = strlen(open), c = strlen(close);
    bool opens = str_starts(s, open);
    bool closes = s.n >= o + c && str_ends(s, close);
    struct str inside = {s.p + (opens ? o : 0), s.n - (opens ? o : 0)};

    inside.n -= closes ? c : 0;
    if (opens && closes &&
        (!str_has(inside, open) || str_starts(inside, open) ||
         str_ends(inside, close)))
        return inside;
    if (opens != closes && !str_has(inside, opens ? close : open))
        return inside;
    return s;
}

static struct str strip_around(struct str s)
{
    static const char *const marks[][2] = {
        {"\"", "\""}, {"'", "'"}, {"\xe2\x80\x9c", "\xe2\x80\x9d"}};
    size_t before;

    do {
        s = str_trim(s);
        before = s.n;
        if (str_starts(s, "- ") || str_starts(s, "* "))
            s = (struct str){s.p + 2, s.n - 2};
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            s = strip_marks(s, marks[i][0], marks[i][1]);
    } while (s.n < before);
    return s;
}

static bool says_nothing(struct str folded)
{
    static const char *const nothing[] = {"none", "nothing", "no",
                                          "n a",  "na",      "not applicable"};

    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (str_is(folded, nothing[i]))
            return true;
    return folded.n == 0;
}

struct str refine_answer(const struct text_rules *rules, struct arena *a,
                         struct str answer)
{
    const struct text *t;
    struct str sentence;
    struct span s;

    answer = strip_around(answer);
    if (answer.n == 0 || says_nothing(similar_fold(rules, a, answer)))
        return STR("");
    t = text_analyse(rules, a, answer, ATTRIBUTE_NONE);
    if (t->n_sentences == 0)
        return STR("");
    s = t->sentences[0];
    for (size_t i = 0; i < t->n_anchors; i++) {
        size_t end = t->anchors[i].at.at + t->anchors[i].at.n;

        if (t->anchors[i].at.at == s.at && t->anchors[i].leads) {
            s.n -= end - s.at;
            s.at = end;
        }
    }
    sentence = span_of(answer, s);
    while (sentence.n && strchr(" ,:;", sentence.p[0]))
        sentence = (struct str){sentence.p + 1, sentence.n - 1};
    if (says_nothing(similar_fold(rules, a, sentence)))
        return STR("");
    if (sentence.p[0] >= 'a' && sentence.p[0] <= 'z') {
        char *copy = arena_strndup(a, sentence.p, sentence.n);

        copy[0] = (char)(copy[0] - 0x20);
        sentence.p = copy;
    }
    return sentence;
}
