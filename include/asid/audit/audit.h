/*
 * asid-audit: questions to the ledger and to what stages put out.
 *
 *     why ID           what became of a record, by whom, on what evidence
 *     rejects          what was rejected, by stage and code
 *     balance          do in, accepted and rejected add up
 *     runs             calls with their time and peak memory
 *     diff RUN RUN     which records changed between two runs, and why
 *     stats FILE...    verdicts by attribute, sources by what became of them
 *     sample N FILE    a seeded sample for human eyes
 *     score FILE...    how much is true, and how much of the truth is there
 *     merge FILE...    other ledgers into --ledger
 *
 * An output file may have been made anew many times; only the execution that
 * made what lies there now counts. That is the one its checkpoint names.
 */
#ifndef ASID_AUDIT_AUDIT_H
#define ASID_AUDIT_AUDIT_H

#include "asid/kit/stage.h"

/* The whole program: arguments and options are those of the entry "audit". */
enum asid_rc audit_run(struct asid_cx *cx,
                       struct asid_err *err) ASID_WARN_UNUSED;

#endif
