package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/** What all downloads of the process share. */
record ZipTools(
        ImageIntake intake,
        RemoteImages remoteImages,
        ZipProperties properties,
        SlowReaderEviction readers,
        ArchiveMeters meters,
        JsonMapper json,
        Scheduler timer) {

    /** What the store has of a request's images. */
    StoredImages stored(ZipRequest request, StoredImages.Admission admission) {
        return new StoredImages(remoteImages, request, properties, admission, timer);
    }

    /** When an answer has to have ended. */
    ArchiveDeadline deadline() {
        return new ArchiveDeadline(properties.archiveTimeout(), timer);
    }

    /** How long a client that asks now may hear nothing. */
    ResponseIdleTimer silence() {
        return new ResponseIdleTimer(properties.longestSilence(), timer);
    }
}
