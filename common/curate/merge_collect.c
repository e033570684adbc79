/* The sources of a record in an order that is not the record's. */
#include <stdlib.h>

#include "merge_int.h"

/* What can be told only by looking. */
static bool is_visual(enum attribute a)
{
    return a == ATTRIBUTE_SCENE || a == ATTRIBUTE_CHARACTERS ||
           a == ATTRIBUTE_OBJECTS || a == ATTRIBUTE_ACTIONS ||
           a == ATTRIBUTE_CAMERA;
}

/* The source of that name, made when it is new; NULL when there are too
 * many. */
static struct m_source *source_of(struct merge *m, struct str name)
{
    struct m_source *s;

    for (size_t i = 0; i < m->n_sources; i++)
        if (str_eq(m->sources[i].name, name))
            return &m->sources[i];
    if (m->n_sources == MERGE_SOURCES)
        return NULL;
    s = &m->sources[m->n_sources++];
    *s = (struct m_source){.name = name};
    return s;
}

/* The text of a caption or attribute; n 0 when there is nothing in it. */
static enum asid_rc text_of(const struct json *v, size_t entry,
                            const char *what, struct str *text,
                            struct asid_err *err)
{
    *text = (struct str){"", 0};
    if (!v || json_type(v) != JSON_STRING)
        return ASID_OK;
    if (memchr(json_str(v).p, '\0', json_str(v).n))
        return REJECT(err, "input.schema",
                      "sources[%zu].%s: U+0000 in the text", entry, what);
    if (str_trim(json_str(v)).n)
        *text = json_str(v);
    return ASID_OK;
}

static void add_text(struct merge *m, struct m_source *s, struct str raw,
                     enum attribute hint)
{
    struct m_text *t = &m->texts[m->n_texts];

    if (raw.n == 0)
        return;
    *t = (struct m_text){
        .source = (unsigned)(s - m->sources), .hint = hint, .raw = raw};
    s->bytes += raw.n;
    m->n_texts++;
}

static enum asid_rc read_entry(struct merge *m, const struct json *entry,
                               size_t i, struct asid_err *err)
{
    const char *streams = json_text(json_get(entry, "streams"));
    const struct json *name = json_get(entry, "name");
    const struct json *attributes = json_get(entry, "attributes");
    struct str caption, text[ATTRIBUTES];
    struct m_source *s;

    TRY(text_of(json_get(entry, "caption"), i, "caption", &caption, err));
    for (int k = 0; k < ATTRIBUTES; k++)
        TRY(text_of(json_get(attributes, attribute_keys[k]), i,
                    attribute_keys[k], &text[k], err));
    s = source_of(m, json_str(name));
    if (!s)
        return REJECT(err, "input.schema",
                      "sources[%zu]: more than %d different names", i,
                      MERGE_SOURCES);
    s->heard |= merge_is_heard(m->p, s->name) ||
                (streams && strcmp(streams, "audio") == 0);
    s->seen |= streams && strcmp(streams, "video") == 0;
    add_text(m, s, caption, ATTRIBUTE_NONE);
    for (int k = 0; k < ATTRIBUTES; k++)
        add_text(m, s, text[k], (enum attribute)k);
    return ASID_OK;
}

static void weigh(struct merge *m, struct m_source *s)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        enum attribute a = (enum attribute)k;
        bool deaf = a == ATTRIBUTE_SPEECH && s->seen && !s->heard;
        bool blind = is_visual(a) && s->heard && !s->seen;

        s->weight[k] = deaf || blind ? 0 : merge_weight(m->p, s->name, a);
        s->total += s->weight[k];
    }
}

static int order_sources(const void *a, const void *b)
{
    const struct m_source *x = a, *y = b;

    if (x->total > y->total || x->total < y->total)
        return x->total > y->total ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return str_cmp(x->name, y->name);
}

