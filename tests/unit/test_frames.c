/* Which frames are seen and at which size, against qwen-omni-utils. */
#include <math.h>

#include "../../common/omni/prepare.h"
#include "vectors.h"

static struct omni_budget budget_of(const struct json *c)
{
    struct omni_budget b = OMNI_BUDGET_DEFAULT;

    b.fps = vector_real(json_get(c, "fps"), b.fps);
    b.min_frames =
        (uint32_t)vector_real(json_get(c, "min_frames"), b.min_frames);
    b.max_frames =
        (uint32_t)vector_real(json_get(c, "max_frames"), b.max_frames);
    b.min_pixels = vector_real(json_get(c, "min_pixels"), b.min_pixels);
    b.max_pixels = vector_real(json_get(c, "max_pixels"), b.max_pixels);
    b.total_pixels = vector_real(json_get(c, "total_pixels"), b.total_pixels);
    return b;
}

static void check_indexes(const struct json *c, uint64_t total, size_t n)
{
    uint64_t index[2000];
    size_t i = 0;

    BUG_IF(n > 2000);
    omni_frame_indexes(total, n, index);
    json_each(item, json_get(c, "indexes")) {
        CHECK((int64_t)index[i] == vector_int(item),
              STR_FMT ": index %zu is %llu", STR_ARG(json_source(c)), i,
              (unsigned long long)index[i]);
        i++;
    }
}

static void check_frames(void)
{
    struct arena a = ARENA_INIT;
    struct json *cases = vector_json(&a, "tests/vectors/pre/frames.json");
    size_t done = 0;

    json_each(c, cases) {
        struct omni_budget budget = budget_of(c);
        uint64_t total = (uint64_t)vector_int(json_get(c, "total"));
        const struct json *want = json_get(c, "indexes");
        struct asid_err err = {.text = ""};
        size_t n = 0;
        enum asid_rc rc;

        if (json_get(c, "nframes")) /* the caller's choice, no rule of ours */
            continue;
        rc = omni_frame_count(total, vector_real(json_get(c, "rate"), 0),
                              &budget, &n, &err);
        done++;
        if (json_type(want) == JSON_NULL) {
            CHECK(rc == (budget.max_frames < 2 ? ASID_USAGE : ASID_REJECT),
                  STR_FMT ": rc %d, %zu frames", STR_ARG(json_source(c)),
                  (int)rc, n);
            continue;
        }
        CHECK(rc == ASID_OK && n == json_count(want),
              STR_FMT ": rc %d, %zu frames", STR_ARG(json_source(c)), (int)rc,
              n);
        if (rc == ASID_OK && n == json_count(want))
            check_indexes(c, total, n);
    }
    CHECK(done > 50, "%zu cases", done);
    arena_release(&a);
}

static void check_bad_rates(void)
{
    struct omni_budget b = OMNI_BUDGET_DEFAULT;
    struct asid_err err;
    const double rates[] = {0, -1, NAN, INFINITY};
    size_t n = 0;

    for (size_t i = 0; i < 4; i++)
        CHECK(omni_frame_count(100, rates[i], &b, &n, &err) == ASID_REJECT &&
                  strcmp(err.code, "media.damaged") == 0,
              "rate %g", rates[i]);
    for (size_t i = 0; i < 4; i++) {
        b.fps = rates[i];
        CHECK(omni_frame_count(100, 25, &b, &n, &err) == ASID_USAGE, "fps %g",
              rates[i]);
    }
    b = OMNI_BUDGET_DEFAULT;
    CHECK(omni_frame_count(0, 25, &b, &n, &err) == ASID_REJECT &&
              strcmp(err.code, "media.too_short") == 0,
          "no frames");
    CHECK_OK(omni_frame_count(UINT64_MAX, 25, &b, &n, &err), err);
    CHECK(n == 768, "%zu", n);
}

static void check_long_indexes(void)
{
    uint64_t index[768];

    omni_frame_indexes(1ull << 40, 768, index);
    for (size_t i = 1; i < 768; i++)
        CHECK(index[i] > index[i - 1] && index[i] < 1ull << 40,
              "index %zu is %llu", i, (unsigned long long)index[i]);
    omni_frame_indexes(16777219, 768, index);
    CHECK(index[767] == 16777218, "%llu", (unsigned long long)index[767]);
    omni_frame_indexes(5, 1, index);
    CHECK(index[0] < 5, "%llu", (unsigned long long)index[0]);
}

