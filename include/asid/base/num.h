/*
 * Strict reading of numbers: the whole text, nothing before or after, no
 * locale, no octal, no "inf" or "nan".
 */
#ifndef ASID_BASE_NUM_H
#define ASID_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "asid/base/str.h"

bool num_i64(struct str text, int64_t *out);
bool num_u64(struct str text, uint64_t *out);
/* Decimal with optional fraction and exponent; false when not finite. */
bool num_f64(struct str text, double *out);
/* The number of so many decimals (0 to 15) that lies nearest; unchanged when it
 * is not finite or so large (from 1e12 on) that its decimals mean nothing. */
double num_round(double value, unsigned decimals);
/* The shortest decimal spelling that reads back as the same double, in at most
 * 32 bytes with the terminator; value must be finite. Whole numbers below 2^53
 * carry no fraction ("7", not "7.0"). Returns the length. */
unsigned num_format(double value, char space[32]);

#endif
