package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.zipstream.BodyTooSlowException;
import dev.sluice.zipstream.ByteLimitExceededException;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.resolver.dns.DnsNameResolver;
import java.io.IOException;
import java.io.Serial;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Maps errors to a {@link FetchFailure}. No message contains anything that the caller did not know: no address, no
 * port, no server's own message. The cause keeps them for the log.
 */
final class FetchErrors {
    /** One text for every refusal, or the differences between them would map the network. */
    private static final String BLOCKED = "The URL leads to an address that may not be reached";

    private FetchErrors() {}

    static FetchException invalidUrl(String detail) {
        return new FetchException(FetchFailure.INVALID_URL, detail, null);
    }

    static FetchException blockedAddress(@Nullable Throwable cause) {
        return new FetchException(FetchFailure.BLOCKED_ADDRESS, BLOCKED, cause);
    }

    static FetchException tooLarge(long maxBytes) {
        return new FetchException(FetchFailure.TOO_LARGE, "The body is larger than " + maxBytes + " bytes", null);
    }

    static FetchException timedOut(String detail, @Nullable Throwable cause) {
        return new FetchException(FetchFailure.TIMED_OUT, detail, cause);
    }

    static FetchException notAnImage(String detail) {
        return new FetchException(FetchFailure.NOT_AN_IMAGE, detail, null);
    }

    static FetchException badEncoding(String detail) {
        return new FetchException(FetchFailure.BAD_ENCODING, detail, null);
    }

    static FetchException badAnswer(int status, String detail) {
        return new FetchException(FetchFailure.UPSTREAM_STATUS, status, detail, null);
    }

    static FetchException badStatus(int status, HttpHeaders headers, Instant now) {
        Duration asked = RetryAfter.parse(headers.getFirst(HttpHeaders.RETRY_AFTER), now);
        Throwable later = asked == null ? null : new RetryLaterException(asked.isNegative() ? Duration.ZERO : asked);
        return new FetchException(
                FetchFailure.UPSTREAM_STATUS, status, "The origin answered with status " + status, later);
    }

    /** How long the origin asked to be left alone when it refused; zero when it did not ask. */
    static Duration retryAfter(Throwable failure) {
        return failure.getCause() instanceof RetryLaterException later ? later.pause : Duration.ZERO;
    }

    static FetchException broken(String detail, @Nullable Throwable cause) {
        return new FetchException(FetchFailure.CONNECTION_FAILED, detail, cause);
    }

    static FetchException circuitOpen(@Nullable Throwable cause) {
        return broken("The origin failed too often of late and is given a rest", cause);
    }

    /** What {@code error} means that ended a body; that it broke off can be told from all else. */
    static FetchException ofBody(Throwable error) {
        FetchException failure = of(error);
        return failure.failure() == FetchFailure.CONNECTION_FAILED && !BrokenBodyException.is(failure)
                ? broken(String.valueOf(failure.getMessage()), new BrokenBodyException(failure))
                : failure;
    }

    /** What {@code error} means to the caller; a {@link FetchException} stays as it is. */
    static FetchException of(Throwable error) {
        return switch (error) {
            case FetchException known -> known;
            case ByteLimitExceededException excess -> tooLarge(excess.limit());
            case BodyTooSlowException slow -> timedOut("The body came too slowly", slow);
            case CallNotPermittedException open -> circuitOpen(open);
            case BulkheadFullException full -> broken("Too many requests to this origin are under way", full);
            default -> ofTransport(error);
        };
    }

    private static FetchException ofTransport(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof BlockedAddressException) {
                return blockedAddress(error);
            }
        }
        return switch (error) {
            case NameTimeoutException late -> timedOut("No name server answered in time", late);
            case UnknownHostException late
            when DnsNameResolver.isTimeoutError(late) -> timedOut("No name server answered in time", late);
            case UnknownHostException unknown -> broken("The host name has no address", unknown);
            case ConnectTimeoutException late -> timedOut("No connection in time", late);
            case SslHandshakeTimeoutException late -> timedOut("No TLS handshake in time", late);
            case TimeoutException late -> timedOut("No connection to the origin became free in time", late);
            default -> broken("No connection, or one that broke before the response was whole", error);
        };
    }

    /** A body that ended before it was whole. The cause of its failure, which tells it from one without any answer. */
    static final class BrokenBodyException extends IOException {
        @Serial
        private static final long serialVersionUID = 1L;

        BrokenBodyException(@Nullable Throwable cause) {
            super("broken body", cause);
        }

        /** Whether {@code failure} is that a body broke off. */
        static boolean is(Throwable failure) {
            return failure instanceof FetchException && failure.getCause() instanceof BrokenBodyException;
        }
    }

    /** Carries a reader's own error through the decorators: it is not the origin's fault and goes out as it came in. */
    static final class ReaderException extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final Throwable original;

        ReaderException(Throwable original) {
            super(null, original, false, false);
            this.original = original;
        }

        /** The error as the reader raised it. */
        Throwable original() {
            return original;
        }
    }

    /** A connection that must not be made. It names no address: what it says may reach the caller. */
    static final class BlockedAddressException extends ConnectException {
        @Serial
        private static final long serialVersionUID = 1L;

        BlockedAddressException() {
            super("blocked address");
        }

        /** Thrown for every refusal: no trace, for it says nothing and costs much. */
        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }

    /** No name server answered in time. */
    static final class NameTimeoutException extends UnknownHostException {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    /** What the origin's {@code Retry-After} asks for. The cause of its refusal. */
    private static final class RetryLaterException extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final Duration pause;

        RetryLaterException(Duration pause) {
            super("Retry-After", null, false, false);
            this.pause = pause;
        }
    }
}
