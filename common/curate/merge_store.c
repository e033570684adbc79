/* The decisions as keys of the record: attributes, caption, findings. */
#include "merge_int.h"

#define STAGE "merge"

/* --- attributes ------------------------------------------------------------------ */

/* What an earlier run found out about a text that is written anew. */
static void forget(struct json *attribute)
{
    static const char *const keys[] = {"verdict", "quotes", "missing",
                                       "expressiveness", "claims"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct json *v = json_get(attribute, keys[i]);

        if (v)
            json_unlink(v);
    }
}

/* What is there already keeps its spelling; n 0 takes the key away. */
static void set_text(struct merge *m, struct json *object, const char *key,
                     struct str text)
{
    struct json *old = json_get(object, key);

    if (old && text.n == 0)
        json_unlink(old);
    else if (text.n && !(old && json_type(old) == JSON_STRING &&
                         str_eq(json_str(old), text)))
        json_set(m->arena, object, key, json_new_str(m->arena, text));
}

static void carry(struct m_conflict *c, enum attribute attribute, size_t claim)
{
    if (!c || c->claim >= 0)
        return;
    c->claim = (ptrdiff_t)claim;
    c->carrier = attribute;
}

/* What lost against the claim, and why. */
static struct json *dropped_json(struct merge *m, const struct m_claim *c,
                                 enum attribute attribute, size_t index)
{
    struct json *dropped = json_new_array(m->arena);

    for (const struct m_note *n = c->notes; n; n = n->next) {
        struct json *one = json_new_object(m->arena);

        carry(n->conflict, attribute, index);
        json_set(m->arena, one, "text", json_new_str(m->arena, n->text));
        json_set(m->arena, one, "sources", merge_names_json(m, n->sources));
        json_set(m->arena, one, "reason", json_new_str(m->arena, n->reason));
        json_append(dropped, one);
    }
    return dropped;
}

static struct json *claim_json(struct merge *m, const struct m_claim *c,
                               enum attribute attribute, size_t index)
{
    struct str text = merge_sentence(m, c);
    struct json *claim = claim_new(
        m->arena, c->again ? merge_definite(m, text) : text, c->start, c->end);

    json_set(m->arena, claim, "sources", merge_names_json(m, c->sources));
    if (c->notes)
        json_set(m->arena, claim, "dropped",
                 dropped_json(m, c, attribute, index));
    return claim;
}

static void store_attribute(struct merge *m, enum attribute attribute,
                            struct str text, const size_t *order, size_t n)
{
    struct json *claims = json_new_array(m->arena);
    struct json *a;
    size_t index = 0;

    for (size_t i = 0; i < n; i++)
        json_append(claims,
                    claim_json(m, &m->claims[order[i]], attribute, index++));
    for (struct m_conflict *c = m->conflicts; c; c = c->next) {
        if (!c->open || c->attribute != attribute)
            continue;
        carry(c, attribute, index++);
        json_append(claims, c->open);
    }
    if (index == 0) {
        a = json_get(json_get(m->record, "attributes"),
                     attribute_keys[attribute]);
        if (a)
            json_unlink(a);
        return;
    }
    a = record_attribute_make(m->arena, m->record, attribute);
    forget(a);
    set_text(m, a, "text", text);
    json_set(m->arena, a, "claims", claims);
}

/* A clip without sound has no speech: that much is certain. */
static void store_absent(struct merge *m)
{
    struct json *a;

    if (!m->no_sound || m->quiet ||
        record_attribute_text(m->record, ATTRIBUTE_SPEECH).n)
        return;
    a = record_attribute_make(m->arena, m->record, ATTRIBUTE_SPEECH);
    forget(a);
    set_text(m, a, "text", (struct str){"", 0});
    json_set_text(m->arena, a, "verdict", "absent");
}

/* --- findings -------------------------------------------------------------------- */

static void store_conflict(struct merge *m, const struct m_conflict *c)
{
    struct json *f =
        finding_add(m->arena, m->record, STAGE, c->code, c->carrier, c->claim,
                    STR_FMT, STR_ARG(c->message));

    if (c->was.n)
        json_set(m->arena, f, "was", json_new_str(m->arena, c->was));
    if (c->now.n)
        json_set(m->arena, f, "now", json_new_str(m->arena, c->now));
}

/* Whether others say the same, so that nothing is lost with this claim. */
static bool said_by_others(const struct merge *m, const struct m_claim *c)
{
    size_t n;
    const uint32_t *list = merge_candidates(m, c, &n);

    for (size_t i = 0; i < n; i++)
        if (!m->claims[list[i]].gone && merge_covers(m, &m->claims[list[i]], c))
            return true;
    return false;
}

static void store_unfounded(struct merge *m)
{
    for (size_t i = 0; i < m->n_claims; i++) {
        const struct m_claim *c = &m->claims[i];
        struct json *f;

        if (!c->silent && (!c->unheard || said_by_others(m, c)))
            continue;
        f = finding_add(m->arena, m->record, STAGE, "merge.unfounded",
                        c->attribute, -1, "%s: %s",
                        merge_names(m, UINT64_C(1) << c->source).p,
                        c->silent ? "describes the sound of a clip without any"
                                  : "only heard, but describes what is seen");
        json_set(m->arena, f, "was",
                 json_new_str(m->arena, merge_sentence(m, c)));
    }
}

void merge_store(struct merge *m)
{
    size_t *order = arena_array(m->arena, m->n_claims, sizeof *order);
    struct str text;
    size_t n;

    merge_join(m, false);
    merge_place(m);
    for (int k = 0; k < ATTRIBUTES; k++) {
        text = merge_paragraph(m, (enum attribute)k, order, &n);
        store_attribute(m, (enum attribute)k, text, order, n);
    }
    store_absent(m);
    text = m->caption;
    if (text.n == 0) {
        merge_join(m, true);
        merge_place(m);
        text = merge_paragraph(m, ATTRIBUTE_NONE, order, &n);
    }
    set_text(m, m->record, "caption", text);
    if (m->quiet)
        return;
    findings_drop(m->record, STAGE);
    for (int k = 0; k < ATTRIBUTES; k++)
        for (const struct m_conflict *c = m->conflicts; c; c = c->next)
            if (c->carrier == (enum attribute)k)
                store_conflict(m, c);
    store_unfounded(m);
}
