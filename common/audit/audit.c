/* The questions of asid-audit, and what they need. */
#include <stdlib.h>
#include <string.h>

#include "asid/base/file.h"
#include "asid/data/schema.h"
#include "asid/kit/entry.h"
#include "audit_int.h"

static const struct question {
    const char *name;
    size_t least, most; /* arguments */
    const char *takes;
    enum asid_rc (*ask)(struct audit *q, struct asid_err *err);
    bool asks_ledger;
} questions[] = {
    {"why", 1, 1, "one argument, the id of a record", audit_why, true},
    {"rejects", 0, 0, "no argument", audit_rejects, true},
    {"balance", 0, 0, "no argument", audit_balance, true},
    {"runs", 0, 0, "no argument", audit_runs, true},
    {"diff", 2, 2, "two arguments, the run_ids of runs", audit_diff, true},
    {"stats", 1, 64, "files of records", audit_stats, false},
    {"sample", 2, 2, "a number and a file of records", audit_sample, false},
    {"frame", 2, 2, "the id of a record and a file of records", audit_frame,
     false},
    {"score", 1, 64, "files of records", audit_score, false},
    {"merge", 1, 1000, "ledger files", audit_merge, false},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

#define ALL_QUESTIONS                                                          \
 "ask why ID, rejects, balance, runs, diff, stats, sample, score, frame or "   \
 "merge"

static enum asid_rc unknown_question(struct arena *a, const char *name,
                                     struct asid_err *err)
{
    struct str_nearest near = {.wrong = str_of(name)};

    for (size_t i = 0; i < QUESTIONS; i++)
        str_nearer(&near, str_of(questions[i].name));
    return USAGE(err, "unknown question '%s'%s", name,
                 str_meant(a, &near, ": " ALL_QUESTIONS));
}

static enum asid_rc find_question(const struct asid_cx *cx,
                                  const struct question **out,
                                  struct asid_err *err)
{
    const char *name = opt_nth(cx, "question", 0);
    size_t arguments = opt_count(cx, "question");
    const struct question *found = NULL;

    if (arguments == 0)
        return USAGE(err, "no question: " ALL_QUESTIONS);
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (strcmp(name, questions[i].name) == 0)
            found = &questions[i];
    }
    if (!found)
        return unknown_question(cx->arena, name, err);
    if (arguments - 1 < found->least || arguments - 1 > found->most)
        return USAGE(err, "%s takes %s", name, found->takes);
    *out = found;
    return ASID_OK;
}

/* --- filters ------------------------------------------------------------- */

static enum asid_rc check_stage(const struct audit *q, struct asid_err *err)
{
    struct str_nearest near = {.wrong = str_of(q->stage)};
    struct json *document;

    TRY(entry_document(q->cx->arena, &document, err));
    if (entry_find(document, q->stage))
        return ASID_OK;
    json_each(entry, json_get(document, "$defs")) {
        if (entry_is_program(entry))
            str_nearer(&near, json_key(entry));
    }
    return USAGE(err, "--stage: unknown stage '%s'%s", q->stage,
                 str_meant(q->cx->arena, &near, "; asid --help lists them"));
}

static enum asid_rc check_code(const struct audit *q, struct asid_err *err)
{
    struct str_nearest near = {.wrong = str_of(q->code)};
    struct str kind, meaning;

    if (schema_code(q->code, &kind, &meaning))
        return ASID_OK;
    schema_code_nearer(&near);
    return USAGE(err, "--code: unknown code '%s'%s", q->code,
                 str_meant(q->cx->arena, &near,
                           "; the manual page of a stage lists its codes"));
}

/* What is not known would be found nowhere, as if all were well. */
static enum asid_rc check_filters(const struct audit *q, struct asid_err *err)
{
    if (q->stage[0])
        TRY(check_stage(q, err));
    if (q->code[0])
        TRY(check_code(q, err));
    return ASID_OK;
}

/* The ledger knows outputs by their absolute paths. */
static const char *folder_of(struct arena *a, const char *path)
{
    char *real = realpath(path, NULL);
    const char *folder = "";

    if (real)
        folder = arena_strndup(a, real, (size_t)(path_base(real) - real));
    free(real);
    return folder;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static enum asid_rc open_ledger(struct audit *q,
                                const struct question *question,
                                struct asid_err *err)
{
    const char *path = opt_text(q->cx, "ledger");

    q->folder = "";
    if (!question->asks_ledger)
        return ASID_OK;
    TRY(ledger_open_readonly(path, &q->ledger, err));
    q->folder = folder_of(q->cx->arena, path);
    return ASID_OK;
}

enum asid_rc audit_run(struct asid_cx *cx, struct asid_err *err)
{
    struct audit q = {.cx = cx, .rows = ARENA_INIT};
    const struct question *question = questions;
    const char **arguments;
    enum asid_rc rc;

    TRY(find_question(cx, &question, err));
    q.stage = or_empty(opt_text(cx, "stage"));
    q.code = or_empty(opt_text(cx, "code"));
    q.sentence = opt_text(cx, "sentence");
    q.json = opt_bool(cx, "json");
    q.n_arguments = opt_count(cx, "question") - 1;
    arguments = arena_array(cx->arena, q.n_arguments, sizeof *arguments);
    for (size_t i = 0; i < q.n_arguments; i++)
        arguments[i] = opt_nth(cx, "question", i + 1);
    q.argument = arguments;
    TRY(check_filters(&q, err));
    TRY(open_ledger(&q, question, err));
    buf_init(&q.out, AUDIT_OUT_BYTES);
    rc = question->ask(&q, err);
    buf_release(&q.out);
    arena_release(&q.rows);
    ledger_close(q.ledger);
    return rc;
}
