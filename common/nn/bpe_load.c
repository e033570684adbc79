/*
 * Reading the published tokenizer files: tokenizer.json alone, or vocab.json
 * with merges.txt and the added tokens of tokenizer_config.json and
 * added_tokens.json.
 *
 * A file that asks for something this tokenizer does not do is refused: ids
 * that differ a little from the published ones are worse than none.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/num.h"
#include "asid/data/json.h"
#include "bpe_int.h"

enum { FILE_MAX = 64 << 20, PATTERN_MAX = 1 << 16 };

/* Of Qwen2 and its successors, when no file gives one. */
static const char PATTERN[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

static bool has_file(struct arena *a, const char *dir, const char *name)
{
    return access(path_join(a, dir, name), F_OK) == 0;
}

static enum asid_rc load_json(struct arena *a, const char *dir,
                              const char *name, struct json **out,
                              struct asid_err *err)
{
    struct str text;

    TRY(file_slurp(a, path_join(a, dir, name), FILE_MAX, &text, err));
    if (json_parse(a, text, 0, out, err) != ASID_OK ||
        json_type(*out) != JSON_OBJECT) {
        struct asid_err inner = *err;

        if (inner.rc != ASID_REJECT)
            return FAIL(err, "%s: expected an object", name);
        return FAIL(err, "%s: %s", name, inner.text);
    }
    return ASID_OK;
}

static enum asid_rc compile(struct bpe *bpe, struct str pattern,
                            struct asid_err *err)
{
    int number;
    size_t at;
    unsigned char text[128];

    if (pattern.n > PATTERN_MAX)
        return FAIL(err, "the pre-tokeniser pattern has %zu bytes", pattern.n);
    bpe->pattern = pcre2_compile(
        (PCRE2_SPTR)pattern.p, pattern.n,
        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &number, &at, NULL);
    if (!bpe->pattern) {
        pcre2_get_error_message(number, text, sizeof text);
        return FAIL(err, "the pre-tokeniser pattern is faulty at byte %zu: %s",
                    at, (const char *)text);
    }
    /* Without a just-in-time compiler it is interpreted: the same, slower. */
    pcre2_jit_compile(bpe->pattern, PCRE2_JIT_COMPLETE);
    return ASID_OK;
}

/* --- base vocabulary and merges ----------------------------------------- */

static enum asid_rc add_vocabulary(struct bpe *bpe, const struct json *vocab,
                                   struct asid_err *err)
{
    if (!vocab || json_type(vocab) != JSON_OBJECT || !json_first(vocab))
        return FAIL(err, "expected an object with entries");
    json_each(item, vocab) {
        struct str key = json_key(item);
        int64_t id;

        if (!json_i64(item, &id))
            return FAIL(err, "entry " STR_FMT ": expected an id", STR_ARG(key));
        if (bpe_add_base(bpe, key, id, err) != ASID_OK)
            return asid_err_within(err, "entry " STR_FMT, STR_ARG(key));
    }
    return ASID_OK;
}

/* Cut "left right" at its only blank. */
static bool cut_pair(struct str text, struct str *left, struct str *right)
{
    const char *blank = text.n ? memchr(text.p, ' ', text.n) : NULL;

    if (!blank)
        return false;
    *left = (struct str){text.p, (size_t)(blank - text.p)};
    *right = (struct str){blank + 1, text.n - left->n - 1};
    return !(right->n && memchr(right->p, ' ', right->n));
}

static bool json_pair(const struct json *item, struct str *left,
                      struct str *right)
{
    const struct json *l = json_at(item, 0), *r = json_at(item, 1);

    if (json_type(item) == JSON_STRING)
        return cut_pair(json_str(item), left, right);
    if (json_type(item) != JSON_ARRAY || json_count(item) != 2 ||
        json_type(l) != JSON_STRING || json_type(r) != JSON_STRING)
        return false;
    *left = json_str(l);
    *right = json_str(r);
    return true;
}

static enum asid_rc add_merges(struct bpe *bpe, const struct json *merges,
                               struct asid_err *err)
{
    size_t i = 0;

    if (!merges || json_type(merges) != JSON_ARRAY)
        return FAIL(err, "model.merges: expected an array");
    TRY(bpe_reserve_merges(bpe, json_count(merges), err));
    json_each(item, merges) {
        struct str left, right;

        if (!json_pair(item, &left, &right))
            return FAIL(err, "model.merges[%zu]: expected a pair", i);
        if (bpe_add_merge(bpe, left, right, err) != ASID_OK)
            return asid_err_within(err, "model.merges[%zu]", i);
        i++;
    }
    return ASID_OK;
}

static enum asid_rc add_merge_lines(struct bpe *bpe, struct str text,
                                    struct asid_err *err)
{
    size_t lines = 1, number = 0;

    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    TRY(bpe_reserve_merges(bpe, lines, err));
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end ? (size_t)(end - text.p) : text.n};
        size_t used = line.n + (end != NULL);
        struct str left, right;

        text = (struct str){text.p + used, text.n - used};
        number++;
        line = str_trim(line);
        if (line.n == 0 || (number == 1 && str_starts(line, "#version:")))
            continue;
        if (!cut_pair(line, &left, &right))
            return FAIL(err, "line %zu: expected two parts", number);
        if (bpe_add_merge(bpe, left, right, err) != ASID_OK)
            return asid_err_within(err, "line %zu", number);
    }
    return ASID_OK;
}

