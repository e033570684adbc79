/* why ID: what became of a record, step by step, and on what evidence. */
#include <string.h>

#include "asid/base/num.h"
#include "asid/dataset/annotation.h"
#include "audit_int.h"

#define WHY_COLUMNS                                                            \
 "SELECT o.record_id AS id, o.stage, o.status, o.code, o.message,"             \
 " o.attempts, o.seconds, o.tokens_in, o.tokens_out, o.input_sha256,"          \
 " o.options_sha256, o.output_sha256, c.output, o.run_id, r.program,"          \
 " r.version, r.started_at, r.argv,"                                           \
 " (SELECT json_group_array(json_object('round', v.round, 'attribute',"        \
 " v.attribute, 'claim', v.claim, 'kind', v.kind, 'p', v.p, 'verdict',"        \
 " v.verdict, 'model', v.model, 'prompt_sha256', v.prompt_sha256, 'reason',"   \
 " v.reason)) FROM (SELECT * FROM verdicts w WHERE w.execution = o.execution"  \
 " AND w.record_id = o.record_id ORDER BY w.round, w.attribute, w.claim,"      \
 " w.kind) v) AS verdicts"
static const char why_sql[] = WHY_COLUMNS NOW
    " LEFT JOIN runs r ON r.run_id = o.run_id"
    " WHERE o.record_id = ?1 AND (?2 = '' OR o.stage = ?2)" IN_ORDER ", o.seq";

static void why_line(struct audit *q, const char *label, const char *text)
{
    if (text && text[0])
        buf_printf(&q->out, "   %-9s%s\n", label, table_safe(&q->rows, text));
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static const char *seconds_of(struct arena *a, const char *text)
{
    double seconds;

    if (!text || !num_f64(str_of(text), &seconds))
        return "-";
    return arena_printf(a, "%.3f", seconds);
}

static const char *text_or(const struct json *v, const char *otherwise)
{
    const char *text = json_text(v);

    return text ? text : otherwise;
}

static void why_verdict(struct audit *q, const struct json *v)
{
    struct arena *a = &q->rows;
    const char *reason = text_or(json_get(v, "reason"), NULL);
    const char *attribute = text_or(json_get(v, "attribute"), "-");
    int64_t round = 0, claim = -1;
    double p;

    (void)(json_i64(json_get(v, "round"), &round) &&
           json_i64(json_get(v, "claim"), &claim));
    buf_printf(&q->out, "   verdict  round %lld, %s", (long long)round,
               table_safe(a, attribute));
    if (claim >= 0)
        buf_printf(&q->out, "[%lld]", (long long)claim);
    buf_printf(&q->out, ": %s (%s)",
               table_safe(a, text_or(json_get(v, "verdict"), "-")),
               table_safe(a, text_or(json_get(v, "kind"), "-")));
    if (json_f64(json_get(v, "p"), &p))
        buf_printf(&q->out, ", p %.4f", p);
    if (json_text(json_get(v, "model")))
        buf_printf(&q->out, ", by %.16s, prompt %.12s",
                   table_safe(a, json_text(json_get(v, "model"))),
                   text_or(json_get(v, "prompt_sha256"), "-"));
    buf_printf(&q->out, "%s%s\n", reason ? ": " : "",
               reason ? table_safe(a, reason) : "");
}

static void why_verdicts(struct audit *q, const char *text)
{
    struct json *list = NULL;
    struct asid_err ignored;

    if (!text || json_parse(&q->rows, str_of(arena_strdup(&q->rows, text)), 0,
                            &list, &ignored) != ASID_OK)
        return;
    json_each(verdict, list) {
        why_verdict(q, verdict);
    }
}

static enum asid_rc why_step(void *user, int columns, const char *const *names,
                             const char *const *values, struct asid_err *err)
{
#define V(name) audit_value(columns, names, values, name)
    struct audit *q = user;
    struct arena *a = &q->rows;
    const char *tokens = V("tokens_in");

    (void)err;
    arena_reset(a);
    q->n++;
    buf_printf(&q->out, "%llu. %s: %s, %s\n", (unsigned long long)q->n,
               table_safe(a, or_dash(V("stage"))),
               table_safe(a, or_dash(V("status"))),
               table_safe(a, or_dash(audit_place(q, V("output")))));
    why_line(q, "code", V("code"));
    why_line(q, "message", V("message"));
    why_line(q, "run",
             arena_printf(a, "%s, %s %s, started %s", or_dash(V("run_id")),
                          or_dash(V("program")), or_dash(V("version")),
                          or_dash(V("started_at"))));
    why_line(q, "took",
             arena_printf(a, "%s s, attempt %s", seconds_of(a, V("seconds")),
                          or_dash(V("attempts"))));
    if (tokens && strcmp(tokens, "0") != 0)
        why_line(
            q, "tokens",
            arena_printf(a, "%s in, %s out", tokens, or_dash(V("tokens_out"))));
    why_line(q, "argv", V("argv"));
    why_line(q, "input", V("input_sha256"));
    why_line(q, "options", V("options_sha256"));
    why_line(q, "output", V("output_sha256"));
    why_verdicts(q, V("verdicts"));
    return ASID_OK;
#undef V
}

/* The reason first: the last step that did not accept. */
static enum asid_rc why_reason(void *user, int columns,
                               const char *const *names,
                               const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    struct arena *a = &q->rows;
    const char *status = audit_value(columns, names, values, "status");
    const char *stage = audit_value(columns, names, values, "stage");

    (void)err;
    q->n++;
    buf_reset(&q->out);
    if (!status || !stage || strcmp(status, "accepted") == 0) {
        buf_printf(&q->out, "%s: accepted by every stage that saw it\n",
                   table_safe(a, q->argument[0]));
        return ASID_OK;
    }
    buf_printf(
        &q->out, "%s: %s by %s: %s: %s\n", table_safe(a, q->argument[0]),
        strcmp(status, "failed") == 0 ? "failed (to be tried again)" : status,
        table_safe(a, stage),
        table_safe(a, or_dash(audit_value(columns, names, values, "code"))),
        table_safe(a, or_dash(audit_value(columns, names, values, "message"))));
    return ASID_OK;
}

/* --- the sentences -------------------------------------------------------- */

/* The outputs that may hold the record, the newest stage first. */
static const char outputs_sql[] =
    "SELECT c.output FROM checkpoints c JOIN outcomes o"
    " ON o.execution = c.execution AND o.stage = c.stage"
    " WHERE o.record_id = ?1 AND o.status = 'accepted'"
    " AND c.state = 'complete' AND c.output <> '-'"
    " ORDER BY c.execution DESC LIMIT 1";

struct chain {
    struct audit *q;
    const char *path;
    bool found;
    struct arena arena; /* of the path */
};

static enum asid_rc take_path(void *user, int columns, const char *const *names,
                              const char *const *values, struct asid_err *err)
{
    struct chain *c = user;

    (void)err;
    (void)names;
    if (columns == 1 && values[0])
        c->path = arena_strdup(&c->arena, values[0]);
    return ASID_OK;
}

static bool mentions(struct str text, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= text.n; i++)
        if (strncasecmp(text.p + i, part, n) == 0)
            return true;
    return false;
}

