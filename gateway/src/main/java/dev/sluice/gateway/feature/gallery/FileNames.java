package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.zipstream.EntryNames;

/** Names of image files, in archives and downloads. */
final class FileNames {

    private FileNames() {}

    /** By the image's description, else by its id; with the extension of its object's key. */
    static String claim(EntryNames names, Image image, String key) {
        String altText = ImageJson.altText(image);
        // A description is not a path, and its last slash does not begin a name.
        String wanted = altText == null ? image.id().toString() : altText.replaceAll("[/\\\\\\p{Cntrl}]+", " ");
        return names.claim(wanted, key.substring(key.lastIndexOf('.') + 1));
    }
}
