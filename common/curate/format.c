/* The format pass: symbols, repetition, anchors. */
#include "asid/curate/format.h"

#include <stdlib.h>
#include <string.h>

#include "asid/base/utf8.h"

const struct format_rule FORMAT_RULE_DEFAULT = {.anchors = false, .kept = 0.2};

/* --- symbols ----------------------------------------------------------------*/

/* Characters that nobody sees, or that only tell of an accident. */
static bool is_junk(uint32_t cp)
{
    return (cp < 0x20 && cp != '\n' && cp != '\t') || cp == 0x7f ||
           (cp >= 0x80 && cp < 0xa0) || cp == 0xfffd || cp == 0xfeff ||
           cp == 0x200b || (cp >= 0x200e && cp <= 0x200f) ||
           (cp >= 0x202a && cp <= 0x202e) || cp == 0x2060 ||
           (cp >= 0x2066 && cp <= 0x2069) || (cp >= 0xe000 && cp <= 0xf8ff);
}

/* Length of a special token at p ("<|im_end|>"), or 0. */
static size_t special_token(struct str rest)
{
    enum { LONGEST = 40 };

    if (!str_starts(rest, "<|"))
        return 0;
    for (size_t i = 2; i + 1 < rest.n && i < LONGEST; i++) {
        char c = rest.p[i];

        if (c == '|' && rest.p[i + 1] == '>')
            return i > 2 ? i + 2 : 0;
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (c >= '0' && c <= '9')))
            return 0;
    }
    return 0;
}

/* Length of Markdown at the start of a line: "## ", "- ", "* ", "> ", or 0.
 * A dash with words on both sides is none. */
static size_t line_mark(struct str rest)
{
    size_t i = 0;

    while (i < rest.n && i < 6 && rest.p[i] == '#')
        i++;
    if (i > 0 && i < rest.n && rest.p[i] == ' ')
        return i + 1;
    if (rest.n > 1 &&
        (rest.p[0] == '-' || rest.p[0] == '*' || rest.p[0] == '>') &&
        rest.p[1] == ' ')
        return 2;
    return 0;
}

/* Length of an emphasis mark: "**" or "__" or "`", or 0. A single star or
 * underscore may be anything. */
static size_t emphasis(struct str rest)
{
    if (str_starts(rest, "**") || str_starts(rest, "__"))
        return 2;
    return rest.n && rest.p[0] == '`' ? 1 : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One paragraph: blanks of all kinds become single spaces. */
struct line {
    struct buf out;
    bool start; /* of a line of the original */
    size_t symbols;
};

static void add_blank(struct line *l, char c)
{
    if (l->out.n && l->out.p[l->out.n - 1] != ' ')
        buf_char(&l->out, ' ');
    l->start |= c == '\n';
}

/* Bytes of junk at the start of rest, or 0. */
static size_t junk_at(const struct line *l, struct str rest)
{
    size_t n = special_token(rest);
    uint32_t cp = 0;
    unsigned used;

    if (n == 0 && l->start)
        n = line_mark(rest);
    if (n == 0)
        n = emphasis(rest);
    if (n)
        return n;
    used = utf8_decode(rest.p, rest.n, &cp);
    BUG_IF(used == 0); /* texts of a record are UTF-8 */
    return is_junk(cp) && cp != '\r' ? used : 0;
}

static void copy_clean(struct line *l, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        struct str rest = {text.p + i, text.n - i};
        uint32_t cp = 0;
        size_t n;

        if (is_blank(text.p[i])) {
            add_blank(l, text.p[i++]);
            continue;
        }
        n = junk_at(l, rest);
        if (n) {
            l->symbols++;
            i += n;
            continue;
        }
        n = utf8_decode(rest.p, rest.n, &cp);
        buf_add(&l->out, rest.p, n);
        l->start = false;
        i += n;
    }
    while (l->out.n && l->out.p[l->out.n - 1] == ' ')
        l->out.n--;
}

static struct str clean_symbols(struct arena *a, struct str text,
                                size_t *symbols)
{
    struct line l = {.start = true};
    struct str out;

    buf_init(&l.out, text.n + 1);
    copy_clean(&l, text);
    out = (struct str){arena_strndup(a, l.out.p ? l.out.p : "", l.out.n),
                       l.out.n};
    *symbols = l.symbols;
    buf_release(&l.out);
    return out;
}

/* --- cutting ----------------------------------------------------------------*/

/* Text with spans taken out or replaced; spans ascending and apart. */
struct cut {
    struct span at;
    struct str now; /* n 0: taken out */
};

struct cuts {
    struct arena *a;
    struct cut *list;
    size_t n, room;
};

static void add_cut(struct cuts *c, struct span at, struct str now)
{
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        struct cut *more = arena_array(c->a, room, sizeof *more);

        if (c->n)
            memcpy(more, c->list, c->n * sizeof *more);
        c->list = more;
        c->room = room;
    }
    c->list[c->n++] = (struct cut){at, now};
}

