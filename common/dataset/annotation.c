/* Rows of existing datasets: understanding one row. */
#include "asid/dataset/annotation.h"

#include <stdlib.h>
#include <string.h>

/* Keys that asid understands; all others go through. */
static const char *const known_keys[] = {
    "id",         "video_id",      "video",    "video_path",
    "videos",     "path",          "messages", "query",
    "response",   "conversations", "caption",  "conversation",
    "pred",       "answer",        "text",     "attribute",
    "attributes", "sources",       "media",    "sha256",
    "duration",   "width",         "height",   "fps",
    "has_audio",  "verdicts",      "findings", "asr",
    "reject",     "draft",         "prompt",   "images",
    "audios",     "reasons",       "model",    "rejected_response",
    "history",    "system",        "task",
};

static struct str text_of(const struct json *v)
{
    return v && json_type(v) == JSON_STRING ? json_str(v) : STR("");
}

static struct str first_text(const struct json *row, const char *const *keys)
{
    struct str found = STR("");

    for (size_t i = 0; keys[i] && found.n == 0; i++)
        found = text_of(json_get(row, keys[i]));
    return found;
}

/* --- the video ------------------------------------------------------------*/

/* A path, or an object that has one. */
static struct str path_in(const struct json *v)
{
    static const char *const keys[] = {"video", "path", "url", NULL};

    if (!v)
        return STR("");
    return json_type(v) == JSON_STRING ? json_str(v) : first_text(v, keys);
}

/* Message contents may be lists of parts; a video can be one of them. */
static struct str video_in_messages(const struct json *messages)
{
    json_each(message, messages) {
        json_each(part, json_get(message, "content")) {
            struct str video = path_in(json_get(part, "video"));

            if (video.n)
                return video;
        }
    }
    return STR("");
}

static enum asid_rc find_video(const struct json *row, struct str *video,
                               struct asid_err *err)
{
    static const char *const keys[] = {"video_path", "path", NULL};
    const struct json *list = json_get(row, "videos");

    if (!list)
        list = json_get(row, "video");
    if (list && json_type(list) == JSON_ARRAY) {
        if (json_count(list) != 1)
            return REJECT(err, "input.schema",
                          "the row is about %zu videos, one is expected",
                          json_count(list));
        *video = path_in(json_first(list));
    } else {
        *video = path_in(list);
    }
    if (video->n == 0)
        *video = first_text(row, keys);
    if (video->n == 0)
        *video = video_in_messages(json_get(row, "messages"));
    if (video->n == 0 || memchr(video->p, '\0', video->n))
        return REJECT(err, "input.schema",
                      "the row names no video: it has none of video, videos, "
                      "video_path");
    return ASID_OK;
}

/* --- question and answer --------------------------------------------------*/

struct turns {
    struct str question, answer;
    size_t answers;
};

/* The text of a message: a string, or the text parts of a list. */
static struct str content_of(struct arena *a, const struct json *content)
{
    struct str joined = STR("");

    if (!content || json_type(content) != JSON_ARRAY)
        return text_of(content);
    json_each(part, content) {
        struct str text = text_of(json_get(part, "text"));
        char *both;

        if (text.n == 0)
            continue;
        both = arena_bytes(a, joined.n + text.n + 1);
        memcpy(both, joined.p, joined.n);
        memcpy(both + joined.n, text.p, text.n);
        both[joined.n + text.n] = '\0';
        joined = (struct str){both, joined.n + text.n};
    }
    return joined;
}

static void read_turns(struct arena *a, const struct json *list,
                       const char *who, const char *what, struct turns *t)
{
    json_each(turn, list) {
        struct str role = text_of(json_get(turn, who));
        struct str text = content_of(a, json_get(turn, what));

        if (str_is(role, "user") || str_is(role, "human")) {
            t->question = text;
        } else if (str_is(role, "assistant") || str_is(role, "gpt")) {
            t->answer = text;
            t->answers++;
        }
    }
}

static void find_turns(struct arena *a, const struct json *row, struct turns *t)
{
    static const char *const answers[] = {"response", "caption", "pred",
                                          "answer",   "text",    NULL};
    static const char *const questions[] = {"query", "prompt", NULL};

    read_turns(a, json_get(row, "messages"), "role", "content", t);
    if (t->answers == 0)
        read_turns(a, json_get(row, "conversations"), "from", "value", t);
    if (t->answers == 0)
        read_turns(a, json_get(row, "conversation"), "from", "value", t);
    if (t->answers)
        return;
    t->question = first_text(row, questions);
    t->answer = first_text(row, answers);
    t->answers = t->answer.n > 0;
}

