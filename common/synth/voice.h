/* The voices of the world: what is spoken, as espeak-ng says it. */
#ifndef ASID_SYNTH_VOICE_H
#define ASID_SYNTH_VOICE_H

#include "asid/synth/synth.h"

enum {
    VOICE_RATE = 22050,         /* of espeak-ng's voices */
    VOICE_MAX = 6 * VOICE_RATE, /* samples; the grammar keeps 4 s for a line */
};

struct voice_line {
    uint32_t n;                   /* samples */
    uint32_t starts[SYNTH_WORDS]; /* of the words, in milliseconds */
    uint32_t end;                 /* of the last word */
    int16_t samples[VOICE_MAX];
};

/* Speak the lines of a world; lines[i] has room for line i, all set to zero. */
enum asid_rc voice_speak(const struct synth_world *world,
                         struct voice_line lines[SYNTH_LINES],
                         struct asid_err *err) ASID_WARN_UNUSED;

#endif