static struct str str_or_empty(const struct json *v)
{
    return v && json_type(v) == JSON_STRING ? json_str(v) : STR("");
}

static void add_names(struct audit *q, const struct json *sources)
{
    const char *before = "from ";

    json_each(name, sources) {
        struct str text = str_or_empty(name);

        buf_printf(
            &q->out, "%s%s", before,
            table_safe(&q->rows, arena_strndup(&q->rows, text.p, text.n)));
        before = ", ";
    }
}

/* Itself, or as what lost against it. */
static bool is_about(const struct json *claim, const char *sentence)
{
    if (mentions(str_or_empty(json_get(claim, "text")), sentence))
        return true;
    json_each(lost, json_get(claim, "dropped")) {
        if (mentions(str_or_empty(json_get(lost, "text")), sentence))
            return true;
    }
    return false;
}

/* One claim with what it came from and what it rests on. */
static bool say_claim(struct audit *q, const char *attribute, size_t index,
                      const struct json *claim)
{
    struct arena *a = &q->rows;
    struct str text = str_or_empty(json_get(claim, "text"));
    const struct json *evidence = json_get(claim, "evidence");
    double p;

    if (!is_about(claim, q->sentence))
        return false;
    buf_printf(&q->out, "%s[%zu] %s\n   ", attribute, index,
               table_safe(a, arena_strndup(a, text.p, text.n)));
    add_names(q, json_get(claim, "sources"));
    if (json_text(json_get(claim, "verdict"))) {
        buf_printf(&q->out, "; %s",
                   table_safe(a, json_text(json_get(claim, "verdict"))));
        if (json_f64(json_get(claim, "p"), &p))
            buf_printf(&q->out, ", p %.4f", p);
        if (evidence)
            buf_printf(&q->out, ", by %.16s, prompt %.12s",
                       table_safe(a, text_or(json_get(evidence, "model"), "-")),
                       text_or(json_get(evidence, "prompt_sha256"), "-"));
    }
    buf_char(&q->out, '\n');
    json_each(lost, json_get(claim, "dropped")) {
        struct str loser = str_or_empty(json_get(lost, "text"));

        buf_printf(&q->out, "   against: %s, ",
                   table_safe(a, arena_strndup(a, loser.p, loser.n)));
        add_names(q, json_get(lost, "sources"));
        if (json_text(json_get(lost, "reason")))
            buf_printf(&q->out, ": %s",
                       table_safe(a, json_text(json_get(lost, "reason"))));
        buf_char(&q->out, '\n');
    }
    return true;
}