static struct str apply(const struct cuts *c, struct str text)
{
    struct str out;
    struct buf b;
    size_t at = 0;

    if (c->n == 0)
        return text;
    buf_init(&b, SIZE_MAX / 2);
    for (size_t i = 0; i < c->n; i++) {
        const struct cut *cut = &c->list[i];

        buf_add(&b, text.p + at, cut->at.at - at);
        buf_str(&b, cut->now);
        at = cut->at.at + cut->at.n;
        /* Two blanks are not left where something stood between them. */
        while (cut->now.n == 0 && at < text.n && text.p[at] == ' ' &&
               (b.n == 0 || b.p[b.n - 1] == ' '))
            at++;
    }
    buf_add(&b, text.p + at, text.n - at);
    while (b.n && b.p[b.n - 1] == ' ')
        b.n--;
    out = (struct str){arena_strndup(c->a, b.p ? b.p : "", b.n), b.n};
    buf_release(&b);
    return out;
}

/* --- repetition -------------------------------------------------------------*/

/* Sentences by what they say: a hash of their folded words. */
struct said {
    uint64_t *table;
    size_t room;
};

static bool said_before(struct said *s, uint64_t hash)
{
    size_t i = (size_t)hash & (s->room - 1);

    hash += hash == 0; /* 0 marks a free place */
    while (s->table[i] && s->table[i] != hash)
        i = (i + 1) & (s->room - 1);
    if (s->table[i])
        return true;
    s->table[i] = hash;
    return false;
}

static bool in_anchor(const struct text *t, size_t *anchor, struct span word)
{
    while (*anchor < t->n_anchors &&
           t->anchors[*anchor].at.at + t->anchors[*anchor].at.n <= word.at)
        (*anchor)++;
    return *anchor < t->n_anchors && word.at >= t->anchors[*anchor].at.at;
}

/* Sentences of fewer words may well be meant twice: "No." "He nods." */
enum { SENTENCE_WORDS = 4 };

static void cut_sentences(const struct text *t, struct cuts *cuts)
{
    size_t room = 16, word = 0, anchor = 0;
    struct said said;

    while (room < 2 * t->n_sentences)
        room *= 2;
    said = (struct said){arena_array(cuts->a, room, sizeof *said.table), room};
    for (size_t i = 0; i < t->n_sentences; i++) {
        struct span s = t->sentences[i];
        uint64_t hash = 14695981039346656037u;
        size_t n = 0;

        for (; word < t->n_words && t->words[word].at.at < s.at + s.n; word++) {
            if (in_anchor(t, &anchor, t->words[word].at))
                continue;
            hash = (hash ^ t->words[word].folded) * 1099511628211u;
            n++;
        }
        if (n >= SENTENCE_WORDS && said_before(&said, hash))
            add_cut(cuts, s, STR(""));
    }
}

enum { RUN_WORDS = 12, RUN_TIMES = 3 };

/* How often the n words from `first` on come again at once. */
static size_t times_repeated(const struct text *t, size_t first, size_t n)
{
    size_t times = 1;

    for (size_t at = first + n; at + n <= t->n_words; at += n, times++) {
        for (size_t i = 0; i < n; i++)
            if (t->words[at + i].folded != t->words[first + i].folded)
                return times;
    }
    return times;
}

/* "very very very very": the first of a run stays. Quoted words are what
 * somebody said; he may well have said them so. */
static void cut_runs(const struct text *t, struct cuts *cuts)
{
    for (size_t i = 0; i < t->n_words;) {
        size_t n = 1, times = 0;

        for (; n <= RUN_WORDS && !t->words[i].quoted; n++) {
            times = times_repeated(t, i, n);
            if (times >= RUN_TIMES)
                break;
        }
        if (times >= RUN_TIMES && n <= RUN_WORDS) {
            struct span keep = t->words[i + n - 1].at;
            struct span last = t->words[i + n * times - 1].at;
            size_t from = keep.at + keep.n;

            add_cut(cuts, (struct span){from, last.at + last.n - from},
                    STR(""));
            i += n * times;
        } else {
            i++;
        }
    }
}

static struct str without_repeats(const struct text_rules *rules,
                                  struct arena *a, struct str text,
                                  size_t *repeats)
{
    struct cuts cuts = {.a = a};
    struct str out;

    cut_sentences(text_analyse(rules, a, text, ATTRIBUTE_NONE), &cuts);
    *repeats = cuts.n;
    out = apply(&cuts, text);
    cuts = (struct cuts){.a = a};
    cut_runs(text_analyse(rules, a, out, ATTRIBUTE_NONE), &cuts);
    *repeats += cuts.n;
    return apply(&cuts, out);
}

/* --- anchors ----------------------------------------------------------------*/

