/* Order of tokens and their positions, against the published code on some
 * 150 random prompts. */
#include "../../common/omni/prepare.h"
#include "vectors.h"

enum { ITEMS = 32, TEXT_ID = 1 };

static const struct omni_config CONFIG = {
    .audio_id = 'a',
    .image_id = 'i',
    .video_id = 'v',
    .audio_bos = '(',
    .audio_eos = ')',
    .vision_bos = '[',
    .vision_eos = ']',
    .positions_per_second = 25,
    .seconds_per_chunk = 2,
};

/* ["av", T, H, W, mel frames] and the like. */
static struct omni_item item_of(const struct json *v, double second_per_grid)
{
    const char *kind = json_text(json_at(v, 0));
    struct omni_item item = {.second_per_grid = second_per_grid};
    size_t size[4] = {0};

    for (size_t i = 1; i < json_count(v) && i <= 4; i++)
        size[i - 1] = (size_t)vector_int(json_at(v, i));
    if (strcmp(kind, "text") == 0 || strcmp(kind, "audio") == 0) {
        item.kind = kind[0] == 't' ? OMNI_TEXT : OMNI_AUDIO;
        item.n = kind[0] == 't' ? size[0] : omni_audio_tokens(size[0]);
        return item;
    }
    item.kind = strcmp(kind, "image") == 0 ? OMNI_IMAGE
                : strcmp(kind, "av") == 0  ? OMNI_AV
                                           : OMNI_VIDEO;
    item.t = size[0];
    item.h = size[1] / 2;
    item.w = size[2] / 2;
    if (item.kind == OMNI_AV)
        item.n = omni_audio_tokens(size[3]);
    return item;
}

/* "t5[1(1v12a50" from ids. */
static void spell(const struct bpe_ids *ids, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < ids->n;) {
        size_t n = 1;

        while (i + n < ids->n && ids->id[i + n] == ids->id[i])
            n++;
        buf_printf(out, "%c%zu", ids->id[i] == TEXT_ID ? 't' : (char)ids->id[i],
                   n);
        i += n;
    }
}

/* A row as [first, step, count, first, step, count, ...]. */
static bool same_row(const int32_t *row, size_t n, const struct json *runs)
{
    size_t at = 0;

    for (size_t i = 0; i + 2 < json_count(runs); i += 3) {
        int64_t first = vector_int(json_at(runs, i));
        int64_t step = vector_int(json_at(runs, i + 1));
        int64_t count = vector_int(json_at(runs, i + 2));

        for (int64_t k = 0; k < count; k++, at++)
            if (at >= n || row[at] != first + k * step)
                return false;
    }
    return at == n;
}

static void check_prompt(const struct json *c, struct arena *a)
{
    double step = vector_real(json_get(c, "second_per_grid"), 0);
    struct omni_item items[ITEMS];
    struct bpe_ids ids = {0};
    struct asid_err err;
    struct buf kinds;
    size_t n_items = 0, total = 0;
    int32_t *positions;
    int64_t delta = 0;

    buf_init(&kinds, 1 << 16);
    json_each(v, json_get(c, "items")) {
        size_t n = 0;

        BUG_IF(n_items == ITEMS);
        items[n_items] = item_of(v, step);
        CHECK(omni_item_tokens(&items[n_items], &n), "item %zu", n_items);
        total += n;
        for (size_t i = 0; items[n_items].kind == OMNI_TEXT && i < n; i++)
            bpe_ids_add(&ids, TEXT_ID);
        CHECK_OK(omni_lay_out(&CONFIG, &items[n_items], &ids, &err), err);
        n_items++;
    }
    spell(&ids, &kinds);
    CHECK(ids.n == total && (int64_t)total == vector_int(json_get(c, "tokens")),
          "%zu tokens, %zu ids", total, ids.n);
    CHECK_TEXT(kinds.p, json_text(json_get(c, "kinds")));
    positions = arena_array(a, 3 * total, sizeof *positions);
    CHECK_OK(
        omni_positions(&CONFIG, items, n_items, total, positions, &delta, &err),
        err);
    for (size_t row = 0; row < 3; row++)
        CHECK(same_row(positions + row * total, total,
                       json_at(json_get(c, "positions"), row)),
              "row %zu of " STR_FMT, row,
              STR_ARG(json_source(json_get(c, "items"))));
    CHECK(delta == vector_int(json_get(c, "delta")), "delta %lld",
          (long long)delta);
    buf_release(&kinds);
    bpe_ids_release(&ids);
}

static void check_published(void)
{
    struct arena a = ARENA_INIT;
    struct json *cases = vector_json(&a, "tests/vectors/pre/layout.json");

    json_each(c, cases)
        check_prompt(c, &a);
    CHECK(json_count(cases) >= 150, "%zu cases", json_count(cases));
    arena_release(&a);
}

/* [from, to) of every chunk, as text. */
static void check_chunks(const double *value, size_t rows, size_t per,
                         double width, const char *want)
{
    struct omni_chunks c = {
        .value = value, .rows = rows, .per = per, .width = width};
    struct buf got;
    size_t from, to;

    buf_init(&got, 1000);
    while (omni_next_chunk(&c, &from, &to))
        buf_printf(&got, "%zu-%zu ", from, to);
    CHECK_TEXT(got.p, want);
    buf_release(&got);
}

static void check_all_chunks(void)
{
    const double jump[] = {0, 125, 250};
    const double slow[] = {0, 25, 50, 75, 100};
    const double late[] = {60, 70};

    check_chunks(slow, 5, 1, 50, "0-2 2-4 4-5 ");
    check_chunks(slow, 5, 3, 50, "0-6 6-12 12-15 ");
    check_chunks(jump, 3, 2, 50, "0-2 2-3 3-4 4-5 5-6 ");
    check_chunks(late, 2, 1, 50, "0-0 0-2 ");
    check_chunks(NULL, 120, 1, 50, "0-50 50-100 100-120 ");
    check_chunks(NULL, 100, 1, 50, "0-50 50-100 ");
    check_chunks(NULL, 0, 1, 50, "0-0 ");
    check_chunks(NULL, 1, 1, 50, "0-1 ");
}

static void check_limits(void)
{
    struct omni_item item = {.kind = OMNI_VIDEO, .t = 2, .h = 1, .w = 1};
    struct asid_err err;
    int32_t positions[12];
    int64_t delta;
    size_t n;

    CHECK(omni_item_tokens(&item, &n) && n == 4, "%zu", n);
    item.second_per_grid = 1e9;
    CHECK(omni_positions(&CONFIG, &item, 1, 4, positions, &delta, &err) ==
                  ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "positions past 32 bits");
    item.t = SIZE_MAX;
    item.h = 3;
    CHECK(!omni_item_tokens(&item, &n), "tokens past all sizes");
    item = (struct omni_item){.kind = OMNI_AUDIO, .n = SIZE_MAX};
    CHECK(!omni_item_tokens(&item, &n), "tokens past all sizes");
    item.n = OMNI_MAX_TOKENS;
    CHECK(!omni_item_tokens(&item, &n), "one more than the most");
    item.n -= 2;
    CHECK(omni_item_tokens(&item, &n) && n == OMNI_MAX_TOKENS, "the most");
}

int main(void)
{
    check_published();
    check_case("tokens and positions are those of the published code");
    check_all_chunks();
    check_case("a chunk begins at most once at a token");
    check_limits();
    check_case("what fits in no memory is refused");
    return check_done();
}
