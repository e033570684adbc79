/*
 * Reading lines: big reads, no copies, bounded length.
 *
 * Everything that is used up goes through consume(), which keeps the position
 * that checkpoints speak of. A line over the cap is passed by in constant
 * memory; its beginning is kept.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/base/utf8.h"
#include "kit_int.h"

/* Where one file ends and the next begins is part of the input: the same
 * bytes cut differently are different lines. */
static void consume(struct reader *r, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (r->hashing) {
        if (r->boundary)
            hash_add(&r->pos.hash, "\0", 1);
        hash_add(&r->pos.hash, p, n);
    }
    r->boundary = false;
    r->file_start = false;
    r->pos.bytes += n;
}

static void start(struct reader *r)
{
    r->at = 0;
    r->begin = r->end = r->scanned = 0;
    r->eof = r->boundary = false;
    r->file_start = true;
    r->pos.bytes = r->pos.line = 0;
    hash_init(&r->pos.hash);
}

static void prepare(struct reader *r, size_t n, size_t cap)
{
    *r = (struct reader){.cap = cap, .spool = -1, .n = n, .room = CHUNK};
    r->pieces = mem_alloc((n + 1) * sizeof *r->pieces);
    for (size_t i = 0; i < n; i++)
        r->pieces[i].fd = -1;
    r->p = mem_alloc(r->room);
    r->head = mem_alloc(RAW_MAX);
    start(r);
}

enum asid_rc reader_open(struct reader *r, const char *const *names, size_t n,
                         size_t cap, struct asid_err *err)
{
    static const char *const standard[] = {"-"};
    if (n == 0) {
        names = standard;
        n = 1;
    }
    prepare(r, n, cap);
    for (size_t i = 0; i < n; i++) {
        uint64_t size = 0;

        TRY(piece_open(&r->pieces[i], names[i], &size, err));
        r->pipes += !r->pieces[i].direct;
        r->total += size;
    }
    if (r->pipes)
        r->total = 0;
    return ASID_OK;
}

void reader_open_list(struct reader *r, int fd, const char *name, size_t cap)
{
    off_t size = lseek(fd, 0, SEEK_END);

    prepare(r, 1, cap);
    r->pieces[0] = (struct piece){fd, name, false, true};
    r->total = size > 0 ? (uint64_t)size : 0;
    if (lseek(fd, 0, SEEK_SET) < 0)
        r->total = 0;
}

void reader_close(struct reader *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->pieces[i].fd > STDIN_FILENO)
            close(r->pieces[i].fd);
    }
    if (r->spool >= 0)
        close(r->spool);
    free(r->pieces);
    free(r->p);
    free(r->head);
    *r = (struct reader){.spool = -1};
}

/* --- filling the buffer -------------------------------------------------------- */

/* Room for at least one more byte behind what is unread. */
static void make_room(struct reader *r)
{
    if (r->begin == r->end) {
        r->begin = r->end = r->scanned = 0;
    } else if (r->begin > 0 && r->room - r->end < CHUNK / 4) {
        memmove(r->p, r->p + r->begin, r->end - r->begin);
        r->end -= r->begin;
        r->scanned -= r->begin;
        r->begin = 0;
    }
    if (r->end == r->room) {
        r->room = r->room < r->cap / 2 ? r->room * 2 : r->cap + CHUNK;
        r->p = mem_grow(r->p, r->room);
    }
}

/* Read more of the current file; eof when there is no more. */
static enum asid_rc fill(struct reader *r, struct asid_err *err)
{
    size_t got = 0;

    make_room(r);
    while (got == 0) {
        TRY(piece_read(r, r->p + r->end, r->room - r->end, &got, err));
        if (got > 0)
            break;
        if (!r->pieces[r->at].joined) {
            r->eof = true;
            return ASID_OK;
        }
        r->at++;
    }
    r->end += got;
    return ASID_OK;
}

static void next_file(struct reader *r)
{
    r->at++;
    r->eof = false;
    r->boundary = true;
    r->file_start = true;
    r->pos.line = 0;
}

/* More of the input behind what is there; *more false at the end of all of it. */
static enum asid_rc go_on(struct reader *r, bool *more, struct asid_err *err)
{
    *more = !r->eof || r->at + 1 < r->n;
    if (!r->eof)
        return fill(r, err);
    if (*more)
        next_file(r);
    return ASID_OK;
}

/* --- lines ------------------------------------------------------------------------ */

/* Drop a byte-order mark at the start of a file. */
static void drop_mark(struct line *line)
{
    size_t n = line->text.n;

    line->text = utf8_unmarked(line->text);
    line->mark = line->text.n < n;
}

/* Hand out the next n bytes, and the newline behind them, as a line. */
static void take(struct reader *r, size_t n, bool newline, struct line *line)
{
    bool first = r->file_start;

    *line = (struct line){
        .text = {r->p + r->begin, n},
        .input = r->pieces[r->at].name,
        .number = ++r->pos.line,
        .length = n,
        .unended = !newline,
    };
    consume(r, r->p + r->begin, n + newline);
    r->begin += n + newline;
    r->scanned = r->begin;
    if (first)
        drop_mark(line);
    if (line->text.n && line->text.p[line->text.n - 1] == '\r')
        line->text.n--;
}

