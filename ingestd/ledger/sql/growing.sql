-- name: growing
-- The growing files of a pipeline that may still grow, oldest first.
SELECT
    id, pipeline, path, place, inode, birth_ns, size, end_byte, head, tail,
    header, records, lines, ended
FROM growing
WHERE pipeline = :pipeline AND ended = 0
ORDER BY id;

-- name: growing_by_id
-- One growing file, in the form of `growing`.
SELECT
    id, pipeline, path, place, inode, birth_ns, size, end_byte, head, tail,
    header, records, lines, ended
FROM growing
WHERE id = :id;

-- name: growing_header
-- The newest header of a name, whether or not its file still grows.
SELECT header
FROM growing
WHERE pipeline = :pipeline AND path = :path AND header <> x''
ORDER BY id DESC
LIMIT 1;

-- name: growing_seen
-- Whether a name was ever followed.
SELECT 1 FROM growing WHERE pipeline = :pipeline AND path = :path LIMIT 1;

-- name: insert_growing
-- Begin to follow a file.
INSERT INTO growing (
    pipeline, path, place, inode, birth_ns, size, end_byte, head, tail,
    header, records, lines, ended, changed_at
) VALUES (
    :pipeline, :path, :place, :inode, :birth_ns, :size, :end, :head, :tail,
    :header, :records, :lines, :ended, :now
);

-- name: update_growing
-- Go on following it: where it is, and how far it was taken.
UPDATE growing SET
    place = :place, inode = :inode, birth_ns = :birth_ns, size = :size,
    end_byte = :end, head = :head, tail = :tail, header = :header,
    records = :records, lines = :lines, ended = :ended, changed_at = :now
WHERE id = :id;

-- name: insert_stretch
-- Say where a file version lies in a growing file.
INSERT INTO stretch (file, growing, start_byte, records, lines)
VALUES (:file, :growing, :start, :records, :lines);

-- name: retry_stretches
-- Make every stretch of a name ready again whose rows are not in the output; return
-- which.
UPDATE file SET
    state = 'ready', ready_at = :now, changed_at = :now, batch = NULL,
    rows_in = 0, rows_out = 0, rows_rejected = 0, rows_filtered = 0,
    reason = '', detail = ''
WHERE
    pipeline = :pipeline AND path = :path
    AND (state = 'quarantined' OR state = 'vanished')
    AND id IN (
        SELECT s.file
        FROM stretch AS s
        INNER JOIN growing AS g ON g.id = s.growing
        WHERE g.pipeline = :pipeline AND g.path = :path
    )
RETURNING id;

-- name: grown_before
-- Whether all of a content was taken under a name before, wherever it is now.
SELECT 1
FROM growing
WHERE
    pipeline = :pipeline AND path = :path AND end_byte = :size AND head = :head
    AND tail = :tail
LIMIT 1;
