package dev.sluice.gateway.outbound.database;

import java.util.List;

/**
 * A part of a listing.
 *
 * @param total how many images there are on all pages
 */
public record ImagePage(List<Image> images, long total) {
    public ImagePage {
        images = List.copyOf(images);
    }
}
