/* The engine: configuration, mapped weights and tokenizer of one folder. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/nn/bpe.h"
#include "run_int.h"

/* Collects missing and misshapen tensors into one bounded message. */
struct fault_list {
    struct buf text;
    size_t n, shown;
};
struct faults {
    struct fault_list missing, misshapen;
};

enum { FAULT_TEXT = 200 }; /* bytes of names in each half of the message */

static void note_fault(void *user, enum weight_fault fault, struct str text)
{
    struct faults *f = user;
    struct fault_list *l =
        fault == WEIGHT_MISSING ? &f->missing : &f->misshapen;

    if (fault == WEIGHT_IGNORED)
        return;
    l->n++;
    if (l->n > l->shown + 1 || (l->shown && l->text.n + text.n > FAULT_TEXT))
        return;
    buf_printf(&l->text, "%s" STR_FMT, l->shown ? ", " : "", STR_ARG(text));
    l->shown++;
}

/* "name, name and 12 more" */
static const char *close_list(struct fault_list *l)
{
    if (l->n > l->shown)
        buf_printf(&l->text, " and %zu more (asid-model info names all)",
                   l->n - l->shown);
    return l->text.p;
}

static enum asid_rc check_faults(struct faults *f, const char *dir,
                                 struct asid_err *err)
{
    const char *missing = close_list(&f->missing);
    const char *misshapen = close_list(&f->misshapen);

    if (missing && misshapen)
        return FAIL(err, "%s: %zu tensors missing: %s; %zu misshapen: %s", dir,
                    f->missing.n, missing, f->misshapen.n, misshapen);
    if (missing)
        return FAIL(err, "%s: %zu tensors missing: %s", dir, f->missing.n,
                    missing);
    if (misshapen)
        return FAIL(err, "%s: %zu tensors misshapen: %s", dir, f->misshapen.n,
                    misshapen);
    return ASID_OK;
}

static enum asid_rc bind_weights(struct omni *o, const char *dir,
                                 struct asid_err *err)
{
    struct faults f = {.missing = {.n = 0}};
    enum asid_rc rc;

    buf_init(&f.missing.text, 4096);
    buf_init(&f.misshapen.text, 4096);
    rc = weights_bind(o->st, &o->config, &o->weights, &o->tensors, note_fault,
                      &f, err);
    if (rc == ASID_OK)
        rc = check_faults(&f, dir, err);
    if (rc == ASID_OK)
        o->config.text.tied = o->weights->tied;
    buf_release(&f.missing.text);
    buf_release(&f.misshapen.text);
    return rc;
}

/* Everything besides the weights that changes what the model says. */
static const char *const side_files[] = {
    "config.json",         "generation_config.json",
    "tokenizer.json",      "preprocessor_config.json",
    "vocab.json",          "video_preprocessor_config.json",
    "merges.txt",          "tokenizer_config.json",
    "added_tokens.json",   "special_tokens_map.json",
    "chat_template.jinja", "chat_template.json",
};

static enum asid_rc take_fingerprint(struct omni *o, const char *dir,
                                     struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct arena a = ARENA_INIT;
    struct hash h;
    char hex[HASH_HEX];

    hash_init(&h);
    safetensors_fingerprint(o->st, hex);
    hash_add(&h, hex, HASH_HEX - 1);
    for (size_t i = 0; i < sizeof side_files / sizeof side_files[0]; i++) {
        char *path = path_join(&a, dir, side_files[i]);

        if (access(path, F_OK) != 0)
            continue;
        rc = hash_file(path, hex, NULL, err);
        if (rc != ASID_OK)
            goto out;
        hash_add(&h, side_files[i], strlen(side_files[i]));
        hash_add(&h, hex, HASH_HEX - 1);
    }
    hash_hex(&h, o->fingerprint);
out:
    arena_release(&a);
    return rc;
}

/* The kernels have room for heads of a certain width. */
static enum asid_rc check_heads(const struct omni_config *c, const char *dir,
                                struct asid_err *err)
{
    size_t vision = c->vision.hidden / c->vision.heads;
    size_t audio = c->audio.hidden / c->audio.heads;
    size_t most = c->text.head_dim > vision ? c->text.head_dim : vision;

