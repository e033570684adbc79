/* The cause behind many wrong times: named, measured and told from outliers,
 * with evidence of one place each and with cuts. */
#include "asid/curate/timecheck.h"

#include <math.h>

#include "check.h"

static const char *const names[] = {"unknown", "right", "offset", "rate",
                                    "frames"};

/* --- a table ----------------------------------------------------------------- */

enum { MOST = 24 };

static const struct fit_case {
    const char *what;
    double duration, fps, tolerance, step; /* 0: not known; 2; 0 */
    double written[MOST], true_at[MOST];
    size_t n;
    enum time_cause cause;
    double rate, offset;
    bool certain;
} cases[] = {
    {"nothing at all", 0, 0, 0, 0, {0}, {0}, 0, TIME_UNKNOWN, 1, 0, false},
    {"two pieces are not enough",
     30,
     30,
     0,
     0,
     {5, 9},
     {2, 6},
     2,
     TIME_UNKNOWN,
     1,
     0,
     false},
    {"right",
     30,
     30,
     0,
     1,
     {2, 7, 12, 21},
     {2.3, 6.8, 12.4, 20.9},
     4,
     TIME_RIGHT,
     1,
     0,
     false},
    {"whole seconds that were cut are right",
     30,
     30,
     0,
     1,
     {2, 7, 12, 21, 25},
     {2.4, 7.8, 12.7, 21.5, 25.2},
     5,
     TIME_RIGHT,
     1,
     0,
     false},
    {"right, one is not",
     30,
     30,
     0,
     1,
     {2, 7, 29, 21, 25},
     {2.3, 6.8, 12.4, 20.9, 25},
     5,
     TIME_RIGHT,
     1,
     0,
     false},
    {"three seconds late",
     30,
     30,
     0,
     1,
     {5, 10, 15, 24},
     {2.1, 7.2, 11.8, 21},
     4,
     TIME_OFFSET,
     1,
     3,
     true},
    {"two seconds late",
     30,
     30,
     0,
     1,
     {4, 9, 14, 23, 27},
     {2, 7, 12, 21, 25},
     5,
     TIME_OFFSET,
     1,
     2,
     true},
    {"four seconds early",
     40,
     25,
     0,
     1,
     {1, 4, 8, 17, 30},
     {5, 8, 12, 21, 34},
     5,
     TIME_OFFSET,
     1,
     -4,
     true},
    {"late, one is right and one nowhere",
     40,
     25,
     0,
     1,
     {9, 12, 12, 25, 3, 30},
     {5, 8, 12, 21, 34, 26},
     6,
     TIME_OFFSET,
     1,
     4,
     true},
    {"three pieces and nothing else",
     40,
     25,
     0,
     1,
     {9, 16, 25},
     {5, 12, 21},
     3,
     TIME_OFFSET,
     1,
     4,
     true},
    {"three pieces within the tolerance are no proof",
     40,
     25,
     0,
     1,
     {6.8, 13.7, 22.8},
     {5, 12, 21},
     3,
     TIME_OFFSET,
     1,
     1.77,
     false},
    {"three pieces and one that says otherwise are no proof",
     40,
     25,
     0,
     1,
     {9, 16, 25, 33},
     {5, 12, 21, 7},
     4,
     TIME_OFFSET,
     1,
     4,
     false},
    {"a third too fast",
     60,
     25,
     0,
     1,
     {4, 12, 24, 36, 48, 72},
     {3, 9, 18, 27, 36, 54},
     6,
     TIME_RATE,
     4.0 / 3,
     0,
     true},
    {"at half speed",
     60,
     25,
     0,
     1,
     {2, 7, 12, 18, 25, 29},
     {4, 14, 24, 36, 50, 58},
     6,
     TIME_RATE,
     0.5,
     0,
     true},
    {"twice as fast, as frames of a model that sees two a second",
     60,
     25,
     0,
     1,
     {8, 28, 48, 72, 100, 116},
     {4, 14, 24, 36, 50, 58},
     6,
     TIME_RATE,
     2,
     0,
     true},
    {"milliseconds",
     60,
     25,
     0,
     1,
     {4000, 14000, 24000, 36000, 50000},
     {4, 14, 24, 36, 50},
     5,
     TIME_RATE,
     1000,
     0,
     true},
    {"frames",
     20,
     30,
     0,
     1,
     {60, 210, 361, 540},
     {2, 7, 12, 18},
     4,
     TIME_FRAMES,
     30,
     0,
     true},
    {"frames at an odd rate",
     20,
     29.97,
     0,
     1,
     {60, 210, 360, 540},
     {2, 7, 12, 18},
     4,
     TIME_FRAMES,
     29.97,
     0,
     true},
    {"frames of a clip whose rate is not known",
     20,
     0,
     0,
     1,
     {48, 168, 288, 432, 456},
     {2, 7, 12, 18, 19},
     5,
     TIME_FRAMES,
     24,
     0,
     true},
    {"frames with an outlier",
     20,
     25,
     0,
     1,
     {50, 175, 17, 300, 450},
     {2, 7, 3, 12, 18},
     5,
     TIME_FRAMES,
     25,
     0,
     true},
    {"no two agree",
     60,
     25,
     0,
     1,
     {50, 3, 22, 9, 41},
     {2, 37, 5, 55, 18},
     5,
     TIME_UNKNOWN,
     1,
     0,
     false},
    {"a rate and an offset",
     100,
     25,
     0,
     0,
     {14, 20.1, 29, 38, 47.1, 56, 71, 86, 95, 119},
     {5, 9, 15, 21, 27, 33, 43, 53, 59, 75},
     10,
     TIME_RATE,
     1.5,
     6.5,
     true},
    {"the same of one time twice is no more times",
     60,
     25,
     0,
     1,
     {5, 5, 5, 22, 22, 22},
     {2, 2, 2.2, 17, 17, 17.1},
     6,
     TIME_UNKNOWN,
     1,
     0,
     false},
    {"half a second does not matter",
     60,
     25,
     0,
     0.1,
     {5.6, 10.5, 20.6, 33.6, 41.6, 50.6},
     {5, 10, 20, 33, 41, 50},
     6,
     TIME_RIGHT,
     1,
     0,
     false},
    {"a second and a bit in fractions",
     60,
     25,
     0,
     0.1,
     {6.3, 11.2, 21.3, 34.3, 42.3, 51.3},
     {5, 10, 20, 33, 41, 50},
     6,
     TIME_OFFSET,
     1,
     1.28,
     true},
    {"a small tolerance",
     60,
     25,
     0.5,
     0.1,
     {5.4, 10.4, 20.4, 33.4, 41.4, 50.4},
     {5, 10, 20, 33, 41, 50},
     6,
     TIME_OFFSET,
     1,
     0.4,
     true},
    {"without a duration",
     0,
     0,
     0,
     1,
     {8, 13, 23, 36},
     {5, 10, 20, 33},
     4,
     TIME_OFFSET,
     1,
     3,
     true},
};

