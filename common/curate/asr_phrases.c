/* What recognisers write where nobody speaks. */
#include <string.h>

#include "asid/base/hash.h"
#include "asid/data/json.h"
#include "asid/data/schema.h"
#include "asr_int.h"

/* Of the code; goes up when the same file gives another transcript. */
#define RULES "1"

struct list {
    struct str *phrase; /* folded, with a blank at both ends */
    size_t n;
};

struct asr_phrases {
    struct list credits, stock, exact;
    char version[32];
};

static enum asid_rc read_list(struct arena *a, const struct json *root,
                              const char *key, struct list *out,
                              struct asid_err *err)
{
    const struct json *languages = json_get(root, key);
    size_t room = 0;

    json_each(language, languages) {
        room += json_count(language);
    }
    *out = (struct list){arena_array(a, room, sizeof *out->phrase), 0};
    json_each(language, languages) {
        json_each(v, language) {
            struct str folded = json_type(v) == JSON_STRING
                                    ? asr_fold(a, json_str(v))
                                    : STR("");

            if (folded.n == 0)
                return FAIL(err,
                            "asr-phrases.json: %s holds something that "
                            "is no phrase",
                            key);
            out->phrase[out->n++] =
                str_of(arena_printf(a, " %.*s ", (int)folded.n, folded.p));
        }
    }
    return room > 0 ? ASID_OK : FAIL(err, "asr-phrases.json: no %s", key);
}

enum asid_rc asr_phrases_load(struct arena *a, const struct asr_phrases **out,
                              struct asid_err *err)
{
    struct asr_phrases *p = arena_alloc(a, sizeof *p);
    struct str text = schema_file("asr-phrases.json");
    char hex[HASH_HEX];
    struct json *root;

    TRY(json_parse(a, text, 0, &root, err));
    TRY(read_list(a, root, "credits", &p->credits, err));
    TRY(read_list(a, root, "stock", &p->stock, err));
    TRY(read_list(a, root, "exact", &p->exact, err));
    hash_text(text, hex);
    memcpy(p->version, "rules " RULES " ", sizeof "rules " RULES " ");
    memcpy(p->version + sizeof "rules " RULES, hex, 12);
    *out = p;
    return ASID_OK;
}

const char *asr_version(const struct asr_phrases *phrases)
{
    return phrases->version;
}

/* --- comparing ------------------------------------------------------------- */

/* Longer texts are no stock phrases, whatever they hold. */
enum { LONGEST = 400 };

/* " text " for whole words only; false when it is too long. */
static bool padded(struct str folded, char space[LONGEST + 3], struct str *out)
{
    if (folded.n == 0 || folded.n > LONGEST)
        return false;
    space[0] = ' ';
    memcpy(space + 1, folded.p, folded.n);
    space[folded.n + 1] = ' ';
    space[folded.n + 2] = '\0';
    *out = (struct str){space, folded.n + 2};
    return true;
}

/* Set covered[] for every place where a phrase of the list stands. */
static void cover(const struct list *list, struct str text, bool *covered)
{
    for (size_t i = 0; i < list->n; i++) {
        struct str phrase = list->phrase[i];
        const char *at = text.p;

        while ((at = memmem(at, (size_t)(text.p + text.n - at), phrase.p,
                            phrase.n)) != NULL) {
            memset(covered + (at - text.p), true, phrase.n);
            at += phrase.n - 1;
        }
    }
}

static size_t count(const bool *covered, size_t n)
{
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += covered[i];
    return sum;
}

/* A credit may name people and years: half of the text is enough. */
bool phrases_credit(const struct asr_phrases *p, struct str folded)
{
    char space[LONGEST + 3];
    bool covered[LONGEST + 3] = {false};
    struct str text;

    if (!padded(folded, space, &text))
        return false;
    cover(&p->credits, text, covered);
    return 2 * count(covered, text.n) >= text.n;
}

/* Half of the text is stock phrases, or all of it is, those counted that are
 * everyday words as well ("thank you"). */
bool phrases_stock(const struct asr_phrases *p, struct str folded)
{
    char space[LONGEST + 3];
    bool covered[LONGEST + 3] = {false};
    struct str text;

    if (!padded(folded, space, &text))
        return false;
    cover(&p->stock, text, covered);
    cover(&p->credits, text, covered);
    if (2 * count(covered, text.n) >= text.n)
        return true;
    cover(&p->exact, text, covered);
    return count(covered, text.n) == text.n;
}
