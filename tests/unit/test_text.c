/* Captions taken apart: words and sentences. */
#include "asid/text/text.h"
#include "check.h"

static const struct text_rules *rules;
static struct arena arena;

struct sentence_case {
    const char *text;
    const char *sentences; /* joined by " | " */
};

static const struct sentence_case sentences[] = {
    {"A man walks. He sits.", "A man walks. | He sits."},
    {"Dr. Smith waves. He leaves.", "Dr. Smith waves. | He leaves."},
    {"It is 3.5 m high. Then it falls.", "It is 3.5 m high. | Then it falls."},
    {"He waits... and leaves.", "He waits... and leaves."},
    {"He says, \"Stop. Go.\" Then he runs.",
     "He says, \"Stop. Go.\" | Then he runs."},
    {"\"Stop!\" she shouts. He runs.", "\"Stop!\" she shouts. | He runs."},
};

static const char *joined(struct str text)
{
    const struct text *t = text_analyse(rules, &arena, text, ATTRIBUTE_NONE);
    static char out[4096];
    size_t n = 0;

    for (size_t i = 0; i < t->n_sentences; i++) {
        struct str s = span_of(t->text, t->sentences[i]);

        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i ? " | " : "",
                              (int)s.n, s.p);
    }
    return out;
}

int main(void)
{
    struct asid_err err;

    CHECK_OK(text_rules_load(&rules, &err), err);
    check_case("the lexicon loads");
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        CHECK_TEXT(joined(str_of(sentences[i].text)), sentences[i].sentences);
    check_case("sentences end where they do");
    arena_release(&arena);
    text_rules_free(rules);
    return check_done();
}
