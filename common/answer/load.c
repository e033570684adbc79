/* Checkpoints by the options of a program. */
#include <stdlib.h>
#include <string.h>

#include "answer_int.h"
#include "asid/base/file.h"

/* Where packed weights lie when nobody says (XDG base directories). */
static enum asid_rc default_cache(struct arena *a, const char **folder,
                                  struct asid_err *err)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (base && base[0] == '/')
        *folder = path_join(a, base, "asid");
    else if (home && home[0] == '/')
        *folder = path_join(a, home, ".cache/asid");
    else
        return FAIL(err,
                    "neither XDG_CACHE_HOME nor HOME is set: say with "
                    "--cache DIR where packed weights go, or --cache none");
    return ASID_OK;
}

enum asid_rc answer_load(const struct asid_cx *cx, const char *dir,
                         struct omni **out, struct asid_err *err)
{
    struct omni_load how = {.threads = (unsigned)opt_int(cx, "threads")};
    const char *cache = opt_text(cx, "cache");

    BUG_IF(!omni_precision_named(opt_text(cx, "precision"), &how.precision));
    if (how.precision == OMNI_STORED)
        return omni_open_as(dir, &how, out, err);
    if (!cache)
        TRY(default_cache(cx->arena, &how.cache, err));
    else if (strcmp(cache, "none") != 0)
        how.cache = cache;
    return omni_open_as(dir, &how, out, err);
}
