/* The caller's side against helpers that lie, stop, crash or are not there. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../../common/media/talk.h"
#include "asid/base/clock.h"
#include "media_files.h"

/* --- answers that make no sense -------------------------------------------- */

/* Everything a helper might say, glued together by the tests. */
struct speech {
    uint8_t p[1 << 16];
    size_t n;
};

static void say(struct speech *s, const void *p, size_t n)
{
    memcpy(s->p + s->n, p, n);
    s->n += n;
}

static void say_head(struct speech *s, uint32_t kind, uint64_t size)
{
    struct wire_head h = {WIRE_MAGIC, kind, size};

    say(s, &h, sizeof h);
}

static void say_end(struct speech *s, uint64_t figure)
{
    say_head(s, WIRE_END, sizeof figure);
    say(s, &figure, sizeof figure);
}

static void say_frame(struct speech *s, uint32_t w, uint32_t h, uint64_t index,
                      size_t pixels)
{
    struct wire_frame f = {w, h, index, 0};
    uint8_t zero[64] = {0};

    say_head(s, WIRE_FRAME, sizeof f + pixels);
    say(s, &f, sizeof f);
    say(s, zero, pixels);
}

static enum asid_rc count_frame(void *user, const struct media_frame *frame,
                                struct asid_err *err)
{
    (void)frame;
    (void)err;
    ++*(int *)user;
    return ASID_OK;
}

static enum asid_rc count_jpeg(void *user, const struct media_jpeg *jpeg,
                               struct asid_err *err)
{
    (void)jpeg;
    (void)err;
    ++*(int *)user;
    return ASID_OK;
}

enum question { INFO, FRAMES, SHOWN, SOUND, TEXT, CUTS, JPEGS };

/* Ask a question of somebody who says just this and hangs up. */
static enum asid_rc ask(enum question q, const struct speech *s, int *frames,
                        struct asid_err *err)
{
    static const uint64_t index[] = {0, 1, 1, 5};
    struct talk_frames want = {.index = q == SHOWN ? NULL : index,
                               .n_index = 4,
                               .max_side = 8,
                               .max_frames = 100,
                               .sink = count_frame,
                               .user = frames,
                               .max_pixels = 6,
                               .jpeg_sink = count_jpeg};
    struct media_cuts cuts = {NULL, 0, false};
    struct media_info info;
    enum asid_rc rc = ASID_OK;
    float *samples = NULL;
    uint64_t total;
    char text[64];
    size_t n = 0;
    struct link l;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        bail("no socket");
    if (send(ends[1], s->p, s->n, MSG_DONTWAIT) != (ssize_t)s->n)
        bail("short send");
    close(ends[1]);
    link_adopt(&l, ends[0], "file.mp4", 5);
    if (q == INFO)
        rc = talk_info(&l, &info, err);
    else if (q == FRAMES || q == SHOWN)
        rc = talk_frames(&l, &want, &total, err);
    else if (q == JPEGS)
        rc = talk_jpegs(&l, &want, &total, err);
    else if (q == SOUND)
        rc = talk_sound(&l, 10, &samples, &n, err);
    else if (q == CUTS)
        rc = talk_check(&l, &info, &cuts, err);
    else
        rc = talk_text(&l, text, sizeof text, err);
    if (rc == ASID_OK && q == CUTS)
        *frames = cuts.known ? (int)cuts.n : -1;
    free(samples);
    media_cuts_release(&cuts);
    return link_close(&l, rc, err);
}

static void refused(enum question q, const struct speech *s, const char *what)
{
    struct asid_err err = {.text = ""};
    int frames = 0;
    enum asid_rc rc = ask(q, s, &frames, &err);

    CHECK(rc == ASID_REJECT && strcmp(err.code, "media.damaged") == 0,
          "%s: rc %d, code %s: %s", what, (int)rc, err.code, err.text);
}

