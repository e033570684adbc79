/* The runner from inside: reading lines, checking prefixes, whole stages. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kit/kit_int.h"
#include "asid/base/file.h"
#include "check.h"

static char dir[] = "/tmp/asid-runner-XXXXXX";

static const char *file(const char *name)
{
    static char space[8][200];
    static unsigned next;
    char *p = space[next++ % 8];

    snprintf(p, sizeof space[0], "%s/%s", dir, name);
    return p;
}

static void put(const char *name, struct str text)
{
    FILE *f = fopen(file(name), "w");

    CHECK(f && fwrite(text.p, 1, text.n, f) == text.n, "cannot write %s", name);
    if (f)
        fclose(f);
}

static struct str get(const char *name)
{
    static struct arena a;
    struct asid_err err;
    struct str text = {"", 0};

    arena_reset(&a);
    CHECK_OK(file_slurp(&a, file(name), 1 << 26, &text, &err), err);
    return text;
}

/* --- the reader --------------------------------------------------------------- */

/* All lines, as "NUMBER:LENGTH:TEXT|" with long texts shown by length only. */
static void read_lines(struct reader *r, struct buf *out)
{
    struct asid_err err;
    struct line line;
    bool got = true;

    for (;;) {
        enum asid_rc rc = reader_next(r, &line, &got, &err);

        CHECK_OK(rc, err);
        if (rc != ASID_OK || !got)
            break;
        buf_printf(out, "%llu:%llu:", (unsigned long long)line.number,
                   (unsigned long long)line.length);
        if (line.text.n < 100)
            buf_str(out, line.text);
        if (line.too_long)
            buf_text(out, "!");
        buf_char(out, '|');
    }
}

static void lines_are(const char *text, size_t cap, const char *want)
{
    const char *names[1];
    struct reader r;
    struct asid_err err;
    struct buf out;

    put("lines", str_of(text));
    names[0] = file("lines");
    buf_init(&out, 1 << 20);
    buf_text(&out, "");
    CHECK_OK(reader_open(&r, names, 1, cap, &err), err);
    read_lines(&r, &out);
    CHECK_TEXT(out.p, want);
    CHECK(r.pos.bytes == strlen(text), "%llu of %zu bytes",
          (unsigned long long)r.pos.bytes, strlen(text));
    reader_close(&r);
    buf_release(&out);
}

static void test_lines(void)
{
    lines_are("", 1000, "");
    lines_are("\n\n \t\r\n", 1000, "");
    lines_are("a", 1000, "1:1:a|");
    lines_are("a\nb\n", 1000, "1:1:a|2:1:b|");
    lines_are("a\r\n\r\nb\rc\r\n", 1000, "1:2:a|3:4:b\rc|");
    lines_are("\xef\xbb\xbf"
              "a\n\xef\xbb\xbf"
              "b",
              1000,
              "1:4:a|2:4:\xef\xbb\xbf"
              "b|");
    lines_are("12345\n123456\n1", 5, "1:5:12345|2:6:123456!|3:1:1|");
    check_case("lines: ends, blanks, marks, the cap");
}

static void test_long_lines(void)
{
    /* Lengths around the sizes of buffers, with a short line behind each. */
    static const size_t lengths[] = {CHUNK - 1, CHUNK,   CHUNK + 1,
                                     3 * CHUNK, RAW_MAX, 2 * CHUNK + 17};
    static const size_t caps[] = {1000, RAW_MAX, CHUNK, 2 * CHUNK, 1 << 24};

    for (size_t i = 0; i < 30; i++) {
        size_t n = lengths[i % 6], cap = caps[i / 6];
        char *text = mem_alloc(n + 3), want[100];

        memset(text, 'x', n);
        memcpy(text + n, "\ny", 2);
        snprintf(want, sizeof want, "1:%zu:%s|2:1:y|", n, n > cap ? "!" : "");
        lines_are(text, cap, want);
        text[n] = '\0'; /* and without anything behind it */
        snprintf(want, sizeof want, "1:%zu:%s|", n, n > cap ? "!" : "");
        lines_are(text, cap, want);
        free(text);
    }
    check_case("long lines: every size of buffer, with and without a newline");
}

struct feed {
    int fd;
    struct str text;
    size_t step;
};

static void *feed_pipe(void *user)
{
    struct feed *f = user;

    for (size_t at = 0; at < f->text.n; at += f->step) {
        size_t n = f->text.n - at < f->step ? f->text.n - at : f->step;

        if (write(f->fd, f->text.p + at, n) < 0)
            break;
    }
    close(f->fd);
    return NULL;
}

