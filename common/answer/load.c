/* Checkpoints by the options of a program. */
#include <stdlib.h>
#include <string.h>

#include "answer_int.h"
#include "asid/base/file.h"

/* The folder of --cache, or where caches lie when nobody says (XDG base
 * directories). NULL: none; *unknown when there is no saying where. */
static const char *cache_folder(const struct asid_cx *cx, bool *unknown)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const char *cache = opt_text(cx, "cache");

    *unknown = false;
    if (cache)
        return strcmp(cache, "none") == 0 ? NULL : cache;
    if (base && base[0] == '/')
        return path_join(cx->arena, base, "asid");
    if (home && home[0] == '/')
        return path_join(cx->arena, home, ".cache/asid");
    *unknown = true;
    return NULL;
}

enum asid_rc answer_load(const struct asid_cx *cx, const char *dir,
                         struct omni **out, struct asid_err *err)
{
    struct omni_load how = {.threads = (unsigned)opt_int(cx, "threads")};
    bool unknown;

    BUG_IF(!omni_precision_named(opt_text(cx, "precision"), &how.precision));
    if (how.precision == OMNI_STORED)
        return omni_open_as(dir, &how, out, err);
    how.cache = cache_folder(cx, &unknown);
    if (unknown)
        return FAIL(err,
                    "neither XDG_CACHE_HOME nor HOME is set: say with "
                    "--cache DIR where packed weights go, or --cache none");
    return omni_open_as(dir, &how, out, err);
}

/* Without a folder to be found they are not kept: nobody asked for it. */
const char *answer_towers(const struct asid_cx *cx, uint64_t *bytes)
{
    bool unknown;
    const char *cache = cache_folder(cx, &unknown);

    *bytes = (uint64_t)(opt_real(cx, "cache-towers") * 1073741824.0);
    return cache && *bytes ? path_join(cx->arena, cache, "towers") : NULL;
}

void answer_towers_told(const struct asid_cx *cx, const char *name,
                        const struct omni_work *work, bool *warned)
{
    if (work->cached)
        asid_info(cx, "%s%s%zu of %zu tower outputs were in the cache", name,
                  *name ? ": " : "", work->cached, work->media);
    if (work->unkept && !__atomic_test_and_set(warned, __ATOMIC_RELAXED))
        asid_warn(cx, "outputs of the towers are not kept: %s", work->unkept);
}
