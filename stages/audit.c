/*
 * asid-audit: what the ledger and the outputs of stages can tell.
 */
#include "asid/audit/audit.h"

const struct asid_stage asid_stage = {.name = "audit", .run = audit_run};
