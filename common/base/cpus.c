#include "asid/base/cpus.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* Machines have more processors than the fixed set has bits for. */
static unsigned count_in_mask(size_t most)
{
    cpu_set_t *set = CPU_ALLOC(most);
    size_t size = CPU_ALLOC_SIZE(most);
    unsigned n = 0;

    if (set && sched_getaffinity(0, size, set) == 0)
        n = (unsigned)CPU_COUNT_S(size, set);
    CPU_FREE(set);
    return n;
}

unsigned cpu_count(void)
{
    long configured = sysconf(_SC_NPROCESSORS_CONF);
    size_t most = configured > CPU_SETSIZE ? (size_t)configured : CPU_SETSIZE;
    unsigned n = count_in_mask(most);

    return n > 0 ? n : 1;
}
