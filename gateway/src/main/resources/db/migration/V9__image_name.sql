-- What people call an image: the name of the file or of the URL that it came from, without folders and ending, until its
-- owner writes another. Up to now an upload's was its alternative text.

ALTER TABLE images ADD COLUMN name VARCHAR(510);
ALTER TABLE images ADD COLUMN name_folded VARCHAR(2040);
UPDATE images SET name = SUBSTRING(alt_text FROM 1 FOR 255), name_folded = SUBSTRING(alt_folded FROM 1 FOR 2040)
    WHERE source = 'uploaded';
