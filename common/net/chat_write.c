/* A chat-completions request as JSON. */
#include <stdint.h>

#include "asid/base/base64.h"
#include "asid/base/num.h"
#include "asid/data/json.h"
#include "chat_int.h"

static void add_string(struct buf *out, struct str text)
{
    struct arena a = ARENA_INIT;

    json_write(out, json_new_str(&a, text));
    arena_release(&a);
}

static void add_number(struct buf *out, const char *key, double value)
{
    char space[32];

    num_format(value, space);
    buf_printf(out, ",\"%s\":%s", key, space);
}

static void add_part(struct buf *out, const struct chat_part *part)
{
    switch (part->kind) {
    case CHAT_TEXT:
        buf_text(out, "{\"type\":\"text\",\"text\":");
        add_string(out, part->bytes);
        buf_char(out, '}');
        break;
    case CHAT_IMAGE:
        buf_printf(out,
                   "{\"type\":\"image_url\",\"image_url\":{\"url\":"
                   "\"data:%s;base64,",
                   part->type);
        base64_add(out, part->bytes);
        buf_text(out, "\"}}");
        break;
    case CHAT_AUDIO:
        buf_text(out, "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"");
        base64_add(out, part->bytes);
        buf_printf(out, "\",\"format\":\"%s\"}}", part->type);
        break;
    }
}

/* A single text goes as a string: servers of models without eyes and ears know
 * nothing else. */
static void add_user(struct buf *out, const struct chat_request *q)
{
    buf_text(out, "{\"role\":\"user\",\"content\":");
    if (q->n_parts == 1 && q->parts[0].kind == CHAT_TEXT) {
        add_string(out, q->parts[0].bytes);
    } else {
        buf_char(out, '[');
        for (size_t i = 0; i < q->n_parts; i++) {
            if (i)
                buf_char(out, ',');
            add_part(out, &q->parts[i]);
        }
        buf_char(out, ']');
    }
    buf_char(out, '}');
}

static void add_sampling(struct buf *out, const struct chat_request *q,
                         const struct chat_dialect *d)
{
    uint32_t top = q->top_logprobs;

    if (d->few_top && top > CHAT_FEW_TOP)
        top = CHAT_FEW_TOP;
    if (q->max_tokens)
        add_number(out,
                   d->max_completion_tokens ? "max_completion_tokens"
                                            : "max_tokens",
                   q->max_tokens);
    add_number(out, "temperature", q->temperature);
    if (q->top_p > 0)
        add_number(out, "top_p", q->top_p);
    if (chat_has_penalty(q) && !d->no_penalty)
        add_number(out, "repetition_penalty", q->repetition_penalty);
    if (q->has_seed)
        buf_printf(out, ",\"seed\":%llu",
                   (unsigned long long)(q->seed & INT64_MAX));
    if (top > 0)
        buf_printf(out, ",\"logprobs\":true,\"top_logprobs\":%u",
                   (unsigned)top);
}

bool chat_has_penalty(const struct chat_request *q)
{
    return q->repetition_penalty > 0 &&
           (q->repetition_penalty < 1 || q->repetition_penalty > 1);
}

void chat_write(struct buf *out, const char *model,
                const struct chat_request *q, const struct chat_dialect *d)
{
    buf_text(out, "{\"model\":");
    add_string(out, str_of(model));
    buf_text(out, ",\"messages\":[");
    if (q->system.n) {
        buf_text(out, "{\"role\":\"system\",\"content\":");
        add_string(out, q->system);
        buf_text(out, "},");
    }
    add_user(out, q);
    buf_char(out, ']');
    add_sampling(out, q, d);
    buf_char(out, '}');
}