/* --- the attribute --------------------------------------------------------*/

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool has_word(struct str text, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= text.n; i++) {
        if (strncasecmp(text.p + i, word, n) == 0 &&
            (i == 0 || !is_letter(text.p[i - 1])) &&
            (i + n == text.n || !is_letter(text.p[i + n])))
            return true;
    }
    return false;
}

/* The one attribute that a question names. Questions are short; only their
 * beginning is looked at. */
static enum attribute asked_about(struct str question)
{
    enum { BEGINNING = 2000 };
    enum attribute found = ATTRIBUTE_NONE;

    if (question.n > BEGINNING)
        question.n = BEGINNING;
    for (int i = 0; i < ATTRIBUTES; i++) {
        if (!has_word(question, i == ATTRIBUTE_NARRATIVE_ELEMENTS
                                    ? "narrative elements"
                                    : attribute_keys[i]))
            continue;
        if (found != ATTRIBUTE_NONE)
            return ATTRIBUTE_NONE;
        found = (enum attribute)i;
    }
    return found;
}

/* --- the row --------------------------------------------------------------*/

static const struct json *of_type(const struct json *v, enum json_type type)
{
    return v && json_type(v) == type && json_count(v) ? v : NULL;
}

static struct str id_of(const struct json *row)
{
    const struct json *id = json_get(row, "id");

    if (!id)
        id = json_get(row, "video_id");
    if (id && json_type(id) == JSON_NUMBER)
        return json_spelling(id);
    return text_of(id);
}

enum asid_rc annotation_read(struct arena *a, const struct json *row,
                             struct annotation *out, struct asid_err *err)
{
    struct turns t = {STR(""), STR(""), 0};
    struct annotation r = {.attribute = ATTRIBUTE_NONE};
    struct str attribute;

    if (json_type(row) != JSON_OBJECT)
        return REJECT(err, "input.schema", "the row is no object but %s",
                      json_type_name(json_type(row)));
    TRY(find_video(row, &r.video, err));
    find_turns(a, row, &t);
    if (t.answers > 1)
        return REJECT(err, "input.schema",
                      "the row is a dialogue of %zu answers, not a caption",
                      t.answers);
    r.id = id_of(row);
    r.name = text_of(json_get(row, "model"));
    r.sha256 = text_of(json_get(row, "sha256"));
    if (r.sha256.n == 0)
        r.sha256 = text_of(json_path(row, "media.sha256"));
    r.caption = str_trim(t.answer);
    r.attributes = of_type(json_get(row, "attributes"), JSON_OBJECT);
    r.sources = of_type(json_get(row, "sources"), JSON_ARRAY);
    if (r.caption.n == 0 && !r.attributes && !r.sources)
        return REJECT(err, "input.schema",
                      "the row says nothing about its video: it has no "
                      "messages, conversations, response, caption or "
                      "attributes");
    attribute = text_of(json_get(row, "attribute"));
    if (attribute.n) {
        r.attribute = attribute_of(attribute);
        if (r.attribute == ATTRIBUTE_NONE)
            return REJECT(err, "input.schema", "attribute: no such attribute");
    } else if (t.question.n) {
        r.attribute = asked_about(t.question);
        r.guessed = r.attribute != ATTRIBUTE_NONE;
    }
    *out = r;
    return ASID_OK;
}

/* --- the record -----------------------------------------------------------*/

/* A source in the making. */
struct source {
    struct str name;
    unsigned guesses;    /* attributes that guessed rows are about, as bits */
    struct json *object; /* the newest entry of that name */
    unsigned entries;
};

struct making {
    struct arena *arena;
    struct json *list; /* record.sources */
    struct source *sources;
    size_t n;
};

static struct source *source_of(struct making *m, struct str name)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->sources[i].name, name))
            return &m->sources[i];
    m->sources[m->n] = (struct source){.name = name};
    return &m->sources[m->n++];
}

static void new_entry(struct making *m, struct source *s)
{
    struct arena *a = m->arena;

    s->object = json_new_object(a);
    if (++s->entries == 1)
        json_set(a, s->object, "name", json_new_str(a, s->name));
    else
        json_set_text(
            a, s->object, "name",
            arena_printf(a, "%.*s-%u", (int)s->name.n, s->name.p, s->entries));
    json_append(m->list, s->object);
}

