/* Lessons: what a captioner is trained on, and the rows of the trainers. */
#include "rows_int.h"

#include "asid/base/hash.h"

/* --- lessons --------------------------------------------------------------*/

static bool applies(const struct json *attribute, enum lesson_verdicts wanted)
{
    struct str verdict = row_text_at(attribute, "verdict");

    if (row_text_at(attribute, "text").n == 0 || str_is(verdict, "absent"))
        return false;
    return wanted == LESSONS_ANY ||
           (!str_is(verdict, "error") && !str_is(verdict, "missing"));
}

static bool all_clean(const struct json *record)
{
    json_each(attribute, json_get(record, "attributes")) {
        struct str verdict = row_text_at(attribute, "verdict");

        if (str_is(verdict, "error") || str_is(verdict, "missing"))
            return false;
    }
    return true;
}

static enum asid_rc ask(const struct lesson_wish *wish, struct arena *a,
                        const char *set, const char *id, const char *key,
                        struct str *prompt, struct asid_err *err)
{
    struct prompt_request request = {
        .set = set,
        .attributes = &key,
        .n_attributes = key != NULL,
        .id = id,
        .seed = wish->seed,
    };

    return prompt_text(wish->prompts, a, &request, prompt, err);
}

static struct lesson *add_lesson(struct lesson *lessons, size_t *n,
                                 const struct json *record)
{
    struct lesson *l = &lessons[(*n)++];

    *l = (struct lesson){
        .id = row_text_at(record, "id"),
        .video = row_text_at(record, "video"),
        .reasons = json_get(record, "findings"),
    };
    if (!json_f64(json_path(record, "media.duration"), &l->duration))
        l->duration = 0;
    return l;
}

/* Keep one of the first n lessons, the same for the same seed and id. */
static size_t keep_one(const struct lesson_wish *wish, struct arena *a,
                       const char *id, struct lesson *lessons, size_t n)
{
    const char *key =
        arena_printf(a, "%llu %s", (unsigned long long)wish->seed, id);

    if (n < 2)
        return n;
    lessons[0] = lessons[hash_u64(str_of(key)) % n];
    return 1;
}

enum asid_rc lessons_of(const struct lesson_wish *wish, struct arena *a,
                        const struct json *record, struct lesson *lessons,
                        size_t *n, struct asid_err *err)
{
    const struct json *attributes = json_get(record, "attributes");
    const char *id = json_text(json_get(record, "id"));
    size_t count = 0;
    struct lesson *l;

    id = id ? id : "";
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        const char *key = attribute_keys[i];
        const struct json *attribute = json_get(attributes, key);

        if (!applies(attribute, wish->verdicts))
            continue;
        l = add_lesson(lessons, &count, record);
        l->attribute = str_of(key);
        l->answer = row_text_at(attribute, "text");
        l->draft = row_text_at(attribute, "draft");
        TRY(ask(wish, a, "single-attribute", id, key, &l->prompt, err));
    }
    if (wish->one)
        count = keep_one(wish, a, id, lessons, count);
    if (row_text_at(record, "caption").n &&
        (wish->verdicts == LESSONS_ANY || all_clean(record))) {
        l = add_lesson(lessons, &count, record);
        l->answer = row_text_at(record, "caption");
        l->draft = row_text_at(record, "draft");
        TRY(ask(wish, a, "all-attributes", id, NULL, &l->prompt, err));
    }
    *n = count;
    return ASID_OK;
}

/* --- rows -----------------------------------------------------------------*/

static void add_turn(struct arena *a, struct buf *row, const char *who,
                     const char *role, const char *what, struct str mark,
                     struct str text)
{
    struct buf joined;

    buf_init(&joined, SIZE_MAX / 2);
    buf_str(&joined, mark);
    buf_str(&joined, text);
    if (row->p[row->n - 1] == '}')
        buf_char(row, ',');
    buf_char(row, '{');
    row_text(a, row, who, str_of(role));
    row_text(a, row, what, buf_view(&joined));
    buf_char(row, '}');
    buf_release(&joined);
}

