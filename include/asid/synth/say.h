/*
 * What can be said of a synthetic world, one statement at a time.
 *
 * A fact is what one sentence states, complete in itself: it can be written out
 * in several wordings, asked whether it holds in any world, and changed into
 * one that does not hold, which reads like a true one. synth_say() and
 * synth_sources() are made of facts, and so are questions whose answer is known.
 */
#ifndef ASID_SYNTH_SAY_H
#define ASID_SYNTH_SAY_H

#include "asid/synth/synth.h"

enum synth_about {
    SYNTH_SAY_PLACE,     /* "The scene is a meadow." */
    SYNTH_SAY_LIGHT,     /* "It is night." */
    SYNTH_SAY_WEATHER,   /* "Snow falls." */
    SYNTH_SAY_CAST,      /* "There are two characters." */
    SYNTH_SAY_CHARACTER, /* "There is a big red cat on the left." */
    SYNTH_SAY_OBJECTS,   /* "There are three yellow balls on the right." */
    SYNTH_SAY_NOTHING,   /* "There are no objects." */
    SYNTH_SAY_ACT,       /* "The red cat jumps." */
    SYNTH_SAY_BEGINS,    /* "The whole story opens when the red cat jumps." */
    SYNTH_SAY_BEFORE,    /* "The whole story tells how ... before ...." */
    SYNTH_SAY_ENDS,      /* "The whole story ends when the red cat leaves." */
    SYNTH_SAY_MUSIC,     /* "Slow music plays." "There is no music." */
    SYNTH_SAY_NOISE,     /* "The sound of wind is heard." */
    SYNTH_SAY_SILENCE,   /* "Nobody speaks." */
    SYNTH_SAY_VOICE,     /* "The voice of the red cat is high." */
    SYNTH_SAY_LINE,      /* "The red cat says, "Come home now."" */
    SYNTH_SAY_BELL,      /* "A bell rings." */
    SYNTH_SAY_CAMERA,    /* "The camera zooms in." */
    SYNTH_SAY_MOOD,      /* "The red cat feels happy." */
    SYNTH_SAY_CHANGE,    /* "The red cat becomes sad." */
    SYNTH_SAYS
};

/* "the red cat" */
struct synth_name {
    enum synth_kind kind;
    enum synth_colour colour;
};
struct synth_deed {
    struct synth_name who;
    enum synth_act act;
    struct synth_name whom; /* of SYNTH_MEETS */
};

struct synth_fact {
    enum synth_about about;
    bool denied;            /* "The red cat does not jump." */
    struct synth_deed deed; /* deed.who: whoever it is said of */
    struct synth_deed then; /* of BEFORE */
    int value; /* place, light, weather, music, noise, voice, camera, mood,
                  thing; of CAST how many */
    enum synth_colour colour; /* of OBJECTS */
    int count;
    enum synth_size size; /* of CHARACTER */
    enum synth_side side; /* of CHARACTER, OBJECTS */
    size_t n_words;       /* of LINE */
    const char *words[SYNTH_WORDS];
    unsigned nth;      /* of its kind in its world, from 0 */
    double start, end; /* seconds; NAN: holds for the whole clip, or is said
                          without a time */
};

enum { SYNTH_FACTS_MAX = 48 };

/* All that is said of a world, by attribute, in each what has no time first, then
 * in the order of time. `sound` as for synth_say(). Returns how many. */
size_t synth_facts(const struct synth_world *world,
                   const struct synth_sound *sound,
                   struct synth_fact facts[SYNTH_FACTS_MAX]);

/* The attribute that the fact belongs to. */
enum attribute synth_fact_attribute(const struct synth_fact *fact);

/* Whether it holds. A fact with a time holds when the time is right within
 * `tolerance` seconds; one without a time, when it ever does. */
bool synth_fact_holds(const struct synth_world *world,
                      const struct synth_fact *fact, double tolerance);

/* Whether it can be denied in a sentence of its own. */
bool synth_fact_deniable(const struct synth_fact *fact);

/* The ways to say a fact: wording 0 to SYNTH_WORDINGS - 1. */
enum { SYNTH_WORDINGS = 3 };
/* "At 2s, the red cat jumps." or, without a time or with `timeless`, "The red
 * cat jumps."; in the arena. */
struct str synth_fact_sentence(struct arena *a, const struct synth_fact *fact,
                               unsigned wording, bool timeless);
/* The wording of a fact that synth_say() uses. */
unsigned synth_fact_wording(const struct synth_fact *fact, uint64_t wording);

/* The caption that synth_say() would write of a world of which no more than these
 * facts were known. */
enum asid_rc synth_facts_caption(const struct synth_fact *facts, size_t n,
                                 uint64_t wording,
                                 const struct text_rules *rules,
                                 struct arena *a, struct str *caption,
                                 struct asid_err *err) ASID_WARN_UNUSED;

/* What can be wrong in a sentence; the classes of asid-synth --mutate that can
 * be told of one sentence, and what else the world has. */
enum synth_fault {
    SYNTH_FAULT_COLOUR,
    SYNTH_FAULT_COUNT,
    SYNTH_FAULT_OBJECT,
    SYNTH_FAULT_ACTION,
    SYNTH_FAULT_ORDER,
    SYNTH_FAULT_SIDE,
    SYNTH_FAULT_NEGATION,
    SYNTH_FAULT_SPEAKER,
    SYNTH_FAULT_WORDS,
    SYNTH_FAULT_TIME,
    SYNTH_FAULT_ADDITION,
    SYNTH_FAULT_PLACE,
    SYNTH_FAULT_LIGHT,
    SYNTH_FAULT_WEATHER,
    SYNTH_FAULT_MUSIC, /* music, noises, bell */
    SYNTH_FAULT_CAMERA,
    SYNTH_FAULT_MOOD,
    SYNTH_FAULT_VOICE,
    SYNTH_FAULT_SIZE,
    SYNTH_FAULT_KIND, /* of a character: a robot for a cat */
    SYNTH_FAULTS
};
/* "colour", "count", "object", "action", "order", "left_right", "negation",
 * "speaker", "quote_words", "time_shift", "addition", "place", ... */
extern const char *const synth_fault_names[SYNTH_FAULTS];

/* Change a fact into one of the same form that does not hold, by that fault and
 * a number from 0 that picks among the ways; times are moved by 3 s and more.
 * An addition takes nothing from the fact but whom or what the world has. False
 * when the fact has no such fault; *fact is then unchanged. */
bool synth_fact_spoil(const struct synth_world *world, enum synth_fault fault,
                      uint64_t pick, struct synth_fact *fact);

/* A sentence that somebody says, as it is written: "Where is the red ball?" */
struct str synth_line_text(struct arena *a, const char *const *words, size_t n);

#endif