static void test_table(void)
{
    struct arena a = ARENA_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fit_case *c = &cases[i];
        struct time_clip clip = {c->duration > 0 ? c->duration : (double)NAN,
                                 c->fps > 0 ? c->fps : (double)NAN,
                                 c->tolerance > 0 ? c->tolerance : 2, c->step};
        struct time_evidence e[MOST];
        struct time_fit f;

        for (size_t k = 0; k < c->n; k++)
            e[k] = (struct time_evidence){c->written[k], &c->true_at[k], 1, 0};
        f = time_fit(&a, e, c->n, &clip);
        CHECK(f.cause == c->cause, "%s: %s", c->what, names[f.cause]);
        CHECK(f.certain == c->certain, "%s: certain %d", c->what, f.certain);
        if (c->cause != TIME_UNKNOWN && c->cause != TIME_RIGHT)
            CHECK(fabs(f.rate - c->rate) < 0.01 * c->rate &&
                      fabs(f.offset - c->offset) < 0.15,
                  "%s: rate %g, offset %g", c->what, f.rate, f.offset);
        check_case(c->what);
        arena_reset(&a);
    }
    arena_release(&a);
}

/* --- injected faults ----------------------------------------------------------- */

static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform() + 1e-300)) * cos(2 * M_PI * uniform());
}

struct fault {
    enum time_cause cause;
    double rate, offset, duration, fps;
};

