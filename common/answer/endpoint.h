/* What an endpoint gets to see and hear of a clip. */
#ifndef COMMON_ANSWER_ENDPOINT_H
#define COMMON_ANSWER_ENDPOINT_H

#include "answer_int.h"
#include "asid/net/chat.h"

struct endpoint_media {
    struct chat_part *parts; /* what stands before every question */
    size_t n, room;
};

/* The clip's pictures and sound, in the job's arena; without a file none.
 * REJECT with the codes of media.h. */
enum asid_rc endpoint_media(struct clip *c, struct endpoint_media **out,
                            struct asid_err *err) ASID_WARN_UNUSED;

#endif
