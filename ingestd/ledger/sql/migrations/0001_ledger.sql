-- The first ledger: file versions, batches, members, attempts, parts, schemas.
-- Times are UTC seconds; sizes bytes; file names BLOB, because they need not be text.

-- A list of states is checked by OR, never by IN: sqlite builds a table for IN at every
-- row, which doubles the cost of a write and makes quick_check ten times slower.

-- One row: the number of the last opening. Every write transaction compares it.
CREATE TABLE epoch (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL,
    opened_at REAL NOT NULL
) STRICT;

INSERT INTO epoch VALUES (1, 0, 0.0);

CREATE TABLE batch (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    state TEXT NOT NULL CHECK (
        state = 'sealed' OR state = 'claimed' OR state = 'waiting' OR state = 'staged'
        OR state = 'committed' OR state = 'failed'
    ),
    files INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sealed_at REAL NOT NULL,
    ended_at REAL,
    attempt INTEGER NOT NULL DEFAULT 1,
    counted INTEGER NOT NULL DEFAULT 0,  -- the last attempt was counted
    isolate INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    rows_in INTEGER NOT NULL DEFAULT 0,
    rows_out INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    bypassed INTEGER NOT NULL DEFAULT 0,
    schema_version INTEGER NOT NULL DEFAULT 0,
    staging TEXT NOT NULL DEFAULT '',
    seconds TEXT NOT NULL DEFAULT '{}',  -- JSON: wall time of each stage
    CHECK ((ended_at IS NOT NULL) = (state IN ('committed', 'failed')))
) STRICT;

CREATE INDEX batch_state ON batch (pipeline, state, sequence);

CREATE INDEX batch_unfinished ON batch (sequence)
    WHERE state IN ('sealed', 'claimed', 'waiting', 'staged');

CREATE INDEX batch_ended ON batch (pipeline, ended_at) WHERE state = 'committed';

-- Every version of every path, in order of admission.
CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,  -- unsigned 64 bits, stored as signed
    etag TEXT NOT NULL,
    head BLOB NOT NULL,
    tail BLOB NOT NULL,
    state TEXT NOT NULL CHECK (
        state = 'ready' OR state = 'claimed' OR state = 'committed' OR state = 'moved'
        OR state = 'deleted' OR state = 'quarantined' OR state = 'vanished'
        OR state = 'changed' OR state = 'unchanged' OR state = 'grew_after_commit'
        OR state = 'ignored'
    ),
    seen_at REAL NOT NULL,
    ready_at REAL NOT NULL,  -- when it was last made ready: by admission or retry
    changed_at REAL NOT NULL,  -- when it got its state
    previous INTEGER REFERENCES file (id),  -- the version of the path before this one
    batch INTEGER REFERENCES batch (sequence),  -- the last one it was a member of
    rows_in INTEGER NOT NULL DEFAULT 0,
    rows_out INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
) STRICT;

-- Serves sealing, after_commit at recovery, and listings by state.
CREATE INDEX file_state ON file (pipeline, state, id);

CREATE INDEX file_waiting ON file (pipeline, ready_at) WHERE state = 'ready';

CREATE INDEX file_content ON file (pipeline, inode, size, mtime_ns)
    WHERE state IN ('committed', 'claimed') AND inode <> 0;

-- The newest version of each path with its stat: what a listing is compared with.
CREATE TABLE current (
    pipeline TEXT NOT NULL,
    path BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    etag TEXT NOT NULL,
    -- 1: vanished or changed before it was read, so an equal stat is not known
    unread INTEGER NOT NULL DEFAULT 0,
    file INTEGER NOT NULL REFERENCES file (id),
    PRIMARY KEY (pipeline, path)
) STRICT, WITHOUT ROWID;

-- A slice of a file version; outcome and counts are fixed by staging.
CREATE TABLE member (
    batch INTEGER NOT NULL REFERENCES batch (sequence),
    position INTEGER NOT NULL,
    file INTEGER NOT NULL REFERENCES file (id),
    start_byte INTEGER NOT NULL CHECK (start_byte >= 0),
    end_byte INTEGER NOT NULL CHECK (end_byte >= start_byte),
    outcome TEXT CHECK (
        outcome = 'read' OR outcome = 'quarantined' OR outcome = 'vanished'
        OR outcome = 'changed'
    ),
    rows_in INTEGER NOT NULL DEFAULT 0,
    rows_out INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (batch, position),
    CHECK (rows_in = rows_out + rows_rejected)
) STRICT, WITHOUT ROWID;

-- One row for each claim; the number repeats after one that was not counted.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batch (sequence),
    number INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    error TEXT NOT NULL DEFAULT '',
    counted INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX attempt_batch ON attempt (batch, id);

CREATE INDEX attempt_error ON attempt (id) WHERE error <> '';

CREATE TABLE part (
    batch INTEGER NOT NULL REFERENCES batch (sequence),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    staged TEXT NOT NULL,
    rows INTEGER NOT NULL,
    rows_in INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (batch, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE schema_version (
    pipeline TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    columns TEXT NOT NULL,  -- JSON: [[name, type], ...]
    source TEXT NOT NULL,
    pinned_at REAL NOT NULL,
    PRIMARY KEY (pipeline, version)
) STRICT, WITHOUT ROWID;

-- How many versions, and bytes, are in each state: kept by the triggers below, so that
-- asking never scans.
CREATE TABLE tally (
    pipeline TEXT NOT NULL,
    state TEXT NOT NULL,
    files INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (pipeline, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER file_added AFTER INSERT ON file
BEGIN
    INSERT INTO tally VALUES (new.pipeline, new.state, 1, new.size)
    ON CONFLICT DO UPDATE SET files = files + 1, size = size + excluded.size;
END;

CREATE TRIGGER file_stepped AFTER UPDATE OF state, size ON file
BEGIN
    UPDATE tally SET files = files - 1, size = size - old.size
    WHERE pipeline = old.pipeline AND state = old.state;
    INSERT INTO tally VALUES (new.pipeline, new.state, 1, new.size)
    ON CONFLICT DO UPDATE SET files = files + 1, size = size + excluded.size;
END;