static void add_messages(struct arena *a, struct buf *row,
                         const struct lesson *l)
{
    row_key(row, "messages");
    buf_char(row, '[');
    add_turn(a, row, "role", "user", "content", STR("<video>"), l->prompt);
    add_turn(a, row, "role", "assistant", "content", STR(""), l->answer);
    buf_char(row, ']');
}

static void add_videos(struct arena *a, struct buf *row, const struct lesson *l)
{
    row_key(row, "videos");
    buf_char(row, '[');
    json_write(row, json_new_str(a, l->video));
    buf_char(row, ']');
}

static void add_name(struct arena *a, struct buf *row, const struct lesson *l)
{
    row_text(a, row, "id", l->id);
    row_text(a, row, "attribute", l->attribute);
}

/* The codes of the findings about this attribute, each once. */
static void add_reasons(struct arena *a, struct buf *row,
                        const struct lesson *l)
{
    struct json *codes = json_new_array(a);

    json_each(finding, l->reasons) {
        struct str code = row_text_at(finding, "code");
        bool known = code.n == 0 ||
                     (l->attribute.n &&
                      !str_eq(l->attribute, row_text_at(finding, "attribute")));

        json_each(other, codes) {
            known |= str_eq(json_str(other), code);
        }
        if (!known)
            json_append(codes, json_new_str(a, code));
    }
    row_key(row, "reasons");
    json_write(row, codes);
}

static void add_conversations(struct arena *a, struct buf *row,
                              const struct lesson *l)
{
    row_text(a, row, "id", l->id);
    row_text(a, row, "video", l->video);
    row_key(row, "conversations");
    buf_char(row, '[');
    add_turn(a, row, "from", "human", "value", STR("<video>\n"), l->prompt);
    add_turn(a, row, "from", "gpt", "value", STR(""), l->answer);
    buf_char(row, ']');
}

void row_lesson(struct arena *a, enum lesson_form form, const struct lesson *l,
                struct buf *row)
{
    buf_char(row, '{');
    if (buf_failed(row))
        return;
    switch (form) {
    case FORM_ASID:
        add_name(a, row, l);
        row_real(row, "duration", l->duration);
        add_messages(a, row, l);
        add_videos(a, row, l);
        break;
    case FORM_MS_SWIFT:
    case FORM_LLAMA_FACTORY:
        add_messages(a, row, l);
        add_videos(a, row, l);
        break;
    case FORM_SHAREGPT:
        add_conversations(a, row, l);
        break;
    case FORM_PAIR:
        add_name(a, row, l);
        add_messages(a, row, l);
        row_text(a, row, "rejected_response", l->draft);
        add_videos(a, row, l);
        add_reasons(a, row, l);
        break;
    }
    buf_text(row, "}\n");
}

static struct json *turn_features(struct arena *a, const char *who,
                                  const char *what)
{
    struct json *turn = json_new_object(a);

    json_set(a, turn, who, feature_value(a, "string"));
    json_set(a, turn, what, feature_value(a, "string"));
    return feature_list(a, turn);
}

struct json *row_lesson_features(struct arena *a, enum lesson_form form)
{
    struct json *all = json_new_object(a);

    if (form == FORM_ASID || form == FORM_PAIR || form == FORM_SHAREGPT)
        json_set(a, all, "id", feature_value(a, "string"));
    if (form == FORM_SHAREGPT) {
        json_set(a, all, "video", feature_value(a, "string"));
        json_set(a, all, "conversations", turn_features(a, "from", "value"));
        return all;
    }
    if (form == FORM_ASID || form == FORM_PAIR)
        json_set(a, all, "attribute", feature_value(a, "string"));
    if (form == FORM_ASID)
        json_set(a, all, "duration", feature_value(a, "float64"));
    json_set(a, all, "messages", turn_features(a, "role", "content"));
    if (form == FORM_PAIR)
        json_set(a, all, "rejected_response", feature_value(a, "string"));
    json_set(a, all, "videos", feature_list(a, feature_value(a, "string")));
    if (form == FORM_PAIR)
        json_set(a, all, "reasons",
                 feature_list(a, feature_value(a, "string")));
    return all;
}
