package dev.sluice.gateway.outbound.database;

import java.util.UUID;

/** An object that may be in the store and belongs to no row: it is to be removed, and then forgotten. */
public record ObjectIntent(String key, UUID imageId) {}
