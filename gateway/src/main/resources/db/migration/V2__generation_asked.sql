-- Whether a provider was asked for the image, so that nobody asks twice when its answer was lost.
ALTER TABLE generation_jobs ADD COLUMN asked BOOLEAN DEFAULT FALSE NOT NULL;
