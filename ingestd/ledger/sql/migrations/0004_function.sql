-- The user's function that a batch's rows went through: its manifest may have to be
-- written after a crash, when no worker knows any more.

ALTER TABLE batch ADD COLUMN function TEXT NOT NULL DEFAULT '';
