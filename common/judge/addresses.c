/* Texts of a record that speak to whoever judges it. They are data like any
 * other text; that they were there is worth knowing. */
#include "judge_int.h"

enum { FINDINGS_MAX = 64 };

struct scan {
    const struct judge_sitting *s;
    size_t found;
};

static bool look(struct scan *w, const struct json *text,
                 enum attribute attribute, ptrdiff_t claim, const char *where)
{
    const struct judge_sitting *s = w->s;
    struct str found;

    if (!text || json_type(text) != JSON_STRING || w->found == FINDINGS_MAX)
        return false;
    found = verify_addresses(s->j->words, s->j->rules, s->job->arena,
                             json_str(text));
    if (found.n == 0)
        return false;
    w->found++;
    finding_add(s->job->arena, s->job->record, s->j->options.stage,
                "input.addresses_model", attribute, claim,
                "%s addresses a model: \"" STR_FMT "\"; it was treated as data",
                where, STR_ARG(found));
    return true;
}

/* The claims of an attribute; its text when no claim has it. */
static void look_at_attribute(struct scan *w, enum attribute key)
{
    const struct json *attribute = record_attribute(w->s->job->record, key);
    bool any = false;
    ptrdiff_t i = 0;

    json_each(claim, json_get(attribute, "claims")) {
        any |= look(w, json_get(claim, "text"), key, i++, "the claim");
        json_each(reading, json_get(claim, "alternatives")) {
            any |= look(w, json_get(reading, "text"), key, i - 1, "a reading");
        }
    }
    if (!any)
        look(w, json_get(attribute, "text"), key, -1, "the text");
}

static void look_at_sources(struct scan *w)
{
    struct arena *a = w->s->job->arena;
    size_t i = 0;

    json_each(source, json_get(w->s->job->record, "sources")) {
        const char *where = arena_printf(a, "sources[%zu]", i++);

        look(w, json_get(source, "caption"), ATTRIBUTE_NONE, -1, where);
        json_each(text, json_get(source, "attributes")) {
            look(w, text, attribute_of(json_key(text)), -1, where);
        }
    }
}

static void look_at_speech(struct scan *w)
{
    struct arena *a = w->s->job->arena;
    size_t i = 0;

    json_each(segment, json_path(w->s->job->record, "asr.segments")) {
        look(w, json_get(segment, "text"), ATTRIBUTE_SPEECH, -1,
             arena_printf(a, "asr.segments[%zu]", i++));
    }
}

void judge_find_addresses(const struct judge_sitting *s)
{
    struct scan w = {s, 0};

    for (int k = 0; k < ATTRIBUTES; k++)
        look_at_attribute(&w, (enum attribute)k);
    look(&w, json_get(s->job->record, "caption"), ATTRIBUTE_NONE, -1,
         "the caption");
    look_at_sources(&w);
    look_at_speech(&w);
}
