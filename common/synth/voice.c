/*
 * espeak-ng keeps state for the whole process that nothing resets: a sentence
 * sounds a little different after another one, and its own way to end and start
 * again leaves it hanging. So each world is spoken by a child process of its
 * own, in which espeak-ng has not spoken before; what it says is then a
 * function of the words alone. The child costs about two milliseconds.
 */
#include <errno.h>
#include <espeak-ng/speak_lib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "voice.h"

enum { SENTENCE_MAX = 128 };

/* What the child and its parent share. */
struct shared {
    bool loaded; /* espeak-ng found its data and the voices */
    bool done;
    bool too_long;
    struct voice_line lines[SYNTH_LINES];
};

/* One sentence on its way. */
struct saying {
    struct voice_line *line;
    size_t n_words;
    size_t places[SYNTH_WORDS]; /* where the words start in the text */
    bool too_long;
};

static void see_word(struct saying *s, const espeak_EVENT *e)
{
    /* espeak-ng counts characters from 1. */
    for (size_t i = 0; i < s->n_words; i++)
        if (s->places[i] + 1 == (size_t)e->text_position)
            s->line->starts[i] = (uint32_t)e->audio_position;
}

static int hear(short *samples, int n, espeak_EVENT *events)
{
    struct saying *s = events->user_data;
    struct voice_line *line = s->line;

    for (; events->type != espeakEVENT_LIST_TERMINATED; events++) {
        if (events->type == espeakEVENT_WORD)
            see_word(s, events);
        if (events->type == espeakEVENT_END)
            line->end = (uint32_t)events->audio_position;
    }
    if (!samples || n <= 0)
        return 0;
    if ((uint32_t)n > VOICE_MAX - line->n) {
        s->too_long = true;
        return 1;
    }
    memcpy(line->samples + line->n, samples, (size_t)n * sizeof *samples);
    line->n += (uint32_t)n;
    return 0;
}

static bool choose_voice(enum synth_voice voice)
{
    static const struct {
        const char *name;
        int pitch;
    } voices[SYNTH_VOICES] = {
        [SYNTH_HIGH] = {"en-us+f2", 70},
        [SYNTH_LOW] = {"en-us+m3", 22},
    };
    enum { WORDS_A_MINUTE = 130 };

    return espeak_SetVoiceByName(voices[voice].name) == EE_OK &&
           espeak_SetParameter(espeakPITCH, voices[voice].pitch, 0) == EE_OK &&
           espeak_SetParameter(espeakRATE, WORDS_A_MINUTE, 0) == EE_OK;
}

/* A word that got no time of its own starts with the one before it. */
static void fill_starts(struct voice_line *line, size_t n_words)
{
    for (size_t i = 1; i < n_words; i++)
        if (line->starts[i] < line->starts[i - 1])
            line->starts[i] = line->starts[i - 1];
    if (line->end < line->starts[n_words - 1])
        line->end = (uint32_t)((uint64_t)line->n * 1000 / VOICE_RATE);
}

static bool say_line(const struct synth_world *w, int i, struct shared *out)
{
    const struct synth_line *l = &w->lines[i];
    struct saying s = {.line = &out->lines[i], .n_words = l->n_words};
    char text[SENTENCE_MAX];
    size_t n = 0;

    for (size_t k = 0; k < l->n_words; k++) {
        size_t length = strlen(l->words[k]);

        BUG_IF(length + 2 > sizeof text - n);
        s.places[k] = n;
        memcpy(text + n, l->words[k], length);
        n += length;
        text[n++] = ' ';
    }
    text[n - 1] = 0;
    if (!choose_voice(w->actors[l->actor].voice) ||
        espeak_Synth(text, n, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL,
                     &s) != EE_OK)
        return false;
    out->too_long = out->too_long || s.too_long;
    fill_starts(s.line, l->n_words);
    return true;
}

static _Noreturn void child(const struct synth_world *w, struct shared *out)
{
    bool ok = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL,
                                espeakINITIALIZE_DONT_EXIT) == VOICE_RATE;

    espeak_SetSynthCallback(hear);
    for (int i = 0; ok && i < w->n_lines; i++)
        ok = say_line(w, i, out);
    out->loaded = ok;
    out->done = true;
    /* Nothing of the parent's is flushed or undone twice. */
    _exit(0);
}

static enum asid_rc await(pid_t pid, const struct shared *shared,
                          struct asid_err *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return FAIL_ERRNO(err, "%s", "waiting for the voice");
    if (!shared->done)
        return FAIL(err, "espeak-ng ended while it spoke (status %d)", status);
    if (!shared->loaded)
        return FAIL(err, "espeak-ng has no English voices: install the package "
                         "espeak-ng-data");
    if (shared->too_long)
        return FAIL(err, "espeak-ng speaks too slowly");
    return ASID_OK;
}

enum asid_rc voice_speak(const struct synth_world *world,
                         struct voice_line lines[SYNTH_LINES],
                         struct asid_err *err)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum asid_rc rc;
    pid_t pid;

    if (shared == MAP_FAILED)
        return FAIL_ERRNO(err, "%s", "memory for the voice");
    pid = fork();
    if (pid == 0)
        child(world, shared);
    if (pid < 0)
        rc = FAIL_ERRNO(err, "%s", "starting the voice");
    else
        rc = await(pid, shared, err);
    if (rc == ASID_OK)
        memcpy(lines, shared->lines, sizeof shared->lines);
    munmap(shared, sizeof *shared);
    return rc;
}
