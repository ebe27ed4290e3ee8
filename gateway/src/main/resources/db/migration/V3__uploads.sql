-- What callers have announced to upload, and as what: from before the object is put until neither its intent nor its
-- image is there any more. The object itself is named by object_intents, then by images.

CREATE TABLE uploads (
    image_id      UUID PRIMARY KEY,
    owner         VARCHAR(255) NOT NULL,
    host_id       VARCHAR(255) NOT NULL,
    listing_id    VARCHAR(64) NOT NULL,
    name          VARCHAR(64) NOT NULL,
    object_key    VARCHAR(512) ${bytewise} NOT NULL UNIQUE,
    content_type  VARCHAR(127) NOT NULL,
    size_bytes    BIGINT NOT NULL CHECK (size_bytes > 0),
    is_primary    BOOLEAN NOT NULL,
    display_order INTEGER,
    created_at    TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    CONSTRAINT uploads_have_one_name UNIQUE (owner, host_id, listing_id, name)
);
