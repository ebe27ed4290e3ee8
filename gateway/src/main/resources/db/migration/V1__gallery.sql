-- One dialect for H2 (MODE=PostgreSQL) and PostgreSQL. ${bytewise} orders a column by its bytes, as object stores list
-- their keys, whatever the locale of the database. Lengths leave room for H2, which counts UTF-16 units.
-- No CHECK has an IN: H2 2.4 keeps the session that created it, and fails once that has ended.

CREATE TABLE images (
    id             UUID PRIMARY KEY,
    owner          VARCHAR(255) NOT NULL,
    project_id     VARCHAR(255),
    source         VARCHAR(16) NOT NULL,
    status         VARCHAR(16) NOT NULL,
    prompt         VARCHAR(8000),
    prompt_folded  VARCHAR(32000),
    aspect_ratio   VARCHAR(32),
    provider       VARCHAR(64),
    model          VARCHAR(255),
    prediction_id  VARCHAR(255),
    alt_text       VARCHAR(1000),
    alt_folded     VARCHAR(4000),
    object_key     VARCHAR(512) ${bytewise} UNIQUE,
    content_type   VARCHAR(127),
    size_bytes     BIGINT CHECK (size_bytes >= 0),
    crc32          BIGINT CHECK (crc32 BETWEEN 0 AND 4294967295),
    etag           VARCHAR(255),
    width          INTEGER,
    height         INTEGER,
    external_url   VARCHAR(2048),
    error_code     VARCHAR(64),
    error_detail   VARCHAR(2000),
    listing_id     VARCHAR(255),
    host_id        VARCHAR(255),
    created_at     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    updated_at     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    completed_at   TIMESTAMP(6) WITH TIME ZONE,
    deleting_since TIMESTAMP(6) WITH TIME ZONE,
    CONSTRAINT images_object_is_whole CHECK (object_key IS NULL OR (content_type IS NOT NULL AND size_bytes IS NOT NULL
        AND crc32 IS NOT NULL AND etag IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL)),
    CONSTRAINT images_completed_has_content CHECK (status <> 'completed' OR object_key IS NOT NULL
        OR external_url IS NOT NULL)
);
CREATE INDEX images_by_owner ON images (owner, created_at, id);
CREATE INDEX images_by_project ON images (project_id, created_at, id);
CREATE INDEX images_being_deleted ON images (deleting_since);

CREATE TABLE generation_jobs (
    image_id      UUID PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    attempt       INTEGER NOT NULL,
    lease_owner   VARCHAR(255),
    due_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    deadline_at   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    prediction_id VARCHAR(255),
    created_at    TIMESTAMP(6) WITH TIME ZONE NOT NULL
);
CREATE INDEX generation_jobs_due ON generation_jobs (due_at, image_id);

CREATE TABLE object_intents (
    object_key VARCHAR(512) ${bytewise} PRIMARY KEY,
    image_id   UUID NOT NULL,
    expires_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    removing   BOOLEAN NOT NULL,
    created_at TIMESTAMP(6) WITH TIME ZONE NOT NULL
);
CREATE INDEX object_intents_due ON object_intents (expires_at);

CREATE TABLE image_usages (
    image_id   UUID NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    kind       VARCHAR(64) NOT NULL,
    ref        VARCHAR(255) NOT NULL,
    role       VARCHAR(64) NOT NULL,
    created_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
    PRIMARY KEY (image_id, kind, ref)
);
