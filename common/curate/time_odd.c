/*
 * Times that cannot be read: "At 1:75", "At -3s", "At 12ss", "At Ns".
 *
 * What the anchors of a text are is for text_analyse() to say. Here is looked
 * for what stands where an anchor would, and is none because of its spelling.
 */
#include <math.h>
#include <string.h>

#include "time_int.h"

enum { LONGEST = 24 /* bytes of a time */ };

struct odd_scan {
    struct arena *arena;
    const struct text *t;
    size_t quote, anchor; /* the first that does not end before `at` */
    struct time_odd *odd;
    size_t n, room;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether a byte lies in a quote or an anchor; asked for rising bytes. */
static bool is_taken(struct odd_scan *s, size_t at)
{
    const struct text *t = s->t;

    while (s->quote < t->n_quotes &&
           t->quotes[s->quote].all.at + t->quotes[s->quote].all.n <= at)
        s->quote++;
    while (s->anchor < t->n_anchors &&
           t->anchors[s->anchor].at.at + t->anchors[s->anchor].at.n <= at)
        s->anchor++;
    return (s->quote < t->n_quotes && t->quotes[s->quote].all.at <= at) ||
           (s->anchor < t->n_anchors && t->anchors[s->anchor].at.at <= at);
}

/* --- what is meant to be a time -------------------------------------------- */

/* Seconds written with one letter too many, a stray point or a comma for a
 * point: "12ss", "5.s", "5,5s". NAN: not one of these, or two points. */
static bool odd_seconds(struct str w, double *guess)
{
    size_t i = 0, points = 0, units = 0;
    double value = 0, scale = 1;
    bool stray = false, comma = false;

    for (; i < w.n && (is_digit(w.p[i]) || w.p[i] == '.' || w.p[i] == ',');
         i++) {
        if (!is_digit(w.p[i])) {
            points++;
            comma = comma || w.p[i] == ',';
            stray = i + 1 >= w.n || !is_digit(w.p[i + 1]);
            continue;
        }
        value = value * 10 + (w.p[i] - '0');
        scale *= points ? 10 : 1;
    }
    if (i == 0 || i == w.n || (w.p[i] != 's' && w.p[i] != 'S'))
        return false;
    for (; i < w.n; i++, units++) {
        if (w.p[i] != 's' && w.p[i] != 'S')
            return false;
    }
    if (units == 1 && points == 0 && i <= 10)
        return false; /* well spelled: no place in time, by what is around */
    if (units == 1 && points == 1 && !comma && !stray)
        return false;
    *guess = points > 1 || units > 3 || i > 12 ? (double)NAN : value / scale;
    return true;
}

/* Parts of a clock that no clock has: "0:75", "1:2:3:4". */
static bool odd_clock(struct str w, bool strict, double *guess)
{
    double total = 0, part = 0;
    size_t parts = 0, digits = 0;
    bool over = false;

    if (w.n > 0 && w.p[w.n - 1] == 's')
        w.n--;
    for (size_t i = 0; i <= w.n; i++) {
        if (i < w.n && is_digit(w.p[i])) {
            part = part * 10 + (w.p[i] - '0');
            digits++;
            continue;
        }
        if (digits == 0 || digits > 3 || (i < w.n && w.p[i] != ':'))
            return false;
        over = over || (parts > 0 && (part >= 60 || digits != 2));
        total = total * 60 + part;
        part = 0;
        digits = 0;
        parts++;
    }
    if (parts < 2 || (parts < 4 && !over))
        return false;
    *guess = parts < 4 ? total : (double)NAN;
    /* "at 3:1" may be a score. */
    return parts > 2 || total >= 60 || !strict || w.p[0] == '0';
}

/* "Ns", "XX:XX", "[time]": what a template had there. */
static bool is_placeholder(struct str w)
{
    static const char *const known[] = {
        "Ns", "Xs",    "XXs",   "NNs",   "N.Ns",  "?s",       "??s",  "_s",
        "XX", "XX:XX", "xx:xx", "MM:SS", "mm:ss", "hh:mm:ss", "?:??", "??:??",
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_is(w, known[i]))
            return true;
    }
    return false;
}

/* "-3s", with a hyphen or a minus sign. */
static bool odd_sign(struct str w, double *guess)
{
    size_t sign = str_starts(w, "-")              ? 1
                  : str_starts(w, "\xe2\x88\x92") ? 3
                                                  : 0;
    size_t i = sign;

    if (sign == 0)
        return false;
    for (; i < w.n && is_digit(w.p[i]); i++)
        ;
    if (i == sign || i > sign + 9)
        return false;
    if (i + 1 < w.n && w.p[i] == '.')
        for (i++; i < w.n && is_digit(w.p[i]); i++)
            ;
    *guess = NAN; /* the sign is not all that is wrong */
    return i + 1 == w.n && w.p[i] == 's';
}

