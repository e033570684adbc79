/* The clause that claims.c reads, and what clauses.c tells about a place. */
#ifndef ASID_TEXT_CLAUSES_INT_H
#define ASID_TEXT_CLAUSES_INT_H

#include "text_int.h"

enum joint {
    JOINT_COMMA,
    JOINT_AND,    /* and, but, then */
    JOINT_WHILE,  /* while, as, whereas */
    JOINT_STRONG, /* semicolon */
    JOINT_DASH,
    JOINT_NONE,
};

/* The clause being read. */
struct clause {
    size_t begin;         /* its first token */
    size_t main;          /* its finite verb, or SIZE_MAX */
    size_t past;          /* a form that may be it, or SIZE_MAX */
    struct range subject; /* carried from the clause before; empty: none */
    size_t head;          /* where its anchors are looked for from */
    bool words;           /* it has some that are no anchor */
    bool relative_due;    /* behind "who": the next verb is not the main one */
    bool relative;        /* inside a relative clause behind the verb */
    bool dependent;       /* begins with "when", "after": not a claim alone */
    bool as;              /* begins with "as" or "while" */
};

/* A conjunction that joins clauses: and, but, then. */
bool is_and(const struct scan *s, size_t i);
/* One that a clause with its own subject follows: while, as. */
bool is_while(const struct scan *s, size_t i);
size_t skip_adverbs(const struct scan *s, size_t i, size_t end);
/* Behind what stands between commas before a verb (", after a pause, "). */
size_t behind_insertion(const struct scan *s, size_t i, size_t end);
/* Where a clause begins behind a joint: conjunctions, anchors and connectives
 * left out. *kind gets what joined it. */
size_t clause_begin(const struct scan *s, size_t i, size_t end,
                    enum joint *kind, bool *anchored);
bool begins_subject(const struct scan *s, size_t i);
/* Whether a subject and its verb begin at i: the verb, or SIZE_MAX. past: a
 * past form may be the verb. */
size_t clause_at(const struct scan *s, size_t i, size_t end, bool past);
/* Whether the verb at i goes on with the clause's own verb: the same form, or
 * the same auxiliary before both. *aux: the auxiliary is carried as well. */
bool goes_on(const struct scan *s, const struct clause *c, size_t i, size_t end,
             bool *aux);
/* A form that is no noun here: nothing else, or an object behind it. */
bool surely_verb(const struct scan *s, size_t i);
/* What is carried from a clause with that verb. */
struct range subject_of(const struct scan *s, const struct clause *c,
                        size_t verb);

#endif
