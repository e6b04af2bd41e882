-- Files that grow: one row for each generation, and where a file version lies that is a
-- stretch of one.

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

CREATE INDEX growing_open ON growing (pipeline, id) WHERE ended = 0;

CREATE INDEX growing_path ON growing (pipeline, path, id);

CREATE TABLE stretch (
    file INTEGER PRIMARY KEY REFERENCES file (id),
    growing INTEGER NOT NULL REFERENCES growing (id),
    start_byte INTEGER NOT NULL CHECK (start_byte >= 0),
    records INTEGER NOT NULL,
    lines INTEGER NOT NULL
) STRICT;

CREATE INDEX stretch_growing ON stretch (growing, start_byte);
