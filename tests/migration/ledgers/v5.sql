BEGIN TRANSACTION;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES batch (sequence),
    number INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    error TEXT NOT NULL DEFAULT '',
    counted INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "attempt" VALUES(1,1,1,1795475702.0,1795475703.0,'',0);
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
    seconds TEXT NOT NULL DEFAULT '{}', rows_filtered INTEGER NOT NULL DEFAULT 0, function TEXT NOT NULL DEFAULT '',  -- JSON: wall time of each stage
    CHECK ((ended_at IS NOT NULL) = (state IN ('committed', 'failed')))
) STRICT;
INSERT INTO "batch" VALUES(1,'20261123T231501Z-915126403892','sensors','committed',1,100,1795475701.0,1795475704.0,1,0,0,'',5,4,1,1,1,'/staging/20261123T231501Z-915126403892','{"read": 0.5}',0,'["own.rows:scored", "abababababababababababababababababababababababababababababababab"]');
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
INSERT INTO "current" VALUES('sensors',X'622E637376',100,1002,2002,9,'',0,2);
INSERT INTO "current" VALUES('sensors',X'FF2E637376',100,1001,2001,8,'',0,1);
CREATE TABLE epoch (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL,
    opened_at REAL NOT NULL
) STRICT;
INSERT INTO "epoch" VALUES(1,3,1795475800.0);
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
, rows_filtered INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "file" VALUES(1,'sensors',X'FF2E637376',100,1001,2001,8,'',X'6865616431',X'7461696C31','committed',10.0,10.0,1795475704.0,NULL,1,5,4,1,'','line 3: no number',0);
INSERT INTO "file" VALUES(2,'sensors',X'622E637376',100,1002,2002,9,'',X'6865616432',X'7461696C32','ready',10.0,10.0,10.0,NULL,NULL,0,0,0,'','',0);
CREATE TABLE growing (
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL,
    path BLOB NOT NULL,  -- the name that the source takes
    place BLOB NOT NULL,  -- where it was last seen
    inode INTEGER NOT NULL,  -- unsigned 64 bits, stored as signed
    birth_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,  -- when it was last seen
    end_byte INTEGER NOT NULL CHECK (end_byte >= 0),  -- all before it was taken
    head BLOB NOT NULL,
    tail BLOB NOT NULL,
    header BLOB NOT NULL,
    records INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    changed_at REAL NOT NULL
) STRICT;
INSERT INTO "growing" VALUES(1,'logs',X'6170702E6C6F67',X'6170702E6C6F672E31',77,1795475700000000000,900,400,X'68',X'74',X'612C620A',0,0,0,1795475801.0);
CREATE TABLE "member" (
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
    rows_filtered INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    rejected TEXT NOT NULL DEFAULT '[]',  -- JSON: [[reason, rows], ...]
    PRIMARY KEY (batch, position),
    CHECK (rows_in = rows_out + rows_rejected + rows_filtered)
) STRICT, WITHOUT ROWID;
INSERT INTO "member" VALUES(1,0,1,0,100,'read',5,4,1,0,'','line 3: no number','[["bad_value", 1]]');
CREATE TABLE "part" (
    batch INTEGER NOT NULL REFERENCES batch (sequence),
    kind TEXT NOT NULL CHECK (kind = 'data' OR kind = 'rejects'),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    staged TEXT NOT NULL,
    rows INTEGER NOT NULL,
    rows_in INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (batch, kind, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "part" VALUES(1,'data','20261123T231501Z-915126403892-0.parquet',0,'/staging/20261123T231501Z-915126403892',4,4,900,'abababababababababababababababababababababababababababababababab');
INSERT INTO "part" VALUES(1,'rejects','20261123T231501Z-915126403892-0.parquet',1,'/var/rejects/sensors.ingestd/staging/20261123T231501Z-915126403892',1,1,300,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd');
CREATE TABLE schema_version (
    pipeline TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    columns TEXT NOT NULL,  -- JSON: [[name, type], ...]
    source TEXT NOT NULL,
    pinned_at REAL NOT NULL,
    PRIMARY KEY (pipeline, version)
) STRICT, WITHOUT ROWID;
INSERT INTO "schema_version" VALUES('sensors',1,'[["ts", "timestamp"], ["temp", "float64"]]','declared',1795475703.0);
CREATE TABLE stretch (
    file INTEGER PRIMARY KEY REFERENCES file (id),
    growing INTEGER NOT NULL REFERENCES growing (id),
    start_byte INTEGER NOT NULL CHECK (start_byte >= 0),
    records INTEGER NOT NULL,
    lines INTEGER NOT NULL
) STRICT;
CREATE TABLE tally (
    pipeline TEXT NOT NULL,
    state TEXT NOT NULL,
    files INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (pipeline, state)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES('sensors','claimed',0,0);
INSERT INTO "tally" VALUES('sensors','committed',1,100);
INSERT INTO "tally" VALUES('sensors','ready',1,100);
CREATE INDEX batch_state ON batch (pipeline, state, sequence);
CREATE INDEX batch_unfinished ON batch (sequence)
    WHERE state IN ('sealed', 'claimed', 'waiting', 'staged');
CREATE INDEX batch_ended ON batch (pipeline, ended_at) WHERE state = 'committed';
CREATE INDEX file_state ON file (pipeline, state, id);
CREATE INDEX file_waiting ON file (pipeline, ready_at) WHERE state = 'ready';
CREATE INDEX file_content ON file (pipeline, inode, size, mtime_ns)
    WHERE state IN ('committed', 'claimed') AND inode <> 0;
CREATE INDEX attempt_batch ON attempt (batch, id);
CREATE INDEX attempt_error ON attempt (id) WHERE error <> '';
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
CREATE INDEX growing_open ON growing (pipeline, id) WHERE ended = 0;
CREATE INDEX growing_path ON growing (pipeline, path, id);
CREATE INDEX stretch_growing ON stretch (growing, start_byte);
PRAGMA user_version = 5;
COMMIT;
