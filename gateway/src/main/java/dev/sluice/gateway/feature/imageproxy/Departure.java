package dev.sluice.gateway.feature.imageproxy;

/**
 * An entry that has left the index.
 *
 * @param deletable whether its file is to be deleted now, by whoever got this; otherwise its last reader will
 */
record Departure(CacheEntry entry, boolean deletable) {}
