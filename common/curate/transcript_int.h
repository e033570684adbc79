/* Parts of the transcript that its files share. */
#ifndef COMMON_CURATE_TRANSCRIPT_INT_H
#define COMMON_CURATE_TRANSCRIPT_INT_H

#include "asid/curate/transcript.h"

/* Blanks and control characters of any script. */
bool transcript_blank(uint32_t cp);
/* Those among them that take no place and separate nothing when a text is
 * tidied: zero-width space, word joiner, byte-order mark. */
bool transcript_nothing(uint32_t cp);
/* Characters of scripts written without blanks between words: Han, kana. */
bool transcript_unspaced(uint32_t cp);
/* Cut the next word from text at *at: what stands between blanks, except that
 * characters of scripts written without blanks (Han, kana) are words of their
 * own. Punctuation stays with its word; what is nothing but punctuation and
 * symbols is no word. False at the end. */
bool transcript_cut(struct str text, size_t *at, struct str *word);
/* A word without the punctuation around it; n 0 when nothing is left. */
struct str transcript_core(struct str word);
/* Characters of a word that take time to say: code points, at least 1. */
size_t transcript_weight(struct str word);

/* Give every word of a segment an interval. Words come with the times they
 * were given, NAN where there are none; methods WORD_ALIGNED, or what an
 * earlier reading found. A segment whose times are no interval gets the one
 * its words span. */
void transcript_place(struct arena *scratch, struct transcript_segment *s,
                      struct transcript_word *words);

#endif
