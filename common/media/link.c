/* One helper process and the socket to it: start, wait, read, reap. */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asid/base/arena.h"
#include "asid/base/clock.h"
#include "asid/base/file.h"
#include "asid/base/str.h"

enum {
    SLICE_MS = 250,
    ENVIRONMENT = 32, /* variables handed on, at most */
};

/* A single wait that took longer than this was a stopped process or a sleeping
 * machine, which is no fault of the file. */
static const double LONGEST_SLICE = 2.0;

/* The helper may take this long to end after its last message. */
static const double FAREWELL = 5.0;

/* --- opening the file ----------------------------------------------------- */

/* Failures of this process, not of the file. */
static bool is_our_fault(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOMEM;
}

/* The media file is opened here and handed over as a descriptor: no file name,
 * however odd, ever reaches libav. Only regular files: a pipe or a device
 * could make any reader wait for ever. */
static enum asid_rc open_media(const char *path, int *fd, struct asid_err *err)
{
    char space[96];
    struct stat st;

    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0 && is_our_fault(errno))
        return FAIL_ERRNO(err, "cannot open %s", path);
    if (*fd < 0)
        return REJECT(err, "media.unreadable", "%s",
                      asid_errno_text(space, sizeof space, errno));
    if (fstat(*fd, &st) < 0)
        return FAIL_ERRNO(err, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return REJECT(err, "media.unreadable", "not a regular file");
    if (st.st_size == 0)
        return REJECT(err, "media.unreadable", "the file is empty");
    return ASID_OK;
}

/* --- starting the helper -------------------------------------------------- */

/* Beside the running program; or in the folder bin beside that folder, which
 * is where it is for test programs. */
static enum asid_rc find_helper(struct arena *a, char **helper,
                                struct asid_err *err)
{
    char *dir = NULL;

    TRY(path_program_dir(a, &dir, err));
    *helper = path_join(a, dir, "asid-media-worker");
    if (access(*helper, X_OK) == 0)
        return ASID_OK;
    *helper = path_join(a, dir, "../bin/asid-media-worker");
    if (access(*helper, X_OK) == 0)
        return ASID_OK;
    return FAIL(err, "no asid-media-worker in %s nor in %s/../bin", dir, dir);
}

/* Lift a descriptor above those the helper expects, so that no dup2 between
 * them can hit another one (think of a caller with standard input closed). */
static int lift(int fd)
{
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, WIRE_FILE + 1);

    if (fd >= 0)
        close(fd);
    return high;
}

static int plan_files(posix_spawn_file_actions_t *files, int socket, int file)
{
    int bad = posix_spawn_file_actions_adddup2(files, socket, WIRE_SOCKET);

    if (!bad)
        bad = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY,
                                               0);
#ifndef ASID_SANITIZE /* whose reports should be seen */
    if (!bad)
        bad = posix_spawn_file_actions_adddup2(files, 1, 2);
#endif
    if (!bad && file >= 0)
        bad = posix_spawn_file_actions_adddup2(files, file, WIRE_FILE);
    if (!bad)
        bad = posix_spawn_file_actions_addclosefrom_np(
            files, file >= 0 ? WIRE_FILE + 1 : WIRE_FILE);
    return bad;
}

/* Signals as a new program expects them, and a process group of its own: the
 * terminal's interrupt key asks the caller to finish its record, so it must
 * not kill the decoder in the middle of it. */
static int plan_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int bad;

    sigemptyset(&none);
    sigfillset(&all);
    bad = posix_spawnattr_setsigmask(attr, &none);
    if (!bad)
        bad = posix_spawnattr_setsigdefault(attr, &all);
    if (!bad)
        bad = posix_spawnattr_setpgroup(attr, 0);
    if (!bad)
        bad = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF |
                                                 POSIX_SPAWN_SETPGROUP);
    return bad;
}

/* The helper is nobody's confidant: of the environment it gets only what loads
 * and instruments programs, so no key of an endpoint. */
static void plan_environment(char *kept[ENVIRONMENT])
{
    static const char *const prefixes[] = {"LD_",   "ASAN_", "UBSAN_", "LSAN_",
                                           "TSAN_", "GCOV_", "LLVM_"};
    size_t n = 0;

    for (char **e = environ; e && *e && n + 1 < ENVIRONMENT; e++) {
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
            if (str_starts(str_of(*e), prefixes[i])) {
                kept[n++] = *e;
                break;
            }
        }
    }
    kept[n] = NULL;
}

