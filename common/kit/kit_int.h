/*
 * The runner's own types: shared by the files of common/kit, by nobody else.
 *
 * The life of a call: app.c parses options and decides between help, tool and
 * stage; runner.c brings a stage through its life; resume.c decides what is
 * already done; inline.c or parallel.c move records from reader.c through
 * record.c to writer.c; sink.c owns the files, publish.c their last step.
 */
#ifndef ASID_KIT_INT_H
#define ASID_KIT_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "asid/base/hash.h"
#include "asid/data/schema.h"
#include "asid/kit/entry.h"
#include "asid/kit/stage.h"
#include "asid/ledger/ledger.h"

enum {
    CHUNK = 256 * 1024,  /* one read or write */
    RAW_MAX = 64 * 1024, /* longest broken line kept as text */
};

/* --- reader ------------------------------------------------------------ */

/* How far the input is used up: everything before the next line. */
struct position {
    struct hash hash; /* of those bytes, when anybody wants it */
    uint64_t bytes;
    uint64_t line; /* last physical line, in its file */
};

/* One open input. A pipe that was read for checking and has to be read again
 * is two pieces: the copy, joined to what is left. */
struct piece {
    int fd;
    const char *name;
    bool joined; /* the next piece goes on in the middle of a line */
    bool direct; /* regular file: can be read again, never makes us wait */
};

struct line {
    struct str text;   /* without its line end; valid until the next one */
    const char *input; /* name of its file */
    uint64_t number;   /* in its file, from 1 */
    uint64_t length;   /* in bytes, also when text holds less */
    bool too_long;     /* over the cap; text is the beginning */
    bool mark;         /* a byte-order mark was dropped */
    bool unended;      /* the file ends without a newline */
};

struct reader {
    struct piece *pieces;
    size_t n, at;
    char *p; /* room bytes; begin..end are unread */
    size_t room, begin, end, scanned;
    char *head;      /* the first RAW_MAX bytes of a line over the cap */
    unsigned pipes;  /* pieces that can be read only once */
    size_t cap;      /* longest line */
    bool eof;        /* of the current piece */
    bool boundary;   /* the next byte used up is the first of a later file */
    bool file_start; /* nothing of the current file was used up */
    bool hashing;
    struct position pos;
    uint64_t total; /* bytes of all inputs, 0 when unknown */
    int spool;      /* -1, or a copy of what came out of the pipe so far */
    size_t spooled; /* the piece it is a copy of */
    /* Called before a read that may have to wait. */
    enum asid_rc (*idle)(void *user, struct asid_err *err);
    void *user;
};

enum asid_rc reader_open(struct reader *r, const char *const *names, size_t n,
                         size_t cap, struct asid_err *err) ASID_WARN_UNUSED;
/* The same over text that the program itself made; fd is taken over. */
void reader_open_list(struct reader *r, int fd, const char *name, size_t cap);
void reader_close(struct reader *r);
/* The next line that is not blank; *got false at the end. STOPPED when a
 * signal came while waiting. */
