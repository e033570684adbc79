/* Lock files: who holds one, and until when. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/kit/kit_int.h"
#include "check.h"

static char dir[] = "/tmp/asid-lock-XXXXXX";
static char path[100];

/* A process that takes the lock, may fork as if to start a helper, and then
 * waits to be killed. */
static pid_t start_owner(bool helper, pid_t *child)
{
    int ready[2], fd;
    struct asid_err err;
    pid_t pid;

    *child = 0;
    fflush(stdout);
    if (pipe(ready) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        pid_t second = 0;

        if (lock_take(path, &fd, &err) != ASID_OK)
            _exit(1);
        if (helper)
            second = fork();
        if (helper && second == 0)
            pause();
        if (write(ready[1], &second, sizeof second) != sizeof second)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    CHECK(read(ready[0], child, sizeof *child) == sizeof *child,
          "the owner has no lock");
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_owner(void)
{
    struct asid_err err = {.rc = ASID_OK};
    char want[60];
    pid_t owner, none;
    int fd = -1;

    owner = start_owner(false, &none);
    CHECK(lock_take(path, &fd, &err) == ASID_FAILED, "taken twice");
    snprintf(want, sizeof want, "in use by process %ld on ", (long)owner);
    CHECK(strstr(err.text, want), "%s", err.text);
    end(owner);
    CHECK_OK(lock_take(path, &fd, &err), err);
    lock_drop(path, fd);
    CHECK(access(path, F_OK) < 0, "the file is still there");
    check_case("a lock names its owner and ends with it");
}

static void test_child(void)
{
    struct asid_err err = {.rc = ASID_OK};
    pid_t owner, child;
    int fd = -1;

    owner = start_owner(true, &child);
    CHECK(lock_take(path, &fd, &err) == ASID_FAILED, "taken twice");
    end(owner);
    CHECK_OK(lock_take(path, &fd, &err), err);
    CHECK(kill(child, 0) == 0, "the child is gone");
    kill(child, SIGKILL);
    if (fd >= 0)
        lock_drop(path, fd);
    check_case("a child between fork and exec does not hold it");
}

/* The owner removes the file while others wait for it. */
static void test_removed(void)
{
    enum { MANY = 6, TURNS = 40 };
    char counter[120];
    FILE *f;
    int n = 0, status, failed = 0;

    snprintf(counter, sizeof counter, "%s/n", dir);
    fflush(stdout);
    for (int i = 0; i < MANY; i++) {
        if (fork() != 0)
            continue;
        for (int turn = 0; turn < TURNS;) {
            struct asid_err err;
            int fd;

            if (lock_take(path, &fd, &err) != ASID_OK)
                continue;
            n = 0;
            f = fopen(counter, "r");
            if (f) {
                if (fscanf(f, "%d", &n) != 1)
                    _exit(1);
                fclose(f);
            }
            f = fopen(counter, "w");
            if (!f || fprintf(f, "%d\n", n + 1) < 0 || fclose(f) != 0)
                _exit(1);
            lock_drop(path, fd);
            turn++;
        }
        _exit(0);
    }
    while (wait(&status) > 0)
        failed += status != 0;
    CHECK(failed == 0, "%d of the processes", failed);
    f = fopen(counter, "r");
    CHECK(f && fscanf(f, "%d", &n) == 1 && n == MANY * TURNS, "%d turns", n);
    if (f)
        fclose(f);
    check_case("one owner at a time, though each removes the file");
}

int main(void)
{
    char command[100];

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/x.lock", dir);
    test_owner();
    test_child();
    test_removed();
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0 || check_done();
}
