/*
 * Media, both sides of the socket. The first byte chooses: a question to the
 * decoding side about a file made of the rest, or an answer made of the rest
 * for the asking side.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/media/talk.h"
#include "../../common/media/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool swallow(void *user, uint32_t kind, const void *head,
                    size_t head_size, const void *body, size_t body_size)
{
    volatile uint8_t *sum = user;

    (void)kind;
    for (size_t i = 0; i < head_size; i++)
        *sum ^= ((const uint8_t *)head)[i];
    for (size_t i = 0; i < body_size; i++)
        *sum ^= ((const uint8_t *)body)[i];
    return true;
}

static void decode(uint32_t op, const uint8_t *data, size_t size)
{
    static const uint64_t index[] = {0, 1, 1, 7};
    /* 0.0, 0.5 and 2.0, as they travel. */
    static const uint64_t times[] = {0, 0x3fe0000000000000, 0x4000000000000000};
    bool pictures = op == WIRE_OP_FRAMES || op == WIRE_OP_JPEGS;
    bool at = op == WIRE_OP_FRAMES_AT || op == WIRE_OP_JPEGS_AT;
    uint8_t sum = 0;
    struct worker w = {
        .request = {.op = op,
                    .memory = (uint64_t)256 << 20,
                    .max_frames = 64,
                    .max_duration = 4,
                    .max_side = 512,
                    .max_pixels = 100,
                    .quantiser = 3,
                    .n_index = at         ? 3
                               : pictures ? 4
                                          : 0},
        .index = at ? times : index,
        .port = {swallow, &sum},
        .file = memfd_create("media", MFD_CLOEXEC),
    };

    if (w.file < 0)
        return;
    if (write(w.file, data, size) == (ssize_t)size)
        worker_answer(&w);
    close(w.file);
}

static enum asid_rc look(void *user, const struct media_frame *frame,
                         struct asid_err *err)
{
    (void)err;
    *(uint8_t *)user ^= frame->rgb[0];
    return ASID_OK;
}

static enum asid_rc look_at_file(void *user, const struct media_jpeg *jpeg,
                                 struct asid_err *err)
{
    (void)err;
    *(uint8_t *)user ^= jpeg->bytes[jpeg->size - 1];
    return ASID_OK;
}

static void answer(uint8_t kind, const uint8_t *data, size_t size)
{
    static const uint64_t index[] = {0, 1, 1, 7};
    uint8_t sum = 0;
    struct talk_frames want = {.index = kind & 8 ? NULL : index,
                               .n_index = 4,
                               .max_side = 64,
                               .max_frames = 1000,
                               .sink = look,
                               .user = &sum,
                               .jpeg_sink = look_at_file};
    struct asid_err err;
    struct media_cuts cuts = {NULL, 0, false};
    struct media_info info;
    float *samples = NULL;
    uint64_t total;
    char text[64];
    size_t n;
    struct link l;
    int ends[2];
    enum asid_rc rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return;
    (void)!send(ends[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(ends[1]);
    link_adopt(&l, ends[0], "file", 1);
    switch (kind % 6) {
    case 0:
        rc = talk_info(&l, &info, &err);
        break;
    case 1:
        rc = talk_frames(&l, &want, &total, &err);
        break;
    case 2:
        rc = talk_sound(&l, 1000, &samples, &n, &err);
        break;
    case 3:
        rc = talk_check(&l, &info, &cuts, &err);
        break;
    case 4:
        rc = talk_jpegs(&l, &want, &total, &err);
        break;
    default:
        rc = talk_text(&l, text, sizeof text, &err);
        break;
    }
    free(samples);
    media_cuts_release(&cuts);
    (void)link_close(&l, rc, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] & 0x80)
        answer(data[0] & 15, data + 1, size - 1);
    else
        decode(WIRE_OP_PROBE + data[0] % 9, data + 1, size - 1);
    return 0;
}
