/* Which files are found below folders, in which order, with which names. */
#include "asid/media/scan.h"

#include <sys/stat.h>
#include <unistd.h>

#include "media_files.h"

static struct scratch scratch;

static void touch(const char *name)
{
    scratch_write(&scratch, name, name, strlen(name));
}

static void folder(const char *name)
{
    CHECK(mkdir(scratch_path(&scratch, name), 0700) == 0, "mkdir %s", name);
}

static const char *found(struct scan *s)
{
    char *text = arena_strdup(&scratch.arena, "");

    for (size_t i = 0; i < s->n; i++)
        text =
            arena_printf(&scratch.arena, "%s%s%s%s", text, i ? " " : "",
                         s->files[i].path, s->files[i].stem_unique ? "" : "*");
    return text;
}

/* Of inputs, or of the paths that rows name. */
static const char *scan(const char *const *inputs, size_t n, bool rows)
{
    static const char *const suffixes[] = {"mp4", ".mkv"};
    struct asid_err err = {.text = ""};
    struct scan s = {.arena = &scratch.arena,
                     .root = scratch.dir,
                     .suffixes = suffixes,
                     .n_suffixes = 2};
    const char *text;

    for (size_t i = 0; i < n; i++) {
        if (rows)
            scan_add_file(&s, inputs[i]);
        else
            CHECK_OK(scan_add(&s, inputs[i], &err), err);
    }
    scan_finish(&s);
    text = found(&s);
    scan_release(&s);
    return text;
}

#define LIST(...)                                                              \
 (const char *const[]){__VA_ARGS__},                                           \
     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define SCAN(...) scan(LIST(__VA_ARGS__), false)
#define ROWS(...) scan(LIST(__VA_ARGS__), true)

static void make_tree(void)
{
    folder("b");
    folder("b/c");
    folder("b.mp4"); /* a folder with the name of a video */
    folder(".hidden");
    touch("z.mp4");
    touch("a.MP4");
    touch("a.txt");
    touch("noext");
    touch(".secret.mp4");
    touch(".hidden/x.mp4");
    touch("b/z.mkv");
    touch("b/c/one.mp4");
    touch("b-x.mp4");
    touch("b.mp4/deep.mp4");
}

static void test_walk(void)
{
    make_tree();
    CHECK_TEXT(SCAN("."),
               "a.MP4 b-x.mp4 b.mp4/deep.mp4 b/c/one.mp4 b/z.mkv* z.mp4*");
    check_case("folders are walked in the byte order of paths");
    CHECK_TEXT(SCAN("b", "z.mp4"), "b/c/one.mp4 b/z.mkv* z.mp4*");
    CHECK_TEXT(SCAN("z.mp4", "b/"), "z.mp4* b/c/one.mp4 b/z.mkv*");
    check_case("inputs keep their order, folders are sorted inside");
    CHECK_TEXT(SCAN("a.txt", ".secret.mp4"), "a.txt .secret.mp4");
    check_case("named files are taken whatever they are");
    CHECK_TEXT(SCAN("z.mp4", "./z.mp4", ".//z.mp4", "."),
               "z.mp4* a.MP4 b-x.mp4 b.mp4/deep.mp4 b/c/one.mp4 b/z.mkv*");
    check_case("a file named twice is one file");
    CHECK_TEXT(SCAN(scratch_path(&scratch, "z.mp4")),
               scratch_path(&scratch, "z.mp4"));
    check_case("absolute inputs stay absolute");
}

static void test_links(void)
{
    CHECK(symlink("..", scratch_path(&scratch, "b/up")) == 0, "symlink");
    CHECK(symlink(".", scratch_path(&scratch, "b/c/self")) == 0, "symlink");
    CHECK(symlink("../z.mp4", scratch_path(&scratch, "b/link.mp4")) == 0,
          "symlink");
    CHECK(symlink("nowhere", scratch_path(&scratch, "b/broken.mp4")) == 0,
          "symlink");
    CHECK_TEXT(SCAN("b"), "b/broken.mp4 b/c/one.mp4 b/link.mp4 b/up/a.MP4 "
                          "b/up/b-x.mp4 b/up/b.mp4/deep.mp4 b/up/z.mp4* "
                          "b/z.mkv*");
    check_case("links are followed, but not in circles; broken ones are kept");
}

static void test_overlap(void)
{
    CHECK_TEXT(SCAN("b/c", "b/../b/c", "b/c/../c/one.mp4"), "b/c/one.mp4");
    CHECK_TEXT(ROWS("b/broken.mp4", "b/../b/broken.mp4"), "b/broken.mp4");
    CHECK_TEXT(ROWS("gone.mp4", "b/../gone.mp4"), "gone.mp4* b/../gone.mp4*");
    CHECK_TEXT(
        SCAN("b.mp4/../b-x.mp4", "b-x.mp4", scratch_path(&scratch, "b-x.mp4")),
        "b.mp4/../b-x.mp4");
    check_case("a file reached by several paths is one, under the first");
    CHECK(symlink("../b-x.mp4", scratch_path(&scratch, "b.mp4/b-x.mp4")) == 0,
          "symlink");
    CHECK(symlink("b-x.mp4", scratch_path(&scratch, "b-y.mp4")) == 0, "link");
    CHECK(link(scratch_path(&scratch, "b-x.mp4"),
               scratch_path(&scratch, "b/b-x.mp4")) == 0,
          "link");
    CHECK_TEXT(SCAN("b-x.mp4", "b.mp4/b-x.mp4"), "b-x.mp4");
    CHECK_TEXT(SCAN("b-x.mp4", "b-y.mp4"), "b-x.mp4 b-y.mp4");
    CHECK_TEXT(SCAN("b-x.mp4", "b/b-x.mp4", "b.mp4/b-x.mp4", "b/../b/b-x.mp4"),
               "b-x.mp4* b/b-x.mp4*");
    check_case("links with its stem are it; other names, hard links are not");
}

static void test_missing(void)
{
    static const char *const inputs[] = {"bb", "nothing.mp4", "z.mp4/x",
                                         "b/broken.mp4"};
    struct scan s = {.arena = &scratch.arena, .root = scratch.dir};

    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        struct asid_err err = {.text = ""};

        CHECK(scan_add(&s, inputs[i], &err) == ASID_FAILED, "%s", inputs[i]);
        CHECK(strstr(err.text, inputs[i]) != NULL, "%s", err.text);
    }
    CHECK(s.n == 0, "%zu files", s.n);
    check_case("inputs that are not there are errors that name them");
}

static void test_unreadable(void)
{
    static const char *const suffixes[] = {"mp4"};
    struct asid_err err = {.text = ""};
    struct scan s = {.arena = &scratch.arena,
                     .root = scratch.dir,
                     .suffixes = suffixes,
                     .n_suffixes = 1};
    char *deep = arena_strdup(&scratch.arena, "deep");

    folder("deep");
    for (int i = 0; i < 140; i++) {
        deep = arena_printf(&scratch.arena, "%s/d", deep);
        folder(deep);
    }
    CHECK(scan_add(&s, "deep", &err) == ASID_FAILED, "too deep");
    CHECK(strstr(err.text, "folders inside each other") != NULL, "%s",
          err.text);
    scan_release(&s);
    check_case("folders without end are an error, not a crash");
}

int main(void)
{
    scratch_make(&scratch);
    test_walk();
    test_links();
    test_overlap();
    test_missing();
    test_unreadable();
    scratch_remove(&scratch);
    return check_done();
}
