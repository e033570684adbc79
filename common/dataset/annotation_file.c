/* Reading files of rows: JSON Lines, or one JSON array. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "asid/base/file.h"
#include "asid/base/utf8.h"
#include "asid/dataset/annotation.h"

enum {
    LINE_BYTES = 64 << 20,
    ARRAY_BYTES = 1 << 30,
};

struct reading {
    const char *path;
    annotation_sink sink;
    void *user;
    struct arena row;
    uint64_t line;
};

static enum asid_rc give_line(struct reading *r, const struct buf *line,
                              struct asid_err *err)
{
    struct str text = buf_view(line);
    struct json *row = NULL;
    struct asid_err why;

    if (r->line == 1)
        text = utf8_unmarked(text);
    text = str_trim(text);
    if (text.n == 0)
        return ASID_OK;
    arena_reset(&r->row);
    if (buf_failed(line))
        (void)REJECT(&why, "input.syntax", "the line has over %d bytes",
                     (int)LINE_BYTES);
    else if (json_parse(&r->row, text, 0, &row, &why) == ASID_OK)
        return r->sink(r->user, text, r->line, row, NULL, err);
    return r->sink(r->user, text, r->line, NULL, &why, err);
}

/* The next line without its end; what is over the cap is passed by. False at
 * the end of the file. */
static bool next_line(FILE *f, struct buf *line)
{
    int c;

    buf_reset(line);
    while ((c = getc_unlocked(f)) != EOF && c != '\n')
        buf_char(line, (char)c);
    return c != EOF || line->n > 0 || buf_failed(line);
}

static enum asid_rc read_lines(struct reading *r, FILE *f, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct buf line;

    buf_init(&line, LINE_BYTES);
    while (rc == ASID_OK && next_line(f, &line)) {
        r->line++;
        rc = give_line(r, &line, err);
    }
    if (rc == ASID_OK && ferror(f))
        rc = FAIL_ERRNO(err, "cannot read %s", r->path);
    buf_release(&line);
    return rc;
}

static enum asid_rc read_array(struct reading *r, struct asid_err *err)
{
    struct arena a = ARENA_INIT;
    struct json *list = NULL;
    struct buf line;
    struct str text;
    enum asid_rc rc = file_slurp(&a, r->path, ARRAY_BYTES, &text, err);

    buf_init(&line, LINE_BYTES);
    if (rc == ASID_OK &&
        json_parse(&a, utf8_unmarked(text), 0, &list, err) != ASID_OK) {
        err->rc = ASID_FAILED;
        rc = asid_err_within(err, "%s", r->path);
    }
    for (struct json *row = json_first(list); rc == ASID_OK && row;
         row = json_next(row)) {
        struct asid_err why;

        r->line++;
        buf_reset(&line);
        json_write(&line, row);
        if (!buf_failed(&line)) {
            rc = r->sink(r->user, buf_view(&line), r->line, row, NULL, err);
            continue;
        }
        (void)REJECT(&why, "input.syntax", "the row has over %d bytes",
                     (int)LINE_BYTES);
        rc = r->sink(r->user, STR(""), r->line, NULL, &why, err);
    }
    buf_release(&line);
    arena_release(&a);
    return rc;
}

/* The first character that is no blank decides. */
static bool is_array(FILE *f)
{
    int c;

    do {
        c = getc(f);
    } while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xEF ||
             c == 0xBB || c == 0xBF);
    rewind(f);
    return c == '[';
}

/* By its byte-order mark. Without this every line would be a reject that says
 * nothing of the cause. */
static bool is_utf16(FILE *f)
{
    char bytes[2];
    size_t n = fread(bytes, 1, sizeof bytes, f);

    rewind(f);
    return utf16_is_marked((struct str){bytes, n});
}

enum asid_rc annotation_file(const char *path, annotation_sink sink, void *user,
                             struct asid_err *err)
{
    struct reading r = {.path = path, .sink = sink, .user = user};
    enum asid_rc rc;
    FILE *f = fopen(path, "re");

    if (!f)
        return FAIL_ERRNO(err, "cannot open %s", path);
    if (is_utf16(f))
        rc = FAIL(err, "%s is UTF-16, not UTF-8", path);
    else
        rc = is_array(f) ? read_array(&r, err) : read_lines(&r, f, err);
    fclose(f);
    arena_release(&r.row);
    return rc;
}
