/* What the files about sentences share. */
#ifndef ASID_SYNTH_SAY_INT_H
#define ASID_SYNTH_SAY_INT_H

#include <math.h>

#include "asid/synth/say.h"
#include "synth_int.h"

static inline bool synth_same_name(struct synth_name a, struct synth_name b)
{
    return a.kind == b.kind && a.colour == b.colour;
}
static inline struct synth_name synth_name_of(const struct synth_world *w,
                                              int actor)
{
    return (struct synth_name){w->actors[actor].kind, w->actors[actor].colour};
}
/* The actor of that name, or -1. */
int synth_actor_named(const struct synth_world *w, struct synth_name name);

/* Write texts, claims, caption and transcript of facts into a record or a
 * source. */
struct synth_telling {
    const struct text_rules *rules;
    struct arena *arena;
    uint64_t wording;
    const struct synth_fact *facts;
    size_t n;
};
/* The paragraph of one attribute; *used gets the facts' indexes in the order of
 * the sentences. n 0: nothing. */
struct str synth_paragraph(const struct synth_telling *t, enum attribute key,
                           size_t used[SYNTH_FACTS_MAX], size_t *n_used);
/* The caption that asid-merge makes of these attributes. */
enum asid_rc synth_caption(const struct synth_telling *t,
                           const struct json *attributes, struct str *caption,
                           struct asid_err *err) ASID_WARN_UNUSED;

#endif