/* --- added tokens ------------------------------------------------------- */

/* One {"content", "special", ...} object. */
static enum asid_rc add_added(struct bpe *bpe, const struct json *token,
                              int64_t id, struct asid_err *err)
{
    static const char *const refused[] = {"lstrip", "rstrip", "single_word"};
    const struct json *content = json_get(token, "content");

    if (!content || json_type(content) != JSON_STRING)
        return FAIL(err, "content: expected a string");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct json *flag = json_get(token, refused[i]);

        if (flag && json_type(flag) == JSON_BOOL && json_bool(flag))
            return FAIL(err, "%s is not supported", refused[i]);
    }
    return bpe_add_added(bpe, json_str(content), id,
                         json_get(token, "special") &&
                             json_bool(json_get(token, "special")),
                         err);
}

static enum asid_rc add_added_array(struct bpe *bpe, const struct json *tokens,
                                    struct asid_err *err)
{
    size_t i = 0;

    if (!tokens || json_type(tokens) == JSON_NULL)
        return ASID_OK;
    if (json_type(tokens) != JSON_ARRAY)
        return FAIL(err, "added_tokens: expected an array");
    json_each(token, tokens) {
        int64_t id;

        if (!json_get(token, "id") || !json_i64(json_get(token, "id"), &id))
            return FAIL(err, "added_tokens[%zu].id: expected a number", i);
        if (add_added(bpe, token, id, err) != ASID_OK)
            return asid_err_within(err, "added_tokens[%zu]", i);
        i++;
    }
    return ASID_OK;
}

/* tokenizer_config.json: {"added_tokens_decoder": {"151643": {...}}} */
static enum asid_rc add_added_decoder(struct bpe *bpe,
                                      const struct json *tokens,
                                      struct asid_err *err)
{
    if (!tokens || json_type(tokens) == JSON_NULL)
        return ASID_OK;
    if (json_type(tokens) != JSON_OBJECT)
        return FAIL(err, "added_tokens_decoder: expected an object");
    json_each(token, tokens) {
        struct str key = json_key(token);
        int64_t id;

        if (!num_i64(key, &id))
            return FAIL(err,
                        "added_tokens_decoder: key " STR_FMT " is no number",
                        STR_ARG(key));
        if (add_added(bpe, token, id, err) != ASID_OK)
            return asid_err_within(err, "added_tokens_decoder." STR_FMT,
                                   STR_ARG(key));
    }
    return ASID_OK;
}

/* Whether the configuration names the text as one of its special tokens. */
static bool is_special(const struct json *config, struct str text)
{
    static const char *const names[] = {"bos_token", "eos_token", "pad_token",
                                        "unk_token"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct json *name = json_get(config, names[i]);

        if (name && json_type(name) == JSON_STRING &&
            str_eq(json_str(name), text))
            return true;
    }
    json_each(item, json_get(config, "additional_special_tokens")) {
        if (json_type(item) == JSON_STRING && str_eq(json_str(item), text))
            return true;
    }
    return false;
}

