/* Inputs: opening, waiting, copying a pipe that may have to be read twice. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "kit_int.h"

enum asid_rc piece_open(struct piece *piece, const char *name, uint64_t *size,
                        struct asid_err *err)
{
    struct stat st;
    bool standard = strcmp(name, "-") == 0;

    *piece =
        (struct piece){-1, standard ? "standard input" : name, false, false};
    piece->fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (piece->fd < 0)
        return FAIL_ERRNO(err, "cannot open %s", name);
    if (fstat(piece->fd, &st) < 0)
        return FAIL_ERRNO(err, "cannot look at %s", piece->name);
    if (S_ISDIR(st.st_mode))
        return FAIL(err, "%s is a folder", piece->name);
    /* Only what stands at its start can be read from the start again. */
    piece->direct = S_ISREG(st.st_mode) && lseek(piece->fd, 0, SEEK_CUR) == 0;
    *size = piece->direct && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return ASID_OK;
}

/* Wait until there is something to read. What is finished goes out first, so
 * that the reader of our output never waits for the writer of our input. */
static enum asid_rc await(struct reader *r, int fd, struct asid_err *err)
{
    struct pollfd fds[2] = {{fd, POLLIN, 0}, {signals_fd(), POLLIN, 0}};

    if (poll(fds, 1, 0) > 0)
        return ASID_OK;
    if (r->idle)
        TRY(r->idle(r->user, err));
    fds[0].revents = 0;
    while (!fds[0].revents) {
        int n = poll(fds, 2, -1);

        if (n < 0 && errno != EINTR)
            return FAIL_ERRNO(err, "cannot wait for %s", "input");
        if (signals_caught() || (n > 0 && fds[1].revents))
            return asid_fail(err, ASID_STOPPED, NULL, "stopped while waiting");
    }
    return ASID_OK; /* read() reports whatever is wrong with fd */
}

enum asid_rc piece_read(struct reader *r, char *p, size_t room, size_t *got,
                        struct asid_err *err)
{
    const struct piece *piece = &r->pieces[r->at];
    ssize_t n;

    do {
        if (!piece->direct)
            TRY(await(r, piece->fd, err));
        n = read(piece->fd, p, room);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        return FAIL_ERRNO(err, "cannot read %s", piece->name);
    if (n > 0 && r->spool >= 0 && !piece->direct)
        TRY(file_write(r->spool, "temporary file", p, (size_t)n, err));
    *got = (size_t)n;
    return ASID_OK;
}
