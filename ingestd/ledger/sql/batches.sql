-- name: epoch
-- The number of the last opening.
SELECT number FROM epoch;

-- name: bump_epoch
-- Take over: every earlier opening is fenced off from now on.
UPDATE epoch SET number = number + 1, opened_at = :now;

-- name: batch_id_taken
-- Whether a batch has this id.
SELECT 1 FROM batch WHERE id = :id;

-- name: next_sequence
-- The sequence of the next batch.
SELECT coalesce(max(sequence), 0) + 1 FROM batch;

-- name: insert_batch
-- Seal a batch.
INSERT INTO batch (sequence, id, pipeline, state, files, size, sealed_at)
VALUES (:sequence, :id, :pipeline, 'sealed', :files, :size, :now);

-- name: insert_member
-- Add a slice to a batch that is being sealed.
INSERT INTO member (batch, position, file, start_byte, end_byte)
VALUES (?, ?, ?, ?, ?);

-- name: member_states
-- The states that the members' files are in.
SELECT DISTINCT f.state
FROM member AS m
INNER JOIN file AS f ON f.id = m.file
WHERE m.batch = :batch;

-- name: claim_members
-- Give the members of a batch that is being sealed to it.
UPDATE file SET state = 'claimed', changed_at = :now, batch = :batch
WHERE id IN (SELECT file FROM member WHERE batch = :batch);

-- name: batch
-- What makes a batch, and what its next step needs.
SELECT
    sequence, id, pipeline, state, sealed_at, attempt, isolate, counted
FROM batch
WHERE id = :id;

-- name: unfinished
-- Batches that are neither committed nor failed, in the form of `batch`.
SELECT
    sequence, id, pipeline, state, sealed_at, attempt, isolate, counted
FROM batch
WHERE state IN ('sealed', 'claimed', 'waiting', 'staged')
ORDER BY sequence;

-- name: batch_members
-- The slices of a batch, in order.
SELECT
    m.start_byte, m.end_byte,
    f.id, f.pipeline, f.path, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.etag,
    f.head, f.tail,
    s.growing, s.start_byte, g.place, g.header, s.records, s.lines
FROM member AS m
INNER JOIN file AS f ON f.id = m.file
LEFT JOIN stretch AS s ON s.file = f.id
LEFT JOIN growing AS g ON g.id = s.growing
WHERE m.batch = :batch
ORDER BY m.position;

-- name: claim_batch
-- Begin an attempt.
UPDATE batch SET state = 'claimed', attempt = :attempt, counted = 0
WHERE sequence = :batch;

-- name: insert_attempt
-- Write down that an attempt begins.
INSERT INTO attempt (batch, number, started_at) VALUES (:batch, :number, :now);

-- name: end_attempt
-- Write down how the running attempt ended.
UPDATE attempt SET ended_at = :now, error = :error, counted = :counted
WHERE
    id = (SELECT max(a.id) FROM attempt AS a WHERE a.batch = :batch)
    AND ended_at IS NULL;

-- name: wait_batch
-- Put a failed attempt's batch aside for another one.
UPDATE batch SET
    state = 'waiting', error = :error, counted = :counted,
    isolate = max(isolate, :isolate)
WHERE sequence = :batch;

-- name: release_batch
-- Give a batch back, as it was before the attempt.
UPDATE batch SET state = 'sealed' WHERE sequence = :batch;

-- name: stage_batch
-- Fix what the batch came to.
UPDATE batch SET
    state = 'staged', error = '', staging = :staging, seconds = :seconds,
    schema_version = :schema_version, bypassed = :bypassed,
    rows_in = :rows_in, rows_out = :rows_out, rows_rejected = :rows_rejected,
    rows_filtered = :rows_filtered, function = :function
WHERE sequence = :batch;

-- name: stage_member
-- Fix what one member came to.
UPDATE member SET
    outcome = ?, rows_in = ?, rows_out = ?, rows_rejected = ?, rows_filtered = ?,
    reason = ?, detail = ?, rejected = ?
WHERE batch = ? AND position = ?;

-- name: insert_part
-- Add a staged Parquet file.
INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: commit_batch
-- The batch is published.
UPDATE batch SET state = 'committed', ended_at = :now WHERE sequence = :batch;

-- name: outcomes
-- The outcomes of a staged batch.
SELECT DISTINCT outcome FROM member WHERE batch = :batch;

-- name: commit_members
-- Give the files of one outcome the state it means.
UPDATE file SET
    state = :state, changed_at = :now,
    rows_in = m.rows_in, rows_out = m.rows_out, rows_rejected = m.rows_rejected,
    rows_filtered = m.rows_filtered, reason = m.reason, detail = m.detail
FROM member AS m
WHERE m.batch = :batch AND m.outcome = :outcome AND file.id = m.file;

