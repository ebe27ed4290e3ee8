-- An upload lies under a key of its own, which whoever has its URL may write again until that expires; the image that was
-- made of it is a copy under another key. completed_at: since when it is one, null until then. It becomes an image once.

ALTER TABLE uploads ADD COLUMN completed_at TIMESTAMP(6) WITH TIME ZONE;
UPDATE uploads SET completed_at = created_at WHERE EXISTS (SELECT 1 FROM images WHERE images.id = uploads.image_id);
