/*
 * How fast captions are taken apart and compared, on one core.
 *
 *     bench_text [SECONDS [NAME]]     one line per measurement, or the one
 *                                     whose name begins with NAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "asid/text/similar.h"
#include "asid/text/text.h"

static const char caption[] =
    "At 0s, the video opens with a wide shot of a sunlit kitchen where a "
    "middle-aged woman in a blue apron stands behind a wooden counter covered "
    "with flour, eggs, and a large glass bowl. At 3s, she cracks two eggs into "
    "the bowl and whisks them quickly, while soft piano music plays in the "
    "background. The camera slowly zooms in on her hands as she kneads the "
    "dough, and natural light from the window on the left casts gentle shadows "
    "across the table. At 8s, she looks up, smiles warmly, and says in a "
    "cheerful voice, \"The secret is patience.\" Her tone is calm and "
    "encouraging, suggesting years of experience. A white caption at the "
    "bottom of the screen reads \"Step 1: Knead for 5 minutes\". At 14s, the "
    "scene cuts to a close-up of the oven, which glows orange, and the timer "
    "beeps twice. Two men in black suits walk toward a silver car parked "
    "outside a brick building. One of them opens the door while the other "
    "looks around nervously. At 19s, a gunshot rings out, the camera shakes, "
    "and people on the sidewalk scream and run away. A young woman wearing a "
    "red coat drops her bag and hides behind a bench. Her face shows fear. At "
    "23s, a police car with flashing blue lights arrives, and an officer "
    "shouts, \"Everybody get down!\" The music becomes faster and more "
    "intense. From 25s to 28s, the camera follows the officer from behind as "
    "he runs through the smoke. There are no windows, and the walls are "
    "covered in old posters. A bartender with a long gray beard is wiping a "
    "glass. He does not smile. Behind him, shelves hold dozens of bottles. In "
    "the background, birds chirp and a river flows. On the left side of the "
    "frame, a red barn stands next to a tall tree. Throughout the clip, the "
    "mood is warm and homely, emphasizing the joy of cooking.";

struct bench {
    const struct text_rules *rules;
    struct arena arena;
    struct str text;
    size_t claims;
    double seconds;
    const char *only;
};

/* Seconds of the processor, so that a busy machine does not count. */
static double now_cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void analyse(struct bench *b)
{
    const struct text *t =
        text_analyse(b->rules, &b->arena, b->text, ATTRIBUTE_NONE);

    b->claims += t->n_claims;
    arena_reset(&b->arena);
}

/* Every claim of a caption with every other one. */
static void compare(struct bench *b)
{
    const struct text *t =
        text_analyse(b->rules, &b->arena, b->text, ATTRIBUTE_NONE);
    double sum = 0;

    for (size_t i = 0; i < t->n_claims; i++)
        for (size_t k = 0; k < t->n_claims; k++)
            sum += similar_claims(t, &t->claims[i], t, &t->claims[k]).jaccard;
    b->claims += sum > 0;
    arena_reset(&b->arena);
}

/* A spoken line against one with a few errors. */
static void spoken(struct bench *b)
{
    struct str heard = STR("so the secret is patience you see, and two eggs");
    struct str quoted = STR("The secret is patience, you see, and 2 egg.");

    b->claims += similar_spoken(b->rules, &b->arena, heard, quoted, 0.6) > 0.6;
    arena_reset(&b->arena);
}

static void measure(struct bench *b, void (*work)(struct bench *),
                    const char *name)
{
    double begin = now_cpu(), now;
    unsigned long rounds = 0;

    if (strncmp(name, b->only, strlen(b->only)) != 0)
        return;
    do {
        for (unsigned i = 0; i < 16; i++)
            work(b);
        rounds += 16;
        now = now_cpu();
    } while (now - begin < b->seconds);
    printf("%-28s %8.1f MB/s %10.2f us\n", name,
           (double)b->text.n * (double)rounds / (now - begin) / 1e6,
           (now - begin) / (double)rounds * 1e6);
}

int main(int argc, char **argv)
{
    double begin;
    struct bench b = {.arena = ARENA_INIT,
                      .text = {caption, sizeof caption - 1},
                      .seconds = argc > 1 ? strtod(argv[1], NULL) : 1,
                      .only = argc > 2 ? argv[2] : ""};
    struct asid_err err;

    begin = now_cpu();
    if (text_rules_load(&b.rules, &err)) {
        fprintf(stderr, "bench_text: %s\n", err.text);
        return 1;
    }
    printf("%-28s %30.2f ms\n", "load the lexicon", (now_cpu() - begin) * 1e3);
    printf("a caption of %zu bytes\n", b.text.n);
    measure(&b, analyse, "text_analyse");
    measure(&b, compare, "the same and all pairs");
    measure(&b, spoken, "similar_spoken, 45 bytes");
    arena_release(&b.arena);
    text_rules_free(b.rules);
    return 0;
}
