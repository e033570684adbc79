/* Sound as a WAV file (RIFF, PCM): little-endian on every machine. */
#include <math.h>

#include "asid/media/media.h"

enum { HEADER = 44, BYTES = 2 };

static void put32(struct buf *out, uint64_t v)
{
    for (int i = 0; i < 4; i++)
        buf_char(out, (char)(v >> (8 * i) & 0xff));
}

static void put16(struct buf *out, unsigned v)
{
    buf_char(out, (char)(v & 0xff));
    buf_char(out, (char)(v >> 8 & 0xff));
}

static int16_t sample16(float x)
{
    float scaled = rintf(x * 32768.0F);

    if (!(scaled > -32768.0F))
        return INT16_MIN;
    return scaled > 32767.0F ? INT16_MAX : (int16_t)scaled;
}

void media_wav(const struct media_sound *sound, struct buf *out)
{
    uint64_t data = (uint64_t)sound->n * BYTES;
    char *at;

    buf_text(out, "RIFF");
    put32(out, data + HEADER - 8);
    buf_text(out, "WAVEfmt ");
    put32(out, 16);
    put16(out, 1); /* PCM */
    put16(out, 1); /* channel */
    put32(out, sound->rate);
    put32(out, (uint64_t)sound->rate * BYTES);
    put16(out, BYTES);
    put16(out, 16);
    buf_text(out, "data");
    put32(out, data);
    at = buf_room(out, (size_t)data);
    if (!at)
        return;
    for (size_t i = 0; i < sound->n; i++) {
        uint16_t bits = (uint16_t)sample16(sound->samples[i]);

        at[2 * i] = (char)(bits & 0xff);
        at[2 * i + 1] = (char)(bits >> 8);
    }
    out->n += (size_t)data;
    out->p[out->n] = '\0';
}
