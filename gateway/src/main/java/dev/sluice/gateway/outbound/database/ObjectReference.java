package dev.sluice.gateway.outbound.database;

import java.util.UUID;

/**
 * A row that names an object.
 *
 * @param deleting whether the row is being deleted, so that the object may already be gone
 */
public record ObjectReference(String key, UUID imageId, long size, boolean deleting) {}