static const char sample[] = "{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n{\"id\":\"c\"}";

/* Skip `bytes` of the sample, which comes from a file or out of a pipe in
 * steps of that size, and read the rest. */
static void skip(size_t bytes, size_t step, bool good, const char *want)
{
    char name[40] = "", hex[HASH_HEX];
    const char *names[1] = {name};
    struct feed f = {-1, {sample, sizeof sample - 1}, step};
    int ends[2] = {-1, -1};
    pthread_t thread;
    struct reader r;
    struct asid_err err;
    struct buf out;
    bool same = !good;

    buf_init(&out, 1 << 20);
    buf_text(&out, "");
    put("sample", f.text);
    names[0] = file("sample");
    if (step) {
        CHECK(pipe(ends) == 0, "no pipe");
        f.fd = ends[1];
        snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
        names[0] = name;
        CHECK(pthread_create(&thread, NULL, feed_pipe, &f) == 0, "no thread");
    }
    CHECK_OK(reader_open(&r, names, 1, 1000, &err), err);
    r.hashing = true;
    hash_text((struct str){good ? sample : "other", good ? bytes : 5}, hex);
    CHECK_OK(reader_skip(&r, bytes, hex, &same, &err), err);
    CHECK(same == good, "%zu bytes in steps of %zu: same %d", bytes, step,
          same);
    if (same)
        reader_keep(&r);
    else
        CHECK_OK(reader_rewind(&r, &err), err);
    read_lines(&r, &out);
    CHECK_TEXT(out.p, want);
    reader_close(&r);
    if (step) {
        pthread_join(thread, NULL);
        close(ends[0]);
    }
    buf_release(&out);
}

static void test_skip(void)
{
    static const size_t steps[] = {0, 1, 7, 1000};
    const char *all = "1:10:{\"id\":\"a\"}|3:10:{\"id\":\"b\"}|4:10:{\"id\":"
                      "\"c\"}|";

    for (size_t i = 0; i < 4; i++) {
        skip(0, steps[i], true, all);
        skip(11, steps[i], true, all + 16);
        skip(12, steps[i], true, all + 16);
        skip(23, steps[i], true, all + 32);
        skip(33, steps[i], true, "");
        skip(11, steps[i], false, all);
        skip(33, steps[i], false, all);
        skip(500, steps[i], false, all);
    }
    check_case("prefixes: skipped when they match, read again when not, also "
               "out of pipes");
}

static void test_half_line(void)
{
    const char *names[1];
    struct reader r;
    struct asid_err err;
    char hex[HASH_HEX];
    bool same = true;

    put("half", STR("{\"id\":\"a\"}{}\n"));
    names[0] = file("half");
    CHECK_OK(reader_open(&r, names, 1, 1000, &err), err);
    r.hashing = true;
    hash_text(STR("{\"id\":\"a\"}"), hex);
    CHECK_OK(reader_skip(&r, 10, hex, &same, &err), err);
    CHECK(!same, "went on in the middle of a line");
    reader_close(&r);
    check_case("a last line without a newline that grew is no place to go on");
}

static void hash_of(const char *const *names, size_t n, char hex[HASH_HEX])
{
    struct reader r;
    struct asid_err err;
    struct buf out;

    buf_init(&out, 1 << 20);
    CHECK_OK(reader_open(&r, names, n, 1000, &err), err);
    r.hashing = true;
    read_lines(&r, &out);
    hash_hex(&r.pos.hash, hex);
    reader_close(&r);
    buf_release(&out);
}

static void test_boundary(void)
{
    const char *one[1], *two[2];
    char a[HASH_HEX], b[HASH_HEX], plain[HASH_HEX];

    put("ab", STR("a\nb"));
    put("a", STR("a\n"));
    put("b", STR("b"));
    one[0] = file("ab");
    two[0] = file("a");
    two[1] = file("b");
    hash_of(one, 1, a);
    hash_of(two, 2, b);
    hash_text(STR("a\nb"), plain);
    CHECK_TEXT(a, plain);
    CHECK(strcmp(a, b) != 0, "the same hash for other files");
    check_case("the input's hash knows where one file ends");
}

/* --- whole stages ---------------------------------------------------------------- */

static enum asid_rc twice(struct asid_job *job, struct asid_err *err)
{
    int64_t n = 0;

    if (!json_i64(json_get(job->record, "n"), &n))
        return REJECT(err, "media.damaged", "no n");
    if (n % 7 == 3)
        usleep(2000);
    if (n % 11 == 5) {
        json_set_i64(job->arena, job->record, "n", -1);
        return REJECT(err, "media.damaged", "n is %d", (int)n);
    }
    if (n % 5 == 0)
        json_set_i64(job->arena, job->record, "twice", 2 * n);
    return ASID_OK;
}