static void say_sources(struct audit *q, const struct json *record)
{
    struct arena *a = &q->rows;

    json_each(source, json_get(record, "sources")) {
        buf_printf(&q->out, "source %s",
                   table_safe(a, text_or(json_get(source, "name"), "-")));
        if (json_text(json_get(source, "model")))
            buf_printf(
                &q->out, ", model %.16s, prompts %s",
                table_safe(a, json_text(json_get(source, "model"))),
                table_safe(a, text_or(json_get(source, "prompts"), "-")));
        buf_char(&q->out, '\n');
    }
    json_each(finding, json_get(record, "findings")) {
        buf_printf(&q->out, "finding %s by %s%s%s: %s\n",
                   table_safe(a, text_or(json_get(finding, "code"), "-")),
                   table_safe(a, text_or(json_get(finding, "stage"), "-")),
                   json_text(json_get(finding, "attribute")) ? ", " : "",
                   table_safe(a, text_or(json_get(finding, "attribute"), "")),
                   table_safe(a, text_or(json_get(finding, "message"), "-")));
    }
}

static enum asid_rc say_record(void *user, struct str text, uint64_t line,
                               const struct json *record,
                               const struct asid_err *why, struct asid_err *err)
{
    struct chain *c = user;
    struct audit *q = c->q;
    size_t said = 0;

    (void)text;
    (void)line;
    (void)why;
    if (!record || !json_text(json_get(record, "id")) ||
        strcmp(json_text(json_get(record, "id")), q->argument[0]) != 0)
        return ASID_OK;
    c->found = true;
    json_each(attribute, json_get(record, "attributes")) {
        struct str key = json_key(attribute);
        size_t i = 0;

        json_each(claim, json_get(attribute, "claims")) {
            said +=
                say_claim(q, arena_strndup(&q->rows, key.p, key.n), i++, claim);
        }
    }
    if (said == 0 && q->sentence[0])
        buf_printf(&q->out, "no claim contains '%s'\n",
                   table_safe(&q->rows, q->sentence));
    else if (said == 0)
        buf_text(&q->out, "no claims\n");
    say_sources(q, record);
    return asid_fail(err, ASID_STOPPED, NULL, "found");
}

/* The chain from the sentences of the newest output back to their sources. */
static enum asid_rc say_chain(struct audit *q, struct asid_err *err)
{
    struct chain c = {.q = q, .arena = ARENA_INIT};
    enum asid_rc rc = ledger_query(q->ledger, outputs_sql, q->argument, 1,
                                   take_path, &c, err);

    if (rc == ASID_OK && !c.path)
        rc = FAIL(err, "%s: no finished output holds '%s'",
                  ledger_path(q->ledger), q->argument[0]);
    if (rc == ASID_OK) {
        rc = annotation_file(c.path, say_record, &c, err);
        if (rc == ASID_STOPPED && c.found)
            rc = ASID_OK;
        else if (rc == ASID_OK)
            rc = FAIL(err, "%s: has no record '%s' any more", c.path,
                      q->argument[0]);
    }
    arena_release(&c.arena);
    return rc;
}

enum asid_rc audit_why(struct audit *q, struct asid_err *err)
{
    const char *binds[] = {q->argument[0], q->stage};

    if (q->json) {
        TRY(ledger_query(q->ledger, why_sql, binds, 2, audit_object, q, err));
    } else {
        TRY(ledger_query(q->ledger, why_sql, binds, 2, why_reason, q, err));
        q->n = 0;
        TRY(ledger_query(q->ledger, why_sql, binds, 2, why_step, q, err));
    }
    if (q->n == 0)
        return FAIL(err, "%s: no record '%s'%s%s", ledger_path(q->ledger),
                    q->argument[0], q->stage[0] ? " in stage " : "", q->stage);
    if (q->sentence && !q->json)
        TRY(say_chain(q, err));
    return audit_print(q, err);
}