    most = audio > most ? audio : most;
    if (most <= NN_HEAD_DIM_MAX)
        return ASID_OK;
    return FAIL(err, "%s: attention heads of %zu, at most %d are possible", dir,
                most, NN_HEAD_DIM_MAX);
}

enum asid_rc omni_open(const char *dir, struct omni **out, struct asid_err *err)
{
    const struct omni_load as_stored = {.precision = OMNI_STORED};

    return omni_open_as(dir, &as_stored, out, err);
}

enum asid_rc omni_open_as(const char *dir, const struct omni_load *how,
                          struct omni **out, struct asid_err *err)
{
    struct omni *o = mem_alloc(sizeof *o);
    enum asid_rc rc = omni_config_load(dir, &o->config, err);

    if (rc == ASID_OK)
        rc = check_heads(&o->config, dir, err);
    if (rc == ASID_OK)
        rc = safetensors_open(dir, &o->st, err);
    if (rc == ASID_OK)
        rc = bind_weights(o, dir, err);
    if (rc == ASID_OK)
        rc = bpe_open(dir, &o->bpe, err);
    if (rc == ASID_OK)
        rc = take_fingerprint(o, dir, err);
    if (rc == ASID_OK && how->precision != OMNI_STORED)
        rc = pack_weights(o, how, err);
    if (rc != ASID_OK) {
        omni_close(o);
        return rc;
    }
    *out = o;
    return ASID_OK;
}

void omni_close(struct omni *omni)
{
    if (!omni)
        return;
    weights_free(omni->weights);
    pack_release(omni);
    bpe_close(omni->bpe);
    safetensors_close(omni->st);
    free(omni);
}

const struct omni_config *omni_config(const struct omni *omni)
{
    return &omni->config;
}

const struct omni_tensors *omni_tensors(const struct omni *omni)
{
    return &omni->tensors;
}

const struct bpe *omni_tokenizer(const struct omni *omni)
{
    return omni->bpe;
}

const char *omni_fingerprint(const struct omni *omni)
{
    return omni->fingerprint;
}

bool omni_is_quantised(const struct omni *omni)
{
    return omni->precision != OMNI_STORED;
}

bool omni_precision_named(const char *name, enum omni_precision *precision)
{
    static const struct {
        const char *name;
        enum omni_precision precision;
    } known[] = {{"bf16", OMNI_STORED},
                 {"fp32", OMNI_STORED},
                 {"fp16", OMNI_STORED},
                 {"int8", OMNI_INT8},
                 {"int4", OMNI_INT4}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        *precision = known[i].precision;
        return true;
    }
    return false;
}

const char *omni_precision(const struct omni *omni)
{
    if (omni->precision != OMNI_STORED)
        return omni->precision == OMNI_INT8 ? "int8" : "int4";
    switch (omni->weights->embed.dtype) {
    case NN_BF16:
        return "fp32 over bf16";
    case NN_F16:
        return "fp32 over fp16";
    case NN_F32:
        break;
    }
    return "fp32 over fp32";
}

struct inspection {
    void (*name)(void *user, const char *kind, struct str tensor);
    void *user;
};

static void pass_on(void *user, enum weight_fault fault, struct str text)
{
    static const char *const kinds[] = {
        [WEIGHT_MISSING] = "missing",
        [WEIGHT_MISSHAPEN] = "misshapen",
        [WEIGHT_IGNORED] = "ignored",
    };
    struct inspection *i = user;

    if (i->name)
        i->name(i->user, kinds[fault], text);
}

enum asid_rc omni_inspect(const char *dir, struct omni_config *config,
                          struct omni_tensors *tensors,
                          void (*name)(void *user, const char *kind,
                                       struct str tensor),
                          void *user, struct asid_err *err)
{
    struct inspection i = {name, user};
    struct safetensors *st;
    struct omni_weights *w = NULL;
    enum asid_rc rc;

    TRY(omni_config_load(dir, config, err));
    TRY(safetensors_open(dir, &st, err));
    rc = weights_bind(st, config, &w, tensors, pass_on, &i, err);
    if (rc == ASID_OK)
        config->text.tied = w->tied;
    weights_free(w);
    safetensors_close(st);
    return rc;
}
