/* The lexicon's words of up to eight letters, found by the letters themselves:
 * most words of a caption, read and looked up without a loop. */
#include "lexicon_int.h"

enum { SHORT_MOST = LEX_SHORT / 2 /* what is more is found by its hash */ };

/* The letters as lex_short_read() has them; 0: other than small letters, or
 * too many. */
static uint64_t packed(struct str word)
{
    uint64_t letters = 0;

    if (word.n > sizeof letters)
        return 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < 'a' || word.p[i] > 'z')
            return 0;
        letters |= (uint64_t)word.p[i] << (8 * i);
    }
    return letters;
}

void lex_short_add(struct text_rules *r, struct str word, size_t index)
{
    uint64_t letters = packed(word);
    size_t i = lex_short_slot(letters);

    if (letters == 0 || r->n_shorts == SHORT_MOST)
        return;
    while (r->shorts[i].letters && r->shorts[i].letters != letters)
        i = (i + 1) & (LEX_SHORT - 1);
    r->n_shorts += r->shorts[i].letters == 0;
    r->shorts[i] = (struct lex_short){letters, index};
}
