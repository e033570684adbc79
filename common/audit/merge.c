/* merge FILE...: the ledgers of shards become one. */
#include "audit_int.h"

/* Before the target is opened, which may create it: a mistyped name leaves no
 * empty ledger behind. */
static enum asid_rc check_sources(const struct audit *q, struct asid_err *err)
{
    for (size_t i = 0; i < q->n_arguments; i++) {
        struct ledger *source;

        TRY(ledger_open_readonly(q->argument[i], &source, err));
        ledger_close(source);
    }
    return ASID_OK;
}

enum asid_rc audit_merge(struct audit *q, struct asid_err *err)
{
    TRY(check_sources(q, err));
    TRY(ledger_open(opt_text(q->cx, "ledger"), &q->ledger, err));
    for (size_t i = 0; i < q->n_arguments; i++) {
        uint64_t rows = 0;

        TRY(ledger_join(q->ledger, q->argument[i], &rows, err));
        buf_printf(&q->out, "%s: %llu outcomes that were not known\n",
                   table_safe(&q->rows, q->argument[i]),
                   (unsigned long long)rows);
    }
    return audit_print(q, err);
}
