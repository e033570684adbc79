/*
 * Loading schemas/lexicon.json: each section of the file gives its words
 * flags or values. The order matters in one point: a form gets the stem of the
 * first word it is a form of, so nouns ("saw", "left") come before verbs.
 */
#include <stdlib.h>
#include <string.h>

#include "asid/base/hash.h"
#include "asid/base/num.h"
#include "asid/data/schema.h"
#include "lexicon_int.h"

const char *const role_names[ROLES] = {
    "be_bare",
    "be",
    "to",
    "and_or",
    "joins_no_clauses",
    "while",
    "as",
    "then",
    "there",
    "not",
    "singular_pronoun",
    "plural_subject",
    "view",
    "clip",
    "of",
    "on",
    "in",
    "from",
    "left",
    "right",
    "right_is_no_side_before",
    "right_is_no_side_after",
    "article",
    "side_of_something",
    "negates_noun",
    "ends_noun_phrase",
    "relative",
    "read",
    "colour_follows",
    "not_living",
    "picture",
    "neither",
    "margin",
    "passive",
    "that",
    "ordinal_sign",
    "timestamp",
    "second",
    "second_in_words",
    "the",
    "at",
    "begins_range",
    "around_time",
    "starting",
    "joins_range",
    "and",
    "minute",
    "mark",
    "when_after_seconds",
    "into",
    "the_to",
    "footage",
    "onward",
    "hour_of_day",
    "part_of_day",
    "night",
    "lasts_after_seconds",
    "second_unit",
    "thing_when_counted",
};

enum { CUE_STRONG = 4, CUE_WEAK = 2 };
enum { WEIGHT_FREQUENT = 2, WEIGHT_LISTED = 4 };

static enum asid_rc wrong(struct lex_load *l, const struct json *at,
                          const char *what)
{
    struct str key = at ? json_key(at) : STR("");

    return FAIL(l->err, "lexicon: " STR_FMT ": %s", STR_ARG(key), what);
}

static enum asid_rc split(struct lex_load *l, const struct json *from,
                          struct str text,
                          void (*each)(struct lex_load *, struct str, void *),
                          void *user)
{
    while (text.n) {
        struct str word = {text.p, 0};

        while (word.n < text.n && text.p[word.n] != ' ')
            word.n++;
        if (word.n > LEX_WORD_MAX)
            return wrong(l, from, "a word is too long");
        if (word.n)
            each(l, word, user);
        text.p += word.n;
        text.n -= word.n;
        if (text.n) {
            text.p++;
            text.n--;
        }
    }
    return ASID_OK;
}

enum asid_rc lex_words(struct lex_load *l, const struct json *list,
                       void (*each)(struct lex_load *l, struct str word,
                                    void *user),
                       void *user)
{
    if (list && json_type(list) == JSON_STRING)
        return split(l, list, json_str(list), each, user);
    if (!list || json_type(list) != JSON_ARRAY)
        return wrong(l, list, "expected words");
    json_each(line, list) {
        if (json_type(line) != JSON_STRING)
            return wrong(l, list, "expected a list of strings");
        TRY(split(l, list, json_str(line), each, user));
    }
    return ASID_OK;
}

/* --- classes and verbs ---------------------------------------------------- */

enum forms { AS_WRITTEN, AS_NOUN, AS_VERB };

struct section {
    const char *name;
    uint64_t flags;
    enum forms forms;
};

