/*
 * Several timelines decoded together: their next tokens go through the layers
 * as the rows of one matrix, so that the weights are read from memory once for
 * all. What a row becomes does not depend on the others (asid/nn/ops.h): each
 * timeline computes the bits it would compute alone.
 */
#include <math.h>

#include "run_int.h"

/* What the sessions share while they go together: the first one's kernels and
 * scratch. */
struct convoy {
    struct omni_session *const *s;
    size_t n;
    struct omni_session *lead;
    float *keys, *values; /* [n, kv_heads * head_dim] */
};

static void attend_each(const struct convoy *g, size_t layer)
{
    const struct omni_config *c = &g->lead->omni->config;
    size_t q = c->text.heads * c->text.head_dim;
    size_t kv = c->text.kv_heads * c->text.head_dim;

    for (size_t i = 0; i < g->n; i++) {
        struct omni_session *s = g->s[i];
        float *keys = s->kv + 2 * layer * s->capacity * kv;
        float *values = keys + s->capacity * kv;
        struct nn_attention a = {
            .q = g->lead->at.q + i * q,
            .k = keys,
            .v = values,
            .out = g->lead->at.attended + i * q,
            .ldq = q,
            .ldkv = kv,
            .ldo = q,
            .m = 1,
            .heads = c->text.heads,
            .kv_heads = c->text.kv_heads,
            .head_dim = c->text.head_dim,
            .scale = (float)(1.0 / sqrt((double)c->text.head_dim)),
            .causal = true,
            .past = s->done,
        };

        memcpy(keys + s->done * kv, g->keys + i * kv, kv * sizeof *keys);
        memcpy(values + s->done * kv, g->values + i * kv, kv * sizeof *keys);
        nn_attend(g->lead->nn, &a);
    }
}
