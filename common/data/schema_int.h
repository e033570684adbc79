/*
 * A schema made ready for checking: schema_load.c fills it, schema_check.c
 * reads it. Nothing in it changes after loading, so threads may share it.
 */
#ifndef ASID_DATA_SCHEMA_INT_H
#define ASID_DATA_SCHEMA_INT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "asid/data/schema.h"

enum {
    SCHEMA_NULL = 1,
    SCHEMA_BOOLEAN = 2,
    SCHEMA_NUMBER = 4,
    SCHEMA_INTEGER = 8, /* only asked for; a value is a number */
    SCHEMA_STRING = 16,
    SCHEMA_ARRAY = 32,
    SCHEMA_OBJECT = 64,
    SCHEMA_ANY = 127,
};

/* Bounds that are set. */
enum {
    SCHEMA_MIN = 1,
    SCHEMA_MAX = 2,
    SCHEMA_ABOVE = 4,
    SCHEMA_BELOW = 8,
    /* minLength and so on need no bit: 0 and SIZE_MAX mean no bound. */
};

struct schema_property {
    struct str name;
    const struct schema *schema; /* NULL: only required */
    bool required;
};

struct schema_pattern {
    const char *text;
    pcre2_code *code;
    const struct schema *schema; /* of the members whose key matches */
};

struct schema_list {
    const struct schema **item;
    size_t n;
};

struct schema {
    const struct json *from; /* its place in the schema document */
    bool never;              /* the schema `false` */
    unsigned types;          /* SCHEMA_ANY when none is named */
    unsigned bounds;
    double min, max, above, below;
    size_t min_length, max_length, min_items, max_items;
    const struct json *allowed;       /* enum: an array */
    const struct json *constant;      /* const */
    struct schema_pattern *pattern;   /* of the text */
    struct schema_property *property; /* sorted by length, then bytes */
    size_t property_n, required_n;
    struct schema_pattern *patterns; /* of keys */
    size_t pattern_n;
    const struct schema *other; /* members that nothing else names; or NULL */
    struct schema_list first;   /* prefixItems */
    const struct schema *items; /* of the remaining elements; or NULL */
    const struct schema *ref, *not_this;
    struct schema_list all, any, one;
    bool combined; /* one of ref, not_this, all, any, one is set */
    uint8_t mark;  /* of the search for loops while loading */
};

/* Order of the property table: cheap to compare, not meant to be read. */
static inline int schema_name_order(struct str a, struct str b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    if (a.n == 0)
        return 0;
    if (a.p[0] != b.p[0]) /* most names of a length differ there */
        return (unsigned char)a.p[0] < (unsigned char)b.p[0] ? -1 : 1;
    return memcmp(a.p, b.p, a.n);
}

#endif
