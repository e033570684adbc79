/* libcurl, loaded when it is needed. */
#include <dlfcn.h>

#include "http_int.h"

/* Its name since 2006; the types of the functions used here are frozen. */
static const char library_name[] = "libcurl.so.4";

enum asid_rc curl_load(struct curl_api *c, struct asid_err *err)
{
    const struct {
        const char *name;
        void *slot;
    } wanted[] = {
        {"curl_global_init", &c->global_init},
        {"curl_easy_strerror", &c->easy_strerror},
        {"curl_easy_init", &c->easy_init},
        {"curl_easy_setopt", &c->easy_setopt},
        {"curl_easy_getinfo", &c->easy_getinfo},
        {"curl_easy_cleanup", &c->easy_cleanup},
        {"curl_multi_init", &c->multi_init},
        {"curl_multi_setopt", &c->multi_setopt},
        {"curl_multi_add_handle", &c->multi_add_handle},
        {"curl_multi_remove_handle", &c->multi_remove_handle},
        {"curl_multi_perform", &c->multi_perform},
        {"curl_multi_poll", &c->multi_poll},
        {"curl_multi_info_read", &c->multi_info_read},
        {"curl_multi_cleanup", &c->multi_cleanup},
        {"curl_slist_append", &c->slist_append},
        {"curl_slist_free_all", &c->slist_free_all},
        {"curl_url", &c->url},
        {"curl_url_cleanup", &c->url_cleanup},
        {"curl_url_set", &c->url_set},
        {"curl_url_get", &c->url_get},
        {"curl_free", &c->free},
    };
    CURLcode code;

    /* Never unloaded: its own libraries keep state of the thread and of the
     * process that outlives a client. */
    c->library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!c->library)
        return FAIL(err, "endpoints need libcurl (Debian: libcurl4): %s",
                    dlerror());
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        void *symbol = dlsym(c->library, wanted[i].name);

        if (!symbol)
            return FAIL(err, "%s is too old: it has no %s", library_name,
                        wanted[i].name);
        /* POSIX: the address of a function fits a data pointer. */
        memcpy(wanted[i].slot, &symbol, sizeof symbol);
    }
    code = c->global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        return FAIL(err, "libcurl does not start: %s", c->easy_strerror(code));
    return ASID_OK;
}
