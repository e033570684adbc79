/* Counting the tokens of a row. */
#include "asid/dataset/budget.h"

#include <math.h>

/* The marks around the turns and the media, as the chat template puts them. */
static const char OPENING[] = "<|im_start|>system\n";
static const char USER[] = "<|im_end|>\n<|im_start|>user\n<|vision_bos|>"
                           "<|vision_eos|>";
static const char SOUND[] = "<|audio_bos|><|audio_eos|>";
static const char ASSISTANT[] = "<|im_end|>\n<|im_start|>assistant\n";
static const char ENDING[] = "<|im_end|>\n";

static enum asid_rc count_picture(const struct row_budget *b,
                                  const struct json *media, size_t *tokens,
                                  struct asid_err *err)
{
    const struct json *video = json_get(media, "video");
    double width, height, fps, seconds;
    int64_t frames;

    if (!json_f64(json_get(video, "width"), &width) ||
        !json_f64(json_get(video, "height"), &height) ||
        !json_f64(json_get(video, "fps"), &fps) || !(fps > 0))
        return REJECT(err, "export.budget",
                      "the row cannot be counted: the record does not say the "
                      "size and frame rate of its video (media.video)");
    if (!json_i64(json_get(video, "frames"), &frames) || frames <= 0) {
        if (!json_f64(json_get(media, "duration"), &seconds) ||
            !(seconds > 0 && seconds < 1e7))
            return REJECT(err, "export.budget",
                          "the row cannot be counted: the record does not say "
                          "how long its video is (media.duration)");
        frames = (int64_t)rint(seconds * fps);
    }
    if (omni_video_tokens((uint64_t)frames, fps, height, width, &b->video,
                          tokens, err) != ASID_OK) {
        struct asid_err cause = *err;

        return REJECT(err, "export.budget", "the row cannot be counted: %s",
                      cause.text);
    }
    return ASID_OK;
}

static enum asid_rc add_text(const struct bpe *bpe, struct str text, bool marks,
                             struct bpe_ids *ids, struct asid_err *err)
{
    if (bpe_encode(bpe, text, marks, ids, err) == ASID_OK)
        return ASID_OK;
    err->rc = ASID_FAILED; /* texts of a record are UTF-8 */
    return asid_err_within(err, "counting tokens");
}

static enum asid_rc count_text(const struct row_budget *b,
                               const struct lesson *l, bool sound,
                               struct bpe_ids *ids, struct asid_err *err)
{
    const struct bpe *bpe = b->bpe;

    TRY(add_text(bpe, STR(OPENING), true, ids, err));
    TRY(add_text(bpe, str_of(OMNI_SYSTEM_DEFAULT), false, ids, err));
    TRY(add_text(bpe, STR(USER), true, ids, err));
    if (sound)
        TRY(add_text(bpe, STR(SOUND), true, ids, err));
    TRY(add_text(bpe, l->prompt, false, ids, err));
    TRY(add_text(bpe, STR(ASSISTANT), true, ids, err));
    TRY(add_text(bpe, l->answer, false, ids, err));
    return add_text(bpe, STR(ENDING), true, ids, err);
}

enum asid_rc row_count(const struct row_budget *b, const struct json *record,
                       const struct lesson *lesson, struct row_cost *cost,
                       struct asid_err *err)
{
    const struct json *media = json_get(record, "media");
    const struct json *audio = json_get(media, "audio");
    struct bpe_ids ids = {NULL, 0, 0};
    struct row_cost c = {0, 0, 0};
    double seconds = 0;
    enum asid_rc rc;

    TRY(count_picture(b, media, &c.picture, err));
    if (!b->no_audio && audio && json_type(audio) == JSON_OBJECT &&
        json_f64(json_get(media, "duration"), &seconds))
        c.sound = omni_sound_tokens(seconds);
    rc = count_text(b, lesson, c.sound > 0, &ids, err);
    c.text = ids.n;
    bpe_ids_release(&ids);
    if (rc == ASID_OK)
        *cost = c;
    return rc;
}

enum asid_rc row_check(const struct row_budget *b, const struct json *record,
                       const struct lesson *lesson, struct asid_err *err)
{
    struct row_cost c;

    if (b->limit == 0)
        return ASID_OK;
    TRY(row_count(b, record, lesson, &c, err));
    if (c.picture + c.sound + c.text <= b->limit)
        return ASID_OK;
    return REJECT(err, "export.budget",
                  "%.*s: %zu tokens, at most %zu are allowed (picture %zu, "
                  "sound %zu, text %zu)",
                  lesson->attribute.n ? (int)lesson->attribute.n : 14,
                  lesson->attribute.n ? lesson->attribute.p : "all attributes",
                  c.picture + c.sound + c.text, b->limit, c.picture, c.sound,
                  c.text);
}
