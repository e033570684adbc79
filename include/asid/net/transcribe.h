/*
 * Transcripts from an OpenAI-compatible endpoint: POST /audio/transcriptions.
 */
#ifndef ASID_NET_TRANSCRIBE_H
#define ASID_NET_TRANSCRIBE_H

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/base/str.h"
#include "asid/net/http.h"

enum { TRANSCRIBE_MAX_REPLY = 16 << 20 }; /* bytes */

struct transcribe_request {
    const char *model;
    const char *language; /* "en"; NULL: the server finds out */
    const char *prompt;   /* words to expect; NULL: none */
    double temperature;   /* always sent */
    struct str wav;       /* a whole WAV file */
};

/* Ask for a transcript with the times of segments and words (verbose_json).
 * *json is the reply, in the arena: checked to be a JSON object with `text` a
 * string, and `segments` and `words` arrays if they are there; what stands in
 * them is the caller's to check. REJECT model.failed and FAILED as in http.h.
 * threads: safe. */
enum asid_rc transcribe(struct http *h, struct arena *a,
                        const struct transcribe_request *q, struct str *json,
                        struct asid_err *err) ASID_WARN_UNUSED;

#endif
