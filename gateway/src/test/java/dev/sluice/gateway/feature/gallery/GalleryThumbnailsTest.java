package dev.sluice.gateway.feature.gallery;

import java.util.Map;

/** On an H2 file and a directory, as the gateway is started without settings. */
class GalleryThumbnailsTest extends GalleryThumbnailsContract {

    @Override
    Map<String, String> backend() {
        return Map.of();
    }
}
