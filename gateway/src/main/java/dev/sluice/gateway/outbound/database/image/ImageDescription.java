package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.Rows;
import dev.sluice.gateway.outbound.database.StoredText;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/**
 * A change of what an image is called or described as; null leaves either as it is.
 *
 * @param name at most 255 characters
 * @param altText at most 500 characters
 */
public record ImageDescription(
        @Nullable Value name, @Nullable Value altText) {

    /** A text, or none. */
    public record Value(@Nullable String text) {}

    public ImageDescription {
        StoredText.check("name", name == null ? null : name.text(), Image.LONGEST_NAME);
        StoredText.check("altText", altText == null ? null : altText.text(), Image.LONGEST_ALT);
    }

    /** For {@code SET}: nothing, or each with a comma behind it. */
    String assignments() {
        return (name == null ? "" : "name = :name, name_folded = :nameFolded, ")
                + (altText == null ? "" : "alt_text = :alt, alt_folded = :altFolded, ");
    }

    GenericExecuteSpec bind(GenericExecuteSpec update) {
        return bound(bound(update, "name", name), "alt", altText);
    }

    private static GenericExecuteSpec bound(GenericExecuteSpec update, String column, @Nullable Value value) {
        return value == null
                ? update
                : Rows.bind(
                        Rows.bind(update, column, value.text()), column + "Folded", StoredText.foldCase(value.text()));
    }
}
