/* Strict UTF-8. */
#include "asid/base/utf8.h"

unsigned utf8_decode(const char *p, size_t n, uint32_t *cp)
{
    const unsigned char *s = (const unsigned char *)p;
    unsigned need;
    uint32_t c, least;

    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        need = 2;
        c = s[0] & 0x1fu;
        least = 0x80;
    } else if ((s[0] & 0xf0) == 0xe0) {
        need = 3;
        c = s[0] & 0x0fu;
        least = 0x800;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        need = 4;
        c = s[0] & 0x07u;
        least = 0x10000;
    } else {
        return 0;
    }
    if (n < need)
        return 0;
    for (unsigned i = 1; i < need; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return need;
}

size_t utf8_span(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        uint64_t eight;
        uint32_t cp;
        unsigned used;

        /* Captions are mostly ASCII: eight bytes at a time. */
        while (n - i >= 8) {
            memcpy(&eight, p + i, 8);
            if (eight & 0x8080808080808080u)
                break;
            i += 8;
        }
        while (i < n && (unsigned char)p[i] < 0x80)
            i++;
        if (i == n)
            break;
        used = utf8_decode(p + i, n - i, &cp);
        if (used == 0)
            break;
        i += used;
    }
    return i;
}

unsigned utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

struct str utf8_unmarked(struct str s)
{
    return str_starts(s, "\xEF\xBB\xBF") ? (struct str){s.p + 3, s.n - 3} : s;
}

bool utf16_is_marked(struct str s)
{
    return str_starts(s, "\xFF\xFE") || str_starts(s, "\xFE\xFF");
}
