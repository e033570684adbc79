/* Time expressions, as anchors_time.c reads them for anchors.c. */
#ifndef ASID_TEXT_ANCHORS_INT_H
#define ASID_TEXT_ANCHORS_INT_H

#include "text_int.h"

enum time_style {
    TIME_NONE,
    TIME_BARE,    /* "12": a number that needs a unit from elsewhere */
    TIME_COMPACT, /* "12s" */
    TIME_CLOCK,   /* "0:12" */
    TIME_SPELLED, /* "12 seconds", "12-second" */
};

struct time_at {
    enum time_style style;
    double seconds;
    size_t end;  /* the token behind it */
    bool hyphen; /* "12-second", which only a mark makes a place in time */
};

/* The time that begins at token i, or TIME_NONE. */
struct time_at time_read(const struct scan *s, size_t i);

#endif