static void test_frames_that_lie(void)
{
    struct asid_err err = {.text = ""};
    struct speech s = {.n = 0};
    int frames = 0;

    say_frame(&s, 2, 2, 0, 12);
    say_frame(&s, 2, 2, 1, 12);
    say_frame(&s, 2, 2, 1, 12);
    say_end(&s, 2);
    CHECK(ask(FRAMES, &s, &frames, &err) == ASID_OK && frames == 3, "%s",
          err.text);
    check_case("a true answer is taken");

    s.n = 0;
    for (uint64_t i = 3; i <= 6; i++)
        say_frame(&s, 2, 2, i / 4 * 4, 12);
    say_end(&s, 5);
    frames = 0;
    CHECK(ask(SHOWN, &s, &frames, &err) == ASID_OK && frames == 4, "%s",
          err.text);
    s.n = 0;
    say_frame(&s, 2, 2, 4, 12);
    say_frame(&s, 2, 2, 3, 12);
    refused(SHOWN, &s, "falling");
    s.n = 0;
    say_frame(&s, 2, 2, 4, 12);
    say_end(&s, 9);
    refused(SHOWN, &s, "one of four");
    s.n = 0;
    say_frame(&s, 2, 2, 100, 12);
    refused(SHOWN, &s, "more than there may be");
    s.n = 0;
    for (uint64_t i = 0; i < 4; i++)
        say_frame(&s, 2, 2, i, 12);
    say_end(&s, 3);
    refused(SHOWN, &s, "one more than there are");
    check_case("frames by time rise and all come");

    s.n = 0;
    say_frame(&s, 2, 2, 0, 11);
    refused(FRAMES, &s, "too few pixels");
    s.n = 0;
    say_frame(&s, 9, 1, 0, 27);
    refused(FRAMES, &s, "wider than allowed");
    s.n = 0;
    say_frame(&s, 0, 0, 0, 0);
    refused(FRAMES, &s, "no pixels");
    s.n = 0;
    say_frame(&s, 2, 2, 1, 12);
    refused(FRAMES, &s, "another frame than asked for");
    s.n = 0;
    say_frame(&s, 2, 2, 0, 12);
    say_frame(&s, 2, 1, 1, 6);
    refused(FRAMES, &s, "changing size");
    s.n = 0;
    say_frame(&s, 2, 2, 0, 12);
    say_end(&s, 4);
    refused(FRAMES, &s, "a frame left out");
    s.n = 0;
    say_frame(&s, 2, 2, 0, 12);
    say_end(&s, 0);
    refused(FRAMES, &s, "a total smaller than what came");
    s.n = 0;
    say_end(&s, 101);
    refused(FRAMES, &s, "more frames than the limit");
    s.n = 0;
    say_head(&s, WIRE_FRAME, UINT64_MAX);
    refused(FRAMES, &s, "a frame of endless size");
    check_case("frames that do not fit what was asked are refused");
}

static void say_jpeg(struct speech *s, uint32_t w, uint32_t h, uint64_t index,
                     const char *file, size_t n)
{
    struct wire_frame f = {w, h, index, 0};

    say_head(s, WIRE_JPEG, sizeof f + n);
    say(s, &f, sizeof f);
    say(s, file, n);
}

