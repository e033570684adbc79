/*
 * Time. Outputs contain no clock; only the ledger and progress do.
 */
#ifndef ASID_BASE_CLOCK_H
#define ASID_BASE_CLOCK_H

/* Seconds since some fixed point, never going back. */
double clock_monotonic(void);
/* "2026-02-13T09:30:00.123Z", 25 bytes with the terminator. */
void clock_utc(char out[25]);

#endif
