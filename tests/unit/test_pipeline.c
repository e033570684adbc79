/* Pipelines: files, plans, shards, folders, datasets, tables. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asid/base/file.h"
#include "asid/data/schema.h"
#include "asid/ledger/ledger.h"
#include "asid/pipeline/folder.h"
#include "asid/pipeline/pipeline.h"
#include "asid/pipeline/plan.h"
#include "asid/pipeline/preview.h"
#include "asid/pipeline/shard.h"
#include "asid/pipeline/table.h"
#include "check.h"

static char base[64]; /* a folder of this test, removed at the end */

static const char *put(struct arena *a, const char *name, const char *text)
{
    const char *path = path_join(a, base, name);
    struct asid_err err;

    if (file_replace(path, str_of(text), &err) != ASID_OK)
        printf("# %s\n", err.text);
    return path;
}

static const char *get(struct arena *a, const char *path)
{
    struct str text = STR("");
    struct asid_err err;

    if (file_slurp(a, path, 1 << 20, &text, &err) != ASID_OK)
        return err.text[0] ? "(no file)" : "";
    return text.p;
}

/* --- pipeline files ------------------------------------------------------ */

static void test_faults(void)
{
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"name: x\nstages:\n  - ingest\n  - captoin: {model: m}\n",
         ":4:5: unknown stage 'captoin'; did you mean 'caption'?"},
        {"name: x\nstages: [ingets]\n",
         ":2:10: unknown stage 'ingets'; did you mean 'ingest'?"},
        {"name: x\nstages:\n  - ingest: {chekc: probe}\n",
         ":3:14: ingest has no option 'chekc'; did you mean 'check'?"},
        {"name: x\nstages:\n  - ingest: {j: 2}\n",
         ":3:14: ingest has no option 'j'; asid-ingest --help lists them"},
        {"name: x\nstages: [foo]\n",
         ":2:10: unknown stage 'foo'; asid --help lists them"},
        {"name: x\nstages:\n  - ingest: {check: prob}\n",
         ":3:14: stages[0].ingest.check: "},
        {"name: x\nstages:\n  - ingest: {inputs: clips}\n",
         ":3:14: stages[0].ingest.inputs: expected an array"},
        {"name: x\nstages:\n  - ingest: {inputs: [a, 3]}\n",
         "stages[0].ingest.inputs[1]: expected a string"},
        {"name: x\nstages:\n  - ingest: {jobs: many}\n",
         ":3:14: stages[0].ingest.jobs: expected an integer"},
        {"name: x\nstages:\n  - ingest: {ledger: other.db}\n",
         ":3:14: option 'ledger' of ingest is set by asid-run"},
        {"name: x\nstages:\n  - export\n", ":3:5: export reads records"},
        {"name: x\nstages:\n  - ingest\n  - export\n  - ingest\n",
         ":5:5: ingest makes records and can only come first"},
        {"name: x\nstages:\n  - ingest\n  - caption\n",
         ":4:5: caption needs a model"},
        {"name: x\nstages:\n  - ingest\n  - merge: {fuse: true}\n",
         ":4:5: merge needs a model"},
        {"name: x\nmodel: /no/such\nstages:\n  - ingest\n  - caption\n",
         ":2:1: model folder '/no/such' does not exist"},
        {"name: x\nstages:\n  - ingest\n  - caption: {model: /no/such}\n",
         ":4:15: model folder '/no/such' does not exist"},
        {"name: x\nstages:\n  - ingest\n  - caption: {model: /tmp, prompts: "
         "generic, attributes: [scene]}\n",
         ":4:46: stages[1].caption.attributes: has no meaning with prompts: "
         "generic"},
        {"name: x\nroot: /no/such\nstages: [ingest]\n",
         ":2:1: root '/no/such' is no folder"},
        {"name: x\nstagse: [ingest]\n",
         ":2:1: unknown key 'stagse'; did you mean 'stages'?"},
        {"stages: [ingest]\n", "key 'name' is missing"},
        {"name: x\n", "key 'stages' is missing"},
        {"name: x\nstages: []\n", ":2:1: stages must be a list"},
        {"name: x\nstages: ingest\n", ":2:1: stages must be a list"},
        {"name: ''\nstages: [ingest]\n", ":1:1: name: "},
        {"name: [x]\nstages: [ingest]\n", ":1:1: name: expected a string"},
        {"name: x\nstages:\n  - ingest:\n    check: probe\n",
         ":4:5: a stage has one name, but 'check' stands beside 'ingest'"},
        {"name: x\nstages:\n  - ingest: 3\n",
         ":3:5: options of ingest must be a mapping, not number"},
        {"name: x\nstages: [[ingest]]\n", ":2:10: a stage is a name"},
        {"name: x\nstages: [{}]\n", ":2:10: a stage is a name"},
        {"name: x\nstages: [run]\n", ":2:10: unknown stage 'run'"},
        {"name: x\nstages: [common]\n", ":2:10: unknown stage 'common'"},
        {"name: x\nstages: [ingest\n", ".yaml:"},
        {"- ingest\n", ":1:1: a pipeline file is a mapping"},
        {"", ".yaml:1:1: "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        const char *path = put(&a, "p.yaml", cases[i].yaml);
        struct pipeline p;
        struct asid_err err = {.rc = ASID_OK};
        enum asid_rc rc = pipeline_load(&a, path, &p, &err);

        CHECK(rc == ASID_USAGE, "rc %d for %s", (int)rc, cases[i].yaml);
        CHECK(rc == err.rc, "err.rc for %s", cases[i].yaml);
        CHECK(strstr(err.text, cases[i].want), "\n#   got  %s\n#   want %s",
              err.text, cases[i].want);
        arena_release(&a);
    }
    check_case("a faulty pipeline file is refused with place and cause");
}

