package dev.sluice.gateway.outbound.imagecache;

/** How sure a user of the store has to be that an image is still what its origin has. */
public enum Freshness {
    /** The store is not used: the image is what the origin sends now. */
    OFF,
    /**
     * The origin is asked with its own validators: its 304 makes the stored image do, and an image without validators
     * is fetched.
     */
    REVALIDATE,
    /** An image that its origin has sent or confirmed within the store's time does, unless it forbade that. */
    FRESH
}
