package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.zipstream.EntryNames;

/** Names of image files, in archives and downloads. */
final class FileNames {

    private FileNames() {}

    /** By the image's name, its description or its id; with the extension of its object's key. */
    static String claim(EntryNames names, Image image, String key) {
        String title = image.name() == null ? ImageJson.altText(image) : image.name();
        // A title is not a path, and its last slash does not begin a name.
        String wanted = title == null ? image.id().toString() : title.replaceAll("[/\\\\\\p{Cntrl}]+", " ");
        return names.claim(wanted, key.substring(key.lastIndexOf('.') + 1));
    }
}