static const struct section classes[] = {
    {"determiner", LEX_DET, AS_WRITTEN},
    {"subject_pronoun", LEX_PRON_SUBJECT, AS_WRITTEN},
    {"pronoun", LEX_PRON, AS_WRITTEN},
    {"auxiliary", LEX_AUX, AS_WRITTEN},
    {"preposition", LEX_PREP, AS_WRITTEN},
    {"conjunction", LEX_CONJ, AS_WRITTEN},
    {"relative", LEX_REL, AS_WRITTEN},
    {"subordinator", LEX_SUBORD, AS_WRITTEN},
    {"adverb", LEX_ADV, AS_WRITTEN},
    {"connective", LEX_CONNECT, AS_WRITTEN},
    {"negation", LEX_NEG, AS_WRITTEN},
    {"summary", LEX_SUMMARY, AS_WRITTEN},
    {"inferred", LEX_INFER, AS_WRITTEN},
    {"vague", LEX_VAGUE, AS_WRITTEN},
    {"abbreviation", LEX_ABBREV, AS_WRITTEN},
    {"title", LEX_TITLE, AS_WRITTEN},
    {"elision", LEX_ELISION, AS_WRITTEN},
    {"time_unit", LEX_TIME_UNIT, AS_WRITTEN},
    {"unit", LEX_UNIT, AS_WRITTEN},
    {"clock", LEX_CLOCK, AS_WRITTEN},
    {"duration", LEX_DURATION, AS_WRITTEN},
    {"not_anchor_after", LEX_NOT_AFTER, AS_WRITTEN},
    {"mark", LEX_MARK, AS_WRITTEN},
    {"says_elsewhere", LEX_SAYS_ELSEWHERE, AS_WRITTEN},
    {"person", LEX_PERSON, AS_NOUN},
    {"animal", LEX_ANIMAL, AS_NOUN},
    {"body", LEX_BODY, AS_NOUN},
    {"clothing", LEX_CLOTHING, AS_NOUN},
    {"place", LEX_PLACE, AS_NOUN},
    {"object", LEX_OBJECT, AS_NOUN},
    {"writing", LEX_WRITING, AS_NOUN},
    {"voice", LEX_VOICE, AS_NOUN},
    {"noun", 0, AS_NOUN},
    {"adjective", LEX_ADJ, AS_WRITTEN},
    {NULL, 0, AS_WRITTEN},
};

static const struct section verbs[] = {
    {"say", LEX_SAY, AS_VERB},         {"show", LEX_SHOW, AS_VERB},
    {"move", LEX_MOVE, AS_VERB},       {"act", LEX_ACT, AS_VERB},
    {"state", LEX_STATE, AS_VERB},     {"link", LEX_LINK, AS_VERB},
    {"camera", LEX_V_CAMERA, AS_VERB}, {"narrate", LEX_NARRATE, AS_VERB},
    {"sound", LEX_V_SOUND, AS_VERB},   {NULL, 0, AS_WRITTEN},
};

static void give_section(struct lex_load *l, struct str word, void *user)
{
    const struct section *s = user;

    if (s->forms == AS_NOUN)
        lex_give_noun(l, word, s->flags);
    else if (s->forms == AS_VERB)
        lex_give_verb(l, word, s->flags);
    else
        lex_give(l, word, STR(""), s->flags);
}

static enum asid_rc load_sections(struct lex_load *l, const struct json *from,
                                  const struct section *sections)
{
    json_each(list, from) {
        struct section s = {0};

        for (size_t i = 0; sections[i].name; i++)
            if (str_is(json_key(list), sections[i].name))
                s = sections[i];
        if (!s.name)
            return wrong(l, list, "no such class of words");
        TRY(lex_words(l, list, give_section, &s));
    }
    return ASID_OK;
}

/* --- values --------------------------------------------------------------- */

struct value {
    uint64_t flags, roles;
    int32_t number;
    uint8_t colour;
    struct lex_scale side, opposite;
    int attribute, cue;
};

static void add_scale(struct lex_scale *scales, struct lex_scale add)
{
    for (size_t i = 0; add.group && i < LEX_SCALES; i++) {
        if (scales[i].group == add.group)
            return;
        if (scales[i].group == 0) {
            scales[i] = add;
            return;
        }
    }
}

static void give_value(struct lex_load *l, struct str word, void *user)
{
    const struct value *v = user;
    struct lex *e;

    lex_give(l, word, STR(""), v->flags);
    e = lex_make(l, word);
    if (v->number >= 0)
        e->number = v->number;
    if (v->colour)
        e->colour = v->colour;
    if (v->flags & (LEX_NUMBER | LEX_ORDINAL))
        e->stem = stem_of_number(v->number, (v->flags & LEX_ORDINAL) != 0);
    e->roles |= v->roles;
    add_scale(e->sides, v->side);
    add_scale(e->opposites, v->opposite);
    if (v->cue > e->cues[v->attribute])
        e->cues[v->attribute] = (int8_t)v->cue;
}

static enum asid_rc load_numbers(struct lex_load *l, const struct json *from,
                                 uint64_t flags)
{
    json_each(list, from) {
        struct value v = {.flags = flags};
        int64_t number;

        if (!num_i64(json_key(list), &number) || number < 0 ||
            number > INT32_MAX)
            return wrong(l, list, "expected a number as the key");
        v.number = (int32_t)number;
        TRY(lex_words(l, list, give_value, &v));
    }
    return ASID_OK;
}

static enum asid_rc load_roles(struct lex_load *l, const struct json *from)
{
    uint64_t seen = 0;