-- name: forget_unread
-- Let the files that were not there to be read be found again by a listing.
UPDATE current SET unread = 1
FROM member AS m
INNER JOIN file AS f ON f.id = m.file
WHERE
    m.batch = :batch AND m.outcome IN ('vanished', 'changed')
    AND current.pipeline = f.pipeline AND current.path = f.path
    AND current.file = f.id;

-- name: fail_batch
-- The attempts are spent.
UPDATE batch SET state = 'failed', ended_at = :now, error = :error
WHERE sequence = :batch;

-- name: fail_members
-- Every member of a failed batch has the batch's reason.
UPDATE member SET outcome = 'quarantined', reason = :reason, detail = :detail
WHERE batch = :batch;

-- name: staged_batch
-- What staging recorded of the batch itself.
SELECT staging, seconds, schema_version, bypassed, function
FROM batch WHERE sequence = :batch;

-- name: staged_members
-- What staging recorded of the members.
SELECT
    file, outcome, rows_in, rows_out, rows_rejected, rows_filtered, reason, detail,
    rejected
FROM member
WHERE batch = :batch
ORDER BY position;

-- name: staged_parts
-- What staging recorded of the parts, in the order given.
SELECT name, staged, rows, rows_in, size, sha256, kind
FROM part
WHERE batch = :batch
ORDER BY position;

-- name: batches
-- Batches after a sequence, of one pipeline or of all.
SELECT
    id, sequence, pipeline, state, files, size, attempt, sealed_at, ended_at,
    rows_in, rows_out, rows_rejected, rows_filtered, bypassed, error, schema_version
FROM batch
WHERE sequence > :after AND (:pipeline IS NULL OR pipeline = :pipeline)
ORDER BY sequence
LIMIT :count;

-- name: batches_of_state
-- Batches of one pipeline in one state, after a sequence.
SELECT
    id, sequence, pipeline, state, files, size, attempt, sealed_at, ended_at,
    rows_in, rows_out, rows_rejected, rows_filtered, bypassed, error, schema_version
FROM batch
WHERE pipeline = :pipeline AND state = :state AND sequence > :after
ORDER BY sequence
LIMIT :count;

-- name: batch_row
-- One batch, as a listing shows it.
SELECT
    id, sequence, pipeline, state, files, size, attempt, sealed_at, ended_at,
    rows_in, rows_out, rows_rejected, rows_filtered, bypassed, error, schema_version
FROM batch
WHERE id = :id;

-- name: parts
-- The Parquet files of a staged or committed batch, by kind and name.
SELECT b.id, p.name, p.rows, p.rows_in, p.size, p.sha256, p.kind
FROM part AS p
INNER JOIN batch AS b ON b.sequence = p.batch
WHERE b.id = :id
ORDER BY p.kind, p.name;

-- name: members
-- Members of a batch after a position, with what became of each.
SELECT
    m.position, b.id, m.file, f.path, m.start_byte, m.end_byte, m.outcome,
    m.rows_in, m.rows_out, m.rows_rejected, m.rows_filtered, m.reason, m.detail,
    m.rejected
FROM batch AS b
INNER JOIN member AS m ON m.batch = b.sequence
INNER JOIN file AS f ON f.id = m.file
WHERE b.id = :id AND m.position > :after
ORDER BY m.position
LIMIT :count;

-- name: attempts
-- The attempts of a batch, in order.
SELECT b.id, a.number, a.started_at, a.ended_at, a.error, a.counted
FROM batch AS b
INNER JOIN attempt AS a ON a.batch = b.sequence
WHERE b.id = :id
ORDER BY a.id;

-- name: last_error
-- The newest attempt of a pipeline that ended with an error.
SELECT b.id, a.number, a.started_at, a.ended_at, a.error, a.counted
FROM attempt AS a
INNER JOIN batch AS b ON b.sequence = a.batch
WHERE a.error <> '' AND b.pipeline = :pipeline
ORDER BY a.id DESC
LIMIT 1;

-- name: totals
-- What was committed since a moment.
SELECT
    count(*), coalesce(sum(files), 0), coalesce(sum(size), 0),
    coalesce(sum(rows_in), 0), coalesce(sum(rows_out), 0),
    coalesce(sum(rows_rejected), 0), coalesce(sum(rows_filtered), 0)
FROM batch
WHERE pipeline = :pipeline AND state = 'committed' AND ended_at >= :since;

-- name: schema
-- One schema version, or the newest where the version is NULL.
SELECT columns, version, source
FROM schema_version
WHERE pipeline = :pipeline AND version = coalesce(
    :version,
    (SELECT max(s.version) FROM schema_version AS s WHERE s.pipeline = :pipeline)
);

-- name: schemas
-- Every schema version of a pipeline, oldest first.
SELECT columns, version, source, pinned_at
FROM schema_version
WHERE pipeline = :pipeline
ORDER BY version;

-- name: insert_schema
-- Pin a schema version.
INSERT INTO schema_version VALUES (:pipeline, :version, :columns, :source, :now);