/* List the sources by name; there are few. */
static void list_names(struct merge *m)
{
    for (size_t i = 0; i < m->n_sources; i++) {
        size_t k = i;

        for (; k > 0 && str_cmp(m->sources[m->by_name[k - 1]].name,
                                m->sources[i].name) > 0;
             k--)
            m->by_name[k] = m->by_name[k - 1];
        m->by_name[k] = (uint8_t)i;
    }
}

static int order_texts(const void *a, const void *b)
{
    const struct m_text *x = a, *y = b;

    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->hint != y->hint)
        return x->hint < y->hint ? -1 : 1;
    return str_cmp(x->raw, y->raw);
}

static void sort(struct merge *m)
{
    struct str names[MERGE_SOURCES];
    unsigned place[MERGE_SOURCES];
    size_t n = 0;

    for (size_t i = 0; i < m->n_sources; i++) {
        weigh(m, &m->sources[i]);
        names[i] = m->sources[i].name;
    }
    qsort(m->sources, m->n_sources, sizeof m->sources[0], order_sources);
    list_names(m);
    for (size_t i = 0; i < m->n_sources; i++)
        for (unsigned k = 0; k < m->n_sources; k++)
            if (str_eq(m->sources[k].name, names[i]))
                place[i] = k;
    for (size_t i = 0; i < m->n_texts; i++)
        m->texts[i].source = place[m->texts[i].source];
    qsort(m->texts, m->n_texts, sizeof m->texts[0], order_texts);
    for (size_t i = 0; i < m->n_texts; i++)
        if (n == 0 || order_texts(&m->texts[n - 1], &m->texts[i]) != 0)
            m->texts[n++] = m->texts[i];
    m->n_texts = n;
}

/* What was written for an attribute belongs to it, whatever its words are. */
void merge_analyse(struct merge *m, struct m_text *t)
{
    unsigned parts =
        TEXT_FACTS | (t->hint == ATTRIBUTE_NONE ? TEXT_ATTRIBUTES : 0);

    t->t = m->known ? text_known_analyse(m->known, t->raw, t->read_as, parts)
                    : text_analyse_parts(m->p->rules, m->arena, t->raw,
                                         t->read_as, parts);
}

/* A text alone is analysed once. */
static void expect_texts(struct merge *m)
{
    size_t bytes = 0;

    for (size_t i = 0; i < m->n_texts; i++)
        bytes += m->texts[i].raw.n;
    if (m->n_texts > 1)
        m->known = text_known_new(m->p->rules, m->arena, bytes);
}

static void analyse(struct merge *m)
{
    expect_texts(m);
    for (size_t i = 0; i < m->n_texts; i++) {
        struct m_text *t = &m->texts[i];
        const struct m_source *s = &m->sources[t->source];
        bool heard = s->heard && !s->seen;

        /* What somebody who only heard says without a word that tells where
         * it belongs is about the sound. */
        t->read_as =
            t->hint == ATTRIBUTE_NONE && heard ? ATTRIBUTE_SPEECH : t->hint;
        merge_analyse(m, t);
    }
}

static void begin(struct merge *m, size_t room)
{
    const struct json *audio = json_path(m->record, "media.audio");

    m->no_sound = audio && json_type(audio) == JSON_NULL;
    m->duration = record_duration(m->record);
    m->conflicts_end = &m->conflicts;
    m->texts = arena_array(m->arena, room, sizeof m->texts[0]);
}

enum asid_rc merge_collect(struct merge *m, struct asid_err *err)
{
    const struct json *list = json_get(m->record, "sources");
    size_t n = 0, room = 0;

    json_each(entry, list)
        room += 1 + json_count(json_get(entry, "attributes"));
    begin(m, room);
    json_each(entry, list)
        TRY(read_entry(m, entry, n++, err));
    sort(m);
    analyse(m);
    return ASID_OK;
}

void merge_collect_caption(struct merge *m, struct str name, struct str caption)
{
    begin(m, 1);
    add_text(m, source_of(m, name), caption, ATTRIBUTE_NONE);
    sort(m);
    analyse(m);
}