    json_each(list, from) {
        struct value v = {.number = -1};

        for (unsigned i = 0; i < ROLES; i++)
            if (str_is(json_key(list), role_names[i]))
                v.roles = UINT64_C(1) << i;
        if (!v.roles)
            return wrong(l, list, "no such role");
        seen |= v.roles;
        TRY(lex_words(l, list, give_value, &v));
    }
    return seen == (UINT64_C(1) << ROLES) - 1
               ? ASID_OK
               : wrong(l, from, "a role is missing");
}

static enum asid_rc load_colours(struct lex_load *l, const struct json *from)
{
    struct value v = {.flags = LEX_ADJ, .number = -1};

    json_each(list, from) {
        v.colour++;
        TRY(lex_words(l, list, give_value, &v));
    }
    return ASID_OK;
}

static enum asid_rc load_sides(struct lex_load *l, const struct json *from)
{
    struct value v = {.number = -1};

    json_each(axis, from) {
        v.side.group++;
        v.side.value = 0;
        json_each(list, axis) {
            v.side.value++;
            TRY(lex_words(l, list, give_value, &v));
        }
    }
    return ASID_OK;
}

static bool about_of(struct str name, uint8_t *about)
{
    static const char *const names[] = {"", "scene", "person", "shot"};

    for (uint8_t i = 0; i < 4; i++) {
        if (str_is(name, names[i])) {
            *about = i;
            return true;
        }
    }
    return false;
}

static enum asid_rc load_opposites(struct lex_load *l, const struct json *from)
{
    struct value v = {.number = -1};

    json_each(pair, from) {
        const char *about = json_text(json_get(pair, "about"));

        v.opposite.group++;
        v.opposite.value = 0;
        if (v.opposite.group >= OPPOSITES_MAX || !about ||
            !about_of(str_of(about), &l->rules->about[v.opposite.group]))
            return wrong(l, pair, "about what?");
        json_each(list, json_get(pair, "values")) {
            v.opposite.value++;
            TRY(lex_words(l, list, give_value, &v));
        }
    }
    return ASID_OK;
}

static enum asid_rc load_cues(struct lex_load *l, const struct json *from)
{
    json_each(cues, from) {
        struct value v = {.number = -1};
        enum attribute attribute = attribute_of(json_key(cues));

        if (attribute == ATTRIBUTE_NONE)
            return wrong(l, cues, "no such attribute");
        v.attribute = (int)attribute;
        v.cue = CUE_WEAK;
        TRY(lex_words(l, json_get(cues, "weak"), give_value, &v));
        v.cue = CUE_STRONG;
        TRY(lex_words(l, json_get(cues, "strong"), give_value, &v));
    }
    return ASID_OK;
}

/* --- sets of stems -------------------------------------------------------- */

static uint64_t stem_listed(struct lex_load *l, struct str word)
{
    uint64_t key = hash_u64(word);
    const struct lex *e = lex_find(l->rules, key);

    return e && e->stem ? e->stem : stem_of(&l->stemming, word, key);
}

static void put_synonym(struct text_rules *r, uint64_t from, uint64_t to)
{
    size_t i = from & r->synonym_mask;

    while (r->synonyms[i].from && r->synonyms[i].from != from)
        i = (i + 1) & r->synonym_mask;
    r->synonyms[i] = (struct synonym){from, to};
}

struct synonym_line {
    uint64_t first;
    struct synonym *list;
    size_t n, room;
};

static void give_synonym(struct lex_load *l, struct str word, void *user)
{
    struct synonym_line *line = user;
    uint64_t stem = stem_listed(l, word);

    if (!line->first)
        line->first = stem;
    else if (stem != line->first && line->n < line->room)
        line->list[line->n++] = (struct synonym){stem, line->first};
}

/* All are collected before any is used, so that looking a word up while
 * loading does not depend on the order of the lines. */
static enum asid_rc load_synonyms(struct lex_load *l, const struct json *from)
{
    struct text_rules *r = l->rules;
    struct synonym_line line = {.room = 1024};

    line.list = arena_array(&l->scratch, line.room, sizeof *line.list);
    if (!from || json_type(from) != JSON_ARRAY)
        return wrong(l, from, "expected a list of strings");
    json_each(item, from) {
        line.first = 0;
        TRY(lex_words(l, item, give_synonym, &line));
    }
    r->synonym_mask = 4 * line.room - 1;
    r->synonyms = arena_array(&r->arena, 4 * line.room, sizeof *r->synonyms);
    for (size_t i = 0; i < line.n; i++)
        put_synonym(r, line.list[i].from, line.list[i].to);
    memset(r->stems, 0, STEM_CACHE * sizeof *r->stems);
    for (size_t i = 0; i < r->n_entries; i++) {
        struct lex *e = &r->entries[i];

        for (size_t k = e->stem & r->synonym_mask; r->synonyms[k].from;
             k = (k + 1) & r->synonym_mask)
            if (r->synonyms[k].from == e->stem)
                e->stem = r->synonyms[k].to;
    }
    return ASID_OK;
}