static void test_jpegs_that_lie(void)
{
    static const char good[] = "\xff\xd8 \xff\xd9";
    struct asid_err err = {.text = ""};
    struct speech s = {.n = 0};
    int frames = 0;

    say_jpeg(&s, 2, 3, 0, good, 5);
    say_jpeg(&s, 2, 2, 1, good, 5);
    say_jpeg(&s, 2, 2, 1, good, 5);
    say_end(&s, 2);
    CHECK(ask(JPEGS, &s, &frames, &err) == ASID_OK && frames == 3, "%s",
          err.text);
    s.n = 0;
    say_jpeg(&s, 2, 2, 0, "", 0);
    refused(JPEGS, &s, "an empty file");
    s.n = 0;
    say_jpeg(&s, 2, 2, 0, "\xff\xd8 \xff\xd8", 5);
    refused(JPEGS, &s, "no JPEG");
    s.n = 0;
    say_jpeg(&s, 4, 2, 0, good, 5);
    refused(JPEGS, &s, "more pixels than allowed");
    s.n = 0;
    say_jpeg(&s, 9, 1, 0, good, 5);
    refused(JPEGS, &s, "wider than allowed");
    s.n = 0;
    say_jpeg(&s, 2, 2, 1, good, 5);
    refused(JPEGS, &s, "another frame than asked for");
    s.n = 0;
    say_frame(&s, 2, 2, 0, 12);
    refused(JPEGS, &s, "pixels in the place of a file");
    s.n = 0;
    say_jpeg(&s, 2, 2, 0, good, 5);
    say_end(&s, 2);
    refused(JPEGS, &s, "a picture left out");
    s.n = 0;
    say_head(&s, WIRE_JPEG, UINT64_MAX);
    refused(JPEGS, &s, "a picture of endless size");
    s.n = 0;
    say_head(&s, WIRE_JPEG, sizeof(struct wire_frame) + 65536 + 17);
    say(&s, &(struct wire_frame){2, 2, 0, 0}, sizeof(struct wire_frame));
    refused(JPEGS, &s, "a picture larger than it can be");
    check_case("JPEGs that do not fit what was asked are refused");
}

static void test_others_that_lie(void)
{
    struct speech s = {.n = 0};
    struct media_info info = {.duration = 1};
    float nan = __builtin_nanf("");
    float eleven[11] = {0};
    unsigned char two = 2;

    refused(INFO, &s, "silence");
    say(&s, "GET / HTTP/1.1\r\n\r\nmore than one head of it", 42);
    refused(INFO, &s, "no magic");
    s.n = 0;
    say_head(&s, WIRE_INFO, sizeof info - 1);
    refused(INFO, &s, "wrong size");
    s.n = 0;
    memset(info.container, 'x', sizeof info.container);
    say_head(&s, WIRE_INFO, sizeof info);
    say(&s, &info, sizeof info);
    say_end(&s, 0);
    refused(INFO, &s, "a name without end");
    s.n = 0;
    memset(&info, 0, sizeof info);
    memcpy(&info.decoded, &two, 1);
    say_head(&s, WIRE_INFO, sizeof info);
    say(&s, &info, sizeof info);
    say_end(&s, 0);
    refused(INFO, &s, "neither true nor false");
    s.n = 0;
    memset(&info, 0, sizeof info);
    info.duration = (double)nan;
    say_head(&s, WIRE_INFO, sizeof info);
    say(&s, &info, sizeof info);
    say_end(&s, 0);
    refused(INFO, &s, "a duration that is no number");
    check_case("figures that cannot be are refused");

    s.n = 0;
    say_head(&s, WIRE_SAMPLES, sizeof eleven);
    say(&s, eleven, sizeof eleven);
    say_end(&s, 11);
    refused(SOUND, &s, "more sound than allowed");
    s.n = 0;
    say_head(&s, WIRE_SAMPLES, 4);
    say(&s, &nan, 4);
    say_end(&s, 1);
    refused(SOUND, &s, "a sample that is no number");
    s.n = 0;
    say_head(&s, WIRE_SAMPLES, 8);
    say(&s, eleven, 8);
    say_end(&s, 3);
    refused(SOUND, &s, "a wrong count");
    s.n = 0;
    say_end(&s, 0);
    refused(SOUND, &s, "no sound at all");
    s.n = 0;
    say_head(&s, WIRE_TEXT, 64);
    refused(TEXT, &s, "a text without room");
    check_case("sound and text of the wrong amount are refused");
}

