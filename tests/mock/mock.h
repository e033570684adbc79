/*
 * asid-mock-endpoint: an OpenAI-compatible endpoint for tests, on 127.0.0.1,
 * as good or as bad as its scenario says.
 *
 *   asid-mock-endpoint --port-file FILE [--scenario FILE] [--log FILE]
 *                      [--seconds N]
 *
 * The port is chosen by the system and written to the port file (whole, by
 * rename) once connections are taken. It ends after N seconds (120), on
 * SIGTERM, or with the process that started it.
 *
 * A scenario is one JSON object:
 *
 *   key      requests without "Authorization: Bearer KEY" get 401
 *   models   names served; others get 404 (absent: all are)
 *   rules    tried in order, the first that fits decides; members:
 *     match        text that must stand in the prompt (or the form); absent: any
 *     has          text that must stand in the body as it was sent
 *     times        how often per distinct request the rule fits; absent: always
 *     delay        seconds before the reply
 *     status       of the reply; 200
 *     retry_after  header, as it is
 *     retry_date   header: an HTTP date that many seconds from now
 *     body         the reply's body: text as it is, anything else as JSON
 *     fault        hang drip cut cut-open short close garbage utf8 huge headers
 *                  redirect html
 *     answer       text; $KEY in it is the key that was sent, $HASH the
 *                  request's hash
 *     p            P(yes) of 0.98 of the mass
 *     top          alternatives: {"token": logprob, ...}
 *     refusal      text
 *     finish       finish_reason
 *     logprobs     false: left out
 *     model        name in the reply
 *
 * Without a rule: a question with logprobs is answered by yes or no with
 * probabilities that depend on its prompt alone, others by a sentence that
 * depends on the whole request; /audio/transcriptions gets three words.
 *
 * The log has a line per request, when it is over, with tabs between:
 *   number, connection, requests at once, hash of the request, what became of
 *   it ("answered", a status, a fault, "gone": the client did not wait), the
 *   end of its prompt
 */
#ifndef TESTS_MOCK_MOCK_H
#define TESTS_MOCK_MOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/arena.h"
#include "asid/base/hash.h"
#include "asid/base/str.h"
#include "asid/data/json.h"

struct mock_request {
    struct arena *arena;
    const char *path;
    const char *key; /* of the Authorization header, "" without */
    struct str body;
    /* Worked out: */
    struct json *json; /* NULL: no JSON */
    struct str text;   /* of all messages, or the whole body */
    const char *model; /* "" unknown */
    char hash[HASH_HEX];
    bool wants_top;
    bool is_sound; /* /audio/transcriptions */
};

/* What goes back. */
struct mock_reply {
    int status;
    const char *fault; /* "" for none */
    double delay;
    const char *retry_after; /* "" for none */
    struct str body;
};

/* --- scenario.c ------------------------------------------------------------ */

struct scenario;

struct scenario *scenario_load(const char *path); /* ends the program if bad */
/* Threads: safe. */
void scenario_reply(struct scenario *s, struct mock_request *q,
                    struct mock_reply *r);

/* --- answer.c -------------------------------------------------------------- */

/* Fill in json, text, model, hash, wants_top, is_sound. */
void mock_read(struct mock_request *q);
/* The body of a good reply; rule may be NULL. */
struct str mock_answer(const struct mock_request *q, const struct json *rule);
struct str mock_error(struct arena *a, const char *code, const char *message);

#endif