static bool is_odd(struct str w, bool strict, double *guess)
{
    *guess = NAN;
    return odd_seconds(w, guess) || odd_clock(w, strict, guess) ||
           odd_sign(w, guess) || is_placeholder(w);
}

/* --- where ------------------------------------------------------------------ */

/* The word at a byte: up to a blank, a bracket or punctuation that ends it. */
static struct str word_at(struct str text, size_t at)
{
    size_t end = at;

    while (end < text.n && end - at <= LONGEST && !is_blank(text.p[end]) &&
           !strchr(";)](!\"", text.p[end]))
        end++;
    while (end > at && strchr(".,:?", text.p[end - 1]) &&
           !(text.p[end - 1] == '?' && end - at > 1 &&
             strchr("?:", text.p[end - 2])))
        end--;
    return (struct str){text.p + at, end - at};
}

static void add(struct odd_scan *s, size_t at, size_t end, double guess)
{
    if (s->n == s->room) {
        size_t room = s->room * 2 + 8;
        struct time_odd *odd = arena_array(s->arena, room, sizeof *odd);

        if (s->n > 0)
            memcpy(odd, s->odd, s->n * sizeof *odd);
        s->odd = odd;
        s->room = room;
    }
    s->odd[s->n++] = (struct time_odd){{at, end - at}, guess};
}

/* The length of a preposition of time at a byte, or 0. */
static size_t preposition(struct str text, size_t at)
{
    static const char *const words[] = {"at", "from", "around", "about"};
    struct str rest = {text.p + at, text.n - at};
    char first = (char)(rest.p[0] | 0x20);

    /* Most words that begin so are "a" and "and". */
    if (rest.n < 2 || rest.p[1] == ' ' || rest.p[1] == 'n')
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);

        if (rest.n > n && first == words[i][0] &&
            memcmp(rest.p + 1, words[i] + 1, n - 1) == 0 && is_blank(rest.p[n]))
            return n;
    }
    return 0;
}

static bool is_time_of_day(struct str text, size_t end)
{
    struct str rest = {text.p + end, text.n - end};

    return str_starts(rest, " am") || str_starts(rest, " pm") ||
           str_starts(rest, " a.m") || str_starts(rest, " p.m") ||
           str_starts(rest, " AM") || str_starts(rest, " PM") ||
           str_starts(rest, " o'clock") || str_starts(rest, " hours");
}

/* Look at what follows a preposition or an opening bracket. Returns the byte to
 * go on with. */
static size_t look(struct odd_scan *s, size_t at, size_t word, bool bracket)
{
    struct str text = s->t->text, w;
    double guess;
    size_t end;

    while (word < text.n && is_blank(text.p[word]))
        word++;
    if (word == text.n || is_taken(s, word))
        return word;
    w = word_at(text, word);
    end = word + w.n;
    if (w.n == 0 || w.n > LONGEST || !is_odd(w, !bracket, &guess) ||
        is_time_of_day(text, end))
        return word;
    if (bracket &&
        (end == text.n || (text.p[end] != ')' && text.p[end] != ']')))
        return word;
    add(s, at, bracket ? end + 1 : end, guess);
    return bracket ? end + 1 : end;
}

/* Where a byte may begin something: a bracket anywhere, the first letter of a
 * preposition only behind what is no letter. */
enum { LETTER = 1, FIRST = 2, BRACKET = 4 };
static const uint8_t classes[256] = {
    ['A'] = LETTER | FIRST, ['B' ... 'E'] = LETTER, ['F'] = LETTER | FIRST,
    ['G' ... 'Z'] = LETTER, ['a'] = LETTER | FIRST, ['b' ... 'e'] = LETTER,
    ['f'] = LETTER | FIRST, ['g' ... 'z'] = LETTER, ['('] = BRACKET,
    ['['] = BRACKET,
};

/* The next byte from i on that may begin something, or n. One test a byte:
 * this looks at all text of a record. */
static size_t next_begin(const char *p, size_t i, size_t n)
{
    for (; i < n; i++) {
        unsigned class = classes[(unsigned char)p[i]];

        if (!(class & (FIRST | BRACKET)))
            continue;
        if (class & BRACKET || i == 0 ||
            !(classes[(unsigned char)p[i - 1]] & LETTER))
            break;
    }
    return i;
}

size_t time_find_odd(struct arena *a, const struct text *t,
                     struct time_odd **odd)
{
    struct odd_scan s = {.arena = a, .t = t};
    struct str text = t->text;
    size_t n = text.n < TEXT_MAX ? text.n : TEXT_MAX;

    for (size_t i = next_begin(text.p, 0, n); i < n;) {
        size_t next = i + 1, length;

        if (classes[(unsigned char)text.p[i]] == BRACKET) {
            if (!is_taken(&s, i))
                next = look(&s, i, i + 1, true);
        } else if ((length = preposition(text, i)) != 0 && !is_taken(&s, i)) {
            next = look(&s, i, i + length, false);
        }
        i = next_begin(text.p, next > i ? next : i + 1, n);
    }
    *odd = s.odd;
    return s.n;
}
