package dev.sluice.gateway.contract.http;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;

/**
 * What a request makes its answer depend on, RFC 9110 section 13. Spring's own evaluation leaves {@code If-Match} and
 * {@code If-None-Match: *} of a safe method out.
 */
final class Preconditions {
    private static final boolean STRONG = true;
    private static final boolean WEAK = false;

    private final ETag etag;
    private final @Nullable Instant changed; // to the second, as fields tell it

    Preconditions(String etag, @Nullable Instant lastModified) {
        this.etag = ETag.create(etag);
        this.changed = lastModified == null ? null : lastModified.truncatedTo(ChronoUnit.SECONDS);
    }

    /** Section 13.2.2, steps 1 to 4: 412, 304, or null when the request may go on. */
    @Nullable HttpStatus failed(HttpHeaders headers) {
        List<String> match = headers.getOrEmpty(HttpHeaders.IF_MATCH);
        boolean holds =
                match.isEmpty() ? !changedAfter(date(headers, HttpHeaders.IF_UNMODIFIED_SINCE)) : names(match, STRONG);
        if (!holds) {
            return HttpStatus.PRECONDITION_FAILED;
        }
        List<String> noneMatch = headers.getOrEmpty(HttpHeaders.IF_NONE_MATCH);
        boolean known = noneMatch.isEmpty()
                ? unchangedSince(date(headers, HttpHeaders.IF_MODIFIED_SINCE))
                : names(noneMatch, WEAK);
        return known ? HttpStatus.NOT_MODIFIED : null;
    }

    /**
     * Section 13.1.5: whether a range is of what the client means: an entity tag strong and equal, or the very date.
     */
    boolean rangeApplies(HttpHeaders headers) {
        String condition = headers.getFirst(HttpHeaders.IF_RANGE);
        if (condition == null || condition.equals(etag.formattedTag())) {
            return true;
        }
        boolean isTag = condition.startsWith("\"") || condition.startsWith("W/");
        Instant date = isTag ? null : date(headers, HttpHeaders.IF_RANGE);
        return date != null && date.equals(changed);
    }

    /** Whether one of the fields' entity tags is this one. */
    private boolean names(List<String> fields, boolean strong) {
        return fields.stream()
                .flatMap(field -> ETag.parse(field).stream())
                .anyMatch(tag -> tag.isWildcard() || tag.compare(etag, strong));
    }

    private boolean changedAfter(@Nullable Instant date) {
        return date != null && changed != null && date.isBefore(changed);
    }

    private boolean unchangedSince(@Nullable Instant date) {
        return date != null && changed != null && !date.isBefore(changed);
    }

    /** Null when there is none, or one that cannot be read: then there is no condition. */
    private static @Nullable Instant date(HttpHeaders headers, String name) {
        String value = headers.getFirst(name);
        int parameters = value == null ? -1 : value.indexOf(';'); // of browsers that told a length, too
        return HttpDate.parse(value == null || parameters < 0 ? value : value.substring(0, parameters));
    }
}
