/*
 * A small TAP harness: each test program calls CHECK-like macros inside test
 * functions and ends with `return check_done();`. A failing check prints what
 * was expected and what came, and which input it was.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_count, check_failed, check_cases, check_before;

#define CHECK(cond, ...)                                                       \
 do {                                                                          \
  check_count++;                                                               \
  if (!(cond)) {                                                               \
   check_failed++;                                                             \
   printf("# %s:%d: %s: ", __FILE__, __LINE__, #cond);                         \
   printf(__VA_ARGS__);                                                        \
   printf("\n");                                                               \
  }                                                                            \
 } while (0)

#define CHECK_TEXT(got, want)                                                  \
 do {                                                                          \
  const char *got_ = (got), *want_ = (want);                                   \
  CHECK(got_ &&want_ &&strcmp(got_, want_) == 0, "\n#   got  %s\n#   want %s", \
        got_ ? got_ : "(null)", want_ ? want_ : "(null)");                     \
 } while (0)

#define CHECK_OK(call, err)                                                    \
 do {                                                                          \
  enum asid_rc rc_ = (call);                                                   \
  CHECK(rc_ == ASID_OK, "rc %d: %s", (int)rc_, (err).text);                    \
 } while (0)

/* One TAP line for all checks since the last one. */
static inline void check_case(const char *name)
{
    check_cases++;
    printf("%s %d - %s\n", check_failed == check_before ? "ok" : "not ok",
           check_cases, name);
    check_before = check_failed;
}

/* Exit status of the test program: a program that checked nothing failed. */
static inline int check_done(void)
{
    printf("1..%d\n# %d checks, %d failed\n", check_cases, check_count,
           check_failed);
    return check_failed != 0 || check_count == 0 || check_cases == 0;
}

#endif