/* Go past a line that is too long, reading in place; its beginning is kept. */
static enum asid_rc pass_by(struct reader *r, struct line *line,
                            struct asid_err *err)
{
    const char *newline = NULL;

    *line = (struct line){
        .text = {r->head, RAW_MAX},
        .input = r->pieces[r->at].name,
        .number = ++r->pos.line,
        .too_long = true,
    };
    memcpy(r->head, r->p + r->begin, RAW_MAX);
    while (!newline) {
        size_t n = r->end - r->begin;

        newline = memchr(r->p + r->begin, '\n', n);
        if (newline)
            n = (size_t)(newline - (r->p + r->begin));
        consume(r, r->p + r->begin, n + (newline != NULL));
        line->length += n;
        r->begin += n + (newline != NULL);
        if (newline || r->eof)
            break;
        TRY(fill(r, err));
    }
    r->scanned = r->begin;
    line->unended = !newline;
    return ASID_OK;
}

/* The next physical line; *got false at the end of all input. */
static enum asid_rc physical(struct reader *r, struct line *line, bool *got,
                             struct asid_err *err)
{
    *got = true;
    for (;;) {
        const char *from = r->p + r->scanned;
        const char *newline = memchr(from, '\n', r->end - r->scanned);
        size_t n =
            newline ? (size_t)(newline - (r->p + r->begin)) : r->end - r->begin;

        if (n > r->cap + 1 && !newline)
            return pass_by(r, line, err);
        if (newline || (r->eof && n > 0)) {
            take(r, n, newline != NULL, line);
            line->too_long = line->text.n > r->cap;
            return ASID_OK;
        }
        r->scanned = r->end;
        TRY(go_on(r, got, err));
        if (!*got)
            return ASID_OK;
    }
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r')
            return false;
    }
    return true;
}

enum asid_rc reader_next(struct reader *r, struct line *line, bool *got,
                         struct asid_err *err)
{
    bool mark = false;

    do {
        TRY(physical(r, line, got, err));
        mark = mark || (*got && line->mark);
    } while (*got && is_blank(line->text));
    if (*got)
        line->mark = mark;
    return ASID_OK;
}

/* --- going on where an earlier run stopped ------------------------------------------ */

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    const char *end = p + n;

    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        lines++;
        p++;
    }
    return lines;
}

enum asid_rc reader_rewind(struct reader *r, struct asid_err *err)
{
    for (size_t i = 0; i < r->n && i <= r->at; i++) {
        if (r->pieces[i].direct && lseek(r->pieces[i].fd, 0, SEEK_SET) < 0)
            return FAIL(err, "%s: cannot be read again", r->pieces[i].name);
    }
    if (r->spool >= 0) {
        struct piece *pipe = &r->pieces[r->spooled];

        if (lseek(r->spool, 0, SEEK_SET) < 0)
            return FAIL(err, "%s: cannot be read again", pipe->name);
        memmove(pipe + 1, pipe, (r->n - r->spooled) * sizeof *pipe);
        pipe[0] = (struct piece){r->spool, pipe[1].name, true, true};
        r->n++;
        r->spool = -1;
    }
    start(r);
    return ASID_OK;
}

void reader_keep(struct reader *r)
{
    if (r->spool >= 0)
        close(r->spool);
    r->spool = -1;
}

enum asid_rc reader_at_end(struct reader *r, bool *end, struct asid_err *err)
{
    bool more = true;

    while (more && r->begin == r->end)
        TRY(go_on(r, &more, err));
    *end = !more;
    return ASID_OK;
}

/* Only a line's end is a place to go on from: a last line without a newline
 * may have grown since. */
static enum asid_rc at_line_end(struct reader *r, char last, bool *yes,
                                struct asid_err *err)
{
    *yes = last == '\n';
    if (*yes)
        return ASID_OK;
    if (r->begin == r->end && !r->eof)
        TRY(fill(r, err));
    *yes = r->begin == r->end && r->eof;
    if (*yes)
        r->pos.line++;
    return ASID_OK;
}

enum asid_rc reader_skip(struct reader *r, uint64_t bytes, const char *sha256,
                         bool *same, struct asid_err *err)
{
    char hex[HASH_HEX];
    char last = '\n';
    bool end = false;

    *same = false;
    if (r->pipes > 1)
        return ASID_OK; /* one copy cannot stand for two pipes */
    if (r->pipes == 1) {
        while (r->pieces[r->spooled].direct)
            r->spooled++;
        TRY(file_temporary(&r->spool, err));
    }
    while (r->pos.bytes < bytes && !end) {
        size_t n;

        TRY(reader_at_end(r, &end, err));
        n = r->end - r->begin;
        if (n == 0)
            break;
        if (n > bytes - r->pos.bytes)
            n = (size_t)(bytes - r->pos.bytes);
        consume(r, r->p + r->begin, n);
        r->pos.line += count_lines(r->p + r->begin, n);
        last = r->p[r->begin + n - 1];
        r->begin += n;
        r->scanned = r->begin;
    }
    hash_hex(&r->pos.hash, hex);
    *same = r->pos.bytes == bytes && strcmp(hex, sha256) == 0;
    if (*same)
        TRY(at_line_end(r, last, same, err));
    return ASID_OK;
}