/* A fault of random strength that matters. */
static struct fault inject(enum time_cause cause)
{
    static const double rates[] = {24, 25, 29.97, 30, 60};
    struct fault f = {cause, 1, 0, 20 + 160 * uniform(),
                      rates[(size_t)(5 * uniform())]};
    double sign = uniform() < 0.5 ? -1 : 1;

    if (cause == TIME_OFFSET)
        f.offset = sign * (1.3 + 9 * uniform());
    else if (cause == TIME_RATE)
        f.rate = fmax(0.5, 1 + sign * (2 / f.duration + 0.25 * uniform()));
    else if (cause == TIME_FRAMES)
        f.rate = f.fps;
    return f;
}

struct trial {
    size_t n;        /* pieces of evidence */
    double noise;    /* standard deviation, seconds */
    double outliers; /* share */
};

static struct time_fit run_trial(const struct trial *t, const struct fault *f)
{
    struct time_clip clip = {f->duration, f->fps, 2, 0};
    struct arena a = ARENA_INIT;
    struct time_evidence e[64];
    struct time_fit fit;
    double at[64];

    for (size_t i = 0; i < t->n; i++) {
        double error = t->noise * normal(), written;

        at[i] =
            fmax(0, -f->offset) + (f->duration - fabs(f->offset)) * uniform();
        written = f->rate * (at[i] + error) + f->offset;
        if ((double)i < t->outliers * (double)t->n)
            written = f->rate * f->duration * uniform();
        e[i] = (struct time_evidence){fmax(0, written), &at[i], 1, 0};
    }
    fit = time_fit(&a, e, t->n, &clip);
    arena_release(&a);
    return fit;
}

/* The shares of trials with the cause named right, and with a repair that would
 * be wrong. */
static void check_named(const struct trial *t, double want, const char *what)
{
    enum { TRIALS = 500 };

    for (int c = TIME_RIGHT; c <= TIME_FRAMES; c++) {
        size_t right = 0, harm = 0;

        for (int i = 0; i < TRIALS; i++) {
            struct fault f = inject((enum time_cause)c);
            struct time_fit fit = run_trial(t, &f);

            right += (int)fit.cause == c;
            harm += fit.certain && (int)fit.cause != c;
        }
        printf("# %s, %s: %.1f %% named right, %.1f %% wrong and certain\n",
               what, names[c], 100.0 * (double)right / TRIALS,
               100.0 * (double)harm / TRIALS);
        CHECK((double)right >= want * TRIALS, "%s: %zu of %d", names[c], right,
              TRIALS);
        CHECK(harm <= TRIALS / 100, "%s: %zu wrong and certain", names[c],
              harm);
    }
    check_case(what);
}

static void test_named(void)
{
    check_named(&(struct trial){8, 0.1, 0.2}, 0.98,
                "eight pieces, a fifth of them wrong, 0.1 s");
    check_named(&(struct trial){8, 0.3, 0.2}, 0.95,
                "eight pieces, a fifth of them wrong, 0.3 s");
    check_named(&(struct trial){12, 0.4, 0.2}, 0.95,
                "twelve pieces, a fifth of them wrong, 0.4 s");
    check_named(&(struct trial){24, 0.5, 0.2}, 0.95,
                "24 pieces, a fifth of them wrong, 0.5 s");
    check_named(&(struct trial){5, 0.15, 0}, 0.97, "five pieces, all good");
}

/* How near the offset, and the rate, come. */
static void test_measured(void)
{
    enum { TRIALS = 500 };
    size_t offsets = 0, rates = 0, frames = 0;

    for (int i = 0; i < TRIALS; i++) {
        struct fault o = inject(TIME_OFFSET), r = inject(TIME_RATE),
                     f = inject(TIME_FRAMES);
        struct time_fit fit;

        fit = run_trial(&(struct trial){8, 0.08, 0.2}, &o);
        offsets += fabs(fit.offset - o.offset) <= 0.1;
        r.duration = 120 + 60 * uniform();
        fit = run_trial(&(struct trial){12, 0.08, 0.2}, &r);
        rates += fabs(fit.rate / r.rate - 1) <= 0.001;
        fit = run_trial(&(struct trial){8, 0.2, 0.2}, &f);
        frames += fabs(fit.rate / f.rate - 1) <= 0.001;
    }
    printf("# within: offset 0.1 s %.1f %%, rate 0.1 %% %.1f %%, frames %.1f "
           "%%\n",
           100.0 * (double)offsets / TRIALS, 100.0 * (double)rates / TRIALS,
           100.0 * (double)frames / TRIALS);
    CHECK(offsets >= 0.95 * TRIALS, "%zu offsets", offsets);
    CHECK(rates >= 0.9 * TRIALS, "%zu rates", rates);
    CHECK(frames >= 0.99 * TRIALS, "%zu frames", frames);
    check_case("the offset comes within 0.1 s, the rate within 0.1 %");
}