static void test_missing_file(void)
{
    struct arena a = ARENA_INIT;
    struct pipeline p;
    struct asid_err err;

    CHECK(pipeline_load(&a, "/no/such.yaml", &p, &err) == ASID_USAGE, "%s",
          err.text);
    CHECK(strstr(err.text, "/no/such.yaml"), "%s", err.text);
    check_case("a pipeline file that cannot be read is wrong usage");
    arena_release(&a);
}

/* Every stage the schema's union names has an entry of a stage, and the other
 * way round: nobody can add half a stage. */
static void test_union(void)
{
    struct arena a = ARENA_INIT;
    struct json *schema;
    struct asid_err err;
    size_t named = 0, entries = 0;

    CHECK_OK(
        json_parse(&a, schema_file("pipeline.schema.json"), 0, &schema, &err),
        err);
    json_each(
        name,
        json_path(json_at(json_path(schema, "$defs.stage.oneOf"), 0), "enum")) {
        const struct json *entry =
            json_get_str(json_get(schema, "$defs"), json_str(name));
        const char *kind = json_text(json_get(entry, "x-kind"));

        named++;
        CHECK(kind && strcmp(kind, "tool") != 0, "%s", json_text(name));
    }
    json_each(entry, json_get(schema, "$defs")) {
        const char *kind = json_text(json_get(entry, "x-kind"));

        entries += kind && strcmp(kind, "tool") != 0;
    }
    CHECK(named == entries, "%zu named, %zu entries", named, entries);
    CHECK(json_count(json_path(schema, "$defs.stage.oneOf")) == named + 1,
          "one alternative with options per stage");
    check_case("the schema's union of stages names exactly the stages");
    arena_release(&a);
}

/* --- plans --------------------------------------------------------------- */

static const char good_yaml[] =
    "name: good\n"
    "model: data-samples/demo-checkpoint\n"
    "stages:\n"
    "  - ingest: {inputs: [-x, 'b c'], "
    "suffixes: [avi, mp4], jobs: 3}\n"
    "  - caption: {no-audio: true, strict: false, "
    "fps: 1.50, max-tokens: 1e3, prompt: \"it's\"}\n"
    "  - export: {output: set/one}\n";

static enum asid_rc make(struct arena *a, const char *yaml, const char *jobs,
                         struct pipeline *p, struct plan *plan,
                         struct asid_err *err)
{
    struct plan_settings settings = {.dir = "out",
                                     .programs = "/bin",
                                     .run_id = "R1",
                                     .shard = "1/4",
                                     .jobs = jobs};

    TRY(pipeline_load(a, put(a, "p.yaml", yaml), p, err));
    return plan_make(a, p, &settings, plan, err);
}

