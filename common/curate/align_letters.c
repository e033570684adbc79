/* What is compared: folded words as pieces, letters as numbers. */
#include <string.h>

#include "align_int.h"

#include "asid/base/utf8.h"

/* --- symbols --------------------------------------------------------------- */

static size_t symbol_slot(const struct align_symbols *m, uint32_t cp)
{
    size_t i = (cp * 2654435761u) & (m->room - 1);

    while (m->key[i] != 0 && m->key[i] != cp)
        i = (i + 1) & (m->room - 1);
    return i;
}

static void symbols_grow(struct align_symbols *m, struct arena *a)
{
    struct align_symbols old = *m;

    m->room = old.room ? old.room * 2 : 64;
    m->key = arena_array(a, m->room, sizeof *m->key);
    m->value = arena_array(a, m->room, sizeof *m->value);
    for (size_t i = 0; i < old.room; i++) {
        if (old.key[i] != 0) {
            size_t slot = symbol_slot(m, old.key[i]);

            m->key[slot] = old.key[i];
            m->value[slot] = old.value[i];
        }
    }
}

/* The number of a code point; 0 when it has none. */
static uint32_t symbol_of(const struct align_symbols *m, uint32_t cp)
{
    if (cp < 128)
        return m->ascii[cp];
    return m->room ? m->value[symbol_slot(m, cp)] : 0;
}

static uint32_t symbol_make(struct align_symbols *m, struct arena *a,
                            uint32_t cp)
{
    uint32_t *value;

    if (cp < 128) {
        value = &m->ascii[cp];
    } else {
        size_t slot;

        if (m->room == 0 || m->n * 2 > m->room)
            symbols_grow(m, a);
        slot = symbol_slot(m, cp);
        m->key[slot] = cp;
        value = &m->value[slot];
    }
    if (*value == 0)
        *value = (uint32_t)++m->n;
    return *value;
}

/* --- a growing list of letters and pieces ---------------------------------- */

static void *grown(struct arena *a, const void *old, size_t n, size_t room,
                   size_t size)
{
    void *p = arena_array(a, room, size);

    if (n > 0)
        memcpy(p, old, n * size);
    return p;
}

/* Han, kana, hangul: each says as much as a few letters. */
static bool is_wide(uint32_t cp)
{
    return (cp >= 0x2e80 && cp <= 0xd7ff) || (cp >= 0xf900 && cp <= 0xfaff) ||
           (cp >= 0x20000 && cp <= 0x3ffff);
}

uint32_t align_add_letters(struct align_maker *m, struct str text)
{
    struct align_letters *to = &m->to;
    uint32_t wide = 0;

    if (m->letters_room - to->n < text.n) {
        m->letters_room = m->letters_room * 2 + text.n + 256;
        to->letter =
            grown(m->a, to->letter, to->n, m->letters_room, sizeof *to->letter);
    }
    for (size_t at = 0; at < text.n;) {
        uint32_t cp = 0;
        unsigned used = utf8_decode(text.p + at, text.n - at, &cp);

        at += used ? used : 1;
        if (cp == ' ' || cp == ':') /* "7:30" is "seven thirty" */
            continue;
        wide += is_wide(cp);
        to->letter[to->n++] = m->make ? symbol_make(m->symbols, m->a, cp)
                                      : symbol_of(m->symbols, cp);
    }
    return wide;
}

struct align_piece *align_add_piece(struct align_maker *m, struct str text,
                                    struct span source, enum align_alt alt)
{
    struct align_letters *to = &m->to;
    struct align_piece *p;
    size_t at = to->n;
    uint32_t wide = align_add_letters(m, text);

    if (to->n == at)
        return NULL;
    if (to->n_pieces == m->pieces_room) {
        m->pieces_room = m->pieces_room * 2 + 32;
        to->piece = grown(m->a, to->piece, to->n_pieces, m->pieces_room,
                          sizeof *to->piece);
    }
    p = &to->piece[to->n_pieces++];
    *p = (struct align_piece){.at = (uint32_t)at,
                              .n = (uint32_t)(to->n - at),
                              .source = source,
                              .wide = wide,
                              .alt = (uint8_t)alt};
    return p;
}

/* --- quotes ------------------------------------------------------------------ */

/* Notes in brackets ("[music]", "(laughs)", "♪") are no words: they become
 * blanks, so that the places stay. */
static void blank_notes(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char close = p[i] == '[' ? ']' : p[i] == '(' ? ')' : 0;
        const char *end;

        if (close == 0)
            continue;
        /* A bracket that is never closed, or late, is no note. */
        end = memchr(p + i, close, n - i < 80 ? n - i : 80);
        if (!end)
            continue;
        memset(p + i, ' ', (size_t)(end - (p + i)) + 1);
    }
}

