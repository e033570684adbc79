/*
 * Asking an endpoint what is said in a clip: the sound as 16-bit mono WAV at
 * 16 kHz to /audio/transcriptions, the reply kept in the ledger.
 */
#ifndef ASID_ANSWER_HEAR_H
#define ASID_ANSWER_HEAR_H

#include "asid/kit/stage.h"

struct hearer;

/* The server of --endpoint with --model, --timeout and --requests. language: a
 * code to tell it, or NULL. USAGE when there is an endpoint without a model.
 * Nothing is sent. */
enum asid_rc hear_open(struct asid_cx *cx, const char *language,
                       struct hearer **out,
                       struct asid_err *err) ASID_WARN_UNUSED;
void hear_close(struct hearer *h);

/* The reply (verbose_json) for the record's clip, in the job's arena; from the
 * ledger when it was asked before. check looks at a new reply before it is
 * kept: what it refuses is a REJECT model.failed with its message, and is asked
 * again by the next run. REJECT as clip_source and media_sound; media.no_audio
 * when the clip has no sound. FAILED as http.h. Safe for several jobs. */
enum asid_rc
hear(struct hearer *h, struct asid_job *job,
     enum asid_rc (*check)(void *user, struct str reply, struct asid_err *err),
     void *user, struct str *reply, struct asid_err *err) ASID_WARN_UNUSED;

#endif
