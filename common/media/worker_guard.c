/*
 * Giving up rights before the first byte of a hostile file is read: limits of
 * memory, processor time and files, and a filter that lets through only the
 * system calls that reading an open file, decoding and answering need.
 */
#include "worker.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libavutil/mem.h>

/* The largest single block libav may ask for. */
static const uint64_t BLOCK_SHARE = 2;

static void limit(int what, uint64_t soft, uint64_t hard)
{
    struct rlimit r = {.rlim_cur = soft, .rlim_max = hard};

    /* A limit that is already lower stays: that is as good. */
    (void)setrlimit((__rlimit_resource_t)what, &r);
}

static void set_limits(const struct wire_request *request)
{
    double seconds = fmin(fmax(ceil(request->seconds), 1), 1e9);
    uint64_t cpu = (uint64_t)seconds + 1;
    uint64_t block = request->memory / BLOCK_SHARE;

#ifndef ASID_SANITIZE /* whose shadow memory is larger than any limit */
    limit(RLIMIT_AS, request->memory, request->memory);
#endif
    limit(RLIMIT_CPU, cpu, cpu + 1);
    limit(RLIMIT_CORE, 0, 0);
#if !defined(ASID_SANITIZE) && !defined(ASID_COVERAGE)
    limit(RLIMIT_FSIZE, 0, 0);
    limit(RLIMIT_NOFILE, 16, 16);
#endif
    av_max_alloc(block < ((size_t)1 << 30) ? (size_t)block : (size_t)1 << 30);
}

/* Coverage counts are written to files at the end. */
#if defined(__x86_64__) && !defined(ASID_SANITIZE) && !defined(ASID_COVERAGE)

# define ALLOW(call)                                                           \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                       \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Everything else fails with EPERM, which libav and the C library take as any
 * other failure: no new file, no socket, no program, no signal to anybody
 * (abort then ends with an illegal instruction, which serves as well). */
static void set_filter(void)
{
    static const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(read),
        ALLOW(pread64),
        ALLOW(write),
        ALLOW(writev),
        ALLOW(sendto),
        ALLOW(sendmsg),
        ALLOW(recvfrom),
        ALLOW(lseek),
        ALLOW(fstat),
        ALLOW(newfstatat),
        ALLOW(close),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(mprotect),
        ALLOW(madvise),
        ALLOW(brk),
        ALLOW(futex),
        ALLOW(sched_yield),
        ALLOW(sched_getaffinity),
        ALLOW(clock_gettime),
        ALLOW(clock_nanosleep),
        ALLOW(nanosleep),
        ALLOW(gettimeofday),
        ALLOW(time),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(getrandom),
        ALLOW(rt_sigaction),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(exit),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog filter = {
        .len = sizeof program / sizeof program[0],
        .filter = (struct sock_filter *)(uintptr_t)program,
    };

    /* A kernel without filters leaves the limits above. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

#else

static void set_filter(void)
{
}

#endif

void worker_guard(const struct wire_request *request)
{
    set_limits(request);
    set_filter();
}
