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

/* 10^i; all of them are doubles without an error. */
static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* A decimal of up to 15 digits without an exponent, as nearly all are: its
 * digits and the power of ten are doubles without an error, so the quotient,
 * rounded once, is the double that is nearest. */
static bool few_digits(struct str t, double *out)
{
    bool minus = t.n > 0 && t.p[0] == '-', point = false;
    uint64_t digits = 0;
    size_t n = 0, behind = 0;

    if (t.n > 17)
        return false;
    for (size_t i = minus; i < t.n; i++) {
        if (t.p[i] == '.') {
            point = true;
            continue;
        }
        if (!is_digit(t.p[i]))
            return false;
        digits = digits * 10 + (uint64_t)(t.p[i] - '0');
        behind += point;
        n++;
    }
    if (n > 15)
        return false;
    *out = (double)digits / powers[behind];
    if (minus)
        *out = -*out;
    return true;
}

bool num_f64(struct str text, double *out)
{
    char space[512];
    double value;

    if (!is_decimal(text) || text.n >= sizeof space)
        return false;
    if (few_digits(text, out))
        return true;
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

/* A number of up to four decimals, by hand as well: the fewest that read back
 * as the same. 0 when it has more, or too many digits. */
static unsigned format_decimals(double value, char space[32])
{
    enum { DECIMALS = 4 };
    char digits[32];

    for (unsigned decimals = 1; decimals <= DECIMALS; decimals++) {
        double whole = rint(fabs(value) * powers[decimals]);
        unsigned n, zeros, at = 0;

        if (!(whole < powers[15]))
            return 0;
        if (whole / powers[decimals] != fabs(value))
            continue;
        n = format_whole((int64_t)whole, digits);
        if (value < 0)
            space[at++] = '-';
        zeros = n <= decimals ? decimals + 1 - n : 0;
        for (unsigned i = 0; i < zeros + n; i++) {
            if (i == zeros + n - decimals)
                space[at++] = '.';
            space[at++] = i < zeros ? '0' : digits[i - zeros];
        }
        space[at] = '\0';
        return at;
    }
    return 0;
}

double num_round(double value, unsigned decimals)
{
    BUG_IF(decimals >= sizeof powers / sizeof powers[0]);
    if (!(fabs(value) < 1e12))
        return value;
    return round(value * powers[decimals]) / powers[decimals];
}

unsigned num_format(double value, char space[32])
{
    int n = 0;

    BUG_IF(!isfinite(value));
    if (fabs(value) < 9007199254740992.0 && rint(value) == value)
        return format_whole((int64_t)value, space);
    n = (int)format_decimals(value, space);
    if (n > 0)
        return (unsigned)n;
    for (int digits = 1; digits <= 17; digits++) {
        n = snprintf(space, 32, "%.*g", digits, value);
        if (strtod(space, NULL) == value)
            break;
    }
    return (unsigned)n;
}
