/* What the towers of pictures and sound have in common. */
#include <math.h>

#include "run_int.h"

void tower_attend(struct omni_session *s, const struct tower_rows *rows)
{
    size_t head_dim = rows->width / rows->heads;
    const struct nn_attention a = {
        .q = rows->q,
        .k = rows->k,
        .v = rows->v,
        .out = rows->out,
        .ldq = rows->width,
        .ldkv = rows->width,
        .ldo = rows->width,
        .m = rows->n,
        .heads = rows->heads,
        .kv_heads = rows->heads,
        .head_dim = head_dim,
        .scale = (float)(1.0 / sqrt((double)head_dim)),
        .segment = rows->segment,
        .n_segments = rows->n_segments,
    };

    nn_attend(s->nn, &a);
}