/* A healthy file, n times of cuts, and a count of them. */
static void say_cuts(struct speech *s, const double *times, size_t n,
                     uint64_t count)
{
    struct media_info info = {.duration = 9};

    s->n = 0;
    say_head(s, WIRE_INFO, sizeof info);
    say(s, &info, sizeof info);
    if (n > 0) {
        say_head(s, WIRE_CUTS, n * sizeof *times);
        say(s, times, n * sizeof *times);
    }
    say_end(s, count);
}

static void test_cuts_that_lie(void)
{
    static const double good[] = {1.5, 2, 8}, falling[] = {1, 3, 2},
                        twice[] = {1, 1}, early[] = {-1, 1},
                        odd[] = {__builtin_inf(), 1};
    struct asid_err err = {.text = ""};
    struct speech s = {.n = 0};
    int cuts = 0;

    say_cuts(&s, good, 3, 3);
    CHECK(ask(CUTS, &s, &cuts, &err) == ASID_OK && cuts == 3, "%s, %d",
          err.text, cuts);
    say_cuts(&s, NULL, 0, 0);
    CHECK(ask(CUTS, &s, &cuts, &err) == ASID_OK && cuts == 0, "none");
    say_cuts(&s, NULL, 0, WIRE_NO_CUTS);
    CHECK(ask(CUTS, &s, &cuts, &err) == ASID_OK && cuts == -1, "not known");
    check_case("true answers about cuts are taken");

    say_cuts(&s, good, 3, 2);
    refused(CUTS, &s, "more cuts than counted");
    say_cuts(&s, good, 3, WIRE_NO_CUTS);
    refused(CUTS, &s, "cuts that are not known");
    say_cuts(&s, NULL, 0, 1);
    refused(CUTS, &s, "a cut left out");
    say_cuts(&s, NULL, 0, WIRE_NO_CUTS + 1);
    refused(CUTS, &s, "an endless count");
    say_cuts(&s, falling, 3, 3);
    refused(CUTS, &s, "cuts out of order");
    say_cuts(&s, twice, 2, 2);
    refused(CUTS, &s, "a cut twice");
    say_cuts(&s, early, 2, 2);
    refused(CUTS, &s, "a cut before the start");
    say_cuts(&s, odd, 2, 2);
    refused(CUTS, &s, "a cut at no time");
    s.n -= sizeof(uint64_t) + sizeof(struct wire_head);
    refused(CUTS, &s, "no end");
    s.n = 0;
    say_head(&s, WIRE_INFO, sizeof(struct media_info));
    say(&s, &(struct media_info){.duration = 1}, sizeof(struct media_info));
    say_head(&s, WIRE_CUTS, UINT64_MAX - 7);
    refused(CUTS, &s, "endless cuts");
    check_case("cuts that cannot be are refused");
}

