package dev.sluice.gateway.contract.archive;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * An image that is not in the archive.
 *
 * @param index position in the request, from 0
 * @param url as requested
 * @param name as requested, if it was
 * @param code why, for programs
 * @param detail why, for people
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SkippedImage(int index, String url, @Nullable String name, String code, String detail) {}