/* added_tokens.json: {"<|im_end|>": 151645}, without flags; most of it was in
 * tokenizer_config.json already. */
static enum asid_rc add_added_plain(struct bpe *bpe, const struct json *tokens,
                                    const struct json *config,
                                    struct asid_err *err)
{
    json_each(item, tokens) {
        struct str text = json_key(item);
        int64_t id;

        if (!json_i64(item, &id))
            return FAIL(err, "entry " STR_FMT ": expected an id",
                        STR_ARG(text));
        if (id >= 0 && (uint64_t)id < bpe->size &&
            (bpe->token[id].flags & BPE_ADDED) &&
            str_eq(bpe->token[id].text, text))
            continue;
        if (bpe_add_added(bpe, text, id, is_special(config, text), err) !=
            ASID_OK)
            return asid_err_within(err, "entry " STR_FMT, STR_ARG(text));
    }
    return ASID_OK;
}

/* --- tokenizer.json ----------------------------------------------------- */

static bool has_type(const struct json *v, const char *type)
{
    const char *text = json_text(json_get(v, "type"));

    return text && strcmp(text, type) == 0;
}

static bool is_absent(const struct json *v)
{
    return !v || json_type(v) == JSON_NULL;
}

static enum asid_rc read_normalizer(struct bpe *bpe, const struct json *v,
                                    struct asid_err *err)
{
    const struct json *list = json_get(v, "normalizers");

    bpe->nfc = !is_absent(v);
    if (is_absent(v) || has_type(v, "NFC"))
        return ASID_OK;
    if (!has_type(v, "Sequence"))
        return FAIL(err, "normalizer: only NFC is supported");
    bpe->nfc = false;
    json_each(item, list) {
        if (!has_type(item, "NFC"))
            return FAIL(err, "normalizer: only NFC is supported");
        bpe->nfc = true;
    }
    return ASID_OK;
}

/* A Split by the pattern whose pieces stand alone. */
static enum asid_rc read_split(struct bpe *bpe, const struct json *v,
                               struct asid_err *err)
{
    const struct json *pattern = json_get(json_get(v, "pattern"), "Regex");
    const char *behavior = json_text(json_get(v, "behavior"));
    const struct json *invert = json_get(v, "invert");

    if (bpe->pattern)
        return FAIL(err, "pre_tokenizer: more than one Split");
    if (!pattern || json_type(pattern) != JSON_STRING || !behavior ||
        strcmp(behavior, "Isolated") != 0 || (invert && json_bool(invert)))
        return FAIL(err, "pre_tokenizer: Split is not by an isolated pattern");
    return compile(bpe, json_str(pattern), err);
}

static enum asid_rc read_byte_level(const struct json *v, struct asid_err *err)
{
    const struct json *prefix = json_get(v, "add_prefix_space");
    const struct json *regex = json_get(v, "use_regex");

    if (!prefix || json_bool(prefix) || !regex || json_bool(regex))
        return FAIL(err, "pre_tokenizer: ByteLevel with a prefix space or its "
                         "own pattern is not supported");
    return ASID_OK;
}

static enum asid_rc read_pre_tokenizer(struct bpe *bpe, const struct json *v,
                                       struct asid_err *err)
{
    if (!has_type(v, "Sequence"))
        return FAIL(err, "pre_tokenizer: expected a Sequence of Split and "
                         "ByteLevel");
    json_each(item, json_get(v, "pretokenizers")) {
        if (has_type(item, "Split"))
            TRY(read_split(bpe, item, err));
        else if (has_type(item, "ByteLevel"))
            TRY(read_byte_level(item, err));
        else
            return FAIL(err, "pre_tokenizer: only Split and ByteLevel are "
                             "supported");
    }
    if (!bpe->pattern)
        return FAIL(err, "pre_tokenizer: no Split");
    return ASID_OK;
}

static enum asid_rc check_model(const struct json *model, struct asid_err *err)
{
    static const char *const off[] = {"byte_fallback", "ignore_merges"};
    static const char *const empty[] = {"continuing_subword_prefix",
                                        "end_of_word_suffix"};

