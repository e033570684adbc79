/*
 * What a run needs in memory, before it starts (docs/MODEL.md section 10).
 *
 * Weights are mapped, not copied: what counts is the pages a run touches. The
 * layers, the head and the towers that are used are read whole; of the
 * embedding only the rows of the tokens, with the neighbours that the kernel
 * maps along.
 */
#include <stdio.h>

#include "asid/base/cpus.h"
#include "asid/base/num.h"
#include "run_int.h"

enum { AROUND = 64 * 1024 }; /* bytes mapped around a page that is touched */

static size_t sum_of(size_t a, size_t b)
{
    size_t sum;

    return size_add(a, b, &sum) ? sum : SIZE_MAX;
}

static size_t product_of(size_t a, size_t b)
{
    size_t product;

    return size_mul(a, b, &product) ? product : SIZE_MAX;
}

static size_t weight_bytes(const struct omni *o, const struct omni_inputs *in,
                           size_t tokens)
{
    const struct omni_weights *w = o->weights;
    size_t rows = product_of(tokens, AROUND);
    size_t embed = rows < w->bytes[PART_EMBED] ? rows : w->bytes[PART_EMBED];
    size_t sum = w->bytes[PART_TEXT];

    if (w->tied && !w->head.packed)
        sum += w->bytes[PART_EMBED];
    else
        sum += w->bytes[PART_HEAD] + embed;
    if (in->n_pictures)
        sum += w->bytes[PART_VISION];
    if (in->n_sounds)
        sum += w->bytes[PART_AUDIO];
    return sum;
}

/* Text tokens read embedding rows; placeholders do not. */
static size_t text_tokens(const struct omni_inputs *in, size_t max_new)
{
    const struct omni_layout *l = &in->layout;

    return sum_of(l->n - l->video_tokens - l->image_tokens - l->audio_tokens,
                  max_new);
}

static size_t input_bytes(const struct omni_config *c,
                          const struct omni_inputs *in)
{
    const struct omni_layout *l = &in->layout;
    size_t rows = l->video_tokens + l->image_tokens + l->audio_tokens;
    size_t sum = rows * c->text.hidden * sizeof(float);

    sum += l->n * 2 * (sizeof(int32_t) + 3 * sizeof(int32_t));
    for (size_t i = 0; i < in->n_pictures; i++) {
        const struct omni_picture *p = &in->pictures[i];

        sum += p->frames * p->height * p->width * 3;
    }
    for (size_t i = 0; i < in->n_sounds; i++)
        sum += in->sounds[i].frames * c->audio.mels * sizeof(float);
    return sum;
}

/* SIZE_MAX for none: more than there can be. */
static size_t bytes_of(size_t floats)
{
    return floats ? product_of(floats, sizeof(float)) : SIZE_MAX;
}

size_t omni_cache_bytes(const struct omni *omni, size_t tokens)
{
    if (tokens == 0)
        return 0;
    return bytes_of(decoder_cache_floats(&omni->config, tokens));
}

size_t omni_session_bytes(const struct omni *omni, size_t capacity)
{
    return sum_of(omni_cache_bytes(omni, capacity),
                  bytes_of(decoder_scratch_floats(&omni->config)));
}

void omni_plan(const struct omni *omni, const struct omni_inputs *in,
               size_t max_new, size_t answers, unsigned threads,
               struct omni_plan *plan)
{
    const struct omni_config *c = &omni->config;
    size_t capacity = sum_of(in->layout.n, max_new);
    size_t behind = sum_of(in->layout.n - in->layout.media_end, max_new);

    plan->weights = weight_bytes(omni, in, text_tokens(in, max_new));
    plan->kv_cache = omni_cache_bytes(omni, capacity);
    plan->answers =
        answers < 2 ? 0 : product_of(omni_cache_bytes(omni, behind), answers);
    plan->towers = product_of(tower_scratch_floats(c, in), sizeof(float));
    plan->kernels = sum_of(nn_scratch_bytes(threads ? threads : cpu_count()),
                           bytes_of(decoder_rows_floats(c, capacity)));
    plan->activations =
        sum_of(bytes_of(decoder_scratch_floats(c)), plan->towers);
    plan->inputs = input_bytes(c, in);
}

size_t omni_plan_own(const struct omni_plan *plan)
{
    return sum_of(sum_of(plan->kv_cache, plan->answers),
                  sum_of(plan->activations, plan->inputs));
}

/* --- what there is -------------------------------------------------------- */

/* The number after "NAME" and blanks in a file of such lines. */
static bool read_field(const char *path, const char *name, uint64_t *value)
{
    FILE *f = fopen(path, "re");
    char line[256];
    size_t n = strlen(name);
    bool found = false;

    if (!f)
        return false;
    while (!found && fgets(line, sizeof line, f)) {
        struct str rest = str_trim(str_of(line + (strlen(line) < n ? 0 : n)));
        const char *blank = memchr(rest.p, ' ', rest.n);

        if (strncmp(line, name, n) != 0)
            continue;
        if (blank)
            rest.n = (size_t)(blank - rest.p);
        found = num_u64(rest, value);
    }
    fclose(f);
    return found;
}

/* Path of this process in the unified cgroup tree, "" for none. */
static void cgroup_path(char path[512])
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[512];

    path[0] = '\0';
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", 4) == 0)
            snprintf(path, 512, "%s", line + 3);
    }
    fclose(f);
}

/* Lower *available to what a group's memory limit leaves; pages of files that
 * the group holds can be dropped and count as left. */
static void apply_cgroup(const char *dir, uint64_t *available)
{
    char path[700];
    uint64_t limit, used, file = 0, left;

    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", dir);
    if (!read_field(path, "", &limit))
        return;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", dir);
    if (!read_field(path, "", &used))
        return;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.stat", dir);
    if (read_field(path, "file ", &file))
        used -= file < used ? file : used;
    left = limit > used ? limit - used : 0;
    *available = left < *available ? left : *available;
}

/* Bytes this process may have, by the system's and its groups' account, with
 * those it has already (pages of files can be dropped and count as left); 0
 * when nothing says. */
static uint64_t available_memory(void)
{
    uint64_t kib, available, taken = 0;
    char group[512], *slash;

    if (!read_field("/proc/meminfo", "MemAvailable:", &kib))
        return 0;
    available = kib * 1024;
    cgroup_path(group);
    apply_cgroup("", &available);
    while ((slash = strrchr(group, '/')) && group[1]) {
        apply_cgroup(group, &available);
        *slash = '\0';
    }
    if (read_field("/proc/self/status", "RssAnon:", &taken))
        available += taken * 1024;
    return available;
}

enum asid_rc omni_plan_check(const struct omni_plan *plan, size_t beside,
                             size_t limit, struct asid_err *err)
{
    size_t need = sum_of(sum_of(plan->weights, plan->kernels),
                         sum_of(omni_plan_own(plan), beside));
    uint64_t most = limit ? limit : available_memory();
    const double mib = 1024.0 * 1024.0;

    if (need == SIZE_MAX)
        return FAIL(err, "needs more memory than there can be");
    if (most == 0 || need <= most)
        return ASID_OK;
    return FAIL(err,
                "needs %.1f MiB of memory (weights %.1f, cache %.1f, "
                "activations %.1f, inputs %.1f, beside them %.1f), %s %.1f",
                (double)need / mib, (double)plan->weights / mib,
                (double)(plan->kv_cache + plan->answers) / mib,
                (double)(plan->activations + plan->kernels) / mib,
                (double)plan->inputs / mib, (double)beside / mib,
                limit ? "allowed are" : "the system has", (double)most / mib);
}
