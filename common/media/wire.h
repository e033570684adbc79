/*
 * The conversation with asid-media-worker, shared by both sides.
 *
 * The caller sends one struct wire_request and its frame indexes; the helper
 * answers with messages, each a struct wire_head and `size` bytes of body, the
 * last one WIRE_END or WIRE_ERROR. Both sides are built together and run on
 * one machine, so structs travel as they are in memory. The caller trusts
 * nothing that comes back: a helper that decodes a hostile file may be anyone.
 */
#ifndef COMMON_MEDIA_WIRE_H
#define COMMON_MEDIA_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_MAGIC = 0x61736d78, /* changes with every change of this file */
    WIRE_VERSION = 3,
    WIRE_SOCKET = 0, /* file descriptors of the helper */
    WIRE_FILE = 3,
    WIRE_MAX_INDEX = 1 << 24,         /* frames asked for in one call */
    WIRE_MAX_SAMPLES = 1 << 16,       /* samples in one message */
    WIRE_MAX_CUTS = 1 << 16,          /* shot cuts of one file */
    WIRE_NO_CUTS = WIRE_MAX_CUTS + 1, /* count of cuts: not known */
    WIRE_EXIT_EXEC = 127,   /* the loader could not start the helper */
    WIRE_EXIT_REFUSED = 64, /* the helper does not know such requests */
};

enum wire_op {
    WIRE_OP_VERSIONS = 1,
    WIRE_OP_PROBE,
    WIRE_OP_CHECK,
    WIRE_OP_FRAMES,
    WIRE_OP_SOUND,
    WIRE_OP_IMAGE,
    WIRE_OP_CUTS,      /* WIRE_OP_CHECK that also finds cuts */
    WIRE_OP_JPEGS,     /* WIRE_OP_FRAMES as files */
    WIRE_OP_FRAMES_AT, /* those that are shown at given times */
    WIRE_OP_JPEGS_AT,
};

struct wire_request {
    uint32_t magic, version;
    uint32_t op;
    int32_t parent; /* process that asks; the helper ends with it */
    uint64_t memory, max_frames;
    double seconds, max_duration;
    uint64_t max_samples; /* of the answer to WIRE_OP_SOUND; 0: all */
    uint64_t n_index;     /* that many uint64_t follow; with _AT: that many
                             doubles */
    uint32_t max_side;
    uint32_t quantiser;  /* of JPEGs: 2 (best) .. 31 */
    uint64_t max_pixels; /* of a JPEG; 0: as many as the frame has */
};

enum wire_kind {
    WIRE_ERROR = 1, /* struct wire_error */
    WIRE_INFO,      /* struct media_info */
    WIRE_FRAME,     /* struct wire_frame, then the pixels */
    WIRE_SAMPLES,   /* floats */
    WIRE_TEXT,      /* text without terminator */
    WIRE_END,       /* uint64_t: frames, samples or cuts in all */
    WIRE_CUTS,      /* doubles: seconds from the first frame, rising */
    WIRE_JPEG,      /* struct wire_frame, then the file */
};

struct wire_head {
    uint32_t magic;
    uint32_t kind;
    uint64_t size;
};

struct wire_frame {
    uint32_t width, height;
    uint64_t index;
    double time;
};

/* What can be wrong with a file; the caller maps it to a reject code. */
enum wire_fault {
    WIRE_UNREADABLE,
    WIRE_NO_VIDEO,
    WIRE_NO_AUDIO,
    WIRE_DAMAGED,
    WIRE_LIMIT,
    WIRE_FAULTS,
};

struct wire_error {
    uint32_t fault;
    char text[508];
};

#endif
