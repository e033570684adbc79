/* The ids of media in the prompt: placeholders and how sound and picture of a
 * video alternate (docs/MODEL.md section 8). */
#include <stdlib.h>

#include "prepare.h"

bool omni_next_chunk(struct omni_chunks *c, size_t *from, size_t *to)
{
    size_t n = c->rows * c->per;

    if (c->done)
        return false;
    *from = c->start;
    while (c->next < n) {
        size_t t = c->next / c->per, at = c->next;
        double time = c->value ? c->value[t] : (double)t;

        if (time >= (double)(c->begun + 1) * c->width) {
            c->begun++;
            c->next = at + 1;
            *to = c->start = at;
            return true;
        }
        c->next = (t + 1) * c->per; /* the rest of the row is no later */
    }
    c->done = true;
    *to = n;
    return true;
}

bool omni_item_tokens(const struct omni_item *item, size_t *n)
{
    size_t grid = 0, sum;

    if (item->kind == OMNI_TEXT || item->kind == OMNI_AUDIO)
        sum = 0;
    else if (!size_mul(item->t, item->h, &grid) ||
             !size_mul(grid, item->w, &grid))
        return false;
    if (!size_add(grid, item->n, &sum) || sum > OMNI_MAX_TOKENS)
        return false;
    if (item->kind == OMNI_AV)
        sum += 4;
    else if (item->kind != OMNI_TEXT)
        sum += 2;
    *n = sum;
    return sum <= OMNI_MAX_TOKENS;
}

static void add_copies(struct bpe_ids *ids, int32_t id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bpe_ids_add(ids, id);
}

static enum asid_rc lay_out_av(const struct omni_config *config,
                               const struct omni_item *item,
                               struct bpe_ids *ids, struct asid_err *err)
{
    double width =
        (double)config->positions_per_second * config->seconds_per_chunk;
    struct omni_chunks video = {
        .rows = item->t, .per = item->h * item->w, .width = width};
    struct omni_chunks audio = {.rows = item->n, .per = 1, .width = width};
    bool more = true;
    void *times;
    double *time;

    TRY(mem_big(&times, item->t, sizeof *time, err));
    time = times;
    /* The processor reckons in double, unlike the positions. */
    for (size_t t = 0; t < item->t; t++)
        time[t] =
            (double)t * item->second_per_grid * config->positions_per_second;
    video.value = time;
    bpe_ids_add(ids, config->vision_bos);
    bpe_ids_add(ids, config->audio_bos);
    while (more) {
        size_t from, to;

        more = omni_next_chunk(&video, &from, &to);
        if (more)
            add_copies(ids, config->video_id, to - from);
        if (omni_next_chunk(&audio, &from, &to)) {
            add_copies(ids, config->audio_id, to - from);
            more = true;
        }
    }
    bpe_ids_add(ids, config->audio_eos);
    bpe_ids_add(ids, config->vision_eos);
    free(times);
    return ASID_OK;
}

enum asid_rc omni_lay_out(const struct omni_config *config,
                          const struct omni_item *item, struct bpe_ids *ids,
                          struct asid_err *err)
{
    size_t grid = item->t * item->h * item->w;

    switch (item->kind) {
    case OMNI_AUDIO:
        bpe_ids_add(ids, config->audio_bos);
        add_copies(ids, config->audio_id, item->n);
        bpe_ids_add(ids, config->audio_eos);
        break;
    case OMNI_IMAGE:
    case OMNI_VIDEO:
        bpe_ids_add(ids, config->vision_bos);
        add_copies(
            ids, item->kind == OMNI_IMAGE ? config->image_id : config->video_id,
            grid);
        bpe_ids_add(ids, config->vision_eos);
        break;
    case OMNI_AV:
        return lay_out_av(config, item, ids, err);
    case OMNI_TEXT:
        break;
    }
    return ASID_OK;
}
