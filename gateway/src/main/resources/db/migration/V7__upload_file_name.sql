-- What the sender's file is called. Its image is described by it until somebody describes it better.

ALTER TABLE uploads ADD COLUMN file_name VARCHAR(510);