static void test_plan(void)
{
    struct arena a = ARENA_INIT;
    struct pipeline p = {.n_stages = 0};
    struct plan plan = {.n_stages = 0};
    struct asid_err err = {.rc = ASID_OK};

    CHECK_OK(make(&a, good_yaml, NULL, &p, &plan, &err), err);
    if (plan.n_stages == 3) {
        CHECK_TEXT(plan_command(&a, &plan.stages[0]),
                   "/bin/asid-ingest --root=. "
                   "--out-file=out/stages/01-ingest.jsonl "
                   "--rejects=out/rejects/01-ingest.jsonl "
                   "--ledger=out/ledger.db --parent-run=R1 --shard=1/4 "
                   "--suffixes=avi --suffixes=mp4 --jobs=3 -- -x 'b c'");
        CHECK_TEXT(plan_command(&a, &plan.stages[1]),
                   "/bin/asid-caption --root=. "
                   "--out-file=out/stages/02-caption.jsonl "
                   "--rejects=out/rejects/02-caption.jsonl "
                   "--ledger=out/ledger.db --parent-run=R1 "
                   "--model=data-samples/demo-checkpoint --no-audio "
                   "--fps=1.5 --max-tokens=1000 '--prompt=it'\\''s' -- "
                   "out/stages/01-ingest.jsonl");
        CHECK_TEXT(plan_command(&a, &plan.stages[2]),
                   "/bin/asid-export --root=. "
                   "--out-file=out/stages/03-export.jsonl "
                   "--rejects=out/rejects/03-export.jsonl "
                   "--ledger=out/ledger.db --parent-run=R1 "
                   "--output=out/set/one -- out/stages/02-caption.jsonl");
        CHECK_TEXT(plan.stages[2].dataset_name, "set/one");
    }
    check_case("options of the file become long options in its order");

    CHECK_OK(make(&a, good_yaml, "7", &p, &plan, &err), err);
    CHECK(strstr(plan_command(&a, &plan.stages[0]), "--jobs=7"), "-j 7");
    CHECK(!strstr(plan_command(&a, &plan.stages[0]), "--jobs=3"), "-j 7");
    check_case("-j of asid-run goes before what the file says");
    arena_release(&a);
}

