/* Finding and reading the transcripts that lie beside videos. */
#include "asid/curate/sidecar.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "asid/base/file.h"
#include "asid/base/hash.h"
#include "asid/base/utf8.h"
#include "asr_int.h"

/* --- listings -------------------------------------------------------------- */

/* The sidecars of a folder by name. A folder is listed once: with a hundred
 * thousand clips in it, once a record would be all a run does. */
struct listing {
    const char *folder; /* real path */
    const char **names;
    size_t n;
    int failed; /* errno */
};

struct sidecars {
    pthread_mutex_t lock;
    struct arena arena;
    struct listing **table; /* by hash of folder */
    size_t n, room;         /* room is 0 or a power of two */
};

struct sidecars *sidecars_new(void)
{
    struct sidecars *s = mem_alloc(sizeof *s);

    *s = (struct sidecars){.arena = ARENA_INIT};
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sidecars_free(struct sidecars *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    arena_release(&s->arena);
    free(s->table);
    free(s);
}

static bool format_of(const char *suffix, enum asr_format *format)
{
    for (int i = 0; i < ASR_FORMATS; i++) {
        if (strcasecmp(suffix, asr_format_names[i]) == 0) {
            *format = (enum asr_format)i;
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct arena *a, struct listing *l, const char *name)
{
    if ((l->n & (l->n - 1)) == 0)
        l->names = mem_grow(l->names, (l->n ? 2 * l->n : 1) * sizeof *l->names);
    l->names[l->n++] = arena_strdup(a, name);
}

/* Hold the lock. */
static struct listing *make_listing(struct sidecars *s, const char *folder)
{
    struct listing *l = arena_alloc(&s->arena, sizeof *l);
    const char **names;
    const struct dirent *e;
    DIR *dir = opendir(folder);

    l->folder = arena_strdup(&s->arena, folder);
    errno = dir ? 0 : errno;
    while (dir && (e = readdir(dir)) != NULL) {
        const char *dot = strrchr(e->d_name, '.');
        enum asr_format format;

        if (dot && format_of(dot + 1, &format) && utf8_valid(str_of(e->d_name)))
            add_name(&s->arena, l, e->d_name);
    }
    l->failed = errno;
    if (dir)
        closedir(dir);
    if (l->n > 1)
        qsort(l->names, l->n, sizeof *l->names, by_name);
    /* Into the arena, which alone is released. */
    names = arena_array(&s->arena, l->n, sizeof *names);
    if (l->n > 0)
        memcpy(names, l->names, l->n * sizeof *names);
    free(l->names);
    l->names = names;
    return l;
}

static struct listing **slot_of(struct listing **table, size_t room,
                                const char *folder)
{
    size_t i = (size_t)hash_u64(str_of(folder)) & (room - 1);

    while (table[i] && strcmp(table[i]->folder, folder) != 0)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static void grow_table(struct sidecars *s)
{
    size_t room = s->room ? 2 * s->room : 64;
    struct listing **table = mem_alloc(room * sizeof *table);

    memset(table, 0, room * sizeof *table);
    for (size_t i = 0; i < s->room; i++)
        if (s->table[i])
            *slot_of(table, room, s->table[i]->folder) = s->table[i];
    free(s->table);
    s->table = table;
    s->room = room;
}

static const struct listing *listing_of(struct sidecars *s, const char *folder)
{
    struct listing **slot;
    const struct listing *l;

    pthread_mutex_lock(&s->lock);
    if (2 * (s->n + 1) > s->room)
        grow_table(s);
    slot = slot_of(s->table, s->room, folder);
    if (!*slot) {
        *slot = make_listing(s, folder);
        s->n++;
    }
    l = *slot;
    pthread_mutex_unlock(&s->lock);
    return l;
}

/* --- one file -------------------------------------------------------------- */

/* How well a file fits, the least best; NONE for files that do not. */
enum { EXACT, RELATED, PLAIN, OWN, ORIGINAL, FOREIGN, NONE };

struct match {
    struct sidecar file;
    int rank;
    size_t format; /* position among those wanted */
};

struct search {
    struct arena *a;
    const struct sidecar_query *q;
    struct match *found;
    size_t n, room;
    size_t foreign; /* files in languages that nobody chose */
    const char *note;
    const char *home; /* real path */
};

static bool same_text(struct str a, struct str b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static struct str head_of(struct str tag)
{
    size_t n = 0;

    while (n < tag.n && tag.p[n] != '-')
        n++;
    return (struct str){tag.p, n};
}

static int rank_of(const struct search *s, struct str language)
{
    struct str wanted;

    if (!s->q->language) {
        if (language.n == 0)
            return PLAIN;
        return str_ends(language, "-orig") ? ORIGINAL : FOREIGN;
    }
    wanted = str_of(s->q->language);
    if (language.n == 0)
        return PLAIN;
    if (same_text(language, wanted))
        return EXACT;
    return same_text(head_of(language), head_of(wanted)) ? RELATED : NONE;
}

/* What stands between the stem's dot and the suffix's: nothing, the video's
 * own suffix, or a language. False when it is something else. */
static bool label_of(const struct search *s, struct str label,
                     struct str suffix, struct str *language)
{
    *language = STR("");
    if (label.n == 0 || same_text(label, suffix))
        return true;
    *language = asr_language_label(s->a, label);
    return language->n > 0;
}

static bool wanted_format(const struct sidecar_query *q, enum asr_format format,
                          size_t *position)
{
    for (*position = 0; *position < q->n_formats; ++*position)
        if (q->formats[*position] == format)
            return true;
    return false;
}

static void add_match(struct search *s, const struct match *m)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        struct match *p = arena_array(s->a, room, sizeof *p);

        if (s->n > 0)
            memcpy(p, s->found, s->n * sizeof *p);
        s->found = p;
        s->room = room;
    }
    s->found[s->n++] = *m;
}

/* name begins with the stem and a dot. */
static void try_name(struct search *s, const char *folder, const char *name,
                     size_t stem, struct str suffix)
{
    const char *dot = strrchr(name, '.');
    struct match m = {.rank = NONE};
    struct str label = {name + stem, 0};

    if (!format_of(dot + 1, &m.file.format) ||
        !wanted_format(s->q, m.file.format, &m.format))
        return;
    if (dot > name + stem)
        label = (struct str){name + stem + 1, (size_t)(dot - name) - stem - 1};
    if (!label_of(s, label, suffix, &m.file.language))
        return;
    m.rank = rank_of(s, m.file.language);
    if (m.rank == PLAIN && label.n > 0) /* clip.mp4.srt */
        m.rank = OWN;
    if (m.rank == NONE)
        return;
    m.file.path = path_join(s->a, folder, name);
    m.file.name = arena_strdup(s->a, name);
    m.file.home = s->home;
    add_match(s, &m);
}

static int better(const void *a, const void *b)
{
    const struct match *x = a, *y = b;

    if (x->format != y->format)
        return x->format < y->format ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->file.name, y->file.name);
}

/* Names from the first that is not less than the stem. */
static size_t first_of(const struct listing *l, struct str stem)
{
    size_t low = 0, n = l->n;

    while (n > 0) {
        size_t half = n / 2;

        if (strncmp(l->names[low + half], stem.p, stem.n) < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

static void search_folder(struct search *s, struct sidecars *all,
                          const char *folder, struct str stem,
                          struct str suffix)
{
    const struct listing *l = listing_of(all, folder);
    size_t before = s->n;

    if (stem.n == 0)
        return;
    for (size_t i = first_of(l, stem);
         i < l->n && strncmp(l->names[i], stem.p, stem.n) == 0; i++)
        if (l->names[i][stem.n] == '.')
            try_name(s, folder, l->names[i], stem.n, suffix);
    if (s->n - before > 1)
        qsort(s->found + before, s->n - before, sizeof *s->found, better);
    if (l->failed)
        s->note = arena_printf(s->a, "the folder of %.*s cannot be read: %s",
                               (int)stem.n, stem.p,
                               asid_errno_text((char[96]){0}, 96, l->failed));
}

/* --- places ---------------------------------------------------------------- */

/* The real path in the arena, or NULL. */
static const char *real(struct arena *a, const char *path)
{
    char *p = realpath(path, NULL);
    const char *kept = p ? arena_strdup(a, p) : NULL;

    free(p);
    return kept;
}

/* Whether a real path is the folder or lies below it. */
static bool within(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 &&
           (path[n] == '\0' || path[n] == '/' || (n == 1 && *folder == '/'));
}

static const char *folder_of(struct arena *a, const char *path)
{
    const char *base = path_base(path);

    if (base == path)
        return ".";
    return arena_strndup(a, path,
                         base - path > 1 ? (size_t)(base - path) - 1 : 1);
}

/* The folder that video lies in, seen from base, if that is below base. */
static const char *below(struct search *s, const char *base, const char *video)
{
    const char *home = real(s->a, base);
    const char *folder =
        real(s->a, path_join(s->a, base, folder_of(s->a, video)));

    if (!home || !folder)
        return NULL;
    s->home = home;
    if (within(folder, home))
        return folder;
    s->note = arena_printf(s->a, "the folder of %s lies outside of %s", video,
                           s->q->dir ? "--sidecar-dir" : "--root");
    return NULL;
}

static struct str suffix_of(const char *video)
{
    const char *dot = strrchr(path_base(video), '.');

    return dot ? str_of(dot + 1) : STR("");
}

static void beside(struct search *s, struct sidecars *all)
{
    const char *video = s->q->video, *folder;

    if (*video == '/')
        s->home = folder = real(s->a, folder_of(s->a, video));
    else
        folder = below(s, s->q->root, video);
    if (folder)
        search_folder(s, all, folder, path_stem(video), suffix_of(video));
}

/* In a folder of sidecars: under the video's own path, under the id, under the
 * video's name. */
static void elsewhere(struct search *s, struct sidecars *all)
{
    const char *dir = real(s->a, s->q->dir), *video = s->q->video;
    const char *mirrored = NULL;
    struct str stem = video ? path_stem(video) : STR("");
    struct str suffix = video ? suffix_of(video) : STR("");
    struct str id = str_of(s->q->id);

    if (!dir)
        return;
    s->home = dir;
    if (video && *video != '/')
        mirrored = below(s, s->q->dir, video);
    if (mirrored)
        search_folder(s, all, mirrored, stem, suffix);
    if (!(mirrored && strcmp(mirrored, dir) == 0 && str_eq(stem, id)))
        search_folder(s, all, dir, id, suffix);
    if (!(mirrored && strcmp(mirrored, dir) == 0) && !str_eq(stem, id))
        search_folder(s, all, dir, stem, suffix);
}

/* --- finding and reading --------------------------------------------------- */

/* Several languages and nobody to choose: say which were there. */
static void note_languages(struct search *s)
{
    const struct sidecar *first = &s->found[0].file;

    if (s->q->language || s->found[0].rank != FOREIGN)
        return;
    for (size_t i = 1; i < s->n; i++) {
        if (!same_text(head_of(s->found[i].file.language),
                       head_of(first->language))) {
            s->note = arena_printf(
                s->a, "%s was taken, there is also %s: --language chooses",
                first->name, s->found[i].file.name);
            return;
        }
    }
}

void sidecars_find(struct sidecars *all, struct arena *a,
                   const struct sidecar_query *q, struct sidecar_list *out)
{
    struct search s = {.a = a, .q = q};
    struct sidecar *files;

    if (q->n_formats > 0 && q->dir)
        elsewhere(&s, all);
    else if (q->n_formats > 0 && q->video)
        beside(&s, all);
    if (s.n > 0)
        note_languages(&s);
    files = arena_array(a, s.n, sizeof *files);
    for (size_t i = 0; i < s.n; i++)
        files[i] = s.found[i].file;
    *out = (struct sidecar_list){files, s.n, s.note};
}

/* A link may lead to another file below the root, not out of it. */
static enum asid_rc check_place(struct arena *a, const struct sidecar *file,
                                const char **opened, struct asid_err *err)
{
    *opened = real(a, file->path);
    if (!*opened)
        return REJECT(err, "asr.sidecar", "%s",
                      asid_errno_text((char[96]){0}, 96, errno));
    if (!within(*opened, file->home))
        return REJECT(err, "asr.sidecar", "is a link that leads elsewhere");
    return ASID_OK;
}

enum asid_rc sidecar_read(struct arena *a, const struct sidecar *file,
                          struct str *text, struct asid_err *err)
{
    const char *path = NULL;
    struct stat st;

    TRY(check_place(a, file, &path, err));
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return REJECT(err, "asr.sidecar", "is not a regular file");
    if (st.st_size > ASR_MAX_FILE)
        return REJECT(err, "asr.sidecar", "has more than %d bytes",
                      (int)ASR_MAX_FILE);
    if (file_slurp(a, path, ASR_MAX_FILE, text, err) != ASID_OK)
        return REJECT(err, "asr.sidecar", "%s", arena_strdup(a, err->text));
    return ASID_OK;
}
