/*
 * Who says it: the texts' descriptions against the labels of the transcript.
 *
 * Labels are hints. They are never written into a text, and a label that two
 * descriptions fit is no fault; only descriptions that cannot be of one person
 * are reported: a man and a woman, the first speaker and the second, Anna and
 * Ben.
 */
#include <string.h>

#include "align_int.h"

enum sex { SEX_UNKNOWN, SEX_MALE, SEX_FEMALE };

static const char *const male[] = {
    "he",      "man",     "men",    "boy",       "boys",        "male",
    "guy",     "guys",    "father", "dad",       "daddy",       "husband",
    "son",     "brother", "uncle",  "grandpa",   "grandfather", "gentleman",
    "king",    "prince",  "actor",  "waiter",    "businessman", "salesman",
    "fireman", "mr",      "sir",    "policeman", "anchorman",   "spokesman"};
static const char *const female[] = {
    "she",         "woman",       "women",         "girl",       "girls",
    "female",      "lady",        "ladies",        "mother",     "mom",
    "mum",         "mommy",       "wife",          "daughter",   "sister",
    "aunt",        "grandma",     "grandmother",   "queen",      "princess",
    "actress",     "waitress",    "businesswoman", "saleswoman", "bride",
    "mrs",         "ms",          "miss",          "madam",      "policewoman",
    "anchorwoman", "spokeswoman", "hostess"};
static const char *const ordinals[] = {"first", "second", "third", "fourth",
                                       "fifth"};

#define IN(list, word) in((list), sizeof(list) / sizeof((list)[0]), (word))

/* Index + 1 of a word in a list, without case; 0: it is not there. */
static size_t in(const char *const *list, size_t n, struct str word)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < word.n && list[i][k] != 0 &&
               (word.p[k] | 0x20) == list[i][k])
            k++;
        if (k == word.n && list[i][k] == 0)
            return i + 1;
    }
    return 0;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* What a description says about a person. */
struct person {
    enum sex sex;
    size_t ordinal;  /* 0: none */
    struct str name; /* n 0: none */
};

/* A lone capital at the head of a sentence says nothing. */
static struct str name_of(struct str phrase, bool leads)
{
    size_t capitals = 0, words = 0;

    for (size_t i = 0; i < phrase.n; i++) {
        if (!is_letter(phrase.p[i]) ||
            (i > 0 && (is_letter(phrase.p[i - 1]) || phrase.p[i - 1] == '\'')))
            continue;
        words++;
        capitals += phrase.p[i] >= 'A' && phrase.p[i] <= 'Z';
    }
    if (capitals == 0 || capitals < words || (leads && capitals == 1))
        return (struct str){"", 0};
    return phrase;
}

static struct person person_of(struct str phrase, bool leads)
{
    struct person p = {SEX_UNKNOWN, 0, {"", 0}};
    bool both = false;

    for (size_t i = 0; i < phrase.n;) {
        size_t from = i;
        struct str word;
        enum sex sex = SEX_UNKNOWN;

        while (i < phrase.n && is_letter(phrase.p[i]))
            i++;
        word = (struct str){phrase.p + from, i - from};
        i += i == from;
        if (word.n == 0)
            continue;
        sex = IN(male, word) ? SEX_MALE : IN(female, word) ? SEX_FEMALE : sex;
        both |= str_is(word, "and");
        if (p.sex == SEX_UNKNOWN)
            p.sex = sex;
        if (p.ordinal == 0)
            p.ordinal = IN(ordinals, word);
    }
    if (both)
        return (struct person){SEX_UNKNOWN, 0, {"", 0}};
    if (p.sex == SEX_UNKNOWN && p.ordinal == 0)
        p.name = name_of(phrase, leads);
    return p;
}

/* Names that share no word. */
static bool other_name(struct str a, struct str b)
{
    if (a.n == 0 || b.n == 0)
        return false;
    for (size_t i = 0; i < a.n;) {
        size_t from = i;

        while (i < a.n && a.p[i] != ' ')
            i++;
        if (str_find(b, (struct str){a.p + from, i - from}))
            return false;
        i++;
    }
    return true;
}

/* --- labels ------------------------------------------------------------------- */

enum { LABELS_MAX = 32 }; /* more are not told apart */

struct label {
    struct str name;
    size_t males, females;
    enum sex sex; /* of most; of the first when there are as many */
    size_t ordinal;
    struct str name_of;               /* n 0: none */
    struct str by_sex[3], by_ordinal; /* the first descriptions of each kind */
    bool reported;
};

