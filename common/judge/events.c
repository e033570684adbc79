/*
 * Claims about the order of events, event by event: a model that is asked about
 * all at once looks at the order and takes the events for granted.
 */
#include <string.h>

#include "judge_int.h"

/* Events of claims that are not refuted yet; of[i] is the claim of event i. */
static size_t collect(const struct judge_sitting *s,
                      const struct judge_claim *claims, size_t n,
                      struct judge_claim *events, size_t *of)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        struct str parts[VERIFY_EVENTS];
        size_t m = 0;

        if (claims[i].verdict != VERIFY_REFUTED && !isnan(claims[i].p))
            m = verify_events(s->j->rules, s->job->arena, claims[i].text,
                              parts);
        for (size_t k = 0; k < m; k++, count++) {
            events[count] = (struct judge_claim){
                .text = parts[k], .start = (double)NAN, .end = (double)NAN};
            of[count] = i;
        }
    }
    return count;
}

enum asid_rc judge_events(struct judge_sitting *s,
                          const struct text *const accounts[ATTRIBUTES],
                          struct judge_claim *claims, size_t n,
                          struct asid_err *err)
{
    struct arena *a = s->job->arena;
    struct judge_claim *events =
        arena_array(a, n * VERIFY_EVENTS, sizeof *events);
    size_t *of = arena_array(a, n * VERIFY_EVENTS, sizeof *of);
    size_t count = collect(s, claims, n, events, of);

    TRY(judge_claims(s, events, count, err));
    for (size_t i = 0; i < count; i++) {
        struct judge_claim *c = &claims[of[i]];

        if (events[i].verdict != VERIFY_REFUTED || events[i].p >= c->p ||
            judge_is_told(s, accounts, events[i].text))
            continue;
        c->p = events[i].p;
        c->verdict = VERIFY_REFUTED;
        c->event = events[i].text;
        memcpy(c->prompt_sha256, events[i].prompt_sha256,
               sizeof c->prompt_sha256);
    }
    return ASID_OK;
}
