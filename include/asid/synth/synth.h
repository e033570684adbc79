/*
 * Synthetic audiovisual clips whose truth is known exactly: a seeded grammar of
 * a small world, its picture, its sound, and what can truly be said of it.
 *
 *     synth_world_make     a world from a seed
 *       synth_frame        its picture at a time
 *       synth_sound        its sound, and when which word is spoken
 *       synth_say          what is true of it: attributes, claims, transcript
 *       synth_sources      what imperfect observers would write
 *
 * Everything is a function of the seed alone: the same bytes on every machine,
 * in any order, on any number of threads.
 */
#ifndef ASID_SYNTH_SYNTH_H
#define ASID_SYNTH_SYNTH_H

#include "asid/base/arena.h"
#include "asid/base/err.h"
#include "asid/data/json.h"
#include "asid/text/text.h"

enum {
    SYNTH_WIDTH = 224,  /* pixels; what the smallest video budget of the */
    SYNTH_HEIGHT = 160, /* published processor turns into 392 x 280 exactly */
    SYNTH_FPS = 12,
    SYNTH_RATE = 16000, /* samples per second, mono */
    SYNTH_SECONDS_MIN = 4,
    SYNTH_SECONDS_MAX = 12,
    SYNTH_ACTORS = 2,
    SYNTH_PROPS = 2, /* groups of like things */
    SYNTH_EVENTS = 6,
    SYNTH_LINES = 2, /* spoken sentences */
    SYNTH_WORDS = 8, /* of one line */
};

enum synth_place {
    SYNTH_MEADOW,
    SYNTH_BEACH,
    SYNTH_FOREST,
    SYNTH_DESERT,
    SYNTH_STREET,
    SYNTH_ROOM,
    SYNTH_PLACES
};
enum synth_light { SYNTH_DAY, SYNTH_DUSK, SYNTH_NIGHT, SYNTH_LIGHTS };
/* A room has no weather: SYNTH_CLEAR, and nothing is said of it. */
enum synth_weather { SYNTH_CLEAR, SYNTH_RAIN, SYNTH_SNOW, SYNTH_WEATHERS };
enum synth_colour {
    SYNTH_RED,
    SYNTH_GREEN,
    SYNTH_BLUE,
    SYNTH_YELLOW,
    SYNTH_PURPLE,
    SYNTH_ORANGE,
    SYNTH_COLOURS
};
/* Simple shapes with faces. */
enum synth_kind {
    SYNTH_CAT,
    SYNTH_ROBOT,
    SYNTH_RABBIT,
    SYNTH_GHOST,
    SYNTH_DUCK,
    SYNTH_KINDS
};
enum synth_size { SYNTH_SMALL, SYNTH_BIG, SYNTH_SIZES };
enum synth_side { SYNTH_LEFT, SYNTH_RIGHT, SYNTH_SIDES };
enum synth_mood {
    SYNTH_HAPPY,
    SYNTH_SAD,
    SYNTH_ANGRY,
    SYNTH_SURPRISED,
    SYNTH_MOODS
};
enum synth_thing {
    SYNTH_BALL,
    SYNTH_BOX,
    SYNTH_FLOWER,
    SYNTH_TREE,
    SYNTH_BALLOON,
    SYNTH_LAMP,
    SYNTH_THINGS
};
/* What an actor does. The last five make the story. */
enum synth_act {
    SYNTH_JUMPS,
    SYNTH_SPINS,
    SYNTH_FALLS,      /* falls over, and stands up at the end of it */
    SYNTH_WAVES,      /* an arm goes up and moves */
    SYNTH_GROWS,      /* for as long as it lasts */
    SYNTH_COMES_LEFT, /* comes in from the left; not to be seen before */
    SYNTH_COMES_RIGHT,
    SYNTH_MEETS,       /* goes to the other actor and stays beside it */
    SYNTH_LEAVES_LEFT, /* goes out to the left; not to be seen after */
    SYNTH_LEAVES_RIGHT,
    SYNTH_ACTS
};
enum synth_camera {
    SYNTH_STILL,
    SYNTH_PAN_LEFT,
    SYNTH_PAN_RIGHT,
    SYNTH_ZOOM_IN,
    SYNTH_ZOOM_OUT,
    SYNTH_CUT, /* at camera_at: from the wide view to a close one */
    SYNTH_CAMERAS
};
enum synth_music { SYNTH_NO_MUSIC, SYNTH_SLOW, SYNTH_FAST, SYNTH_MUSICS };
enum synth_noise { SYNTH_NO_NOISE, SYNTH_WIND, SYNTH_HUM, SYNTH_NOISES };
enum synth_voice { SYNTH_HIGH, SYNTH_LOW, SYNTH_VOICES };

