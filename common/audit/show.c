/* Answers as tables for people and objects for scripts. */
#include <string.h>

#include "asid/base/num.h"
#include "audit_int.h"

const char *audit_value(int columns, const char *const *names,
                        const char *const *values, const char *name)
{
    for (int i = 0; i < columns; i++) {
        if (strcmp(names[i], name) == 0)
            return values[i];
    }
    return NULL;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(name, *list) == 0)
            return true;
    }
    return false;
}

static struct json *json_value(struct arena *a, const char *name,
                               const char *text)
{
    static const char *const texts[] = {"argv", "verdicts", NULL};
    static const char *const flags[] = {"complete", "balanced", NULL};
    static const char *const numbers[] = {
        "attempts", "seconds",  "tokens_in", "tokens_out", "seq",     "in",
        "accepted", "rejected", "failed",    "peak_bytes", "process", NULL};
    struct json *parsed;
    struct asid_err ignored;
    double real;
    int64_t whole;

    if (!text)
        return json_new_null(a);
    if (is_one_of(name, flags))
        return json_new_bool(a, strcmp(text, "0") != 0);
    if (is_one_of(name, numbers) && num_i64(str_of(text), &whole))
        return json_new_i64(a, whole);
    if (is_one_of(name, numbers) && num_f64(str_of(text), &real))
        return json_new_f64(a, real);
    if (is_one_of(name, texts) && json_parse(a, str_of(arena_strdup(a, text)),
                                             0, &parsed, &ignored) == ASID_OK)
        return parsed;
    return json_new_text(a, text);
}

enum asid_rc audit_object(void *user, int columns, const char *const *names,
                          const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    struct json *object;
    enum asid_rc rc;

    arena_reset(&q->rows);
    object = json_new_object(&q->rows);
    for (int i = 0; i < columns; i++)
        json_set(&q->rows, object, names[i],
                 json_value(&q->rows, names[i], values[i]));
    rc = asid_print(q->cx, object, err);
    q->n++;
    return rc;
}

/* An output as people know it: by its place below the ledger's folder. */
const char *audit_place(const struct audit *q, const char *output)
{
    size_t n = strlen(q->folder);

    return output && n && strncmp(output, q->folder, n) == 0 ? output + n
                                                             : output;
}

enum asid_rc audit_row(void *user, int columns, const char *const *names,
                       const char *const *values, struct asid_err *err)
{
    struct audit *q = user;
    const char *shown[AUDIT_COLUMNS];

    (void)err;
    BUG_IF(columns > AUDIT_COLUMNS);
    for (int i = 0; i < columns; i++)
        shown[i] = strcmp(names[i], "output") == 0 ? audit_place(q, values[i])
                                                   : values[i];
    if (q->n == 0) {
        table_init(&q->table, &q->rows, (size_t)columns, q->table.right);
        table_add(&q->table, names);
    }
    table_add(&q->table, shown);
    q->n++;
    return ASID_OK;
}

enum asid_rc audit_print(struct audit *q, struct asid_err *err)
{
    enum asid_rc rc;

    if (buf_failed(&q->out))
        return FAIL(err, "the answer has more than %d bytes",
                    (int)AUDIT_OUT_BYTES);
    rc = asid_print_text(q->cx, buf_view(&q->out), err);
    buf_reset(&q->out);
    return rc;
}

enum asid_rc audit_broken(const struct audit *q, const char *path,
                          uint64_t broken, uint64_t records,
                          struct asid_err *err)
{
    if (broken == 0)
        return ASID_OK;
    if (records == 0)
        return FAIL(err, "%s: none of %llu lines is a record", path,
                    (unsigned long long)broken);
    asid_warn(q->cx, "%s: %llu lines are no records", path,
              (unsigned long long)broken);
    return ASID_OK;
}

void audit_none(const struct audit *q, const char *what)
{
    asid_note(q->cx, "no %s%s%s%s%s", what, q->stage[0] ? " of stage " : "",
              q->stage, q->code[0] ? " with code " : "", q->code);
}

/* Ask, and print a table or objects. right: columns aligned to the right. */
enum asid_rc audit_answer(struct audit *q, const char *sql,
                          const char *const *binds, size_t n_binds,
                          unsigned right, ledger_row row, struct asid_err *err)
{
    q->table.right = right;
    TRY(ledger_query(q->ledger, sql, binds, n_binds, row, q, err));
    if (q->json || q->n == 0)
        return ASID_OK;
    table_write(&q->table, &q->out);
    return audit_print(q, err);
}