struct align_letters align_letters_of(struct align_speech *s, struct str words)
{
    struct align_maker m = {.a = s->arena, .symbols = &s->symbols};
    struct similar_word *w;
    size_t n;

    if (memchr(words.p, '[', words.n) || memchr(words.p, '(', words.n)) {
        char *p = arena_strndup(s->arena, words.p, words.n);

        blank_notes(p, words.n);
        words.p = p;
    }
    n = similar_words(s->rules, s->arena, words, &w);
    for (size_t i = 0; i < n; i++)
        align_add_word(&m, &w[i], words);
    return m.to;
}

/* --- transcripts ------------------------------------------------------------ */

/* Text of all words, one blank between, and where each begins. */
struct joined {
    struct str text;
    size_t *at;
};

static struct joined join_words(struct arena *a, const struct transcript *t)
{
    struct joined j = {{"", 0}, arena_array(a, t->n_words + 1, sizeof(size_t))};
    size_t n = 0;
    char *p;

    for (size_t i = 0; i < t->n_words; i++)
        n += t->words[i].text.n + 1;
    p = arena_bytes(a, n);
    n = 0;
    for (size_t i = 0; i < t->n_words; i++) {
        struct str w = t->words[i].text;

        j.at[i] = n;
        if (w.n > 0)
            memcpy(p + n, w.p, w.n);
        n += w.n;
        p[n++] = ' ';
    }
    j.at[t->n_words] = n;
    blank_notes(p, n);
    j.text = (struct str){p, n};
    return j;
}

/* Whether a word ends its utterance: . ! ? or their CJK forms, but for what
 * may follow inside quotation marks. */
static bool ends_utterance(struct str w)
{
    static const char *const marks[] = {
        ".",           "!", "?", "\xe2\x80\xa6", "\xe3\x80\x82", "\xef\xbc\x81",
        "\xef\xbc\x9f"};

    while (w.n > 0 && (w.p[w.n - 1] == '"' || w.p[w.n - 1] == '\''))
        w.n--;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (str_ends(w, marks[i]))
            return true;
    return false;
}

static void mark_utterances(const struct transcript *t, struct align_letters *l)
{
    for (size_t i = 0; i < l->n_pieces; i++) {
        struct align_piece *p = &l->piece[i];
        struct align_piece *next = i + 1 < l->n_pieces ? p + 1 : NULL;
        bool end = !next;

        if (next && next->word != p->last_word)
            end = t->words[next->word].segment !=
                      t->words[p->last_word].segment ||
                  ends_utterance(t->words[p->last_word].text);
        p->closes = end;
        if (i == 0)
            p->opens = true;
        if (next)
            next->opens = end;
    }
}

/* Words first..last of the transcript, whose text is j->text from `from` on. */
static void add_range(struct align_maker *m, const struct align_speech *s,
                      const struct joined *j, size_t first, size_t last,
                      struct arena *scratch)
{
    struct str text = {j->text.p + j->at[first], j->at[last] - j->at[first]};
    struct similar_word *w;
    size_t n = similar_words(s->rules, scratch, text, &w), word = first;

    for (size_t i = 0; i < n; i++) {
        size_t piece = m->to.n_pieces, at = j->at[first] + w[i].at.at;
        size_t end = at + w[i].at.n, to;

        while (word + 1 < last && j->at[word + 1] <= at)
            word++;
        to = word;
        while (to + 1 < last && j->at[to + 1] < end)
            to++;
        align_add_word(m, &w[i], text);
        for (size_t k = piece; k < m->to.n_pieces; k++) {
            struct align_piece *p = &m->to.piece[k];

            p->word = (uint32_t)word;
            p->last_word = (uint32_t)to;
            p->inside |= at > j->at[word] && piece > 0 &&
                         m->to.piece[piece - 1].last_word == word;
        }
    }
}

/* A long transcript is folded bit by bit, because the way there takes more
 * memory than the result. */
void align_letters_of_speech(struct align_speech *s)
{
    enum { AT_ONCE = 4096 };
    struct align_maker m = {
        .a = s->arena, .symbols = &s->symbols, .make = true};
    struct joined j = join_words(s->arena, s->t);
    struct arena scratch = ARENA_INIT;

    /* Contractions are spelled with letters the transcript may not have. */
    for (uint32_t c = 'a'; c <= 'z'; c++)
        (void)symbol_make(&s->symbols, s->arena, c);
    for (size_t i = 0; i < s->t->n_words; i += AT_ONCE) {
        bool one = s->t->n_words <= AT_ONCE;
        size_t last = s->t->n_words - i < AT_ONCE ? s->t->n_words : i + AT_ONCE;

        add_range(&m, s, &j, i, last, one ? s->arena : &scratch);
        arena_reset(&scratch);
    }
    arena_release(&scratch);
    mark_utterances(s->t, &m.to);
    s->letters = m.to;
}
