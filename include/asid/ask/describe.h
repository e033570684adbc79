/*
 * Checkpoints and measurements as JSON, for people and scripts.
 */
#ifndef ASID_ASK_DESCRIBE_H
#define ASID_ASK_DESCRIBE_H

#include "asid/ask/bench.h"
#include "asid/data/json.h"
#include "asid/omni/omni.h"

/* Set a number of about six digits, so that figures are readable. */
void describe_figure(struct arena *a, struct json *object, const char *key,
                     double value);
/* Set what the configuration says: architecture, text, vision, audio,
 * token_ids. */
void describe_config(struct arena *a, const struct omni_config *c,
                     struct json *object);
/* The object that `asid-model bench` prints, in the arena. */
struct json *describe_bench(struct arena *a, const char *precision,
                            const struct bench_wish *w,
                            const struct bench_figures *f);

#endif
