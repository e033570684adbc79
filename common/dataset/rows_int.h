/* Writing JSON rows piece by piece, in a fixed order of keys. */
#ifndef ASID_DATASET_ROWS_INT_H
#define ASID_DATASET_ROWS_INT_H

#include "asid/dataset/rows.h"

/* A string's text; empty for anything else, also for nothing. */
struct str row_text_of(const struct json *v);
struct str row_text_at(const struct json *object, const char *key);
void row_key(struct buf *row, const char *key);
void row_text(struct arena *a, struct buf *row, const char *key,
              struct str text);
/* Reals always carry a point or an exponent: readers that guess a column's
 * type from its first rows must not take it for a column of integers. */
void row_real(struct buf *row, const char *key, double value);
void row_whole(struct buf *row, const char *key, int64_t value);

/* {"dtype":...,"_type":"Value"} */
struct json *feature_value(struct arena *a, const char *dtype);
/* [of]: a list column. */
struct json *feature_list(struct arena *a, struct json *of);

#endif