    if (!has_type(model, "BPE") && json_get(model, "type"))
        return FAIL(err, "model.type: only BPE is supported");
    for (size_t i = 0; i < 2; i++) {
        const struct json *flag = json_get(model, off[i]);
        const struct json *text = json_get(model, empty[i]);

        if (!is_absent(flag) && json_bool(flag))
            return FAIL(err, "model.%s is not supported", off[i]);
        if (!is_absent(text) &&
            (json_type(text) != JSON_STRING || json_str(text).n))
            return FAIL(err, "model.%s is not supported", empty[i]);
    }
    if (!is_absent(json_get(model, "dropout")))
        return FAIL(err, "model.dropout is not supported");
    return ASID_OK;
}

static enum asid_rc read_tokenizer(struct bpe *bpe, const struct json *root,
                                   struct asid_err *err)
{
    const struct json *model = json_get(root, "model");

    TRY(check_model(model, err));
    TRY(read_normalizer(bpe, json_get(root, "normalizer"), err));
    TRY(read_pre_tokenizer(bpe, json_get(root, "pre_tokenizer"), err));
    if (add_vocabulary(bpe, json_get(model, "vocab"), err) != ASID_OK)
        return asid_err_within(err, "model.vocab");
    TRY(add_merges(bpe, json_get(model, "merges"), err));
    return add_added_array(bpe, json_get(root, "added_tokens"), err);
}

/* --- the folder --------------------------------------------------------- */

static enum asid_rc load_one_file(struct bpe *bpe, struct arena *a,
                                  const char *dir, struct asid_err *err)
{
    struct json *root;

    TRY(load_json(a, dir, "tokenizer.json", &root, err));
    if (read_tokenizer(bpe, root, err) != ASID_OK)
        return asid_err_within(err, "tokenizer.json");
    return ASID_OK;
}

static enum asid_rc load_added_files(struct bpe *bpe, struct arena *a,
                                     const char *dir, struct asid_err *err)
{
    struct json *config = NULL, *added = NULL;

    if (has_file(a, dir, "tokenizer_config.json")) {
        TRY(load_json(a, dir, "tokenizer_config.json", &config, err));
        if (add_added_decoder(bpe, json_get(config, "added_tokens_decoder"),
                              err) != ASID_OK)
            return asid_err_within(err, "tokenizer_config.json");
    }
    if (has_file(a, dir, "added_tokens.json")) {
        TRY(load_json(a, dir, "added_tokens.json", &added, err));
        if (add_added_plain(bpe, added, config, err) != ASID_OK)
            return asid_err_within(err, "added_tokens.json");
    }
    return ASID_OK;
}

static enum asid_rc load_files(struct bpe *bpe, struct arena *a,
                               const char *dir, struct asid_err *err)
{
    struct json *vocab;
    struct str merges;

    bpe->nfc = true;
    TRY(compile(bpe, STR(PATTERN), err));
    TRY(load_json(a, dir, "vocab.json", &vocab, err));
    if (add_vocabulary(bpe, vocab, err) != ASID_OK)
        return asid_err_within(err, "vocab.json");
    TRY(file_slurp(a, path_join(a, dir, "merges.txt"), FILE_MAX, &merges, err));
    if (add_merge_lines(bpe, merges, err) != ASID_OK)
        return asid_err_within(err, "merges.txt");
    return load_added_files(bpe, a, dir, err);
}

enum asid_rc bpe_open(const char *dir, struct bpe **out, struct asid_err *err)
{
    enum asid_rc rc;
    struct arena files = ARENA_INIT;
    struct bpe *bpe = mem_alloc(sizeof *bpe);

    bpe->arena = (struct arena)ARENA_INIT;
    if (has_file(&files, dir, "tokenizer.json"))
        rc = load_one_file(bpe, &files, dir, err);
    else if (has_file(&files, dir, "vocab.json"))
        rc = load_files(bpe, &files, dir, err);
    else
        rc = FAIL(err, "no tokenizer.json and no vocab.json");
    if (rc == ASID_OK) {
        bpe_seal(bpe);
        *out = bpe;
    } else {
        asid_err_within(err, "%s", dir);
        bpe_close(bpe);
    }
    arena_release(&files);
    return rc;
}
