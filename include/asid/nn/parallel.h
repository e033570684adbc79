/*
 * Threads inside the model.
 *
 * What is summed is cut by shape, never by the number of threads, so results do
 * not depend on it; chunks are handed out from an atomic counter, so a busy
 * machine does not leave one thread waiting for another's half.
 */
#ifndef ASID_NN_PARALLEL_H
#define ASID_NN_PARALLEL_H

#include <stddef.h>

#include "asid/base/err.h"

struct parallel;

/* threads >= 1, the caller included; 0 means all cores. */
enum asid_rc parallel_open(unsigned threads, struct parallel **out,
                           struct asid_err *err) ASID_WARN_UNUSED;
void parallel_close(struct parallel *p);
unsigned parallel_threads(const struct parallel *p);

/* Call work(user, task, worker) for task 0..n-1; worker < parallel_threads()
 * tells which scratch to use. Returns when all are done. One caller at a time
 * per struct parallel: a second caller waits. */
typedef void (*parallel_work)(void *user, size_t task, unsigned worker);
void parallel_for(struct parallel *p, size_t n, parallel_work work, void *user);

#endif
