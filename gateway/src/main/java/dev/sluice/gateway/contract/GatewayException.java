package dev.sluice.gateway.contract;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A refusal or failure that a caller is told about as problem+json. The detail is written for the caller: it names the
 * member, its value and what was expected, and nothing of the inside.
 */
public final class GatewayException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_VALUE = 100;

    private final ProblemCode code;
    private final String detail;

    @SuppressWarnings("serial") // never serialised
    private final Map<String, Object> members;

    private final @Nullable Duration retryAfter;

    private GatewayException(
            ProblemCode code,
            String detail,
            Map<String, Object> members,
            @Nullable Duration retryAfter,
            @Nullable Throwable cause) {
        super(detail, cause, false, cause != null);
        this.code = code;
        this.detail = detail;
        this.members = members;
        this.retryAfter = retryAfter;
    }

    /** A failure with a code and a detail. */
    public GatewayException(ProblemCode code, String detail) {
        this(code, detail, Map.of(), null, null);
    }

    /** A failure with a code and a detail, made of another. The cause is for the log alone. */
    public GatewayException(ProblemCode code, String detail, @Nullable Throwable cause) {
        this(code, detail, Map.of(), null, cause);
    }

    /** {@code member: value (expected: expected)}, also as members of their own. */
    public static GatewayException badMember(ProblemCode code, String member, @Nullable Object value, String expected) {
        String shown = shorten(value);
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("member", member);
        members.put("value", shown);
        members.put("expected", expected);
        return new GatewayException(code, member + ": " + shown + " (expected: " + expected + ")", members, null, null);
    }

    /** This failure with one more member in its body. */
    public GatewayException with(String name, Object value) {
        SequencedMap<String, Object> extended = new LinkedHashMap<>(members);
        extended.put(name, value);
        return new GatewayException(code, detail, extended, retryAfter, getCause());
    }

    /** This failure, with when to try again. */
    public GatewayException retryAfter(Duration delay) {
        return new GatewayException(code, detail, members, delay, getCause());
    }

    /** What went wrong, as clients match it. */
    public ProblemCode code() {
        return code;
    }

    /** What went wrong, as people read it. */
    public String detail() {
        return detail;
    }

    /** Further members of the problem body, in order. */
    public Map<String, Object> members() {
        return members;
    }

    /** When the caller may try again, if that is known. */
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

    private static String shorten(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= LONGEST_VALUE ? text : text.substring(0, LONGEST_VALUE) + "…";
    }
}
