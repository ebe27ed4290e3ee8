-- How many bytes of the store are each owner's: those of its images, their thumbnails and its announced objects, and
-- what its generations under way may still bring. Changed in the transaction that changes any of these, so that no two
-- at once take more than one might.

CREATE TABLE owner_storage (
    owner      VARCHAR(255) PRIMARY KEY,
    used_bytes BIGINT NOT NULL
);

-- Null and 0 are those of gateways that know nothing of it; a comparison of objects and rows counts anew.
-- put_until: a signed URL lets its holder put the object until then. So long, and a little longer, the key stays known,
-- whatever has become of the object.
ALTER TABLE object_intents ADD COLUMN owner VARCHAR(255);
ALTER TABLE object_intents ADD COLUMN size_bytes BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE object_intents ADD COLUMN put_until TIMESTAMP(6) WITH TIME ZONE;
CREATE INDEX object_intents_by_owner ON object_intents (owner, put_until);
ALTER TABLE generation_jobs ADD COLUMN promised_bytes BIGINT DEFAULT 0 NOT NULL;

-- What is under the key of a completed upload counts no more: its image is a copy, which counts.
UPDATE object_intents SET
    owner = (SELECT uploads.owner FROM uploads WHERE uploads.object_key = object_intents.object_key),
    size_bytes = (SELECT CASE WHEN completed_at IS NULL THEN uploads.size_bytes ELSE 0 END FROM uploads
        WHERE uploads.object_key = object_intents.object_key),
    put_until = expires_at
WHERE EXISTS (SELECT 1 FROM uploads WHERE uploads.object_key = object_intents.object_key);

INSERT INTO owner_storage (owner, used_bytes)
SELECT owner, SUM(size_bytes) FROM (
    SELECT owner, size_bytes FROM images WHERE object_key IS NOT NULL
    UNION ALL
    SELECT images.owner, thumbnails.size_bytes FROM thumbnails JOIN images ON images.id = thumbnails.image_id
    UNION ALL
    SELECT owner, size_bytes FROM object_intents WHERE owner IS NOT NULL
) AS stored GROUP BY owner;
