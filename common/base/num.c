/* Strict reading and shortest writing of numbers. */
#include "asid/base/num.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool num_u64(struct str text, uint64_t *out)
{
    uint64_t value = 0;

    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i]) ||
            __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.p[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool num_i64(struct str text, int64_t *out)
{
    bool minus = text.n > 0 && text.p[0] == '-';
    struct str digits = {text.p + minus, text.n - minus};
    uint64_t value;

    if (!num_u64(digits, &value) || value > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* digits [. digits] [e [sign] digits], with an optional minus; a leading or
 * trailing point is no number. */
static bool is_decimal(struct str t)
{
    size_t i = 0, from;

    if (i < t.n && t.p[i] == '-')
        i++;
    for (from = i; i < t.n && is_digit(t.p[i]);)
        i++;
    if (i == from)
        return false;
    if (i < t.n && t.p[i] == '.') {
        for (from = ++i; i < t.n && is_digit(t.p[i]);)
            i++;
        if (i == from)
            return false;
    }
    if (i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
        i++;
        if (i < t.n && (t.p[i] == '+' || t.p[i] == '-'))
            i++;
        for (from = i; i < t.n && is_digit(t.p[i]);)
            i++;
        if (i == from)
            return false;
    }
    return i == t.n;
}

bool num_f64(struct str text, double *out)
{
    char space[512];
    double value;

    if (!is_decimal(text) || text.n >= sizeof space)
        return false;
    memcpy(space, text.p, text.n);
    space[text.n] = '\0';
    /* Programs never call setlocale, so the point is a point. */
    value = strtod(space, NULL);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

/* By hand: times and counts are most of the numbers that are written. */
static unsigned format_whole(int64_t value, char space[32])
{
    uint64_t rest = value < 0 ? (uint64_t)-value : (uint64_t)value;
    char digits[20];
    unsigned n = 0, at = 0;

    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        space[at++] = '-';
    while (n)
        space[at++] = digits[--n];
    space[at] = '\0';
    return at;
}

unsigned num_format(double value, char space[32])
{
    int n = 0;

    BUG_IF(!isfinite(value));
    if (fabs(value) < 9007199254740992.0 && rint(value) == value)
        return format_whole((int64_t)value, space);
    for (int digits = 1; digits <= 17; digits++) {
        n = snprintf(space, 32, "%.*g", digits, value);
        if (strtod(space, NULL) == value)
            break;
    }
    return (unsigned)n;
}