static struct str canonical_anchors(const struct text_rules *rules,
                                    struct arena *a, struct str text,
                                    size_t *anchors)
{
    const struct text *t = text_analyse(rules, a, text, ATTRIBUTE_NONE);
    struct cuts cuts = {.a = a};

    for (size_t i = 0; i < t->n_anchors; i++) {
        const struct text_anchor *anchor = &t->anchors[i];
        struct str was = span_of(text, anchor->at);
        struct str now = text_anchor_format(a, anchor->start, anchor->end);

        if (anchor->whole)
            continue;
        /* Inside a sentence an anchor begins with a small letter. */
        if (!anchor->leads && now.n && was.n && was.p[0] >= 'a' &&
            was.p[0] <= 'z') {
            char *small = arena_strndup(a, now.p, now.n);

            small[0] = (char)(small[0] | 0x20);
            now.p = small;
        }
        if (str_eq(was, now))
            continue;
        /* "(0:05) It rains" was set off by its brackets. */
        if (anchor->leads && was.n && strchr("([", was.p[0]))
            now = str_of(arena_printf(a, "%.*s,", (int)now.n, now.p));
        add_cut(&cuts, anchor->at, now);
    }
    *anchors = cuts.n;
    return apply(&cuts, text);
}

/* --- the pass ---------------------------------------------------------------*/

void format_text(const struct text_rules *rules, struct arena *a,
                 const struct format_rule *rule, struct str text,
                 struct format_result *out)
{
    struct format_result r = {.text = text};
    size_t before, after;

    r.text = clean_symbols(a, text, &r.symbols);
    if (str_eq(r.text, text))
        r.text = text;
    before = text_analyse(rules, a, r.text, ATTRIBUTE_NONE)->n_words;
    r.text = without_repeats(rules, a, r.text, &r.repeats);
    after = r.repeats ? text_analyse(rules, a, r.text, ATTRIBUTE_NONE)->n_words
                      : before;
    if (rule->anchors)
        r.text = canonical_anchors(rules, a, r.text, &r.anchors);
    r.collapsed = (double)after < rule->kept * (double)before ||
                  (text.n > 0 && r.text.n == 0);
    *out = r;
}

struct pass {
    const struct text_rules *rules;
    struct arena *a;
    const struct format_rule *rule;
    const char *stage;
    struct json *record;
    bool changed;
};

static void note(const struct pass *p, enum attribute attribute,
                 const struct format_result *r, struct str was)
{
    const struct {
        const char *code, *message;
        size_t n;
    } notes[] = {
        {"format.symbols", "characters that do not belong into a caption",
         r->symbols},
        {"format.repetition", "repeats were removed", r->repeats},
        {"format.time", "anchors were rewritten", r->anchors},
    };

    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct json *finding;

        if (notes[i].n == 0)
            continue;
        finding =
            finding_add(p->a, p->record, p->stage, notes[i].code, attribute, -1,
                        "%s: %zu", notes[i].message, notes[i].n);
        json_set(p->a, finding, "was", json_new_str(p->a, was));
        json_set(p->a, finding, "now", json_new_str(p->a, r->text));
        json_set_bool(p->a, finding, "repaired", true);
    }
}

/* Clean one text of the record; holder[key] gets what it became. */
static enum asid_rc format_one(struct pass *p, struct json *holder,
                               const char *key, enum attribute attribute,
                               struct asid_err *err)
{
    const struct json *v = json_get(holder, key);
    struct format_result r;
    struct str text;

    if (!v || json_type(v) != JSON_STRING || json_str(v).n == 0)
        return ASID_OK;
    text = json_str(v);
    format_text(p->rules, p->a, p->rule, text, &r);
    if (r.collapsed)
        return REJECT(err, "format.collapsed",
                      "%s: the text repeats itself until almost nothing is "
                      "left",
                      attribute == ATTRIBUTE_NONE ? "caption"
                                                  : attribute_keys[attribute]);
    if (str_eq(r.text, text))
        return ASID_OK;
    note(p, attribute, &r, text);
    json_set(p->a, holder, key, json_new_str(p->a, r.text));
    p->changed = true;
    return ASID_OK;
}

enum asid_rc format_record(const struct text_rules *rules, struct arena *a,
                           const struct format_rule *rule, const char *stage,
                           struct json *record, bool *changed,
                           struct asid_err *err)
{
    struct pass p = {
        .rules = rules, .a = a, .rule = rule, .stage = stage, .record = record};

    for (int k = 0; k < ATTRIBUTES; k++) {
        struct json *attribute = record_attribute(record, (enum attribute)k);

        if (attribute)
            TRY(format_one(&p, attribute, "text", (enum attribute)k, err));
    }
    TRY(format_one(&p, record, "caption", ATTRIBUTE_NONE, err));
    if (changed)
        *changed = p.changed;
    return ASID_OK;
}
