package dev.sluice.gateway.outbound.database;

/** How many things of one kind use an image in one role: as {@code featured} image, 3 of {@code article}. */
public record UsageCount(String role, String kind, long count) {}