struct labels {
    struct label list[LABELS_MAX];
    size_t n;
};

static struct str label_name(const struct align_text *t,
                             const struct align_said *s)
{
    const struct transcript *tr = t->speech->t;
    const struct align_match *m = &s->found->match;
    struct str first = {"", 0};

    if (!m->found)
        return first;
    for (size_t i = 0; i < m->n_parts; i++) {
        const struct align_part *p = &m->parts[i];

        for (size_t k = p->first_word; k < p->first_word + p->n_words; k++) {
            struct str name = tr->segments[tr->words[k].segment].speaker;

            if (first.n == 0)
                first = name;
            /* Spoken by two: says nothing about either. */
            if (!str_eq(first, name))
                return (struct str){"", 0};
        }
    }
    return first;
}

static struct label *label_of(struct labels *l, struct str name)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->list[i].name, name))
            return &l->list[i];
    if (l->n == LABELS_MAX)
        return NULL;
    l->list[l->n].name = name;
    return &l->list[l->n++];
}

/* A quote whose label and person are known. */
struct witness {
    struct align_text *t;
    const struct align_said *s;
    struct label *label;
    struct person person;
};

static bool look(struct align_text *t, const struct align_said *s,
                 struct labels *l, struct witness *w)
{
    bool leads =
        s->quote->speaker.at == t->text->sentences[s->quote->sentence].at;
    struct str name;

    if (s->speaker.n == 0)
        return false;
    name = label_name(t, s);
    if (name.n == 0)
        return false;
    *w = (struct witness){t, s, NULL, person_of(s->speaker, leads)};
    if (w->person.sex == SEX_UNKNOWN && w->person.ordinal == 0 &&
        w->person.name.n == 0)
        return false;
    w->label = label_of(l, name);
    return w->label != NULL;
}

static void learn(struct label *l, const struct person *p, struct str phrase)
{
    l->males += p->sex == SEX_MALE;
    l->females += p->sex == SEX_FEMALE;
    if (l->by_sex[p->sex].n == 0)
        l->by_sex[p->sex] = phrase;
    if (l->sex == SEX_UNKNOWN)
        l->sex = p->sex;
    if (l->ordinal == 0 && p->ordinal != 0) {
        l->ordinal = p->ordinal;
        l->by_ordinal = phrase;
    }
    if (l->name_of.n == 0)
        l->name_of = p->name;
}

/* What the label is called otherwise, if that cannot be this person; n 0: it
 * can. */
static struct str other_person(const struct label *l, const struct person *p)
{
    enum sex most = l->males == l->females  ? l->sex
                    : l->males > l->females ? SEX_MALE
                                            : SEX_FEMALE;

    if (p->sex != SEX_UNKNOWN && p->sex != most)
        return l->by_sex[most];
    if (p->ordinal != 0 && p->ordinal != l->ordinal)
        return l->by_ordinal;
    return other_name(p->name, l->name_of) ? l->name_of : (struct str){"", 0};
}

static void report(const struct witness *w)
{
    struct str other = {"", 0};

    if (!w->label->reported)
        other = other_person(w->label, &w->person);
    if (other.n == 0)
        return;
    w->label->reported = true;
    (void)align_note(
        w->t, NOTE_SPEAKER, w->s->words,
        "\"" STR_FMT "\" is spoken by " STR_FMT
        ", whom the text calls \"" STR_FMT "\" here and \"" STR_FMT
        "\" elsewhere",
        STR_ARG(align_short(w->s->words)), STR_ARG(align_short(w->label->name)),
        STR_ARG(align_short(w->s->speaker)), STR_ARG(align_short(other)));
}

void align_speakers(struct align_text *texts, size_t n)
{
    struct witness *list;
    struct labels *labels;
    size_t most = 0, known = 0;

    for (size_t i = 0; i < n; i++)
        most += texts[i].n_said;
    if (most == 0)
        return;
    labels = arena_alloc(texts->a, sizeof *labels);
    list = arena_array(texts->a, most, sizeof *list);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < texts[i].n_said; k++)
            if (look(&texts[i], &texts[i].said[k], labels, &list[known])) {
                const struct witness *w = &list[known++];

                learn(w->label, &w->person, w->s->speaker);
            }
    for (size_t i = 0; i < known; i++)
        report(&list[i]);
}
