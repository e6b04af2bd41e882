-- name: newest
-- The newest version of a path, with all that a decision needs.
SELECT
    f.id, f.pipeline, f.path, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.etag,
    f.head, f.tail, f.state, f.previous
FROM current AS c
INNER JOIN file AS f ON f.id = c.file
WHERE c.pipeline = :pipeline AND c.path = :path;

-- name: version
-- One version by id, in the form of `newest`.
SELECT
    id, pipeline, path, size, mtime_ns, ctime_ns, inode, etag,
    head, tail, state, previous
FROM file
WHERE id = :id;

-- name: insert_file
-- Add a version of a path.
INSERT INTO file (
    pipeline, path, size, mtime_ns, ctime_ns, inode, etag, head, tail,
    state, seen_at, ready_at, changed_at, previous, reason, detail
) VALUES (
    :pipeline, :path, :size, :mtime_ns, :ctime_ns, :inode, :etag, :head, :tail,
    :state, :now, :now, :now, :previous, :reason, :detail
);

-- name: refresh_file
-- Give a version that is updated in place the stat and digests of a newer look.
UPDATE file SET
    size = :size, mtime_ns = :mtime_ns, ctime_ns = :ctime_ns, inode = :inode,
    etag = :etag, head = :head, tail = :tail, seen_at = :now, changed_at = :now
WHERE id = :id;

-- name: point_current
-- Make a version the newest of its path.
INSERT INTO current VALUES (
    :pipeline, :path, :size, :mtime_ns, :ctime_ns, :inode, :etag, 0, :id
)
ON CONFLICT DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns,
    ctime_ns = excluded.ctime_ns, inode = excluded.inode, etag = excluded.etag,
    unread = 0, file = excluded.file;

-- name: step_file
-- Give one version a state; its reason is forgotten.
UPDATE file SET state = :state, changed_at = :now, reason = '', detail = ''
WHERE id = :id;

-- name: retry_file
-- Make one version ready again, as if it had never been in a batch.
UPDATE file SET
    state = 'ready', ready_at = :now, changed_at = :now, batch = NULL,
    rows_in = 0, rows_out = 0, rows_rejected = 0, rows_filtered = 0,
    reason = '', detail = ''
WHERE id = :id;

-- name: same_content
-- Versions of other paths with this inode, size and time whose rows are in the output,
-- or may be on their way there.
SELECT path, head, tail, state
FROM file
WHERE
    pipeline = :pipeline AND inode = :inode AND inode <> 0 AND size = :size
    AND mtime_ns = :mtime_ns AND state IN ('committed', 'claimed') AND path <> :path
    AND (state = 'claimed' OR rows_in > 0)
ORDER BY id DESC;

-- name: ready
-- What may be sealed, in order of admission; where it lies, if it is a stretch.
SELECT
    f.id, f.pipeline, f.path, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.etag,
    f.head, f.tail,
    s.growing, s.start_byte, g.place, g.header, s.records, s.lines
FROM file AS f
LEFT JOIN stretch AS s ON s.file = f.id
LEFT JOIN growing AS g ON g.id = s.growing
WHERE f.pipeline = :pipeline AND f.state = 'ready'
ORDER BY f.id
LIMIT :count;

-- name: undisposed
-- Committed versions after an id.
SELECT id, pipeline, path, size, mtime_ns, ctime_ns, inode, etag, head, tail
FROM file
WHERE pipeline = :pipeline AND state = 'committed' AND id > :after
ORDER BY id
LIMIT :count;

-- name: backlog
-- What is ready and not yet sealed.
SELECT
    t.files, t.size,
    (
        SELECT min(f.ready_at) FROM file AS f
        WHERE f.pipeline = t.pipeline AND f.state = 'ready'
    )
FROM tally AS t
WHERE t.pipeline = :pipeline AND t.state = 'ready' AND t.files > 0;

-- name: counts
-- Versions in each state.
SELECT state, files FROM tally WHERE pipeline = :pipeline AND files > 0;

-- name: files
-- Versions after an id, of one pipeline or of all.
SELECT
    f.id, f.pipeline, f.path, f.state, f.size, f.seen_at, b.id,
    f.rows_in, f.rows_out, f.rows_rejected, f.rows_filtered, f.reason, f.detail,
    f.mtime_ns
FROM file AS f
LEFT JOIN batch AS b ON b.sequence = f.batch
WHERE f.id > :after AND (:pipeline IS NULL OR f.pipeline = :pipeline)
ORDER BY f.id
LIMIT :count;

-- name: files_of_state
-- Versions of one pipeline in one state, after an id.
SELECT
    f.id, f.pipeline, f.path, f.state, f.size, f.seen_at, b.id,
    f.rows_in, f.rows_out, f.rows_rejected, f.rows_filtered, f.reason, f.detail,
    f.mtime_ns
FROM file AS f
LEFT JOIN batch AS b ON b.sequence = f.batch
WHERE f.pipeline = :pipeline AND f.state = :state AND f.id > :after
ORDER BY f.id
LIMIT :count;

-- name: files_of_path
-- All versions of one path in one pipeline, found from the newest one back.
WITH RECURSIVE chain (id) AS (
    SELECT file FROM current WHERE pipeline = :pipeline AND path = :path
    UNION ALL
    SELECT f.previous FROM file AS f
    INNER JOIN chain ON chain.id = f.id
    WHERE f.previous IS NOT NULL
)

SELECT
    f.id, f.pipeline, f.path, f.state, f.size, f.seen_at, b.id,
    f.rows_in, f.rows_out, f.rows_rejected, f.rows_filtered, f.reason, f.detail,
    f.mtime_ns
FROM chain
INNER JOIN file AS f ON f.id = chain.id
LEFT JOIN batch AS b ON b.sequence = f.batch;

-- name: pipelines
-- The pipelines that have any file.
SELECT DISTINCT pipeline FROM tally ORDER BY pipeline;

-- name: unknown
-- The entries of a listing that are no path's newest version. The program repeats the
-- row of VALUES for each entry: that is twice as fast as a temporary table.
WITH listed (position, path, size, mtime_ns, ctime_ns, inode, etag) AS (
    VALUES (?, ?, ?, ?, ?, ?, ?)
)

SELECT l.position
FROM listed AS l
WHERE NOT EXISTS (
    SELECT 1 FROM current AS c
    WHERE
        c.pipeline = ? AND c.path = l.path AND c.size = l.size
        AND c.mtime_ns = l.mtime_ns AND c.ctime_ns = l.ctime_ns
        AND c.inode = l.inode AND c.etag = l.etag AND c.unread = 0
);
