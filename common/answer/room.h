/*
 * Memory for records that are worked on at once: each says what it plans to take
 * before it takes it, and waits while others have what it needs.
 */
#ifndef COMMON_ANSWER_ROOM_H
#define COMMON_ANSWER_ROOM_H

#include "asid/omni/omni.h"

struct room;

/* Of limit bytes, weights included; 0: of what the system has. */
struct room *room_open(size_t limit);
void room_close(struct room *r);

/* Around what leads to a room_take: the media of `who` are decoded between the
 * two, and lie there while it waits. So enter waits while others are between
 * them, too, and not all of them would fit if they were as large as the largest
 * that was seen. Who holds some does not wait. */
void room_enter(struct room *r, const void *who);
void room_leave(struct room *r);

/* Promise the plan's own bytes to `who`, a record. Waits until they fit beside
 * what others hold. FAILED when they would not fit without the others either.
 *
 * Who holds some already does not wait, or two could for each other: its later
 * plans have to fit beside its own bytes only, and can together go over the
 * limit. So the first one should have all that is foreseen. threads: safe. */
enum asid_rc room_take(struct room *r, const void *who,
                       const struct omni_plan *plan,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* How many wait. */
size_t room_waiting(struct room *r);
/* That many of its bytes are free again. */
void room_give(struct room *r, const void *who, size_t bytes);

#endif
