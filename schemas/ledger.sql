-- The ledger: one file per dataset and host. See docs/LEDGER.md.
-- Schema version 4 (PRAGMA user_version), application_id 0x61736964 ("asid").

-- What this file is.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One call of a program or pipeline.
CREATE TABLE runs (
    run_id          TEXT NOT NULL PRIMARY KEY,  -- sorts by time
    program         TEXT NOT NULL,              -- 'asid-caption'
    argv            TEXT NOT NULL,              -- JSON array
    version         TEXT NOT NULL,
    libraries       TEXT NOT NULL,
    pipeline_sha256 TEXT,
    parent          TEXT,                       -- run_id of the pipeline's run
    host            TEXT NOT NULL,
    process         INTEGER NOT NULL,
    started_at      TEXT NOT NULL,              -- UTC
    finished_at     TEXT,
    status          TEXT NOT NULL
        CHECK (status IN ('running', 'done', 'failed', 'stopped')),
    message         TEXT,
    peak_bytes      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;

-- One record through one stage. An execution is one stage working through one
-- input with one set of options; it bears the run_id of its first run.
CREATE TABLE outcomes (
    execution      TEXT NOT NULL,
    seq            INTEGER NOT NULL,  -- position in the input, from 1
    run_id         TEXT NOT NULL,     -- the run that did it
    stage          TEXT NOT NULL,
    record_id      TEXT NOT NULL,     -- 'line:N' for lines that are no record
    status         TEXT NOT NULL
        CHECK (status IN ('accepted', 'rejected', 'failed')),
    code           TEXT,
    message        TEXT,
    attempts       INTEGER NOT NULL,
    input_sha256   TEXT,              -- of the input line
    options_sha256 TEXT,
    output_sha256  TEXT,              -- of the output line, when accepted
    seconds        REAL NOT NULL,     -- spent by this run
    -- Of the answers the result stands on, whoever asked for them.
    tokens_in      INTEGER NOT NULL,
    tokens_out     INTEGER NOT NULL,
    beside         TEXT,              -- files besides the input that decided,
                                      -- with their hashes
    PRIMARY KEY (execution, seq)
) STRICT, WITHOUT ROWID;
-- "Why was this record rejected".
CREATE INDEX outcomes_by_record ON outcomes (record_id);
-- Finding finished work again.
CREATE INDEX outcomes_by_input ON outcomes (input_sha256, stage)
    WHERE input_sha256 IS NOT NULL;
-- "What was rejected, and how often".
CREATE INDEX outcomes_by_code ON outcomes (execution, code)
    WHERE code IS NOT NULL;

-- What stands behind options_sha256: stage, version, identity (model, prompts)
-- and options, as JSON.
CREATE TABLE settings (
    options_sha256 TEXT NOT NULL PRIMARY KEY,
    settings       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One judgement about one attribute or claim of one record.
CREATE TABLE verdicts (
    run_id        TEXT NOT NULL,
    execution     TEXT NOT NULL,
    record_id     TEXT NOT NULL,
    stage         TEXT NOT NULL,
    round         INTEGER NOT NULL,
    attribute     TEXT NOT NULL,
    claim         INTEGER NOT NULL,   -- from 0; -1: the whole attribute
    kind          TEXT NOT NULL
        CHECK (kind IN ('error', 'missing', 'expressiveness', 'format')),
    p             REAL,
    verdict       TEXT NOT NULL,
    model         TEXT,
    prompt_sha256 TEXT,
    reason        TEXT,
    PRIMARY KEY (execution, record_id, round, attribute, claim, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdicts_by_record ON verdicts (record_id, stage);

-- One model reply and what it took to get it (0 when kept by version 1). The
-- request hash covers model, prompt, media and sampling.
CREATE TABLE replies (
    request_sha256 TEXT NOT NULL PRIMARY KEY,
    model          TEXT NOT NULL,
    reply          BLOB NOT NULL,
    created_at     TEXT NOT NULL,
    tokens_in      INTEGER NOT NULL DEFAULT 0,
    tokens_out     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where the newest execution of a stage stands, by output file ('-' is
-- standard output, which is never resumed). State 'finishing': every record is
-- done, the files are being renamed.
CREATE TABLE checkpoints (
    stage          TEXT NOT NULL,
    output         TEXT NOT NULL,
    execution      TEXT NOT NULL,
    state          TEXT NOT NULL
        CHECK (state IN ('working', 'finishing', 'complete')),
    options_sha256 TEXT NOT NULL,
    input_sha256   TEXT NOT NULL,     -- of the first input_bytes
    input_bytes    INTEGER NOT NULL,
    line           INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    output_bytes   INTEGER NOT NULL,
    output_sha256  TEXT NOT NULL,
    rejects        TEXT NOT NULL,     -- path, '' without
    reject_bytes   INTEGER NOT NULL,
    reject_sha256  TEXT NOT NULL,
    accepted       INTEGER NOT NULL,
    rejected       INTEGER NOT NULL,
    failed         INTEGER NOT NULL,
    updated_at     TEXT NOT NULL,
    PRIMARY KEY (stage, output)
) STRICT, WITHOUT ROWID;

-- The outcomes of the newest execution per stage and output.
CREATE VIEW latest_outcomes AS
    SELECT o.*, c.output, c.state
    FROM checkpoints AS c
    JOIN outcomes AS o ON o.execution = c.execution AND o.stage = c.stage;

-- Do in, accepted and rejected balance, and does the ledger know each record?
CREATE VIEW balance AS
    SELECT c.stage, c.output, c.state, c.seq AS records,
           c.accepted, c.rejected, c.failed,
           (SELECT count(*) FROM outcomes AS o
            WHERE o.execution = c.execution AND o.stage = c.stage) AS outcomes,
           c.seq = c.accepted + c.rejected + c.failed
           AND c.seq = (SELECT count(*) FROM outcomes AS o
                        WHERE o.execution = c.execution
                          AND o.stage = c.stage) AS balanced
    FROM checkpoints AS c;

-- Rejects of the newest executions by stage and code.
CREATE VIEW reject_counts AS
    SELECT stage, output, code, status, count(*) AS records
    FROM latest_outcomes
    WHERE status <> 'accepted'
    GROUP BY stage, output, code, status;