enum asid_rc reader_next(struct reader *r, struct line *line, bool *got,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* Use up that many bytes; *same tells whether their hash is the one given and
 * they end where a line ends. Then either reader_keep or reader_rewind. */
enum asid_rc reader_skip(struct reader *r, uint64_t bytes, const char *sha256,
                         bool *same, struct asid_err *err) ASID_WARN_UNUSED;
/* Go on from here. */
void reader_keep(struct reader *r);
/* Stand at the start again, also when the input is a pipe. */
enum asid_rc reader_rewind(struct reader *r,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Whether everything was used up. */
enum asid_rc reader_at_end(struct reader *r, bool *end,
                           struct asid_err *err) ASID_WARN_UNUSED;

/* Pieces (reader_piece.c). */
enum asid_rc piece_open(struct piece *piece, const char *name, uint64_t *size,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* Read what is there, at least one byte unless at the end. */
enum asid_rc piece_read(struct reader *r, char *p, size_t room, size_t *got,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* --- sinks: output and rejects ------------------------------------------ */

struct sink {
    const char *path; /* where it ends up; NULL: standard output or nowhere */
    const char *part; /* path + ".part", or NULL when written directly */
    int fd;           /* -1: no such output */
    int lock;         /* -1, or path + ".lock" */
    struct buf buf;
    uint64_t bytes; /* written and buffered */
    bool hashing, dirty;
    struct hash hash; /* of these bytes */
};

void sink_init(struct sink *s);
/* Resolve and lock; a device or pipe is opened, a file's .part is not yet. */
enum asid_rc sink_open(struct sink *s, struct arena *a, const char *path,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* Open PATH.part, cut it to that length (0: start over), write on from there.*/
enum asid_rc sink_start(struct sink *s, uint64_t bytes,
                        struct asid_err *err) ASID_WARN_UNUSED;
/* Bring the running hash up to the first `bytes` bytes of PATH.part; *same
 * tells whether it is the one given. Creates nothing. */
enum asid_rc sink_check(struct sink *s, uint64_t bytes, const char *sha256,
                        bool *same, struct asid_err *err) ASID_WARN_UNUSED;
/* Whether the file at path has that many bytes with that hash. */
enum asid_rc sink_is(const char *path, uint64_t bytes, const char *sha256,
                     bool *same, struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc sink_add(struct sink *s, struct str text,
                      struct asid_err *err) ASID_WARN_UNUSED;
/* When the disk is full, a file ends in the last line that fitted whole. */
enum asid_rc sink_flush(struct sink *s, struct asid_err *err) ASID_WARN_UNUSED;
/* Lines that were added but are not in the file, at least not whole. */
uint64_t sink_unwritten(const struct sink *s);
enum asid_rc sink_sync(struct sink *s, struct asid_err *err) ASID_WARN_UNUSED;
/* Rename PATH.part to PATH. */
enum asid_rc sink_publish(struct sink *s,
                          struct asid_err *err) ASID_WARN_UNUSED;
void sink_close(struct sink *s);

/* Lock files (lock.c), each at most once in a process. FAILED names the owner's
 * process and host. */
enum asid_rc lock_take(const char *path, int *fd,
                       struct asid_err *err) ASID_WARN_UNUSED;
void lock_drop(const char *path, int fd);

/* --- one record in flight ------------------------------------------------ */

enum slot_state { SLOT_FREE, SLOT_READ, SLOT_DONE };

struct slot {
    struct arena arena;
    struct asid_job job;
    struct line line;
    struct buf copy;     /* the line, when the reader goes on meanwhile */
    struct position end; /* of the input after this line, for checkpoints */
    uint64_t seq;        /* among the input's records, from 1 */
    enum slot_state state;
    enum asid_rc rc; /* OK accepted, REJECT, FAILED or STOPPED: stop here */
    struct asid_err err;
    struct str source;   /* the JSON text of the record as it came in */
    struct json *came;   /* that record, once it was found to fit; or NULL */
    struct str finished; /* its line in an earlier output, when reused */
    bool is_record;      /* an object; else the line is broken */
    struct buf out;      /* the finished line for output or rejects */
    const char *id;      /* for ledger and messages */
    char input_sha256[HASH_HEX], output_sha256[HASH_HEX];
    const char *beside; /* stage->beside, or NULL for none */
    double seconds;
    uint32_t attempts;
    bool reused;
    char reused_from[40]; /* execution of the line that was taken over */
};

/* Everything that may run on a worker. */
void slot_work(struct kit *k, struct slot *s);
/* What has to run in input order. */
void slot_order(struct kit *k, struct slot *s);
void slot_reset(struct slot *s);
void slot_release(struct slot *s);
/* The line for the rejects (reject.c), newline and all. */
void slot_reject_line(struct kit *k, struct slot *s);

/* --- reuse of finished lines (reuse.c) ------------------------------------ */

struct reuse_line; /* where in the old output a line with some hash lies */
struct reuse {
    bool on; /* the ledger knows outcomes of an earlier execution */
    int fd;  /* the finished output of an earlier execution, or -1 */
    pthread_mutex_t lock;
    bool indexed;
    struct reuse_line *lines;
    size_t n;
};
enum asid_rc reuse_open(struct kit *k, struct asid_err *err) ASID_WARN_UNUSED;
void reuse_close(struct reuse *r);
/* Look the record up; with *found its line is s->finished. Also sets
 * s->attempts. */
enum asid_rc reuse_line(struct kit *k, struct slot *s, bool *found,
                        struct asid_err *err) ASID_WARN_UNUSED;

/* --- writer: results in input order --------------------------------------- */

struct tally {
    char code[40];
    uint64_t n;
};

struct writer {
    struct sink out, rejects;
    struct arena rows_arena; /* texts of rows; reset at each commit */
    struct ledger_outcome *rows;
    size_t n_rows, room_rows;
    size_t n_verdicts;              /* of these rows together */
    struct ledger_checkpoint check; /* as it will be committed next */
    struct position pos;            /* of the input after the last record */
    const char *key;                /* absolute output path, or "-" */
    bool resumable;                 /* -o FILE and --ledger */
    double last;                    /* time of the last commit or flush */
    struct tally *tally;            /* rejects by code */
    size_t n_tally;
    uint64_t before; /* records done by earlier runs of this execution */
    uint64_t begun;  /* bytes of input used up by them */
    uint64_t reused;
    bool finished; /* an earlier run left nothing to do */
};

/* Take a finished slot: output or rejects, counters, ledger row; commits when
 * it is time. STOPPED or FAILED end the work. */
enum asid_rc writer_take(struct kit *k, struct slot *s,
                         struct asid_err *err) ASID_WARN_UNUSED;
/* A record that was not accepted: the nth of the first seq records. */
struct refused {
    uint64_t nth, seq;
    const char *id, *code, *message;
};
/* FAILED when it is one too many for --strict or --max-reject. */
enum asid_rc writer_limits(const struct kit *k, const struct refused *r,
                           struct asid_err *err) ASID_WARN_UNUSED;
/* Commit if something is pending and it is time. */
enum asid_rc writer_tick(struct kit *k, struct asid_err *err) ASID_WARN_UNUSED;
bool writer_pending(const struct kit *k);
/* Write, sync, and commit everything taken so far. */
enum asid_rc writer_commit(struct kit *k,
                           struct asid_err *err) ASID_WARN_UNUSED;
void writer_tally(struct kit *k, const char *code, uint64_t n);
void writer_release(struct writer *w);

/* --- progress -------------------------------------------------------------- */

struct progress {
    bool on, live; /* live: rewrite one line of a terminal */
    double start, last, every;
};
void progress_start(struct kit *k);
void progress_tick(struct kit *k);
/* "30 records in, 28 accepted, ..." */
void progress_summary(struct kit *k);

/* --- the whole -------------------------------------------------------------- */

struct kit {
    struct asid_cx cx;
    struct arena arena;
    struct json *document, *entry;
    struct json *options, *given;
    const char *help; /* what --help asked for: "", "man", ...; NULL: no help */
    const char *const *files; /* positional arguments */
    size_t n_files;
    bool quiet, verbose, tool, filter;
    pthread_mutex_t log_lock;
    bool live_line; /* a progress line stands on the terminal */

    const struct schema *record_schema;
    uint64_t max_line;
    char options_sha256[HASH_HEX];
    struct reader reader;
    struct writer writer;
    struct reuse reuse;
    struct progress progress;
    struct ledger_run run;
    bool run_begun;
    uint64_t seq;      /* records read */
    _Atomic bool stop; /* the work has ended: callbacks should return */
    bool strict;
    double max_reject;
};

/* Options. */
enum asid_rc opt_parse(struct kit *k, int argc, char **argv,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* One value as text to JSON, checked against its option's type and range. */
enum asid_rc opt_value(struct arena *a, const struct json *option,
                       const char *name, const char *text, struct json **out,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* Hash over everything that decides results besides the records, and the text
 * that is hashed, in the arena of the process. */
void opt_hash(struct kit *k, char hex[HASH_HEX], struct str *settings);

/* What --help=FORM prints; USAGE for an unknown form. */
enum asid_rc help_print(struct kit *k, struct buf *out,
                        struct asid_err *err) ASID_WARN_UNUSED;
void help_text(struct kit *k, struct buf *out);
void help_man(struct kit *k, struct buf *out);
void help_completion(struct kit *k, struct buf *out);
/* Own options first, then those of groups, then the common ones; hidden ones
 * left out. */
struct help_option {
    struct json *option;
    const char *name;  /* terminated */
    const char *group; /* heading: "options", "model options", ... */
};
size_t help_options(struct kit *k, struct help_option **list);
/* "-o, --out-file=FILE" and the like. */
void help_spelling(struct buf *out, const struct help_option *o);
/* " (default: 2)" or nothing. */
void help_default(struct buf *out, const struct help_option *o);
void version_text(struct buf *out, const struct asid_stage *stage);
/* Libraries that work for the stage, with their versions, on one line. */
void version_libraries(struct buf *out, const struct asid_stage *stage);

/* A stage's whole life; the exit status of the program follows from it. */
enum asid_rc run_stage(struct kit *k, int argc, char **argv,
                       struct asid_err *err) ASID_WARN_UNUSED;
/* Move all records through the stage. */
enum asid_rc run_inline(struct kit *k, struct asid_err *err) ASID_WARN_UNUSED;
enum asid_rc run_parallel(struct kit *k, unsigned jobs,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Give a slot its line, number and end. */
void run_fill(struct kit *k, struct slot *s, const struct line *line);

/* Decide where to begin: *done when there is nothing to do. */
enum asid_rc resume_begin(struct kit *k, bool *done,
                          struct asid_err *err) ASID_WARN_UNUSED;
/* Finish what was prepared: rename, mark complete. */
enum asid_rc publish_all(struct kit *k, struct asid_err *err) ASID_WARN_UNUSED;
/* An earlier run was killed while publishing: go on with it. */
enum asid_rc publish_recover(struct kit *k, struct ledger_checkpoint *c,
                             struct asid_err *err) ASID_WARN_UNUSED;

/* Messages. */
void log_error(struct kit *k, const struct asid_err *err);
void log_note(struct kit *k, const char *fmt, ...) ASID_PRINTF(2, 3);
/* Text as it is, no name in front; for the progress line. */
void log_raw(struct kit *k, const char *text);

/* Signals. */
void signals_install(void);
int signals_caught(void); /* number of the signal, or 0 */
/* Readable once a signal came or signals_wake was called. */
int signals_fd(void);
void signals_wake(void);

#endif
