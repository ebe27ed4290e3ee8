package dev.sluice.gateway.outbound.database;

/** What became of an announcement. */
public sealed interface UploadStart {

    /** The objects may be put. */
    record Announced() implements UploadStart {}

    /** Nothing was announced: the image of that name is in the gallery already. */
    record Complete(String name) implements UploadStart {}

    /** Nothing was announced: the owner has so many others under way. */
    record TooMany(long pending) implements UploadStart {}
}
