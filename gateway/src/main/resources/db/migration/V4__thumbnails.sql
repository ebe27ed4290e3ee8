-- Smaller copies of an image, each an object of its own beside the image's.

CREATE TABLE thumbnails (
    image_id     UUID NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    width        INTEGER NOT NULL CHECK (width > 0),
    height       INTEGER NOT NULL CHECK (height > 0),
    object_key   VARCHAR(512) ${bytewise} NOT NULL UNIQUE,
    content_type VARCHAR(127) NOT NULL,
    size_bytes   BIGINT NOT NULL CHECK (size_bytes > 0),
    etag         VARCHAR(255) NOT NULL,
    PRIMARY KEY (image_id, width)
);

-- An image is decoded once more for them where that has not been done yet: then it is measured as people see it, too.
-- picture_due: when that may begin, or when whoever does it has to be done; null when there is nothing (more) to do.
-- The default is for images of gateways that know nothing of it.
-- picture_tries: how often it was begun; picture_error: why it was given up.

ALTER TABLE images ADD COLUMN placeholder VARCHAR(255);
ALTER TABLE images ADD COLUMN picture_due TIMESTAMP(6) WITH TIME ZONE
    DEFAULT TIMESTAMP WITH TIME ZONE '1970-01-01 00:00:00+00';
ALTER TABLE images ADD COLUMN picture_tries INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE images ADD COLUMN picture_error VARCHAR(64);
UPDATE images SET picture_due = CASE WHEN object_key IS NULL THEN NULL ELSE created_at END;
CREATE INDEX images_to_picture ON images (picture_due);
