package dev.sluice.gateway.outbound.database;

/** What became of an announcement. */
public sealed interface UploadStart {

    /** The objects may be put. */
    record Announced() implements UploadStart {}

    /** Nothing was announced: the image of that name is in the gallery already. */
    record Complete(String name) implements UploadStart {}

    /** Nothing was announced: so many others of the owner's are live. */
    record TooMany(long live) implements UploadStart {}
}
