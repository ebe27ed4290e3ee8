-- How many deletions have begun since the image was last visible. The first may make it visible again, as long as it is
-- the only one: another may have removed the file after the first one saw it.

ALTER TABLE images ADD COLUMN deletions INTEGER DEFAULT 0 NOT NULL;
UPDATE images SET deletions = 1 WHERE deleting_since IS NOT NULL;
