/* How alike two texts are: edit similarity, folding, alignment, content. */
#include "asid/text/similar.h"

#include <math.h>

#include "text_case.h"

/* --- edit distance -------------------------------------------------------- */

enum { MOST = 400 };

/* The table as everybody writes it, in bytes. */
static double plain_edit(const char *a, size_t n, const char *b, size_t m)
{
    static unsigned row[MOST + 1];

    if (n == 0 && m == 0)
        return 1;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return 1 - (double)row[m] / (double)(n > m ? n : m);
}

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* A text and a copy with some letters changed, left out or added. */
static size_t disturb(uint32_t *state, const char *a, size_t n, char *b)
{
    unsigned rate = 2 + noise(state) % 30;
    size_t m = 0;

    for (size_t i = 0; i < n && m + 2 < MOST; i++) {
        unsigned dice = noise(state) % (rate * 3);

        if (dice == 0)
            b[m++] = (char)('a' + noise(state) % 4);
        else if (dice == 1)
            continue;
        else if (dice == 2) {
            b[m++] = a[i];
            b[m++] = (char)('a' + noise(state) % 4);
        } else
            b[m++] = a[i];
    }
    return m;
}

static void test_edit_against_table(void)
{
    static const double leasts[] = {0, 0.3, 0.6, 0.9};
    uint32_t state = 7;

    for (unsigned round = 0; round < 1500; round++) {
        char a[MOST], b[MOST];
        size_t n = noise(&state) % (round % 2 ? 70 : 330), m;
        double want;

        for (size_t i = 0; i < n; i++)
            a[i] = (char)('a' + noise(&state) % 4);
        m = disturb(&state, a, n, b);
        want = plain_edit(a, n, b, m);
        for (unsigned k = 0; k < 4; k++) {
            double got = similar_edit(&arena, (struct str){a, n},
                                      (struct str){b, m}, leasts[k]);

            CHECK(fabs(got - want) < 1e-12 || (got == 0 && want < leasts[k]),
                  "round %u: got %g, want %g, least %g, %zu and %zu", round,
                  got, want, leasts[k], n, m);
        }
        arena_reset(&arena);
    }
    check_case("edit similarity agrees with the plain table");
}

static void test_edit_points(void)
{
    static const struct {
        const char *a, *b;
        double want;
    } pairs[] = {
        {"", "", 1},
        {"", "abc", 0},
        {"kitten", "sitting", 1 - 3.0 / 7},
        {"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0", 0.5},
        {"stra\xc3\x9f"
         "e",
         "strasse", 1 - 2.0 / 7},
        {"\xd0\xbc\xd0\xb8\xd1\x80", "\xd0\xbc\xd0\xb0\xd1\x80", 1 - 1.0 / 3},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        double got =
            similar_edit(&arena, str_of(pairs[i].a), str_of(pairs[i].b), 0);

        CHECK(fabs(got - pairs[i].want) < 1e-12, "%s and %s: %g, not %g",
              pairs[i].a, pairs[i].b, got, pairs[i].want);
    }
    check_case("distances count code points");
}

static void test_edit_long(void)
{
    struct buf a, b;

    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 6000; i++) {
        buf_char(&a, (char)('a' + i % 7));
        buf_char(&b, (char)(i == 100 ? 'z' : 'a' + i % 7));
    }
    CHECK(fabs(similar_edit(&arena, buf_view(&a), buf_view(&b), 0.5) -
               (1 - 1.0 / 4096)) < 1e-12,
          "the first 4096 count");
    buf_release(&a);
    buf_release(&b);
    check_case("long texts are compared by their beginning");
}

/* --- folding -------------------------------------------------------------- */

