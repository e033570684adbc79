/* Questions about claims, and what the answers mean. */
#include "asid/curate/verify.h"

#include <math.h>

#include "asid/base/hash.h"
#include "asid/base/num.h"

const char *const verify_verdicts[3] = {"supported", "refuted", "unsure"};

/* --- questions -------------------------------------------------------------- */

/* What a clip can have; NAN and whatever a file may claim is no time. */
static bool is_time(double seconds)
{
    return seconds >= 0 && seconds < 1e9;
}

/* Times that are written alike are one. */
static bool is_range(double start, double end)
{
    return is_time(end) && round(end * 100) > round(start * 100);
}

/* "There is a dog.", "Nobody speaks." */
static bool tells_what_is(struct str line)
{
    static const char *const begins[] = {"There is ", "There are ", "No ",
                                         "Nobody ", "Nothing "};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (str_starts(line, begins[i]))
            return true;
    return false;
}

/* "At 0s, it is night. There is a dog. Nobody speaks." tells how things are from
 * there on, not when they happen. */
static bool lasts(const struct text *t, struct str line)
{
    const struct text_claim *c = t->n_claims == 1 ? &t->claims[0] : NULL;

    if (!c || c->quote >= 0 || c->attribute == ATTRIBUTE_CAMERA)
        return false;
    return c->attribute == ATTRIBUTE_SCENE || tells_what_is(line);
}

struct str verify_statement(const struct text_rules *rules, struct arena *a,
                            struct str claim, double start, double end)
{
    struct str line = verify_line(a, claim);
    const struct text *t;

    if (!is_time(start) || line.n == 0 || line.n > VERIFY_CLAIM_MAX)
        return claim;
    /* What no word tells the attribute of is taken for a deed. */
    t = text_analyse(rules, a, line, ATTRIBUTE_ACTIONS);
    if (t->n_anchors > 0)
        return claim;
    if (start <= 0 && !is_range(start, end) && lasts(t, line))
        return claim;
    return text_timed(a, start, is_range(start, end) ? end : start, line,
                      t->n_words > 0 ? t->words : NULL);
}

struct str verify_line(struct arena *a, struct str text)
{
    char *out = arena_strndup(a, text.p, text.n);

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)out[i];

        if (c < 0x20 || c == 0x7f)
            out[i] = ' ';
    }
    return str_trim((struct str){out, text.n});
}

/* Without anything a server could take for a command. */
static struct str disarm(struct arena *a, struct str line)
{
    char *out = arena_bytes(a, 2 * line.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < line.n; i++) {
        out[n++] = line.p[i];
        if (line.p[i] == '<' && i + 1 < line.n && line.p[i + 1] == '|')
            out[n++] = ' ';
    }
    out[n] = '\0';
    return (struct str){out, n};
}

/* "#" and three hex digits of a hash; the next ones until the claim has them
 * not. Marks are short because every question pays for one; a claim has room
 * for a thousand of the 4096. */
static struct str find_mark(struct arena *a, struct str key, struct str claim)
{
    for (unsigned i = 0;; i++) {
        char hex[HASH_HEX], *text;
        struct str mark;

        text = arena_printf(a, "%u:" STR_FMT, i, STR_ARG(key));
        hash_text(str_of(text), hex);
        hex[3] = '\0';
        mark = str_of(arena_printf(a, "#%s", hex));
        if (!str_find(claim, mark))
            return mark;
    }
}

struct slots {
    struct str mark, claim, start, end;
};

static const struct str *slot_at(const struct slots *s, struct str rest,
                                 size_t *n)
{
    const struct {
        const char *name;
        const struct str *value;
    } all[] = {{"{mark}", &s->mark},
               {"{claim}", &s->claim},
               {"{start}", &s->start},
               {"{end}", &s->end}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (str_starts(rest, all[i].name)) {
            *n = strlen(all[i].name);
            return all[i].value;
        }
    }
    return NULL;
}

static struct str fill(struct arena *a, const struct slots *s,
                       struct str wording)
{
    struct str out;
    struct buf b;

    buf_init(&b, SIZE_MAX / 2);
    for (size_t i = 0; i < wording.n;) {
        struct str rest = {wording.p + i, wording.n - i};
        size_t n = 1;
        const struct str *value = slot_at(s, rest, &n);

        if (value)
            buf_str(&b, *value);
        else
            buf_char(&b, *rest.p);
        i += n;
    }
    out = (struct str){arena_strndup(a, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return out;
}

static struct str seconds(struct arena *a, double value)
{
    char space[32];

    if (!isfinite(value))
        return STR("");
    num_format(round(value * 100) / 100, space);
    return str_of(arena_strdup(a, space));
}

bool verify_question(struct arena *a, struct str wording, struct str key,
                     struct str claim, double start, double end,
                     struct verify_question *out)
{
    static const char slot[] = "{claim}";
    struct slots s = {.start = seconds(a, start), .end = seconds(a, end)};
    struct str head = wording, tail = {"", 0};
    const char *at;

    if (claim.n > VERIFY_CLAIM_MAX)
        return false;
    s.claim = disarm(a, verify_line(a, claim));
    if (s.claim.n == 0)
        return false;
    s.mark = find_mark(a, key, s.claim);
    at = str_find(wording, str_of(slot));
    if (at) {
        head.n = (size_t)(at - wording.p);
        tail = (struct str){at, wording.n - head.n};
    }
    out->stem = fill(a, &s, head);
    out->prompt = fill(a, &s, tail);
    return true;
}

/* --- what a probability means ------------------------------------------------ */

enum verify_verdict verify_verdict(const struct verify_rule *rule, double p)
{
    if (p >= rule->threshold + rule->unsure)
        return VERIFY_SUPPORTED;
    if (p < rule->threshold - rule->unsure ||
        (rule->unsure <= 0 && p < rule->threshold))
        return VERIFY_REFUTED;
    return VERIFY_UNSURE;
}

ptrdiff_t verify_winner(const struct verify_rule *rule, const double *p,
                        size_t n)
{
    ptrdiff_t best = -1;

    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]) && (best < 0 || p[i] > p[best]))
            best = (ptrdiff_t)i;
    if (best < 0 || verify_verdict(rule, p[best]) != VERIFY_SUPPORTED)
        return -1;
    for (size_t i = 0; i < n; i++)
        if ((ptrdiff_t)i != best && !isnan(p[i]) &&
            !(p[best] - p[i] >= 2 * rule->unsure && p[best] > p[i]))
            return -1;
    return best;
}
