-- Rows that are set aside one by one: how many of each file for which reason, and their
-- Parquet files, which have names of their own beside those of the data.

-- JSON: [[reason, rows], ...], in order of the reasons.
ALTER TABLE member ADD COLUMN rejected TEXT NOT NULL DEFAULT '[]';

-- Made anew, because the kind belongs to the key: both kinds count their files from 0.
CREATE TABLE part_of_a_kind (
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

INSERT INTO part_of_a_kind
SELECT batch, 'data', name, position, staged, rows, rows_in, size, sha256
FROM part;

DROP TABLE part;

ALTER TABLE part_of_a_kind RENAME TO part;