/* Colours and kinds of two actors differ, so "the red cat" is one of them. */
struct synth_actor {
    enum synth_kind kind;
    enum synth_colour colour;
    enum synth_size size;
    enum synth_side side; /* of the picture, where it stands first; two actors
                             that are there from the start have two sides */
    enum synth_mood mood;
    enum synth_mood then;   /* equal to mood: it does not change */
    int then_at;            /* second of the change */
    enum synth_voice voice; /* the actors' voices differ */
};
/* 1 to 3 like things on one side of the picture, for the whole clip; neither
 * kind nor colour of two groups are equal, nor their sides. */
struct synth_prop {
    enum synth_thing thing;
    enum synth_colour colour;
    int count;
    enum synth_side side;
};
/* Whole seconds, start < end <= seconds, sorted by start; those of one actor do
 * not overlap, and no two start in the same second. */
struct synth_event {
    enum synth_act act;
    int actor;
    int start, end;
};
/* A sentence spoken by an actor that is in the picture; a speech bubble stands
 * over its head meanwhile. Lines do not overlap and fit into the clip. Words
 * point into constant text. */
struct synth_line {
    int actor;
    int start; /* second in which the first word starts */
    size_t n_words;
    const char *words[SYNTH_WORDS];
};

struct synth_world {
    uint64_t seed;
    int seconds;
    enum synth_place place;
    enum synth_light light;
    enum synth_weather weather;
    int n_actors;
    struct synth_actor actors[SYNTH_ACTORS];
    int n_props; /* 0 to SYNTH_PROPS */
    struct synth_prop props[SYNTH_PROPS];
    int n_events;
    struct synth_event events[SYNTH_EVENTS];
    bool sound; /* false: the clip has no sound track at all */
    int n_lines;
    struct synth_line lines[SYNTH_LINES];
    enum synth_music music;
    enum synth_noise noise;
    int bell_at; /* second in which a bell rings, -1: none */
    enum synth_camera camera;
    int camera_at; /* second in which a movement starts or the cut is */
};

/* Any seed makes a valid world; neighbouring seeds make unlike ones. */
void synth_world_make(uint64_t seed, struct synth_world *world);

/* The picture at `time` seconds, RGB, SYNTH_WIDTH x SYNTH_HEIGHT, rows without
 * gaps, into `rgb` (width * height * 3 bytes). A pure function: any number of
 * threads. */
void synth_frame(const struct synth_world *world, double time, uint8_t *rgb);

/* A place in the picture, in pixels from the upper left corner; `seen`: it is in
 * the picture. */
struct synth_spot {
    bool seen;
    float x, y;
};
/* What an actor does besides the acts that stay in their place. */
enum {
    SYNTH_LOOK_LEFTWARDS = SYNTH_COMES_LEFT,
    SYNTH_LOOK_RIGHTWARDS,
    SYNTH_LOOK_SPEAKS,
    SYNTH_LOOKS
};
struct synth_look {
    float x, scale; /* of the view: its middle, and how close it is */
    struct {
        struct synth_spot spot; /* the middle of its body */
        enum synth_mood mood;
        unsigned doing; /* bits 1 << SYNTH_JUMPS to SYNTH_LOOK_SPEAKS */
    } actors[SYNTH_ACTORS];
    struct synth_spot props[SYNTH_PROPS]; /* the middle of the group */
};
/* What synth_frame() paints, as numbers: for those who learn to see. */
void synth_look(const struct synth_world *world, double time,
                struct synth_look *look);

/* When a word is to be heard, in seconds of the clip. */
struct synth_word {
    double start, end;
};
struct synth_sound {
    int16_t *samples; /* seconds * SYNTH_RATE, mono */
    size_t n;
    struct synth_word words[SYNTH_LINES][SYNTH_WORDS];
};
/* The sound of the world, in the arena; BUG for a world without sound. The
 * voices are espeak-ng's, which keeps state for the whole process: a child
 * process speaks, so that any number of threads may call. FAIL when espeak-ng's
 * data cannot be loaded. */
enum asid_rc synth_sound(const struct synth_world *world, struct arena *a,
                         struct synth_sound *out,
                         struct asid_err *err) ASID_WARN_UNUSED;

/* Write what is true into `record` (id, video and media are the caller's):
 * "attributes" with text and claims (with start and end where they have a
 * time), "caption" (the published form: one paragraph, "At Ns" anchors), and
 * "asr" with word times. `sound` may be NULL for a world without. `wording`
 * picks among paraphrases: 0 is the plain one of every sentence. */
enum asid_rc synth_say(const struct synth_world *world,
                       const struct synth_sound *sound, uint64_t wording,
                       const struct text_rules *rules, struct arena *a,
                       struct json *record,
                       struct asid_err *err) ASID_WARN_UNUSED;

/* Write "sources" into `record`: n imperfect observers ("a", "b", "c"...), each
 * of which leaves some details out, gets some wrong and is late with some, and
 * "planted": what each of them got wrong, as asid-synth --mutate notes it, with
 * "source" added. */
enum asid_rc synth_sources(const struct synth_world *world,
                           const struct synth_sound *sound, size_t n,
                           const struct text_rules *rules, struct arena *a,
                           struct json *record,
                           struct asid_err *err) ASID_WARN_UNUSED;

#endif
