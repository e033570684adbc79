/* Running one stage as a process. */
#include "asid/pipeline/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_START = 127, LOOK_MS = 250, LOOK_MS_NO_FD = 10 };

/* Between fork and exec: only async-signal-safe calls. */
_Noreturn static void become(const struct folder *f, const char *program,
                             const char *const *argv, pid_t parent)
{
    int null = open("/dev/null", O_RDONLY);
    /* execv does not change the strings; its prototype predates const. */
    union {
        const char *const *in;
        char *const *out;
    } args = {argv};

    /* A group of its own: an interrupt typed on the terminal reaches asid-run,
     * which hands it on once. Twice would end the stage in mid-record. */
    setpgid(0, 0);
    /* Progress goes to the terminal from that group too, whatever stty says. */
    signal(SIGTTOU, SIG_IGN);
    /* The parent may have died before prctl; then nobody would end us. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(CANNOT_START);
    if (!folder_join(f, (long)parent))
        _exit(CANNOT_START);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (null > STDIN_FILENO)
        close(null);
    execv(program, args.out);
    _exit(CANNOT_START);
}

/* Until the process is gone or a signal came. pidfd -1: this kernel has none. */
static void sleep_on(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};

    poll(&p, pidfd >= 0, pidfd >= 0 ? LOOK_MS : LOOK_MS_NO_FD);
}

static enum asid_rc await(pid_t pid, bool (*stopping)(const void *user),
                          const void *user, int *status, struct asid_err *err)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    enum asid_rc rc = ASID_OK;
    bool told = false;
    pid_t got;

    while ((got = waitpid(pid, status, WNOHANG)) == 0 ||
           (got < 0 && errno == EINTR)) {
        if (!told && stopping(user)) {
            kill(pid, SIGTERM);
            told = true;
        }
        sleep_on(pidfd);
    }
    if (got < 0)
        rc = FAIL_ERRNO(err, "cannot wait for process %ld", (long)pid);
    else if (told || stopping(user))
        rc = asid_fail(err, ASID_STOPPED, NULL, "stopped");
    if (pidfd >= 0)
        close(pidfd);
    return rc;
}

static enum asid_rc judge(const struct plan_stage *s, int status,
                          struct asid_err *err)
{
    if (WIFSIGNALED(status))
        return FAIL(err, "stage %zu (%s) was ended by signal %d (%s)",
                    s->number, s->stage->name, WTERMSIG(status),
                    sigdescr_np(WTERMSIG(status)));
    if (WEXITSTATUS(status) == CANNOT_START)
        return FAIL(err, "stage %zu (%s): %s cannot be started", s->number,
                    s->stage->name, s->program);
    if (WEXITSTATUS(status) != 0)
        return FAIL(err, "stage %zu (%s) ended with exit status %d", s->number,
                    s->stage->name, WEXITSTATUS(status));
    return ASID_OK;
}

enum asid_rc spawn_stage(const struct folder *f, const struct plan_stage *s,
                         bool (*stopping)(const void *user), const void *user,
                         struct asid_err *err)
{
    pid_t parent = getpid();
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        return FAIL_ERRNO(err, "cannot start stage %zu (%s)", s->number,
                          s->stage->name);
    if (pid == 0)
        become(f, s->program, s->argv, parent);
    TRY(await(pid, stopping, user, &status, err));
    return judge(s, status, err);
}
