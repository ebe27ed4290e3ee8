package dev.sluice.gateway.contract.trace;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * A span of a trace that is recorded. It is in Reactor's context of everything that is done for a request that was
 * sampled, and of nothing else: where it is not, an operation costs one look into that context.
 *
 * <p>Attributes follow OpenTelemetry's semantic conventions, without what they would leak: no URL beyond scheme, host
 * and port, since paths and queries hold tokens and signatures; no message of an error, no prompt, no name of a user.
 */
public final class TraceSpan {
    /** What failed, in one of few words. */
    public static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

    private static final AttributeKey<Boolean> CANCELLED = AttributeKey.booleanKey("sluice.cancelled");
    private static final TraceSpan NONE = new TraceSpan(null, Span.getInvalid());

    private final @Nullable Tracer tracer;
    private final Span span;

    /**
     * An operation, as traces name it.
     *
     * @param name one of few
     * @param errorType what a failure is called, one of few too
     */
    public record Operation(String name, SpanKind kind, Function<Throwable, String> errorType) {

        /** One whose failures are called by their classes. */
        public Operation(String name, SpanKind kind) {
            this(name, kind, error -> error.getClass().getName());
        }
    }

    private TraceSpan(@Nullable Tracer tracer, Span span) {
        this.tracer = tracer;
        this.span = span;
    }

    /** The first span that this process adds to a trace; its end is left to the caller. */
    public static TraceSpan first(Tracer tracer, Span span) {
        return new TraceSpan(tracer, span);
    }

    /**
     * Runs {@code call}, in a span of its own if the request is traced; the span ends before the call's last signal.
     */
    public static <T> Mono<T> mono(Operation operation, Function<TraceSpan, Mono<T>> call) {
        return Mono.deferContextual(context -> {
            TraceSpan span = child(operation, context);
            if (span == NONE) {
                return call.apply(NONE);
            }
            return Mono.defer(() -> call.apply(span))
                    .doOnError(error -> span.fail(operation.errorType().apply(error)))
                    .doOnTerminate(span::end)
                    .doOnCancel(span::cancelled)
                    .contextWrite(span::into);
        });
    }

    /** As {@link #mono}; the span ends with the last element. */
    public static <T> Flux<T> flux(Operation operation, Function<TraceSpan, Flux<T>> call) {
        return Flux.deferContextual(context -> {
            TraceSpan span = child(operation, context);
            if (span == NONE) {
                return call.apply(NONE);
            }
            return Flux.defer(() -> call.apply(span))
                    .doOnError(error -> span.fail(operation.errorType().apply(error)))
                    .doOnTerminate(span::end)
                    .doOnCancel(span::cancelled)
                    .contextWrite(span::into);
        });
    }

    private static TraceSpan child(Operation operation, ContextView context) {
        TraceSpan parent = Objects.requireNonNull(context.getOrDefault(TraceSpan.class, NONE));
        Tracer tracer = parent.tracer;
        if (tracer == null) {
            return NONE;
        }
        Span span = tracer.spanBuilder(operation.name())
                .setSpanKind(operation.kind())
                .setParent(io.opentelemetry.context.Context.root().with(parent.span))
                .startSpan();
        return new TraceSpan(tracer, span);
    }

    /** Adds this as the span to which everything upstream belongs. */
    public Context into(Context context) {
        return context.put(TraceSpan.class, this);
    }

    /** Whether anything that is said of it is kept. */
    public boolean isRecorded() {
        return tracer != null;
    }

    /** Says something of the operation. */
    public <T> TraceSpan set(AttributeKey<T> key, T value) {
        span.setAttribute(key, value);
        return this;
    }

    /** Says that it failed, and in one of few words why. */
    public void fail(String type) {
        span.setAttribute(ERROR_TYPE, type);
        span.setStatus(StatusCode.ERROR);
    }

    private void cancelled() {
        span.setAttribute(CANCELLED, true);
        span.end();
    }

    private void end() {
        span.end();
    }
}
