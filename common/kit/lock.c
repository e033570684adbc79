/*
 * Lock files: an fcntl() lock on FILE.lock, with the owner's process and host
 * inside.
 *
 * That kind of lock belongs to a process. One of flock() belongs to an open
 * file, which a child has, too, until its exec: a media helper on its way would
 * hold the lock of a stage that was just killed. In return a process must not
 * open a lock file twice: closing either descriptor gives the lock back.
 *
 * The kernel drops a dead owner's lock, so there is nothing to clean up after
 * a crash. The owner removes the file while holding the lock; whoever was
 * waiting at the removed file notices by its inode and tries again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asid/base/clock.h"
#include "asid/base/file.h"
#include "kit_int.h"

static enum asid_rc refuse(const char *path, int fd, struct asid_err *err)
{
    char owner[200];
    ssize_t n = pread(fd, owner, sizeof owner - 1, 0);

    owner[n > 0 ? n : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
    return FAIL(err, "%s: in use by %s", path,
                *owner ? owner : "another process");
}

static bool is_still(const char *path, int fd)
{
    struct stat held, now;

    return fstat(fd, &held) == 0 && stat(path, &now) == 0 &&
           held.st_ino == now.st_ino && held.st_dev == now.st_dev;
}

static enum asid_rc sign(const char *path, int fd, struct asid_err *err)
{
    char host[100] = "", text[200];
    int n;

    gethostname(host, sizeof host - 1);
    n = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(),
                 host);
    if (ftruncate(fd, 0) < 0)
        return FAIL_ERRNO(err, "cannot write %s", path);
    return file_write(fd, path, text, (size_t)n, err);
}

/* A killed owner holds its lock until the kernel has taken it down. */
static const double patience = 0.2; /* seconds */

/* 0, or the errno: EAGAIN when another process has it. */
static int lock_whole(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec nap = {.tv_nsec = 5 * 1000 * 1000};
    double start = clock_monotonic();

    while (fcntl(fd, F_SETLK, &whole) < 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return errno;
        if (errno != EINTR && clock_monotonic() - start > patience)
            return EAGAIN;
        nanosleep(&nap, NULL);
    }
    return 0;
}

enum asid_rc lock_take(const char *path, int *fd, struct asid_err *err)
{
    for (;;) {
        enum asid_rc rc;
        int bad, lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (lock < 0)
            return FAIL_ERRNO(err, "cannot create %s", path);
        bad = lock_whole(lock);
        if (bad) {
            errno = bad;
            rc = bad == EAGAIN ? refuse(path, lock, err)
                               : FAIL_ERRNO(err, "cannot lock %s", path);
            close(lock);
            return rc;
        }
        if (!is_still(path, lock)) {
            close(lock); /* its owner removed it meanwhile */
            continue;
        }
        rc = sign(path, lock, err);
        if (rc == ASID_OK)
            *fd = lock;
        else
            close(lock);
        return rc;
    }
}

void lock_drop(const char *path, int fd)
{
    unlink(path);
    close(fd);
}
