/*
 * asid-caption: run a captioner over each video and add what it says as one
 * entry of `sources`.
 *
 * A question is a prompt about one clip; asid/answer/answer.h says who answers
 * it and what happens to the answer.
 */
#include "asid/answer/answer.h"
#include "asid/ask/prompts.h"
#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/kit/stage.h"
#include "asid/media/media.h"

#include <stdlib.h>

struct caption {
    struct answerer *model;
    const struct prompts *prompts;
    const char *name; /* of this captioner in sources */
    const char *set;
    bool single; /* one question per attribute */
    const char *attributes[ATTRIBUTES];
    size_t n_attributes;
    const char *identity;
};

/* What one clip is asked. */
struct questions {
    size_t n;
    const char *attribute[ATTRIBUTES]; /* NULL: the whole caption */
    struct str prompt[ATTRIBUTES];
    struct clip_reply reply[ATTRIBUTES];
};

/* Chosen attributes in the contract's order, each once; none chosen: all. */
static void read_attributes(const struct asid_cx *cx, struct caption *c)
{
    size_t given = opt_count(cx, "attributes");

    for (size_t k = 0; k < ATTRIBUTES; k++) {
        bool chosen = given == 0;

        for (size_t i = 0; i < given; i++)
            chosen |=
                strcmp(opt_nth(cx, "attributes", i), attribute_keys[k]) == 0;
        if (chosen)
            c->attributes[c->n_attributes++] = attribute_keys[k];
    }
}

/* The last name of the folder's path; where that names no folder by itself
 * ("." and the like), of the folder it stands for. */
static const char *model_name(struct arena *a, const char *dir)
{
    size_t n = strlen(dir);
    const char *base;
    char *real;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    base = path_base(arena_strndup(a, dir, n));
    if (*base && strcmp(base, ".") != 0 && strcmp(base, "..") != 0)
        return base;
    real = realpath(dir, NULL);
    base = real && *path_base(real) ? arena_strdup(a, path_base(real)) : dir;
    free(real);
    return base;
}

/* Attributes that no prompt would ask for. */
static enum asid_rc check_attributes(const struct asid_cx *cx,
                                     const struct caption *c,
                                     struct asid_err *err)
{
    const char *prompt = opt_text(cx, "prompt");

    if (!c->single && prompt && opt_count(cx, "attributes") &&
        !strstr(prompt, "{attr}"))
        return USAGE(err, "--attributes: --prompt has no {attr} to put them "
                          "in");
    return ASID_OK;
}

static enum asid_rc caption_open(struct asid_cx *cx, struct asid_err *err)
{
    struct caption *c = cx->state;
    const char *dir = opt_text(cx, "model");

    if (!dir)
        return USAGE(err, "--model is needed: a checkpoint folder, or with "
                          "--endpoint the name of the server's model");
    c->name = opt_text(cx, "name");
    if (c->name && !*c->name)
        return USAGE(err, "--name: a captioner needs a name");
    if (!c->name && opt_text(cx, "endpoint"))
        c->name = *path_base(dir) ? path_base(dir) : dir;
    if (!c->name)
        c->name = model_name(cx->arena, dir);
    c->set = opt_text(cx, "prompts");
    c->single = strcmp(c->set, "single-attribute") == 0;
    TRY(check_attributes(cx, c, err));
    read_attributes(cx, c);
    TRY(prompts_load(cx->arena, &c->prompts, err));
    TRY(answerer_open(cx, &c->model, err));
    /* The name is part of the record, but of no question. */
    c->identity = arena_printf(cx->arena, "%s prompts %lld name %s",
                               answerer_identity(c->model),
                               (long long)prompts_version(c->prompts), c->name);
    return ASID_OK;
}

static void caption_close(struct asid_cx *cx)
{
    struct caption *c = cx->state;

    answerer_close(c->model);
}

static const char *caption_identity(const struct asid_cx *cx)
{
    const struct caption *c = cx->state;

    return c->identity;
}

/* --- questions ---------------------------------------------------------- */

static enum asid_rc make_questions(struct asid_job *job, struct questions *q,
                                   struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    struct prompt_request request = {
        .set = c->set,
        .override = opt_text(job->cx, "prompt"),
        .attributes = c->attributes,
        .n_attributes = c->n_attributes,
        .id = job->id,
        .seed = (uint64_t)opt_int(job->cx, "seed"),
    };

    /* Several attributes in one answer: the single-attribute wording with a
     * list, as the published attribute control does it. */
    if (!c->single && opt_count(job->cx, "attributes") &&
        strcmp(c->set, "all-attributes") == 0)
        request.set = "single-attribute";
    q->n = c->single ? c->n_attributes : 1;
    for (size_t i = 0; i < q->n; i++) {
        if (c->single) {
            q->attribute[i] = c->attributes[i];
            request.attributes = &c->attributes[i];
            request.n_attributes = 1;
        }
        TRY(prompt_text(c->prompts, job->arena, &request, &q->prompt[i], err));
    }
    return ASID_OK;
}

/* --- the record --------------------------------------------------------- */

/* The entry of `sources` with this captioner's name is replaced, else added. */
static void put_source(struct asid_job *job, struct json *source)
{
    const struct caption *c = job->cx->state;
    struct json *old = json_get(job->record, "sources");
    struct json *list = json_new_array(job->arena);
    bool placed = false;

    for (struct json *s = json_first(old), *next; s; s = next) {
        const char *name = json_text(json_get(s, "name"));

        next = json_next(s);
        json_unlink(s);
        if (name && strcmp(name, c->name) == 0) {
            if (!placed)
                json_append(list, source);
            placed = true;
        } else {
            json_append(list, s);
        }
    }
    if (!placed)
        json_append(list, source);
    json_set(job->arena, job->record, "sources", list);
}

static void build_source(struct asid_job *job, const struct questions *q)
{
    const struct caption *c = job->cx->state;
    struct arena *a = job->arena;
    struct json *source = json_new_object(a);
    struct json *attributes = json_new_object(a);
    bool truncated = false;

    json_set_text(a, source, "name", c->name);
    for (size_t i = 0; i < q->n; i++) {
        const struct clip_reply *reply = &q->reply[i];

        truncated |= reply->truncated;
        if (q->attribute[i])
            json_set(a, attributes, q->attribute[i],
                     json_new_str(a, reply->text));
        else
            json_set(a, source, "caption", json_new_str(a, reply->text));
    }
    if (c->single)
        json_set(a, source, "attributes", attributes);
    json_set_text(a, source, "prompts", c->set);
    json_set_text(a, source, "model", answerer_model(c->model));
    json_set_bool(a, source, "truncated", truncated);
    put_source(job, source);
}

static enum asid_rc caption_record(struct asid_job *job, struct asid_err *err)
{
    const struct caption *c = job->cx->state;
    struct questions q = {.n = 0};
    struct clip *clip = NULL;
    char media[HASH_HEX];
    const char *path;
    enum asid_rc rc;

    TRY(clip_source(job, &path, media, err));
    TRY(make_questions(job, &q, err));
    TRY(clip_open(c->model, job, path, media, NULL, &clip, err));
    rc = clip_texts(clip, q.prompt, q.n, NULL, q.reply, err);
    clip_close(clip);
    if (rc == ASID_OK)
        build_source(job, &q);
    return rc;
}

const struct asid_stage asid_stage = {
    .name = "caption",
    .state_size = sizeof(struct caption),
    .open = caption_open,
    .record = caption_record,
    .close = caption_close,
    .identity = caption_identity,
    .libraries = media_versions,
};