/* --- evidence with several places ------------------------------------------------ */

static void test_cuts(void)
{
    static const double cuts[] = {7.3, 19.8, 41, 77.2, 118.9, 160.4};
    double many[100], two[2] = {30, 90};
    struct time_clip clip = {180, 25, 2, 1};
    struct arena a = ARENA_INIT;
    struct time_evidence e[8];
    struct time_fit f;

    for (size_t i = 0; i < 6; i++)
        e[i] = (struct time_evidence){round(cuts[i]) + 5, cuts, 6, 0};
    f = time_fit(&a, e, 6, &clip);
    CHECK(f.cause == TIME_OFFSET && fabs(f.offset - 5) < 0.4 && f.certain,
          "%s, offset %g", names[f.cause], f.offset);
    check_case("an offset shows in cuts alone");

    for (size_t i = 0; i < 6; i++)
        e[i] = (struct time_evidence){round(cuts[i]), cuts, 6, 0};
    f = time_fit(&a, e, 6, &clip);
    CHECK(f.cause == TIME_RIGHT, "%s", names[f.cause]);
    check_case("times near cuts are right");

    for (size_t i = 0; i < 100; i++)
        many[i] = 1.8 * (double)i;
    for (size_t i = 0; i < 6; i++)
        e[i] = (struct time_evidence){cuts[i] + 5, many, 100, 0};
    f = time_fit(&a, e, 6, &clip);
    CHECK(f.cause == TIME_UNKNOWN && f.n == 0, "%s, %g", names[f.cause], f.n);
    check_case("a cut every two seconds says nothing");

    for (size_t i = 0; i < 4; i++)
        e[i] = (struct time_evidence){(double)(i + 1) * 11, two, 2, 0};
    f = time_fit(&a, e, 4, &clip);
    CHECK(!f.certain, "%s", names[f.cause]);
    check_case("times near no cut prove nothing");
    arena_release(&a);
}

/* --- hostile --------------------------------------------------------------------- */

static void test_hostile(void)
{
    static struct time_evidence e[5000];
    static double at[5000];
    struct time_clip clip = {NAN, NAN, 2, 0};
    struct arena a = ARENA_INIT;
    struct time_fit f;

    for (size_t i = 0; i < 5000; i++) {
        at[i] = (double)i;
        e[i] = (struct time_evidence){(double)i + 7, &at[i], 1, 0};
    }
    f = time_fit(&a, e, 5000, &clip);
    CHECK(f.cause == TIME_OFFSET && fabs(f.offset - 7) < 0.1 && f.certain,
          "%s, offset %g of %g", names[f.cause], f.offset, f.n);
    check_case("thousands of pieces are sampled");

    e[0].written = NAN;
    e[1].written = INFINITY;
    e[2].n = 0;
    f = time_fit(&a, e, 3, &clip);
    CHECK(f.cause == TIME_UNKNOWN, "%s", names[f.cause]);
    for (size_t i = 0; i < 5000; i++) {
        at[i] = 0;
        e[i] = (struct time_evidence){0, &at[i], 1, 0};
    }
    f = time_fit(&a, e, 5000, &clip);
    CHECK(isfinite(f.rate) && isfinite(f.offset) && !f.certain, "%g %g", f.rate,
          f.offset);
    for (size_t i = 0; i < 5000; i++)
        e[i].written = (double)i * 1e300;
    f = time_fit(&a, e, 5000, &clip);
    CHECK(isfinite(f.rate) && isfinite(f.offset) && !f.certain, "%g %g", f.rate,
          f.offset);
    check_case("no times, equal times and endless times do no harm");
    arena_release(&a);
}

int main(void)
{
    test_table();
    test_named();
    test_measured();
    test_cuts();
    test_hostile();
    return check_done();
}