struct stem_set {
    uint64_t slots[1024];
};

static void give_frequent(struct lex_load *l, struct str word, void *user)
{
    struct stem_set *set = user;
    uint64_t stem = stem_listed(l, word);
    size_t i = stem & 1023;

    for (size_t n = 0; set->slots[i] && n < 1023; n++)
        i = (i + 1) & 1023;
    set->slots[i] = stem;
}

static bool in_set(const struct stem_set *set, uint64_t stem)
{
    for (size_t i = stem & 1023, n = 0; set->slots[i] && n < 1024;
         i = (i + 1) & 1023, n++)
        if (set->slots[i] == stem)
            return true;
    return false;
}

static enum asid_rc load_weights(struct lex_load *l, const struct json *from)
{
    struct stem_set *set = arena_alloc(&l->scratch, sizeof *set);
    struct text_rules *r = l->rules;

    TRY(lex_words(l, from, give_frequent, set));
    for (size_t i = 0; i < r->n_entries; i++) {
        struct lex *e = &r->entries[i];

        e->weight = WEIGHT_LISTED;
        if (in_set(set, e->stem))
            e->weight = WEIGHT_FREQUENT;
        if (e->flags & LEX_STOP)
            e->weight = 0;
    }
    return ASID_OK;
}

/* --- all ------------------------------------------------------------------ */

static enum asid_rc load_plain(struct lex_load *l, const struct json *list,
                               uint64_t flags)
{
    struct section s = {"", flags, AS_WRITTEN};

    return lex_words(l, list, give_section, &s);
}

static enum asid_rc load_all(struct lex_load *l, const struct json *file)
{
    TRY(load_sections(l, json_get(file, "classes"), classes));
    TRY(load_sections(l, json_get(file, "verbs"), verbs));
    TRY(load_plain(l,
                   json_get(file, "nouns_that_are_colours_only_before_nouns"),
                   LEX_COLOUR_BEFORE_NOUN));
    TRY(load_plain(l, json_get(file, "stop"), LEX_STOP));
    TRY(load_roles(l, json_get(file, "roles")));
    TRY(load_numbers(l, json_get(file, "numbers"), LEX_NUMBER));
    TRY(load_numbers(l, json_get(file, "counts"), LEX_COUNT));
    TRY(load_numbers(l, json_get(file, "ordinals"), LEX_ORDINAL));
    TRY(load_colours(l, json_get(file, "colours")));
    TRY(load_sides(l, json_get(file, "sides")));
    TRY(load_opposites(l, json_get(file, "opposites")));
    TRY(load_cues(l, json_get(file, "attributes")));
    TRY(load_synonyms(l, json_get(file, "synonyms")));
    TRY(load_weights(l, json_get(file, "frequent")));
    return ASID_OK;
}

enum asid_rc text_rules_load(const struct text_rules **out,
                             struct asid_err *err)
{
    struct text_rules *r = mem_alloc(sizeof *r);
    struct lex_load l = {.rules = r, .err = err};
    struct json *file;
    enum asid_rc rc;

    r->arena = l.scratch = (struct arena)ARENA_INIT;
    r->stems = arena_array(&r->arena, STEM_CACHE, sizeof *r->stems);
    r->shorts = arena_array(&r->arena, LEX_SHORT, sizeof *r->shorts);
    r->synonyms = arena_array(&r->arena, 1, sizeof *r->synonyms);
    l.stemming.rules = r;
    /* So that lex_find() has slots to look into. */
    lex_make(&l, STR("a"));
    rc = json_parse(&l.scratch, schema_file("lexicon.json"), 0, &file, err);
    if (rc != ASID_OK) {
        rc = FAIL(err, "lexicon: it is no JSON");
        goto out;
    }
    rc = load_all(&l, file);
out:
    stemming_end(&l.stemming);
    arena_release(&l.scratch);
    if (rc != ASID_OK)
        text_rules_free(r);
    else
        *out = r;
    return rc;
}

void text_rules_free(const struct text_rules *rules)
{
    struct text_rules *r;

    if (!rules)
        return;
    memcpy(&r, &rules, sizeof r);
    arena_release(&r->arena);
    free(r);
}
