/*
 * Opening a checkpoint of one shard with hostile bytes, and its index with
 * hostile text: everything that is handed out has to be readable.
 *
 * The first byte chooses: even, the rest is model.safetensors; odd, the rest is
 * the index beside a fixed shard.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asid/nn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char SHARD[] = "\x3a\0\0\0\0\0\0\0"
                            "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],"
                            "\"data_offsets\":[0,4]}}        abcd";

static void write_file(const char *dir, const char *name, const void *p,
                       size_t n)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static void remove_file(const char *dir, const char *name)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

static void read_all(const struct safetensors *st)
{
    unsigned sum = 0;
    char hex[65];

    for (size_t i = 0; i < safetensors_count(st); i++) {
        const struct st_tensor *t = safetensors_nth(st, i);
        const unsigned char *p = t->data;
        size_t count = 1;
        char name[300];

        for (size_t j = 0; j < t->bytes; j++)
            sum += p[j];
        for (unsigned d = 0; d < t->dims; d++)
            count *= t->shape[d];
        if (count != t->count || count * nn_dtype_size(t->dtype) != t->bytes)
            abort();
        if (t->name.n < sizeof name && !memchr(t->name.p, 0, t->name.n)) {
            memcpy(name, t->name.p, t->name.n);
            name[t->name.n] = '\0';
            if (safetensors_find(st, name) != t)
                abort();
        }
    }
    safetensors_fingerprint(st, hex);
    if (sum == 1 && hex[0] == '\0')
        abort(); /* never, but sum is used */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/asid-fuzz-st-XXXXXX";
    struct safetensors *st = NULL;
    struct asid_err err;

    if (size == 0 || !mkdtemp(dir))
        return 0;
    if (data[0] % 2) {
        write_file(dir, "model.safetensors.index.json", data + 1, size - 1);
        write_file(dir, "a", SHARD, sizeof SHARD - 1);
    } else {
        write_file(dir, "model.safetensors", data + 1, size - 1);
    }
    if (safetensors_open(dir, &st, &err) == ASID_OK)
        read_all(st);
    safetensors_close(st);
    remove_file(dir, "model.safetensors.index.json");
    remove_file(dir, "model.safetensors");
    remove_file(dir, "a");
    rmdir(dir);
    return 0;
}
