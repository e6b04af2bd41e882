-- Rows that a pipeline's transform leaves out are counted beside those set aside.

ALTER TABLE batch ADD COLUMN rows_filtered INTEGER NOT NULL DEFAULT 0;

ALTER TABLE file ADD COLUMN rows_filtered INTEGER NOT NULL DEFAULT 0;

-- Made anew, because the sum that is checked has one more summand.
CREATE TABLE member_filtered (
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

INSERT INTO member_filtered (
    batch, position, file, start_byte, end_byte, outcome, rows_in, rows_out,
    rows_rejected, reason, detail, rejected
)
SELECT
    batch, position, file, start_byte, end_byte, outcome, rows_in, rows_out,
    rows_rejected, reason, detail, rejected
FROM member;

DROP TABLE member;

ALTER TABLE member_filtered RENAME TO member;