static void check_size(const struct json *c, enum asid_rc rc, size_t h,
                       size_t w, const struct json *want)
{
    if (json_type(want) == JSON_NULL)
        CHECK(rc == ASID_REJECT, STR_FMT ": rc %d", STR_ARG(json_source(c)),
              (int)rc);
    else
        CHECK(rc == ASID_OK && (int64_t)h == vector_int(json_at(want, 0)) &&
                  (int64_t)w == vector_int(json_at(want, 1)),
              STR_FMT ": rc %d, %zu by %zu", STR_ARG(json_source(c)), (int)rc,
              h, w);
}

static void check_smart_resize(void)
{
    struct arena a = ARENA_INIT;
    struct json *cases = vector_json(&a, "tests/vectors/pre/smart_resize.json");

    json_each(c, cases) {
        const struct json *want = json_get(c, "utils");
        struct asid_err err;
        size_t h = 0, w = 0;
        enum asid_rc rc = omni_smart_resize(
            vector_real(json_get(c, "height"), 0),
            vector_real(json_get(c, "width"), 0), 28,
            vector_real(json_get(c, "min_pixels"), 0),
            vector_real(json_get(c, "max_pixels"), 0), &h, &w, &err);

        /* Where the first size would be nothing, the second's rule holds. */
        if (json_type(want) != JSON_NULL &&
            (vector_int(json_at(want, 0)) == 0 ||
             vector_int(json_at(want, 1)) == 0))
            want = json_get(c, "processor");
        check_size(c, rc, h, w, want);
    }
    CHECK(json_count(cases) > 80, "%zu cases", json_count(cases));
    arena_release(&a);
}

static void check_budgets(void)
{
    struct arena a = ARENA_INIT;
    struct json *cases = vector_json(&a, "tests/vectors/pre/budgets.json");

    json_each(c, cases) {
        struct omni_budget b = budget_of(c);
        size_t frames = (size_t)vector_int(json_get(c, "frames"));
        struct asid_err err;
        size_t h = 0, w = 0;
        enum asid_rc rc = omni_smart_resize(
            vector_real(json_get(c, "height"), 0),
            vector_real(json_get(c, "width"), 0), 28, b.min_pixels,
            omni_max_pixels(frames, &b), &h, &w, &err);

        check_size(c, rc, h, w, json_get(c, "first"));
        rc = omni_smart_resize((double)h, (double)w, 28, 100352, 602112, &h, &w,
                               &err);
        check_size(c, rc, h, w, json_get(c, "second"));
    }
    CHECK(json_count(cases) > 60, "%zu cases", json_count(cases));
    arena_release(&a);
}

static void check_extremes(void)
{
    static const double sizes[][2] = {{0, 10},   {10, 0},     {NAN, 10},
                                      {1e9, 10}, {-5, 10},    {1, 201},
                                      {201, 1},  {10, 65537}, {INFINITY, 1}};
    struct asid_err err;
    size_t h = 0, w = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CHECK(omni_smart_resize(sizes[i][0], sizes[i][1], 28, 3136, 12845056,
                                &h, &w, &err) == ASID_REJECT &&
                  strcmp(err.code, "media.limit") == 0,
              "%g by %g", sizes[i][0], sizes[i][1]);
    CHECK(omni_smart_resize(100, 100, 28, 1e15, 1e16, &h, &w, &err) ==
              ASID_REJECT,
          "a size past all limits");
    CHECK_OK(omni_smart_resize(65536, 65536, 28, 1, 10, &h, &w, &err), err);
    CHECK(h == 28 && w == 28, "%zu by %zu", h, w);
}

int main(void)
{
    check_frames();
    check_case("frame counts and indexes are those of qwen-omni-utils");
    check_bad_rates();
    check_case("rates that are no rates are refused");
    check_long_indexes();
    check_case("indexes of endless videos stay in range and in order");
    check_smart_resize();
    check_case("sizes are those of qwen-omni-utils");
    check_budgets();
    check_case("budgets give the sizes of both resizes");
    check_extremes();
    check_case("extreme sizes are refused");
    return check_done();
}
