/*
 * The merge of one record: take the sources apart, settle what contradicts,
 * join what is said twice, write what is left.
 */
#include "asid/curate/merge.h"

#include "merge_int.h"

/* Nothing to decide: one source, of which nothing has to be left out. Its
 * texts stay as they are; of its caption, attributes are made only where it
 * has none itself. */
static bool is_alone(const struct merge *m)
{
    bool deaf_ears = m->sources[0].heard && !m->sources[0].seen;

    if (m->n_sources != 1 || deaf_ears)
        return false;
    for (size_t i = 1; i < m->n_texts; i++)
        if (m->texts[i].hint == m->texts[i - 1].hint)
            return false;
    return true;
}

static void keep_alone(struct merge *m)
{
    bool has[ATTRIBUTES] = {false};

    for (size_t i = 0; i < m->n_texts; i++) {
        if (m->texts[i].hint == ATTRIBUTE_NONE)
            m->caption = m->texts[i].raw;
        else
            has[m->texts[i].hint] = true;
    }
    for (size_t i = 0; i < m->n_claims; i++) {
        struct m_claim *c = &m->claims[i];

        c->gone = c->text->hint == ATTRIBUTE_NONE && has[c->attribute];
    }
}

static void decide(struct merge *m)
{
    merge_pool(m);
    if (is_alone(m)) {
        keep_alone(m);
    } else {
        merge_quotes(m);
        merge_silence(m);
        merge_facts(m);
        merge_revise(m);
        merge_order(m);
        merge_revise(m);
    }
    merge_store(m);
}

/* No sources: a caption that is there is taken for the one source. Its text
 * and the attributes beside it stay as they are; what they claim is listed. */
static enum asid_rc merge_caption(struct merge *m, struct asid_err *err)
{
    struct str caption = record_caption(m->record);
    struct str name = STR("caption");
    bool any = false;

    if (str_trim(caption).n == 0)
        return REJECT(err, "merge.no_source",
                      "no source with a caption or an attribute");
    if (caption.n > TEXT_MAX)
        return REJECT(err, "input.schema", "caption: longer than %d bytes",
                      TEXT_MAX);
    findings_drop(m->record, "merge");
    for (int k = 0; k < ATTRIBUTES; k++)
        any |= record_attribute_text(m->record, (enum attribute)k).n > 0;
    if (any) {
        record_claims_list(m->p->rules, m->arena, m->record, name);
        return ASID_OK;
    }
    merge_collect_caption(m, name, caption);
    decide(m);
    return ASID_OK;
}

/* What lies behind TEXT_MAX is not taken apart and would be lost. */
static enum asid_rc check_lengths(const struct merge *m, struct asid_err *err)
{
    for (size_t i = 0; i < m->n_texts; i++)
        if (m->texts[i].raw.n > TEXT_MAX)
            return REJECT(
                err, "input.schema",
                "sources: a text of \"" STR_FMT "\" is longer than %d bytes",
                STR_ARG(m->sources[m->texts[i].source].name), TEXT_MAX);
    return ASID_OK;
}

static struct merge *begin(const struct merge_policy *p, struct arena *a,
                           struct json *record)
{
    struct merge *m = arena_alloc(a, sizeof *m);

    m->p = p;
    m->arena = a;
    m->record = record;
    return m;
}

enum asid_rc merge_record(const struct merge_policy *p, struct arena *a,
                          struct json *record, struct asid_err *err)
{
    struct merge *m = begin(p, a, record);

    TRY(merge_collect(m, err));
    if (m->n_texts == 0)
        return merge_caption(m, err);
    TRY(check_lengths(m, err));
    decide(m);
    return ASID_OK;
}

void merge_attributes(const struct merge_policy *p, struct arena *a,
                      struct json *record)
{
    struct merge *m = begin(p, a, record);
    struct str caption = record_caption(record);
    struct asid_err err;

    m->quiet = true;
    if (str_trim(caption).n)
        merge_collect_caption(m, STR("caption"), caption);
    else if (json_count(json_get(record, "sources")) != 1 ||
             merge_collect(m, &err) != ASID_OK)
        return;
    if (m->n_texts)
        decide(m);
}