static void test_fold(void)
{
    static const struct {
        const char *text, *want;
    } folds[] = {
        {"Hello, World!", "hello world"},
        {"  It\xe2\x80\x99s  HIS.  ", "its his"},
        {"twenty-five men", "25 men"},
        {"Two hundred and five dogs", "205 dogs"},
        {"1,000 cars", "1000 cars"},
        {"three thousand", "3000"},
        {"3.5 metres", "3.5 metres"},
        {"\xe2\x80\x9cYes\xe2\x80\x9d \xe2\x80\x94 no\xe2\x80\xa6", "yes no"},
        {"\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xbd\xa0\xe5\xa5\xbd",
         "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd"},
        {"\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9"},
        {"\xd0\x9c\xd0\x98\xd0\xa0", "\xd0\xbc\xd0\xb8\xd1\x80"},
        {"Stra\xc3\x9f"
         "e",
         "strasse"},
        {"\xef\xbc\xa1\xef\xbc\xa2", "ab"},
        {"fifth", "5th"},
        {"the 5th", "the 5th"},
        {"one two three", "1 2 3"},
        {"", ""},
        {"?!.", ""},
    };

    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        struct str got = similar_fold(rules, &arena, str_of(folds[i].text));

        CHECK(str_is(got, folds[i].want), "%s: got [%s], want [%s]",
              folds[i].text, got.p, folds[i].want);
    }
    CHECK(similar_spoken(rules, &arena, STR("I have 2 dogs!"),
                         STR("\"i have two dogs\""), 0.6) == 1,
          "the same words");
    CHECK(similar_spoken(rules, &arena, STR("I have 2 dogs"),
                         STR("the weather is fine"), 0.6) == 0,
          "other words");
    check_case("spoken words are folded");
}

/* --- alignment ------------------------------------------------------------ */

struct grid {
    double cell[4][4];
    unsigned calls[4][4];
};

static double look_up(void *user, size_t i, size_t j)
{
    struct grid *g = user;

    g->calls[i][j]++;
    return g->cell[i][j];
}

static void test_align(void)
{
    struct similar_pair p[4];
    double sum = 0;
    struct grid cross = {.cell = {{0.2, 0.9, 0, 0},
                                  {0.95, 0.1, 0, 0},
                                  {0, 0, 0.7, 0.61},
                                  {0, 0, 0.59, 0.8}}};
    size_t n = similar_align(&arena, 4, 4, 0.6, look_up, &cross, p, &sum);

    CHECK(n == 3 && p[0].a == 1 && p[0].b == 0 && p[1].a == 2 && p[1].b == 2 &&
              p[2].a == 3 && p[2].b == 3,
          "%zu pairs", n);
    CHECK(fabs(sum - 2.45) < 1e-9, "sum %g", sum);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            CHECK(cross.calls[i][j] <= 1, "%zu, %zu", i, j);
    n = similar_align(&arena, 0, 4, 0.6, look_up, &cross, p, &sum);
    CHECK(n == 0 && sum == 0, "nothing to align");
    n = similar_align(&arena, 1 << 12, (1 << 12) + 1, 0.6, look_up, &cross, p,
                      &sum);
    CHECK(n == 0 && isnan(sum), "too large");
    check_case("ordered alignment takes the greatest sum");
}

/* A line said twice: the first one is its partner. */
static void test_align_tie(void)
{
    struct grid twice = {.cell = {{1, 1, 0, 1}}};
    struct similar_pair p[4];
    size_t n = similar_align(&arena, 1, 4, 0.6, look_up, &twice, p, NULL);

    CHECK(n == 1 && p[0].b == 0, "%zu, %zu", n, n ? p[0].b : 9);
    check_case("of equal partners the first one counts");
}

/* --- claims --------------------------------------------------------------- */

static const struct text_claim *last_claim(const char *text,
                                           const struct text **t)
{
    *t = text_analyse(rules, &arena, str_of(text), ATTRIBUTE_NONE);
    return &(*t)->claims[(*t)->n_claims - 1];
}

static void test_overlap(void)
{
    static const struct {
        const char *a, *b;
        double contained_least, contained_most, jaccard_least, jaccard_most;
    } pairs[] = {
        {"A man walks.", "The men are walking.", 1, 1, 1, 1},
        {"A man walks.", "A man walks quickly through a forest.", 1, 1, 0.1,
         0.6},
        {"A dog barks.", "The weather is fine.", 0, 0, 0, 0},
        {"He jumps and picks up a ball.", "He picks up a ball.", 1, 1, 1, 1},
        {"A man sits and eats an apple.", "A man eats an apple.", 1, 1, 1, 1},
        {"A grey car stops.", "The gray automobile stops.", 1, 1, 1, 1},
        {"Three boys run.", "3 boys run.", 1, 1, 1, 1},
        {"At 5s, a boy runs.", "At 9s, a boy runs.", 1, 1, 1, 1},
        {"A man sees a zebra.", "A man sees a tiger.", 0.1, 0.6, 0.1, 0.5},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct text *a, *b;
        const struct text_claim *ca = last_claim(pairs[i].a, &a);
        const struct text_claim *cb = last_claim(pairs[i].b, &b);
        struct similar_overlap o = similar_claims(a, ca, b, cb);
        struct similar_overlap back = similar_claims(b, cb, a, ca);

        CHECK(o.contained >= pairs[i].contained_least &&
                  o.contained <= pairs[i].contained_most,
              "%s / %s: contained %g", pairs[i].a, pairs[i].b, o.contained);
        CHECK(o.jaccard >= pairs[i].jaccard_least &&
                  o.jaccard <= pairs[i].jaccard_most,
              "%s / %s: jaccard %g", pairs[i].a, pairs[i].b, o.jaccard);
        CHECK(o.contained == back.contained && o.jaccard == back.jaccard,
              "%s / %s: not the same both ways", pairs[i].a, pairs[i].b);
    }
    check_case("claims share content");
}

