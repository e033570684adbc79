/* The folder of a run: taking it. What it holds is in folder_state.c. */
#include "asid/pipeline/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "asid/base/file.h"

enum { OWNER_BYTES = 160 };
static const double stage_patience = 10.0; /* seconds */

static void nap(long milliseconds)
{
    struct timespec t = {0, milliseconds * 1000000};

    nanosleep(&t, NULL);
}

/* --- the owner's lock ---------------------------------------------------- */

/* What the owner wrote: "process 123 on host"; it may be about to write. */
static void read_owner(int fd, char out[OWNER_BYTES])
{
    char text[OWNER_BYTES - 32], *end;
    ssize_t n = 0;
    long pid;

    for (int tries = 0; tries < 50; tries++) {
        n = pread(fd, text, sizeof text - 1, 0);
        if (n > 0)
            break;
        nap(10);
    }
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    pid = strtol(text, &end, 10);
    if (end == text || *end != ' ')
        snprintf(out, OWNER_BYTES, "an unnamed process");
    else
        snprintf(out, OWNER_BYTES, "process %ld on %s", pid, end + 1);
}

static enum asid_rc write_owner(int fd, const char *path, struct asid_err *err)
{
    char host[96] = "", text[OWNER_BYTES];
    int n;

    gethostname(host, sizeof host - 1);
    n = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), host);
    if (ftruncate(fd, 0) < 0)
        return FAIL_ERRNO(err, "cannot empty %s", path);
    return file_write(fd, path, text, (size_t)n, err);
}

/* --- the stage's lock ---------------------------------------------------- */

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static enum asid_rc wait_for_stage(int fd, const char *dir,
                                   struct asid_err *err)
{
    double until = clock_monotonic() + stage_patience;

    for (;;) {
        struct flock lock = whole_file();

        if (fcntl(fd, F_GETLK, &lock) < 0)
            return FAIL_ERRNO(err, "cannot look at the lock of %s", dir);
        if (lock.l_type == F_UNLCK)
            return ASID_OK;
        if (clock_monotonic() > until)
            return FAIL(err,
                        "%s: process %ld, a stage of an earlier run, is still "
                        "working there",
                        dir, (long)lock.l_pid);
        nap(5);
    }
}

bool folder_join(const struct folder *f, long parent)
{
    struct flock mine = whole_file();
    char text[32], *at = text;
    long owner = 0;
    ssize_t n;
    int fd;

    /* Closing any descriptor of a file gives a process's fcntl() locks on it
     * back, so the inherited one goes before the lock is taken (not at exec),
     * and ours stays open for the life of the process. */
    close(f->lock_fd);
    fd = open(f->lock, O_RDWR);
    if (fd < 0 || fcntl(fd, F_SETLK, &mine) < 0)
        return false;
    /* Lock first, then look who owns the folder; a successor writes its name
     * first, then looks for this lock. One of the two sees the other. */
    n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    while (*at >= '0' && *at <= '9')
        owner = owner * 10 + (*at++ - '0');
    return *at == ' ' && owner == parent;
}

/* --- taking -------------------------------------------------------------- */

/* A child of a killed owner holds the lock until its exec, so a lock whose
 * owner is dead is about to be free. */
static bool is_leftover(int fd)
{
    char text[OWNER_BYTES], host[96] = "", *end;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid;

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    gethostname(host, sizeof host - 1);
    pid = strtol(text, &end, 10);
    return *end == ' ' && pid > 0 && strcmp(end + 1, host) == 0 &&
           kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static enum asid_rc lock_folder(struct folder *f, struct asid_err *err)
{
    double start = clock_monotonic(), waited;
    char owner[OWNER_BYTES];

    while (flock(f->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return FAIL_ERRNO(err, "cannot lock %s", f->lock);
        /* A short wait always: a dead owner nobody has reaped yet still has
         * a process number. */
        waited = clock_monotonic() - start;
        if (waited < 0.2 ||
            (waited < stage_patience && is_leftover(f->lock_fd))) {
            nap(5);
            continue;
        }
        read_owner(f->lock_fd, owner);
        return FAIL(err, "%s: %s is running a pipeline there", f->dir, owner);
    }
    TRY(write_owner(f->lock_fd, f->lock, err));
    return wait_for_stage(f->lock_fd, f->dir, err);
}

enum asid_rc folder_take(struct arena *a, const char *dir, struct folder *out,
                         struct asid_err *err)
{
    struct folder f = {.dir = dir, .lock_fd = -1};
    enum asid_rc rc;

    f.lock = path_join(a, dir, "run.lock");
    TRY(file_make_dirs(dir, err));
    f.lock_fd = open(f.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (f.lock_fd < 0)
        return FAIL_ERRNO(err, "cannot create %s", f.lock);
    rc = lock_folder(&f, err);
    if (rc == ASID_OK)
        *out = f;
    else
        folder_release(&f);
    return rc;
}

void folder_release(struct folder *f)
{
    if (f->lock_fd >= 0)
        close(f->lock_fd);
    f->lock_fd = -1;
}
