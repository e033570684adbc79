/* Processors. */
#ifndef ASID_BASE_CPUS_H
#define ASID_BASE_CPUS_H

/* How many this process may run on (its affinity mask, which containers and
 * taskset set), at least 1. */
unsigned cpu_count(void);

#endif