/* errno of the failure, or 0. */
static int spawn(pid_t *pid, char *helper, int socket, int file)
{
    char *argv[] = {helper, NULL};
    char *kept[ENVIRONMENT];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int bad = posix_spawn_file_actions_init(&files);

    if (bad)
        return bad;
    plan_environment(kept);
    bad = posix_spawnattr_init(&attr);
    if (!bad) {
        bad = plan_files(&files, socket, file);
        if (!bad)
            bad = plan_signals(&attr);
        if (!bad)
            bad = posix_spawn(pid, helper, &files, &attr, argv, kept);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return bad;
}

static enum asid_rc start(struct link *l, int file, struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    struct arena a = ARENA_INIT;
    char *helper = NULL;
    char space[96];
    int ends[2] = {-1, -1};
    int bad;

    rc = find_helper(&a, &helper, err);
    if (rc != ASID_OK)
        goto out;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        rc = FAIL_ERRNO(err, "cannot make a socket for %s", helper);
        goto out;
    }
    ends[1] = lift(ends[1]);
    if (ends[1] < 0) {
        rc = FAIL_ERRNO(err, "cannot make a socket for %s", helper);
        goto out;
    }
    bad = spawn(&l->pid, helper, ends[1], file);
    if (bad) {
        l->pid = 0;
        rc = FAIL(err, "cannot start %s: %s", helper,
                  asid_errno_text(space, sizeof space, bad));
        goto out;
    }
    l->fd = ends[0];
    ends[0] = -1;
out:
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    arena_release(&a);
    return rc;
}

/* --- waiting -------------------------------------------------------------- */

/* Wait until the socket is ready. Only time spent here counts: what the caller
 * does with a frame is not the file's fault. */
static bool wait_for(struct link *l, short events)
{
    struct pollfd p = {.fd = l->fd, .events = events};

    while (l->left > 0) {
        double before = clock_monotonic();
        int n = poll(&p, 1, (int)fmin(SLICE_MS, ceil(l->left * 1000)));

        l->left -= fmin(clock_monotonic() - before, LONGEST_SLICE);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            break;
    }
    l->late = true;
    return false;
}

/* The text is a placeholder: link_close knows how the helper ended. */
static enum asid_rc lost(struct asid_err *err)
{
    return REJECT(err, "media.damaged", "the decoder gave no answer");
}

static enum asid_rc put(struct link *l, const void *p, size_t n,
                        struct asid_err *err)
{
    const char *at = p;

    while (n > 0) {
        ssize_t sent = send(l->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for(l, POLLOUT))
                return lost(err);
            continue;
        }
        if (sent < 0) {
            l->cut = true;
            return lost(err);
        }
        at += sent;
        n -= (size_t)sent;
    }
    return ASID_OK;
}

enum asid_rc link_body(struct link *l, void *p, size_t n, struct asid_err *err)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = recv(l->fd, at, n, MSG_DONTWAIT);

        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for(l, POLLIN))
                return lost(err);
            continue;
        }
        if (got <= 0) {
            l->cut = true;
            return lost(err);
        }
        l->spoken = true;
        at += got;
        n -= (size_t)got;
    }
    return ASID_OK;
}

/* --- messages ------------------------------------------------------------- */

enum asid_rc link_garbled(const char *what, struct asid_err *err)
{
    return REJECT(err, "media.damaged",
                  "the decoder's answer makes no sense (%s)", what);
}

static enum asid_rc read_fault(struct link *l, uint64_t size,
                               struct asid_err *err)
{
    static const char *const codes[WIRE_FAULTS] = {
        [WIRE_UNREADABLE] = "media.unreadable",
        [WIRE_NO_VIDEO] = "media.no_video",
        [WIRE_NO_AUDIO] = "media.no_audio",
        [WIRE_DAMAGED] = "media.damaged",
        [WIRE_LIMIT] = "media.limit",
    };
    struct wire_error e;

    if (size != sizeof e)
        return link_garbled("size of an error", err);
    TRY(link_body(l, &e, sizeof e, err));
    if (e.fault >= WIRE_FAULTS)
        return link_garbled("unknown fault", err);
    e.text[sizeof e.text - 1] = '\0';
    return REJECT(err, codes[e.fault], "%s", e.text);
}

