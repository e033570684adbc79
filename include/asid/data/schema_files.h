/*
 * The files of schemas/ as embedded by tools/embed.sh; schema_file() in
 * asid/data/schema.h is the way to ask for one.
 */
#ifndef ASID_DATA_SCHEMA_FILES_H
#define ASID_DATA_SCHEMA_FILES_H

struct schema_embedded {
    const char *name; /* NULL ends the table */
    const char *begin, *end;
};
extern const struct schema_embedded schema_embedded[];

#endif
