/* config.json, and after a zero byte preprocessor_config.json, of anybody. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../common/omni/omni_int.h"
#include "asid/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/asid-fuzz-XXXXXX";

static void write_file(const char *name, const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    int fd = open(path_join(&a, dir, name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
    arena_release(&a);
}

static void clean_up(void)
{
    struct arena a = ARENA_INIT;

    unlink(path_join(&a, dir, "config.json"));
    unlink(path_join(&a, dir, "preprocessor_config.json"));
    rmdir(dir);
    arena_release(&a);
}

/* What the rest of the engine relies on without looking again. */
static void check(const struct omni_config *c)
{
    BUG_IF(c->text.heads % c->text.kv_heads);
    BUG_IF(c->text.mrope[0] + c->text.mrope[1] + c->text.mrope[2] !=
           c->text.head_dim / 2);
    BUG_IF(c->text.head_dim == 0 || c->text.vocab == 0);
    BUG_IF(c->vision.hidden % c->vision.heads || c->vision.n_full > 64);
    BUG_IF(c->vision.window % (2 * c->vision.patch) || !c->vision.window);
    BUG_IF(c->audio.hidden % c->audio.heads || c->audio.hidden < 4);
    BUG_IF(c->vision.out != c->text.hidden || c->audio.out != c->text.hidden);
    BUG_IF(c->stop_id < 0 || (size_t)c->stop_id >= c->text.vocab);
    BUG_IF(c->video_id < 0 || (size_t)c->video_id >= c->text.vocab);
    BUG_IF(!(c->audio.max_seconds >= 1 && c->audio.max_seconds <= 3600));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;
    struct omni_config c;
    struct asid_err err;

    if (!ready) {
        if (!mkdtemp(dir))
            abort();
        atexit(clean_up);
        ready = true;
    }
    write_file("config.json", data, n);
    if (cut)
        write_file("preprocessor_config.json", cut + 1, size - n - 1);
    else
        write_file("preprocessor_config.json", (const uint8_t *)"{}", 2);
    if (omni_config_load(dir, &c, &err) == ASID_OK)
        check(&c);
    else
        BUG_IF(err.rc != ASID_FAILED || !strstr(err.text, dir));
    return 0;
}