enum asid_rc link_next(struct link *l, struct wire_head *head,
                       struct asid_err *err)
{
    TRY(link_body(l, head, sizeof *head, err));
    if (head->magic != WIRE_MAGIC)
        return link_garbled("magic", err);
    if (head->kind == WIRE_ERROR)
        return read_fault(l, head->size, err);
    return ASID_OK;
}

/* --- life ----------------------------------------------------------------- */

void link_adopt(struct link *l, int fd, const char *path, double seconds)
{
    *l = (struct link){
        .path = path, .fd = fd, .allowed = seconds, .left = seconds};
}

enum asid_rc link_open(struct link *l, const char *path,
                       const struct media_limits *limits,
                       struct wire_request *request, const uint64_t *index,
                       struct asid_err *err)
{
    enum asid_rc rc = ASID_OK;
    int file = -1;

    link_adopt(l, -1, path ? path : "asid-media-worker", limits->seconds);
    request->magic = WIRE_MAGIC;
    request->version = WIRE_VERSION;
    request->parent = (int32_t)getpid();
    request->memory = limits->memory;
    request->seconds = limits->seconds;
    request->max_side = limits->max_side;
    request->max_frames = limits->max_frames;
    request->max_duration = limits->max_duration;
    if (path)
        rc = open_media(path, &file, err);
    if (rc != ASID_OK)
        goto out;
    if (path && (file = lift(file)) < 0) {
        rc = FAIL_ERRNO(err, "cannot open %s", path);
        goto out;
    }
    rc = start(l, file, err);
    if (rc == ASID_OK)
        rc = put(l, request, sizeof *request, err);
    if (rc == ASID_OK && request->n_index > 0)
        rc = put(l, index, request->n_index * sizeof *index, err);
out:
    if (file >= 0)
        close(file);
    return rc;
}

/* Let a helper that is done end by itself, then make sure that it has. */
static bool reap(struct link *l, bool done, int *status)
{
    char rest;
    pid_t pid;

    if (done) {
        l->left = FAREWELL;
        while (wait_for(l, POLLIN) && recv(l->fd, &rest, 1, MSG_DONTWAIT) > 0)
            ;
        l->late = false;
    }
    kill(l->pid, SIGKILL);
    do
        pid = waitpid(l->pid, status, 0);
    while (pid < 0 && errno == EINTR);
    return pid == l->pid;
}

/* Say why a helper that ended without an answer did so. */
static enum asid_rc explain(const struct link *l, int status,
                            struct asid_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == WIRE_EXIT_REFUSED &&
        !l->spoken)
        return FAIL(err, "asid-media-worker is of another version than this "
                         "program");
    if (WIFEXITED(status) && WEXITSTATUS(status) == WIRE_EXIT_EXEC &&
        !l->spoken)
        return FAIL(err, "asid-media-worker does not start; is it whole and "
                         "are its libraries installed?");
    if (WIFEXITED(status))
        return REJECT(err, "media.limit",
                      "the decoder ended early (exit status %d)",
                      WEXITSTATUS(status));
    switch (WTERMSIG(status)) {
    case SIGXCPU:
        return REJECT(err, "media.limit",
                      "the decoder used %.0f s of processor time", l->allowed);
    case SIGKILL:
        return REJECT(err, "media.limit",
                      "the decoder was killed, probably for its memory");
    default:
        return REJECT(err, "media.damaged", "the decoder crashed (signal %d)",
                      WTERMSIG(status));
    }
}

enum asid_rc link_close(struct link *l, enum asid_rc rc, struct asid_err *err)
{
    bool late = l->late, known = false;
    int status = 0;

    if (l->pid > 0)
        known = reap(l, rc == ASID_OK || l->cut, &status);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->pid = 0;
    if (rc == ASID_REJECT && late)
        return REJECT(err, "media.limit",
                      "no answer from the decoder within %g s", l->allowed);
    if (rc == ASID_REJECT && l->cut && known)
        return explain(l, status, err);
#ifdef ASID_SANITIZE /* a report at the helper's end must not go unseen */
    if (rc == ASID_OK && known && status != 0 && WIFEXITED(status))
        return FAIL(err, "%s: asid-media-worker ended with status %d", l->path,
                    WEXITSTATUS(status));
#endif
    return rc;
}
