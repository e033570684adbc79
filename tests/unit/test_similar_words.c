/* Folded words with their places in the text. */
#include "asid/text/similar.h"
#include "check.h"

static const struct text_rules *rules;

/* "folded=source folded=source". */
static const char *words_of(struct arena *a, const char *text)
{
    struct similar_word *w;
    size_t n = similar_words(rules, a, str_of(text), &w);
    struct buf b;
    const char *s;

    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < n; i++) {
        buf_text(&b, i > 0 ? " " : "");
        buf_str(&b, w[i].folded);
        buf_char(&b, '=');
        buf_str(&b, span_of(str_of(text), w[i].at));
    }
    s = arena_strdup(a, b.p ? b.p : "");
    buf_release(&b);
    return s;
}

static const struct {
    const char *text, *words;
} cases[] = {
    {"", ""},
    {"?! \xe2\x80\xa6", ""},
    {"Hello, WORLD!", "hello=Hello world=WORLD"},
    {"don't isn\xe2\x80\x99t", "dont=don't isnt=isn\xe2\x80\x99t"},
    {"twenty-one cats and 1,000 dogs",
     "21=twenty-one cats=cats and=and 1000=1,000 dogs=dogs"},
    {"ice-cream", "ice=ice cream=cream"},
    {"the fifth", "the=the 5th=fifth"},
    {"\xc3\x89t\xc3\xa9 STRASSE stra\xc3\x9f"
     "e",
     "\xc3\xa9t\xc3\xa9=\xc3\x89t\xc3\xa9 strasse=STRASSE "
     "strasse=stra\xc3\x9f"
     "e"},
    {"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0=\xe4\xbd\xa0 "
                                 "\xe5\xa5\xbd=\xe5\xa5\xbd"},
};

int main(void)
{
    struct asid_err err;

    CHECK_OK(text_rules_load(&rules, &err), err);
    if (!rules)
        return check_done();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = ARENA_INIT;

        CHECK_TEXT(words_of(&a, cases[i].text), cases[i].words);
        arena_release(&a);
    }
    check_case("folded words know where they stand");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = ARENA_INIT;
        struct similar_word *w;
        struct str whole = similar_fold(rules, &a, str_of(cases[i].text));
        size_t n = similar_words(rules, &a, str_of(cases[i].text), &w), at = 0;

        for (size_t k = 0; k < n; k++) {
            at += at < whole.n && whole.p[at] == ' ';
            CHECK(whole.n - at >= w[k].folded.n &&
                      memcmp(whole.p + at, w[k].folded.p, w[k].folded.n) == 0,
                  "%s", cases[i].text);
            at += w[k].folded.n;
        }
        CHECK(at == whole.n, "%s", cases[i].text);
        arena_release(&a);
    }
    check_case("they are the words of the folded text");
    text_rules_free(rules);
    return check_done();
}
