/* merge FILE...: the ledgers of shards become one. */
#include "audit_int.h"

enum asid_rc audit_merge(struct audit *q, struct asid_err *err)
{
    for (size_t i = 0; i < q->n_arguments; i++) {
        uint64_t rows = 0;

        TRY(ledger_join(q->ledger, q->argument[i], &rows, err));
        buf_printf(&q->out, "%s: %llu outcomes that were not known\n",
                   table_safe(&q->rows, q->argument[i]),
                   (unsigned long long)rows);
    }
    return audit_print(q, err);
}
