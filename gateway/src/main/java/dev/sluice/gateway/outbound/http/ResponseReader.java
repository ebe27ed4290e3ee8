package dev.sluice.gateway.outbound.http;

import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.zipstream.ByteLimitExceededException;
import io.netty.handler.timeout.ReadTimeoutException;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.client.WebClientRequestException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a provider's responses and the network's errors, and trusts neither: secrets are removed from each text, which
 * is cut to one line.
 */
public final class ResponseReader {
    private static final int LONGEST_MESSAGE = 300;
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\s]+");
    private static final Pattern PROTOBUF_DURATION = Pattern.compile("\\d{1,6}(\\.\\d{1,9})?s");
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int FIRST_SERVER_ERROR = 500;

    private final String subject;
    private final JsonMapper json;
    private final List<ApiKey> secrets;
    private final Function<JsonNode, String> errorText;

    /**
     * A reader for one provider.
     *
     * @param subject its name, the subject of a sentence
     * @param secrets removed from every text
     * @param errorText finds the message in one of its errors; an empty string when there is none
     */
    public ResponseReader(String subject, JsonMapper json, List<ApiKey> secrets, Function<JsonNode, String> errorText) {
        this.subject = subject;
        this.json = json;
        this.secrets = secrets;
        this.errorText = errorText;
    }

    /**
     * A JSON object.
     *
     * @throws ProviderException {@code BROKEN_ANSWER} when it is none
     */
    public JsonNode jsonObject(byte[] answer) {
        return object(json(answer));
    }

    /** The same, or an array of it alone. */
    public JsonNode jsonObjectOrArray(byte[] answer) {
        JsonNode root = json(answer);
        return object(root.isArray() && root.size() == 1 ? root.path(0) : root);
    }

    private JsonNode json(byte[] answer) {
        try {
            return json.readTree(answer);
        } catch (JacksonException garbage) {
            throw unreadable(garbage);
        }
    }

    private JsonNode object(JsonNode root) {
        if (!root.isObject()) {
            throw unreadable(null);
        }
        return root;
    }

    /** The failure that an unexpected status means. */
    public ProviderException refusal(int status, HttpHeaders headers, JsonNode error) {
        String said = oneLine(errorText.apply(error), LONGEST_MESSAGE);
        String words = said.isEmpty() ? " (status " + status + ")." : " (status " + status + "): " + said;
        if (status == TOO_MANY_REQUESTS) {
            return new ProviderException(
                    ProviderFailure.BUSY,
                    subject + " takes no more at present" + words,
                    retryDelay(headers, error, Instant.now()),
                    null);
        }
        if (status >= FIRST_SERVER_ERROR) {
            return new ProviderException(ProviderFailure.SERVER_ERROR, subject + " failed" + words);
        }
        if (status < 400) {
            return new ProviderException(ProviderFailure.BROKEN_ANSWER, subject + " gave no answer" + words);
        }
        return new ProviderException(ProviderFailure.REFUSED, subject + " refused the request" + words);
    }

    /**
     * How long a provider asks to be left alone: its {@code Retry-After}, else the {@code google.rpc.RetryInfo} among
     * the details of its error; whole seconds, rounded up. Null when neither can be read.
     */
    static @Nullable Duration retryDelay(HttpHeaders headers, JsonNode error, Instant now) {
        Duration delay = RetryAfter.parse(headers.getFirst(HttpHeaders.RETRY_AFTER), now);
        Duration asked = delay == null || delay.isNegative() ? retryInfo(error.path("details")) : delay;
        return asked == null ? null : Duration.ofSeconds(RetryAfter.delaySeconds(asked));
    }

    private static @Nullable Duration retryInfo(JsonNode details) {
        for (JsonNode detail : details) {
            String delay = detail.path("retryDelay").asString("");
            if (PROTOBUF_DURATION.matcher(delay).matches()) {
                BigDecimal seconds = new BigDecimal(delay.substring(0, delay.length() - 1));
                return Duration.ofNanos(seconds.movePointRight(9).longValueExact());
            }
        }
        return null;
    }

    /** The failure that {@code error} means before the first byte of a response. */
    public ProviderException beforeResponse(Throwable error) {
        Throwable cause = causeOf(error);
        return switch (cause) {
            case ReadTimeoutException _ -> timedOut();
            case ProviderException _, ByteLimitExceededException _ -> withinResponse(cause);
            case IOException _ -> failure(ProviderFailure.UNREACHABLE, subject + " cannot be reached.", cause);
            default -> withinResponse(cause);
        };
    }

    /** The failure that {@code error} means once a response has begun. */
    public ProviderException withinResponse(Throwable error) {
        Throwable cause = causeOf(error);
        return switch (cause) {
            case ProviderException known -> known;
            case ReadTimeoutException _ -> stalled();
            case ByteLimitExceededException limit ->
                brokenResponse(subject + "'s answer is larger than " + limit.limit() + " bytes.", null);
            // How the pool says that nothing became free, or that too many wait already; its own types are hidden.
            case TimeoutException full -> busy(full);
            case RejectedExecutionException full -> busy(full);
            default -> unreadable(cause);
        };
    }

    /** No byte arrived in time. */
    public ProviderException timedOut() {
        return new ProviderException(ProviderFailure.TIMED_OUT, subject + " did not answer in time.");
    }

    /** The next byte did not arrive in time. */
    public ProviderException stalled() {
        return new ProviderException(ProviderFailure.STALLED, subject + "'s answer did not go on in time.");
    }

    /** A response that cannot be used. */
    public ProviderException brokenResponse(String message, @Nullable Throwable cause) {
        return failure(ProviderFailure.BROKEN_ANSWER, message, cause);
    }

    /** A failure, and its cause as one harmless line. */
    public ProviderException failure(ProviderFailure failure, String message, @Nullable Throwable cause) {
        return new ProviderException(
                failure, message, null, cause == null ? null : oneLine(cause.toString(), LONGEST_MESSAGE));
    }

    /** At most {@code longest} characters and an ellipsis, without anything secret or unprintable. */
    public String oneLine(String text, int longest) {
        String scrubbed = text;
        for (ApiKey secret : secrets) {
            scrubbed = secret.scrub(scrubbed);
        }
        String line = UNPRINTABLE.matcher(scrubbed).replaceAll(" ").strip();
        return line.length() <= longest ? line : line.substring(0, longest) + "…";
    }

    /** A provider's own message, bounded by {@link #oneLine}. */
    public String line(String text) {
        return oneLine(text, LONGEST_MESSAGE);
    }

    private ProviderException unreadable(@Nullable Throwable cause) {
        return brokenResponse(subject + "'s answer cannot be read.", cause);
    }

    private ProviderException busy(Throwable full) {
        return failure(ProviderFailure.OVERLOADED, "Too many calls are under way; nothing was sent.", full);
    }

    private static Throwable causeOf(Throwable error) {
        Throwable cause = error.getCause();
        return error instanceof WebClientRequestException && cause != null ? cause : error;
    }
}
