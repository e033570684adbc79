/*
 * Errors: every fallible function returns an asid_rc and fills an asid_err.
 *
 * A library function never prints, logs or exits; it fills the caller's error
 * and returns. Callers that know more put it in front with asid_err_within().
 * Outputs of a function are written only when it returns ASID_OK.
 *
 * Messages are lower case, one line, without a full stop; they name the thing,
 * say the value and, where a user can act, how.
 */
#ifndef ASID_BASE_ERR_H
#define ASID_BASE_ERR_H

enum asid_rc {
    ASID_OK = 0,
    ASID_REJECT,  /* this record is refused; err->code says why; work goes on */
    ASID_FAILED,  /* the work cannot go on: I/O, ledger, model; exit status 1 */
    ASID_USAGE,   /* the call is wrong: options, pipeline file; exit status 2 */
    ASID_STOPPED, /* a signal or a closed pipe ended the work quietly */
};

struct asid_err {
    enum asid_rc rc;
    char code[40];  /* a code of schemas/codes.tsv; empty unless ASID_REJECT */
    char text[600]; /* the message, always terminated, never with a newline */
};

#define ASID_WARN_UNUSED __attribute__((warn_unused_result))
#define ASID_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Fill err and return rc. code may be NULL. Control characters and bytes that
 * are not UTF-8 in the finished message are shown as \xNN. */
enum asid_rc asid_fail(struct asid_err *err, enum asid_rc rc, const char *code,
                       const char *fmt, ...) ASID_PRINTF(4, 5);

/* Put "context: " in front of the message; rc and code stay. Returns err->rc,
 * so that `return asid_err_within(err, "%s", path);` reads well. */
enum asid_rc asid_err_within(struct asid_err *err, const char *fmt, ...)
    ASID_PRINTF(2, 3);

/* strerror for the current errno, safe with threads. */
const char *asid_errno_text(char *space, unsigned long size, int number);

#define FAIL(err, ...) asid_fail((err), ASID_FAILED, NULL, __VA_ARGS__)
#define USAGE(err, ...) asid_fail((err), ASID_USAGE, NULL, __VA_ARGS__)
#define REJECT(err, code, ...)                                                 \
 asid_fail((err), ASID_REJECT, (code), __VA_ARGS__)
/* "...: No such file or directory" for the current errno. */
#define FAIL_ERRNO(err, fmt, ...) do_fail_errno((err), fmt ": %s", __VA_ARGS__)
#define do_fail_errno(err, fmt, ...)                                           \
 asid_fail((err), ASID_FAILED, NULL, fmt, __VA_ARGS__,                         \
           asid_errno_text((char[96]){0}, 96, errno))

/* Return upwards. Only in functions that hold nothing to release; a function
 * that holds something uses `goto out` with the single label `out`. */
#define TRY(call)                                                              \
 do {                                                                          \
  enum asid_rc try_rc_ = (call);                                               \
  if (try_rc_ != ASID_OK)                                                      \
   return try_rc_;                                                             \
 } while (0)

/* A broken invariant, never bad input: prints the place and aborts. */
#define BUG_IF(cond)                                                           \
 do {                                                                          \
  if (cond)                                                                    \
   asid_bug(__FILE__, __LINE__, #cond);                                        \
 } while (0)
_Noreturn void asid_bug(const char *file, int line, const char *what);

#endif