static void test_plan_faults(void)
{
    static const struct {
        const char *output, *want;
    } cases[] = {
        {"/tmp/x", "must be a folder below"},
        {"../x", "must be a folder below"},
        {"a/../../x", "must be a folder below"},
        {"stages", "must be a folder below"},
        {"''", "must be a folder below"},
        {"same", "stage 2 writes the folder 'same' already"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct pipeline p;
        struct plan plan;
        struct asid_err err = {.rc = ASID_OK};
        const char *yaml = arena_printf(
            &a,
            "name: x\nstages:\n  - ingest\n  - export: {output: same}\n"
            "  - export: {output: %s}\n",
            cases[i].output);

        CHECK(make(&a, yaml, NULL, &p, &plan, &err) == ASID_USAGE, "%s",
              cases[i].output);
        CHECK(strstr(err.text, cases[i].want), "%s: %s", cases[i].output,
              err.text);
        arena_release(&a);
    }
    CHECK(plan_is_below("a..b/..c") && plan_is_below("."), "dots in names");
    check_case("a dataset folder must lie below the run's and be its own");
}

/* --- shards -------------------------------------------------------------- */

static void test_shards(void)
{
    static const char *const wrong[] = {
        "",    "1",    "1/",   "/2",        "2/2",
        "0/0", "-1/2", "0/2x", "0/1000001", "18446744073709551616/3"};
    struct shard s = {9, 9};
    struct asid_err err;
    size_t in[3] = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(shard_parse(wrong[i], &s, &err) == ASID_USAGE, "%s", wrong[i]);
    CHECK_OK(shard_parse("2/3", &s, &err), err);
    CHECK(s.index == 2 && s.count == 3, "2/3");
    for (int id = 0; id < 3000; id++) {
        char name[16];
        int n = 0;

        snprintf(name, sizeof name, "v%d", id);
        for (uint64_t k = 0; k < 3; k++) {
            s.index = k;
            if (shard_has(&s, str_of(name))) {
                in[k]++;
                n++;
            }
        }
        CHECK(n == 1, "%s is in %d shards", name, n);
    }
    for (int k = 0; k < 3; k++)
        CHECK(in[k] > 800 && in[k] < 1200, "shard %d has %zu", k, in[k]);
    CHECK_OK(shard_parse(NULL, &s, &err), err);
    CHECK(shard_has(&s, STR("x")), "not sharded");
    check_case("every id is in exactly one shard, and shards are alike");
}

/* --- folders ------------------------------------------------------------- */

/* A process gives its locks back a little before it can be waited for. */
static bool is_ended_soon(pid_t child, int *status)
{
    for (int i = 0; i < 50; i++) {
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        usleep(10000);
    }
    return false;
}

static void test_lock(void)
{
    struct arena a = ARENA_INIT;
    const char *dir = path_join(&a, base, "lock");
    struct folder f = {.lock_fd = -1}, g = {.lock_fd = -1};
    struct asid_err err = {.rc = ASID_OK};
    char pid[40], *text;
    int status;
    pid_t child;

    CHECK_OK(folder_take(&a, dir, &f, &err), err);
    snprintf(pid, sizeof pid, "process %ld on ", (long)getpid());
    CHECK(folder_take(&a, dir, &g, &err) == ASID_FAILED, "taken twice");
    CHECK(strstr(err.text, pid), "%s", err.text);
    check_case("a second owner is refused with the first one's process");

    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(folder_join(&f, (long)getppid()) ? 0 : 1);
    waitpid(child, &status, 0);
    CHECK(status == 0, "join %d", status);
    child = fork();
    if (child == 0)
        _exit(folder_join(&f, (long)getppid() + 1) ? 0 : 1);
    waitpid(child, &status, 0);
    CHECK(status != 0, "join of a foreign parent");
    check_case("only a child of the owner may join");

    child = fork();
    if (child == 0) {
        folder_join(&f, (long)getppid());
        execlp("sleep", "sleep", "1.2", (char *)NULL);
        _exit(1);
    }
    usleep(100000);
    folder_release(&f);
    CHECK_OK(folder_take(&a, dir, &f, &err), err);
    CHECK(is_ended_soon(child, &status), "child still works");
    check_case("taking a folder waits for a stage of the earlier owner");

    text = arena_strdup(&a, get(&a, f.lock));
    CHECK(strtol(text, NULL, 10) == (long)getpid(), "%s", text);
    folder_release(&f);
    CHECK_OK(folder_take(&a, dir, &f, &err), err);
    folder_release(&f);
    check_case("a folder whose owner is gone can be taken again");
    arena_release(&a);
}

static void touch(struct arena *a, const char *dir, const char *name)
{
    const char *path = arena_printf(a, "%s/%s", dir, name);
    struct asid_err err;

    *strrchr(path_join(a, dir, name), '/') = '\0';
    if (file_replace(path, STR("x"), &err) != ASID_OK)
        printf("# %s\n", err.text);
}

static bool there(struct arena *a, const char *dir, const char *name)
{
    return access(arena_printf(a, "%s/%s", dir, name), F_OK) == 0;
}

static void test_fresh(void)
{
    static const char *const ours[] = {
        "ledger.db",
        "ledger.db-wal",
        "stages/01-ingest.jsonl",
        "stages/02-caption.jsonl.part",
        "rejects/01-ingest.jsonl",
        "set/one/raw.jsonl",
        "set/one/raw.jsonl.part",
        "set/one/rows/all.jsonl",
        "set/one/files.part",
        "set/one/manifest.json",
        "run.json",
    };
    static const char *const theirs[] = {
        "notes.txt",        "stages/notes.txt", "stages/1-a.jsonl",
        "stages/01-a.json", "set/one/README",   "other/raw.jsonl",
    };
    struct arena a = ARENA_INIT;
    const char *dir = path_join(&a, base, "fresh");
    struct folder f = {.lock_fd = -1};
    struct pipeline p = {.n_stages = 0};
    struct plan plan = {.n_stages = 0};
    struct shard all = {0, 0}, half = {0, 2}, third = {0, 3};
    struct asid_err err = {.rc = ASID_OK};

    CHECK_OK(make(&a, good_yaml, NULL, &p, &plan, &err), err);
    CHECK_OK(folder_take(&a, dir, &f, &err), err);
    CHECK_OK(folder_check(dir, &p, &half, &err), err);
    CHECK_OK(folder_note(&f, &p, &plan, &half, &err), err);
    CHECK_OK(folder_check(dir, &p, &half, &err), err);
    CHECK(folder_check(dir, &p, &third, &err) == ASID_USAGE, "0/3");
    CHECK(strstr(err.text, "0/2") && strstr(err.text, "0/3"), "%s", err.text);
    CHECK(folder_check(dir, &p, &all, &err) == ASID_USAGE, "no shard");
    check_case("a folder keeps its shard");
    p.name = "other";
    CHECK(folder_check(dir, &p, &half, &err) == ASID_USAGE, "other pipeline");
    CHECK(strstr(err.text, "pipeline good, not other") &&
              strstr(err.text, "--fresh"),
          "%s", err.text);
    p.name = "good";
    check_case("a folder keeps its pipeline");

    CHECK_OK(file_make_dirs(path_join(&a, dir, "stages"), &err), err);
    CHECK_OK(file_make_dirs(path_join(&a, dir, "rejects"), &err), err);
    CHECK_OK(file_make_dirs(path_join(&a, dir, "set/one/rows"), &err), err);
    CHECK_OK(file_make_dirs(path_join(&a, dir, "other"), &err), err);
    for (size_t i = 0; i + 1 < sizeof ours / sizeof *ours; i++)
        touch(&a, dir, ours[i]);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        touch(&a, dir, theirs[i]);
    put(&a, "fresh/set/one/manifest.json",
        "{\"files\":[{\"name\":\"rows/all.jsonl\"},"
        "{\"name\":\"../../notes.txt\"},{\"name\":\"\"},3]}");
    put(&a, "fresh/set/one/files.part", "raw.jsonl\n/etc/passwd\nREAD");
    CHECK_OK(folder_clear(&f, &err), err);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        CHECK(!there(&a, dir, ours[i]), "%s is still there", ours[i]);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        CHECK(there(&a, dir, theirs[i]), "%s is gone", theirs[i]);
    CHECK_OK(folder_check(dir, &p, &third, &err), err);
    check_case("starting over removes what a run made and nothing else");

    put(&a, "fresh/run.json", "{\"datasets\":[\"../lock\",7,\"/tmp\"]}");
    touch(&a, base, "lock/raw.jsonl");
    CHECK_OK(folder_clear(&f, &err), err);
    CHECK(there(&a, base, "lock/raw.jsonl"), "a file outside the folder");
    put(&a, "fresh/run.json", "{\"datasets\":");
    CHECK(folder_check(dir, &p, &all, &err) == ASID_FAILED, "broken state");
    CHECK_OK(folder_clear(&f, &err), err);
    check_case("a broken or hostile run.json leads nobody outside");
    folder_release(&f);
    arena_release(&a);
}

static void test_stale(void)
{
    static const char *const stale[] = {
        "stages/02-caption.jsonl", "stages/02-caption.jsonl.part",
        "rejects/02-caption.jsonl", "stages/03-export.jsonl"};
    static const char *const kept[] = {
        "stages/01-ingest.jsonl", "stages/02-caption.jsonl.old",
        "stages/04-verify.jsonl", "rejects/01-ingest.jsonl"};
    struct arena a = ARENA_INIT;
    const char *dir = path_join(&a, base, "stale");
    struct folder f = {.lock_fd = -1};
    struct pipeline p = {.n_stages = 0};
    struct plan plan = {.n_stages = 0};
    struct shard all = {0, 0};
    struct asid_err err = {.rc = ASID_OK};

    CHECK_OK(make(&a, good_yaml, NULL, &p, &plan, &err), err);
    CHECK_OK(folder_take(&a, dir, &f, &err), err);
    plan.stages_dir = path_join(&a, dir, "stages");
    plan.rejects_dir = path_join(&a, dir, "rejects");
    CHECK_OK(file_make_dirs(plan.stages_dir, &err), err);
    CHECK_OK(file_make_dirs(plan.rejects_dir, &err), err);
    for (size_t i = 0; i < 4; i++) {
        touch(&a, dir, stale[i]);
        touch(&a, dir, kept[i]);
    }
    CHECK_OK(folder_note(&f, &p, &plan, &all, &err), err);
    CHECK(there(&a, dir, stale[0]), "a file of the plan is gone");
    plan.n_stages = 1;
    CHECK_OK(folder_note(&f, &p, &plan, &all, &err), err);
    for (size_t i = 0; i < 4; i++) {
        CHECK(!there(&a, dir, stale[i]), "%s is still there", stale[i]);
        CHECK(there(&a, dir, kept[i]), "%s is gone", kept[i]);
    }
    check_case("files of stages that the plan has no more are removed");

    put(&a, "stale/run.json",
        "{\"stages\":[\"../notes\",7,\"../../stale/x\",\"notes.txt\","
        "\"01-x.jsonl./../../notes\"]}");
    CHECK(mkdir(path_join(&a, dir, "stages/01-x.jsonl."), 0777) == 0, "mkdir");
    touch(&a, dir, "notes");
    touch(&a, dir, "stages/notes.txt");
    CHECK_OK(folder_note(&f, &p, &plan, &all, &err), err);
    CHECK(there(&a, dir, "notes") && there(&a, dir, "stages/notes.txt"),
          "a file that no stage has");
    check_case("a hostile run.json removes nothing but stage files");
    folder_release(&f);
    arena_release(&a);
}

/* --- tables -------------------------------------------------------------- */

static void test_table(void)
{
    static const char *const rows[][3] = {
        {"stage", "n", "text"},
        {"caf\xc3\xa9", "10", "a\x1b[31m\tb\xff"},
        {"x", NULL, ""},
    };
    struct arena a = ARENA_INIT;
    struct table t;
    struct buf out;

    buf_init(&out, 1 << 16);
    table_init(&t, &a, 3, 1u << 1);
    for (size_t i = 0; i < 3; i++)
        table_add(&t, rows[i]);
    table_write(&t, &out);
    CHECK_TEXT(out.p, "stage   n  text\n"
                      "caf\xc3\xa9   10  a\\x1b[31m\\x09b\\xff\n"
                      "x       -\n");
    check_case("tables are aligned and show control characters as text");
    buf_release(&out);
    arena_release(&a);
}

/* --- previews ------------------------------------------------------------ */

static const char preview_yaml[] =
    "name: p\nmodel: data-samples/demo-checkpoint\nstages:\n"
    "  - ingest: {jobs: %d}\n  - caption: {prompts: single-attribute, "
    "max-tokens: %d}\n";

struct past_record {
    const char *id, *line, *status, *made; /* made: its line in the output */
};

/* Write what a run of that stage with that plan would have left. */
static void pretend(struct arena *a, struct ledger *l,
                    const struct plan_stage *s, const char *output,
                    const struct past_record *records, size_t n)
{
    struct json *argv = json_new_array(a);
    struct ledger_run run = {
        .program = "x", .version = ASID_VERSION, .libraries = ""};
    struct ledger_checkpoint c = {.complete = true};
    struct asid_err err = {.rc = ASID_OK};
    struct buf text;

    for (size_t i = 0; i < s->argc; i++)
        json_append(argv, json_new_text(a, s->argv[i]));
    buf_init(&text, 1 << 20);
    json_write(&text, argv);
    run.argv = text.p;
    CHECK_OK(ledger_run_begin(l, &run, &err), err);
    buf_release(&text);
    snprintf(c.execution, sizeof c.execution, "%s", run.run_id);
    for (size_t i = 0; i < n; i++) {
        char hex[HASH_HEX], made[HASH_HEX];
        struct ledger_outcome o = {.execution = c.execution,
                                   .run_id = c.execution,
                                   .stage = s->stage->name,
                                   .seq = i + 1,
                                   .record_id = records[i].id,
                                   .status = records[i].status,
                                   .input_sha256 = hex};

        hash_text(str_of(records[i].line), hex);
        if (records[i].made) {
            hash_text(str_of(records[i].made), made);
            o.output_sha256 = made;
        }
        CHECK_OK(ledger_commit(l, &o, 1, s->stage->name, output, &c, &err),
                 err);
    }
}

static void check_preview(const struct preview_stage *got, const char *want,
                          const char *which)
{
    char text[200];

    snprintf(text, sizeof text,
             "in %d new %d input %d option %d retry %d done %d calls %d%s",
             (int)got->in, (int)got->fresh, (int)got->input, (int)got->option,
             (int)got->retry, (int)got->done, (int)got->calls,
             got->at_most ? " at most" : "");
    CHECK(strcmp(text, want) == 0, "%s\n#   got  %s\n#   want %s", which, text,
          want);
}

static struct preview_item found_item(struct arena *a, const char *id,
                                      const char *line)
{
    char hex[HASH_HEX];

    hash_text(str_of(line), hex);
    return (struct preview_item){
        .id = id, .name = id, .sha256 = arena_strdup(a, hex), .unique = true};
}

static void test_preview(void)
{
    static const struct past_record items[] = {
        {"a", "in a", "accepted", "{\"id\":\"a\"}"},
        {"b", "in b", "rejected", NULL},
        {"c", "in c", "failed", NULL},
        {"d", "in d", "accepted", "{\"id\":\"d\"}"},
        {"e", "in e", "accepted", "{\"id\":\"e\"}"},
        {"f", "in f", "accepted", "{\"id\":\"f\"}"},
        {"g", "in g", "accepted", "{\"id\":\"g\"}"}};
    static const struct past_record records[] = {
        {"a", "{\"id\":\"a\"}", "accepted", "A"},
        {"d", "{\"id\":\"d\",\"was\":1}", "accepted", "D"},
        {"e", "{\"id\":\"e\"}", "failed", NULL},
        {"line:9", "{\"id\":\"g\"}", "rejected", NULL}};
    struct arena a = ARENA_INIT;
    const struct preview_item found[] = {
        found_item(&a, "a", "in a"), found_item(&a, "d", "in d"),
        found_item(&a, "e", "in e"), found_item(&a, "f", "in f"),
        found_item(&a, "g", "in g"), found_item(&a, "b", "in b, anew"),
        found_item(&a, "c", "in c"), found_item(&a, "new", "in new")};
    const struct preview_item newer[] = {found_item(&a, "a", "in a, anew"),
                                         found_item(&a, "d", "in d")};
    struct preview_item named[] = {
        found_item(&a, "x-1", "b's rows, anew"), /* was rejected as b */
        found_item(&a, NULL, "no row"), found_item(&a, "a", "in a"),
        found_item(&a, "e-twin", "in the twin")};
    const char *dir = path_join(&a, base, "preview");
    struct plan_settings settings = {.dir = dir, .programs = "/bin"};
    struct pipeline p = {.n_stages = 0};
    struct plan plan = {.n_stages = 0};
    struct preview_stage out[2] = {{0}};
    struct ledger *l = NULL;
    struct asid_err err = {.rc = ASID_OK};

    named[0].name = "b";
    named[0].refused = named[1].refused = true;
    named[2].unique = named[3].unique = false;
    CHECK_OK(pipeline_load(
                 &a, put(&a, "p.yaml", arena_printf(&a, preview_yaml, 1, 8)),
                 &p, &err),
             err);
    CHECK_OK(plan_make(&a, &p, &settings, &plan, &err), err);
    CHECK_OK(preview_make(&a, &p, &plan, found, 8, false, out, &err), err);
    check_preview(&out[0], "in 8 new 8 input 0 option 0 retry 0 done 0 calls 0",
                  "nothing there yet: ingest");
    check_preview(&out[1],
                  "in 8 new 8 input 0 option 0 retry 0 done 0 calls 64 at most",
                  "nothing there yet: caption");
    CHECK(access(dir, F_OK) < 0, "the folder was made");
    check_case("without a ledger everything is new, and nothing is written");

    CHECK_OK(file_make_dirs(plan.stages_dir, &err), err);
    CHECK_OK(ledger_open(plan.ledger, &l, &err), err);
    if (!l)
        return;
    pretend(&a, l, &plan.stages[0], plan.stages[0].output, items, 7);
    pretend(&a, l, &plan.stages[1], plan.stages[1].output, records, 4);
    CHECK_OK(preview_make(&a, &p, &plan, found, 8, false, out, &err), err);
    check_preview(&out[0], "in 8 new 1 input 1 option 0 retry 1 done 5 calls 0",
                  "ingest");
    /* a is done, so is g, which had no id of its own; d changed, e retry, f
     * new, and from upstream b, c and new. */
    check_preview(&out[1],
                  "in 8 new 4 input 1 option 0 retry 1 done 2 calls 48 at most",
                  "caption");
    check_case("a preview tells new, changed, retry and done apart");

    CHECK_OK(preview_make(&a, &p, &plan, found, 5, false, out, &err), err);
    check_preview(&out[0], "in 5 new 0 input 0 option 0 retry 0 done 5 calls 0",
                  "ingest");
    check_preview(&out[1],
                  "in 5 new 1 input 1 option 0 retry 1 done 2 calls 24",
                  "caption");
    CHECK_OK(preview_make(&a, &p, &plan, found, 1, false, out, &err), err);
    check_preview(&out[1], "in 1 new 0 input 0 option 0 retry 0 done 1 calls 0",
                  "caption, of what is still there");
    check_case("a preview is exact when nothing upstream is open");

    CHECK_OK(preview_make(&a, &p, &plan, named, 4, false, out, &err), err);
    check_preview(&out[0],
                  "in 4 new 2 input 1 option 0 retry 0 done 1 calls 0 at most",
                  "ingest of rows");
    check_preview(&out[1],
                  "in 2 new 1 input 0 option 0 retry 0 done 1 calls 8 at most",
                  "caption of what may come of them");
    check_case("items that are sure to be rejected go no further; a rejected "
               "one is known by its file's name, a line by itself");

    CHECK_OK(preview_make(&a, &p, &plan, newer, 2, false, out, &err), err);
    check_preview(&out[1],
                  "in 2 new 0 input 2 option 0 retry 0 done 0 calls 16 at most",
                  "caption, after a file was written anew");
    check_case("what changes upstream changes downstream");

    CHECK_OK(pipeline_load(
                 &a, put(&a, "p.yaml", arena_printf(&a, preview_yaml, 4, 9)),
                 &p, &err),
             err);
    CHECK_OK(plan_make(&a, &p, &settings, &plan, &err), err);
    CHECK_OK(preview_make(&a, &p, &plan, found, 5, false, out, &err), err);
    check_preview(&out[0], "in 5 new 0 input 0 option 0 retry 0 done 5 calls 0",
                  "ingest with another -j");
    check_preview(&out[1],
                  "in 5 new 1 input 0 option 4 retry 0 done 0 calls 40",
                  "caption with another limit");
    check_case("an option that decides nothing is no change");

    CHECK_OK(preview_make(&a, &p, &plan, found, 8, true, out, &err), err);
    check_preview(&out[1],
                  "in 8 new 8 input 0 option 0 retry 0 done 0 calls 64 at most",
                  "caption, started over");
    check_case("a preview of a fresh start forgets everything");
    ledger_close(l);
    arena_release(&a);
}

/* What a plan of three new clips says of model calls. */
static void check_calls(const char *stages, const char *cells, const char *want)
{
    struct arena a = ARENA_INIT;
    const struct preview_item found[] = {found_item(&a, "a", "in a"),
                                         found_item(&a, "b", "in b"),
                                         found_item(&a, "c", "in c")};
    const char *yaml = arena_printf(&a,
                                    "name: p\n"
                                    "model: data-samples/demo-checkpoint\n"
                                    "stages:\n  - ingest\n%s",
                                    stages);
    struct pipeline p = {.n_stages = 0};
    struct plan plan = {.n_stages = 0};
    struct preview_stage out[8] = {{0}};
    struct asid_err err = {.rc = ASID_OK};
    struct buf text;

    buf_init(&text, 1 << 20);
    CHECK_OK(make(&a, yaml, NULL, &p, &plan, &err), err);
    CHECK_OK(preview_make(&a, &p, &plan, found, 3, true, out, &err), err);
    preview_write(&a, &plan, out, &text);
    CHECK(strstr(text.p, want), "\n#   want %s\n#   in %s", want, text.p);
    CHECK(strstr(text.p, cells), "\n#   want %s\n#   in %s", cells, text.p);
    buf_release(&text);
    arena_release(&a);
}

static void test_calls(void)
{
    check_calls("  - caption: {prompts: single-attribute, "
                "attributes: [scene, camera]}\n  - merge\n",
                "            6  at most", "\nmodel calls: at most 6\n");
    check_calls("  - merge\n", "            -  at most", "\nmodel calls: 0\n");
    check_case("the calls of stages that ask so much a record are bounded");
    check_calls("  - merge: {fuse: true}\n  - verify\n  - refine\n",
                "    not known  at most",
                "\nmodel calls: not known for merge (records: at most 3), "
                "verify (records: at most 3), refine (records: at most 3): "
                "what these ask depends on the records\n");
    check_calls("  - caption\n  - verify\n", "    not known  at most",
                "\nmodel calls: at most 3, not known for verify (records: at "
                "most 3): what these ask depends on the records\n");
    check_case("how much is asked about claims is not guessed");
}

int main(void)
{
    struct arena a = ARENA_INIT;

    snprintf(base, sizeof base, "/tmp/asid-test-pipeline-XXXXXX");
    if (!mkdtemp(base))
        return 1;
    test_faults();
    test_missing_file();
    test_union();
    test_plan();
    test_plan_faults();
    test_shards();
    test_lock();
    test_fresh();
    test_stale();
    test_table();
    test_preview();
    test_calls();
    if (fork() == 0)
        execlp("rm", "rm", "-rf", base, (char *)NULL);
    wait(NULL);
    arena_release(&a);
    return check_done();
}
