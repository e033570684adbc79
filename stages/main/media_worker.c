/*
 * asid-media-worker: decodes one media file for another program of asid, under
 * limits and without rights. Not meant to be called by hand.
 */
#include "asid/media/worker.h"

#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
    struct stat st;

    if (fstat(0, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        fputs("asid-media-worker: started by the other programs of asid, not "
              "by hand\n",
              stderr);
        return 2;
    }
    return media_worker_main();
}