static enum asid_rc refuse_open(struct asid_cx *cx, struct asid_err *err)
{
    (void)cx;
    return FAIL(err, "no model");
}

static const struct asid_stage plain = {.name = "cat", .record = twice};
static const struct asid_stage atomic = {
    .name = "cat", .flags = ASID_ATOMIC, .record = twice};
static const struct asid_stage closed = {
    .name = "cat", .open = refuse_open, .record = twice};

static int call(const struct asid_stage *stage, const char *jobs,
                const char *out, const char *rejects, const char *ledger)
{
    const char *words[] = {"asid-cat",
                           "-q",
                           file("in"),
                           "-j",
                           jobs,
                           "-o",
                           file(out),
                           "--rejects",
                           file(rejects),
                           ledger ? "--ledger" : NULL,
                           ledger ? file(ledger) : NULL,
                           NULL};
    char *argv[12];
    int argc = 0;

    while (words[argc]) {
        argv[argc] = strdup(words[argc]);
        argc++;
    }
    argv[argc] = NULL;
    int status = asid_main(stage, argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

static void make_input(unsigned n)
{
    struct buf text;

    buf_init(&text, 1 << 24);
    for (unsigned i = 0; i < n; i++) {
        if (i % 13 == 8)
            buf_printf(&text, "broken %u\n", i);
        else
            buf_printf(&text, "{\"id\":\"r%u\",\"n\":%u}\n", i, i);
    }
    put("in", buf_view(&text));
    buf_release(&text);
}

static void test_order(void)
{
    static const char *const jobs[] = {"2", "4", "16"};
    struct arena a = ARENA_INIT;
    struct str out, rejects;
    char *kept;

    make_input(800);
    CHECK(call(&plain, "1", "o1", "r1", NULL) == 0, "status");
    out = get("o1");
    kept = arena_strndup(&a, out.p, out.n);
    out.p = kept;
    rejects = get("r1");
    rejects.p = arena_strndup(&a, rejects.p, rejects.n);
    CHECK(out.n > 10000 && rejects.n > 1000, "%zu %zu", out.n, rejects.n);
    for (size_t i = 0; i < 3; i++) {
        CHECK(call(&plain, jobs[i], "o2", "r2", i ? "l.db" : NULL) == 0,
              "status at -j %s", jobs[i]);
        CHECK(str_eq(get("o2"), out), "output differs at -j %s", jobs[i]);
        CHECK(str_eq(get("r2"), rejects), "rejects differ at -j %s", jobs[i]);
    }
    arena_release(&a);
    check_case("the same bytes at any number of jobs");
}

static void test_atomic(void)
{
    struct ledger *l = NULL;
    struct ledger_checkpoint first, second;
    struct asid_err err;
    bool found = false;

    make_input(30);
    CHECK(call(&atomic, "1", "o3", "r3", "l3.db") == 0, "status");
    CHECK_OK(ledger_open(file("l3.db"), &l, &err), err);
    CHECK_OK(ledger_checkpoint_get(l, "cat", file("o3"), &found, &first, &err),
             err);
    CHECK(found && first.complete && first.seq == 30, "no checkpoint");
    CHECK(call(&atomic, "2", "o3", "r3", "l3.db") == 0, "status");
    CHECK_OK(ledger_checkpoint_get(l, "cat", file("o3"), &found, &second, &err),
             err);
    CHECK(strcmp(first.execution, second.execution) != 0,
          "an atomic stage was not run again");
    ledger_close(l);
    check_case("an atomic stage always starts with the first record");
}

static void test_closed(void)
{
    struct stat st;

    make_input(3);
    CHECK(call(&closed, "1", "o4", "r4", "l4.db") == 1, "status");
    CHECK(stat(file("o4"), &st) < 0 && stat(file("o4.part"), &st) < 0 &&
              stat(file("o4.lock"), &st) < 0,
          "files were left");
    check_case("a stage that cannot open leaves nothing");
}

int main(void)
{
    char command[300];

    if (!mkdtemp(dir))
        return 1;
    signals_install();
    /* Refusals are part of these tests; their messages are not. */
    if (!freopen(file("messages"), "w", stderr))
        return 1;
    test_lines();
    test_long_lines();
    test_skip();
    test_half_line();
    test_boundary();
    test_order();
    test_atomic();
    test_closed();
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0 || check_done();
}