static void add_caption(struct making *m, struct source *s, struct str caption)
{
    if (!s->object || json_get(s->object, "caption"))
        new_entry(m, s);
    json_set(m->arena, s->object, "caption", json_new_str(m->arena, caption));
}

static void add_attribute(struct making *m, struct source *s,
                          enum attribute attribute, struct str text)
{
    struct json *attributes = json_get(s->object, "attributes");

    if (!s->object ||
        (attributes && json_get(attributes, attribute_keys[attribute]))) {
        new_entry(m, s);
        attributes = NULL;
    }
    if (!attributes) {
        attributes = json_new_object(m->arena);
        json_set(m->arena, s->object, "attributes", attributes);
    }
    json_set(m->arena, attributes, attribute_keys[attribute],
             json_new_str(m->arena, text));
}

static void add_attributes(struct making *m, struct source *s,
                           const struct json *attributes)
{
    json_each(member, attributes) {
        enum attribute attribute = attribute_of(json_key(member));
        struct str text =
            text_of(json_type(member) == JSON_OBJECT ? json_get(member, "text")
                                                     : member);

        if (attribute != ATTRIBUTE_NONE && text.n)
            add_attribute(m, s, attribute, text);
    }
}

/* Sources that the row has already; those without a name or a word are none.
 * A raw row spells what it has not as "". */
static void add_sources(struct making *m, const struct json *sources)
{
    json_each(source, sources) {
        struct str name = text_of(json_get(source, "name"));
        struct str caption = text_of(json_get(source, "caption"));
        struct source *s;

        if (name.n == 0)
            continue;
        s = source_of(m, name);
        if (caption.n)
            add_caption(m, s, caption);
        add_attributes(m, s, json_get(source, "attributes"));
    }
}

static bool is_known(struct str key)
{
    for (size_t i = 0; i < sizeof known_keys / sizeof *known_keys; i++)
        if (str_is(key, known_keys[i]))
            return true;
    return false;
}

static void pass_keys(struct arena *a, const struct json *row,
                      struct json *record)
{
    json_each(member, row) {
        struct str key = json_key(member);

        if (!is_known(key) && !json_get_str(record, key))
            json_set_str(a, record, key, json_copy(a, member));
    }
}

static struct source *row_source(struct making *m,
                                 const struct annotation_row *row,
                                 const struct annotation *read)
{
    return source_of(m, read->name.n ? read->name : str_of(row->from));
}

static bool is_single(const struct source *s, const struct annotation *read)
{
    bool several = (s->guesses & (s->guesses - 1)) != 0;

    return read->attribute != ATTRIBUTE_NONE && (!read->guessed || several);
}

enum asid_rc annotation_record(struct arena *a,
                               const struct annotation_row *rows, size_t n,
                               struct json *record, struct asid_err *err)
{
    struct annotation *read = arena_array(a, n, sizeof *read);
    struct making m = {.arena = a, .list = json_new_array(a)};
    size_t most = n;

    for (size_t i = 0; i < n; i++) {
        TRY(annotation_read(a, rows[i].row, &read[i], err));
        most += json_count(read[i].sources);
    }
    m.sources = arena_array(a, most, sizeof *m.sources);
    for (size_t i = 0; i < n; i++) {
        struct source *s = row_source(&m, &rows[i], &read[i]);

        if (read[i].guessed)
            s->guesses |= 1u << read[i].attribute;
    }
    for (size_t i = 0; i < n; i++) {
        struct source *s = row_source(&m, &rows[i], &read[i]);

        add_sources(&m, read[i].sources);
        add_attributes(&m, s, read[i].attributes);
        if (read[i].caption.n == 0)
            continue;
        if (is_single(s, &read[i]))
            add_attribute(&m, s, read[i].attribute, read[i].caption);
        else
            add_caption(&m, s, read[i].caption);
    }
    json_set(a, record, "sources", m.list);
    /* What was said is no matter of who looked. */
    if (of_type(json_get(rows[0].row, "asr"), JSON_OBJECT))
        json_set(a, record, "asr", json_copy(a, json_get(rows[0].row, "asr")));
    pass_keys(a, rows[0].row, record);
    return ASID_OK;
}
