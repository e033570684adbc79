/*
 * Texts that share sentences: captions of the same clip, a caption and what it
 * was written from, a text before and after a change.
 *
 *     k = text_known_new(rules, arena, bytes of all texts)
 *     t = text_known_analyse(k, text, hint, parts), for each of them
 */
#ifndef ASID_TEXT_KNOWN_H
#define ASID_TEXT_KNOWN_H

#include "asid/text/text.h"

struct text_known;

/* For texts of about so many bytes in all; a text beyond that is analysed, but
 * no longer remembered. Lives in the arena, and so do all analyses. */
struct text_known *text_known_new(const struct text_rules *rules,
                                  struct arena *a, size_t bytes);
/* What text_analyse_parts() finds, without a look at plain sentences that a
 * text before had as well. The text must outlive all later analyses. */
const struct text *text_known_analyse(struct text_known *k, struct str text,
                                      enum attribute hint, unsigned parts);

#endif