static void test_errors_that_lie(void)
{
    struct wire_error e = {.fault = WIRE_FAULTS};
    struct asid_err err = {.text = ""};
    struct speech s = {.n = 0};
    int frames = 0;

    memset(e.text, '\a', sizeof e.text);
    say_head(&s, WIRE_ERROR, sizeof e);
    say(&s, &e, sizeof e);
    refused(INFO, &s, "an unknown fault");
    s.n = 0;
    e.fault = WIRE_LIMIT;
    say_head(&s, WIRE_ERROR, sizeof e);
    say(&s, &e, sizeof e);
    CHECK(ask(INFO, &s, &frames, &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s", err.code);
    CHECK(strchr(err.text, '\a') == NULL && strstr(err.text, "\\x07"), "%s",
          err.text);
    check_case("an error's text is made safe to show");
}

static void test_garbage(void)
{
    uint32_t random = 7;

    for (int round = 0; round < 2000; round++) {
        struct asid_err err = {.text = ""};
        struct speech s = {.n = 0};
        int frames = 0;
        enum asid_rc rc;

        say_frame(&s, 2, 2, 0, 12);
        say_end(&s, 1);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525 + 1013904223;
            s.p[(random >> 8) % s.n] ^= (uint8_t)(random >> 24);
        }
        rc = ask((enum question)(round % 5), &s, &frames, &err);
        CHECK(rc == ASID_OK || rc == ASID_REJECT || rc == ASID_FAILED,
              "round %d", round);
    }
    check_case("random bytes never do more than fail");
}

/* --- time ------------------------------------------------------------------ */

static void test_silence(void)
{
    struct media_info info;
    struct asid_err err = {.text = ""};
    double before = clock_monotonic(), took;
    struct link l;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        bail("no socket");
    link_adopt(&l, ends[0], "file.mp4", 0.3);
    CHECK(link_close(&l, talk_info(&l, &info, &err), &err) == ASID_REJECT &&
              strcmp(err.code, "media.limit") == 0,
          "%s: %s", err.code, err.text);
    took = clock_monotonic() - before;
    CHECK(took > 0.2 && took < 5, "took %g s", took);
    close(ends[1]);
    check_case("a helper that says nothing is given up in time");
}

static void *drip(void *user)
{
    struct wire_head h = {WIRE_MAGIC, WIRE_FRAME, 1 << 20};
    int fd = *(int *)user;

    (void)!send(fd, &h, sizeof h, MSG_NOSIGNAL);
    for (int i = 0; i < 200; i++) {
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
            break;
        usleep(10000);
    }
    return NULL;
}

static void test_dripping(void)
{
    static const uint64_t first = 0;
    struct talk_frames want = {.index = &first,
                               .n_index = 1,
                               .max_side = 1024,
                               .max_frames = 9,
                               .sink = count_frame,
                               .user = &(int){0}};
    struct asid_err err = {.text = ""};
    double before = clock_monotonic();
    uint64_t total;
    pthread_t thread;
    struct link l;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        bail("no socket");
    if (pthread_create(&thread, NULL, drip, &ends[1]))
        bail("no thread");
    link_adopt(&l, ends[0], "file.mp4", 0.3);
    CHECK(link_close(&l, talk_frames(&l, &want, &total, &err), &err) ==
              ASID_REJECT,
          "%s", err.text);
    CHECK(clock_monotonic() - before < 1.5, "took %g s",
          clock_monotonic() - before);
    pthread_join(thread, NULL);
    close(ends[1]);
    check_case("a helper that drips bytes gains no time by it");
}

/* --- processes ------------------------------------------------------------- */

static size_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

/* The helper of this thread's call, from inside a sink; 0 if unknown. */
static pid_t find_helper(void)
{
    long pid = 0;
    FILE *f = fopen("/proc/thread-self/children", "r");

    if (f && fscanf(f, "%ld", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    return (pid_t)pid;
}

static enum asid_rc kill_helper(void *user, const struct media_frame *frame,
                                struct asid_err *err)
{
    pid_t pid = frame->index == 0 ? find_helper() : 0;

    (void)err;
    if (pid > 0)
        kill(pid, *(int *)user);
    return ASID_OK;
}

static enum asid_rc all_frames(media_frame_sink sink, void *user,
                               struct asid_err *err)
{
    uint64_t index[250], total;

    for (size_t i = 0; i < 250; i++)
        index[i] = i;
    return media_frames(MEDIA "header-first.mp4", index, 250,
                        &MEDIA_LIMITS_DEFAULT, sink, user, &total, err);
}

static void test_helper_dies(void)
{
    static const struct {
        int signal;
        const char *code, *text;
    } cases[] = {{SIGSEGV, "media.damaged", "signal 11"},
                 {SIGXCPU, "media.limit", "processor time"},
                 {SIGKILL, "media.limit", "killed"}};
    size_t files = open_files();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asid_err err = {.text = ""};
        int number = cases[i].signal;
        enum asid_rc rc;

#ifdef ASID_SANITIZE /* which catches it and ends with a status of its own */
        if (number == SIGSEGV)
            continue;
#endif
        rc = all_frames(kill_helper, &number, &err);
        CHECK(rc == ASID_REJECT && strcmp(err.code, cases[i].code) == 0,
              "signal %d: rc %d, code %s", number, (int)rc, err.code);
        CHECK(strstr(err.text, cases[i].text) != NULL, "%s", err.text);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a zombie");
    CHECK(open_files() == files, "%zu files, not %zu", open_files(), files);
    check_case("a helper that dies is a reject, and leaves nothing behind");
}

struct orphan {
    int pipe;
};

static enum asid_rc tell_and_sleep(void *user, const struct media_frame *frame,
                                   struct asid_err *err)
{
    pid_t pid = find_helper();

    (void)frame;
    (void)err;
    (void)!write(((struct orphan *)user)->pipe, &pid, sizeof pid);
    sleep(60);
    return ASID_OK;
}

static void test_no_orphan(void)
{
    pid_t parent, helper = 0;
    bool gone = false;
    int ends[2];

    if (pipe(ends) < 0)
        bail("no pipe");
    fflush(NULL);
    parent = fork();
    if (parent == 0) {
        struct orphan o = {ends[1]};
        struct asid_err err;

        _exit(all_frames(tell_and_sleep, &o, &err) == ASID_OK);
    }
    CHECK(read(ends[0], &helper, sizeof helper) == sizeof helper && helper > 0,
          "no helper seen");
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    for (int i = 0; i < 200 && !gone; i++) {
        char path[64];
        FILE *f;
        char state = 'X';

        /* Whoever adopted it may not have reaped it yet. */
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)helper);
        f = fopen(path, "r");
        if (f) {
            if (fscanf(f, "%*d %*s %c", &state) != 1)
                state = 'X';
            fclose(f);
        }
        gone = state == 'X' || state == 'Z';
        usleep(10000);
    }
    CHECK(gone, "helper %ld lives on", (long)helper);
    close(ends[0]);
    close(ends[1]);
    check_case("a helper does not outlive its caller");
}

static void test_ignored_children(void)
{
    struct asid_err err = {.text = ""};
    struct media_info info;

    signal(SIGCHLD, SIG_IGN);
    CHECK_OK(media_probe(MEDIA "one.mp4", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &info, &err),
             err);
    signal(SIGCHLD, SIG_DFL);
    fflush(stdout);
    close(0);
    CHECK_OK(media_probe(MEDIA "one.mp4", MEDIA_CHECK_PROBE,
                         &MEDIA_LIMITS_DEFAULT, &info, &err),
             err);
    check_case("ignored children and closed standard files do no harm");
}

static void *probe_often(void *user)
{
    bool *good = user;

    *good = true;
    for (int i = 0; i < 5; i++) {
        struct asid_err err;
        struct media_info info;
        int frames = 0;

        *good = *good &&
                media_probe(MEDIA "good.mkv", MEDIA_CHECK_PROBE,
                            &MEDIA_LIMITS_DEFAULT, &info, &err) == ASID_OK &&
                info.video.packets == 250 &&
                all_frames(count_frame, &frames, &err) == ASID_OK &&
                frames == 250;
    }
    return NULL;
}

static void test_threads(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bool good[THREADS];
    size_t files = open_files();

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, probe_often, &good[i]))
            bail("no thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i], "thread %d", i);
    }
    CHECK(open_files() == files, "%zu files, not %zu", open_files(), files);
    check_case("several threads have helpers of their own");
}

int main(void)
{
    test_frames_that_lie();
    test_jpegs_that_lie();
    test_others_that_lie();
    test_cuts_that_lie();
    test_errors_that_lie();
    test_garbage();
    test_silence();
    test_dripping();
    test_helper_dies();
    test_no_orphan();
    test_threads();
    test_ignored_children();
    return check_done();
}