static void test_contradict(void)
{
    static const struct {
        const char *a, *b;
        bool contradict;
    } pairs[] = {
        {"The car is red.", "The car is blue.", true},
        {"The car is red.", "The car is crimson.", false},
        {"A red car stops.", "A blue car stops.", true},
        {"A red and white car stops.", "A white car stops.", false},
        {"A red car stops.", "A blue bus stops.", false},
        {"Two dogs run.", "Three dogs run.", true},
        {"Two dogs run.", "2 dogs run.", false},
        {"Two dogs run.", "Three cats run.", false},
        {"A man walks to the left.", "A man walks to the right.", true},
        {"A man walks from left to right.", "A man walks to the right.", false},
        {"The door on the left is open.", "The door on the left is closed.",
         true},
        {"It is day.", "It is night.", true},
        {"The scene is indoors.", "The scene is outdoors.", true},
        {"The man is wearing a hat.", "The man is not wearing a hat.", true},
        {"The man wears a hat.", "The man wears no hat.", true},
        {"There are people in the room.", "There are no people in the room.",
         true},
        {"She smiles.", "She does not smile.", true},
        {"A young man speaks.", "An old man speaks.", true},
        {"A man in a red coat enters.", "A woman in a red coat enters.", true},
        {"A man talks to a woman.", "A woman talks to a man.", false},
        {"The room is bright.", "The room is dark.", true},
        {"The room is bright.", "The street is dark.", false},
        {"The camera zooms in.", "The camera zooms out.", true},
        {"He sits.", "He stands.", true},
        {"The music is loud.", "The music is quiet.", true},
        {"A sign says \"red\".", "A sign says \"blue\".", false},
        {"At 5s, a dog barks.", "At 9s, a dog barks.", false},
        {"The car left.", "The car is right.", false},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct text *a, *b;
        const struct text_claim *ca = last_claim(pairs[i].a, &a);
        const struct text_claim *cb = last_claim(pairs[i].b, &b);
        const struct text_fact *fa, *fb;
        bool got = similar_contradict(a, ca, b, cb, &fa, &fb);

        CHECK(got == pairs[i].contradict, "%s / %s", pairs[i].a, pairs[i].b);
        CHECK(similar_contradict(b, cb, a, ca, &fa, &fb) == got,
              "%s / %s: not the same both ways", pairs[i].a, pairs[i].b);
    }
    check_case("claims contradict each other");
}

/* A claim of stop words and nothing else: no fact, no content. */
static void test_empty(void)
{
    const struct text *a, *b;
    const struct text_claim *ca = last_claim("Overall, is it.", &a);
    const struct text_claim *cb = last_claim("A red car stops.", &b);
    const struct text_fact *fa, *fb;

    CHECK(!similar_contradict(a, ca, a, ca, &fa, &fb), "with itself");
    CHECK(!similar_contradict(a, ca, b, cb, &fa, &fb), "with another");
    CHECK(similar_claims(a, ca, a, ca).jaccard == 1, "both empty");
    CHECK(similar_claims(a, ca, b, cb).contained == 0, "one empty");
    check_case("claims without content");
}

int main(void)
{
    text_begin();
    test_empty();
    test_edit_against_table();
    test_edit_points();
    test_edit_long();
    test_fold();
    test_align();
    test_align_tie();
    test_overlap();
    test_contradict();
    return text_end();
}
