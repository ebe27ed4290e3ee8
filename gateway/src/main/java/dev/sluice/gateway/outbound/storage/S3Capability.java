package dev.sluice.gateway.outbound.storage;

/** A behaviour of S3 that not every compatible store has. */
enum S3Capability {
    /** {@code If-None-Match: *} never replaces an existing object. */
    CREATE_ONLY("ifNoneMatch", false, "an object is replaced in spite of If-None-Match"),
    /** {@code Range} returns exactly the part that it names. */
    RANGES("ranges", true, "a range gets something else: no part of an image can be read"),
    /** A listing includes what was put just before. */
    LISTING("listing", true, "a listing lacks what was just stored: what is left over cannot be found"),
    /** A signed upload is refused with another type than it was signed for. */
    SIGNED_TYPE("signedType", false, "a signed upload may have another type"),
    /** A signed upload is refused with another length than it was signed for. */
    SIGNED_LENGTH("signedLength", false, "a signed upload may have another length"),
    /** Nothing is stored of an upload that breaks off. */
    WHOLE_ONLY("wholeUploads", false, "the beginning of an upload that breaks off is kept");

    private final String label;
    private final boolean needed;
    private final String lack;

    S3Capability(String label, boolean needed, String lack) {
        this.label = label;
        this.needed = needed;
        this.lack = lack;
    }

    /** Its name in the health report. */
    String label() {
        return label;
    }

    /** Whether something is missed without it; else the gateway has another way, which is the same for all stores. */
    boolean isNeeded() {
        return needed;
    }

    /** What a store does that lacks it. */
    String lack() {
        return lack;
    }
}
