/*
 * Signals: the first SIGINT or SIGTERM asks for an orderly end, the second one
 * ends the process at once. A pipe makes a waiting reader notice without a
 * race between looking and waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "kit_int.h"

/* The only mutable globals of the kit: a handler has no other way to speak. */
static _Atomic int caught; /* lock-free, so a handler may write it */
static int wake_pipe[2] = {-1, -1};

void signals_wake(void)
{
    int kept = errno;

    if (wake_pipe[1] >= 0 && write(wake_pipe[1], "", 1) < 0) {
        /* full: then it is readable already */
    }
    errno = kept;
}

static void on_signal(int number)
{
    if (caught)
        _exit(128 + number);
    caught = number;
    signals_wake();
}

/* Without the three standard descriptors the next file opened would become
 * one of them, and be read as input or written as output. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", O_RDWR) != fd)
            return;
}

void signals_install(void)
{
    /* Without SA_RESTART, so that waiting calls return. */
    struct sigaction act = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction old;
    char old_wake;

    hold_standard_descriptors();
    if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        wake_pipe[0] = wake_pipe[1] = -1;
    while (wake_pipe[0] >= 0 && read(wake_pipe[0], &old_wake, 1) == 1) {
        /* left by an earlier call in this process */
    }
    sigemptyset(&act.sa_mask);
    /* A shell starts background jobs with SIGINT ignored; leave it so. */
    if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    /* A closed pipe and a file at its limit are errors of write. */
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

int signals_caught(void)
{
    return caught;
}

int signals_fd(void)
{
    return wake_pipe[0];
}

bool asid_stopping(const struct asid_cx *cx)
{
    return caught != 0 || (cx->kit && cx->kit->stop);
}
