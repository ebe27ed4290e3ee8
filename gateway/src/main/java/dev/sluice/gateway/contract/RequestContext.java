package dev.sluice.gateway.contract;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * What the gateway knows of one request and holds for it until its exchange ends: one object an exchange, made at the
 * first look. The way in fills it before any route is reached. Any thread may read it.
 */
public final class RequestContext {
    private static final String ATTRIBUTE = RequestContext.class.getName();
    private static final Mono<Void> ENDED = Mono.empty();

    private final RequestUsage usage = new RequestUsage();
    private final Disposable.Composite resources = Disposables.composite();
    /** Settles once: null before anything is to be settled, {@link #ENDED} once the exchange is over. */
    private final AtomicReference<@Nullable Mono<Void>> settlement = new AtomicReference<>();

    private volatile @Nullable String id;
    private volatile @Nullable String traceId;
    private volatile @Nullable Caller caller;
    private volatile @Nullable ClientConnection connection;
    private volatile ErrorMember errorMember = ErrorMember.CODE;

    private RequestContext() {}

    /** The context of this exchange; the same object at every call. */
    public static RequestContext of(ServerWebExchange exchange) {
        return (RequestContext) exchange.getAttributes().computeIfAbsent(ATTRIBUTE, name -> new RequestContext());
    }

    /** The id by which its log lines are found; null before it has one. */
    public @Nullable String id() {
        return id;
    }

    /** Gives the request its id. */
    public void identify(String given) {
        id = given;
    }

    /** The id of its trace; null while nothing is traced. */
    public @Nullable String traceId() {
        return traceId;
    }

    /** Says which trace it belongs to. */
    public void trace(String given) {
        traceId = given;
    }

    /**
     * Who sends the request.
     *
     * @throws NullPointerException if the request has not come so far
     */
    public Caller caller() {
        return Objects.requireNonNull(caller, "caller: not known yet (expected: after the request filter)");
    }

    /** Who sends the request, if it came far enough to be known. */
    public Optional<Caller> knownCaller() {
        return Optional.ofNullable(caller);
    }

    /** What the request has used so far. */
    public RequestUsage usage() {
        return usage;
    }

    /**
     * What the request holds until it is over: whatever is added is disposed of when the exchange has ended, whichever
     * way, or at once when it has ended already. For what is taken before it is known whether the answer will ever be
     * written.
     */
    public Disposable.Composite resources() {
        return resources;
    }

    /**
     * The connection on which the answer goes out.
     *
     * @throws NullPointerException if the request has not come so far
     */
    public ClientConnection connection() {
        return Objects.requireNonNull(connection, "connection: not known yet (expected: after the request filter)");
    }

    /** Says who sends the request, and on which connection. */
    public void arrivedFrom(Caller sender, ClientConnection on) {
        caller = sender;
        connection = on;
    }

    /** What the member {@code error} of a problem repeats in the answer. */
    public ErrorMember errorMember() {
        return errorMember;
    }

    /** Says what the member {@code error} of a problem repeats in the answer. */
    public void problemsWith(ErrorMember member) {
        errorMember = member;
    }

    /**
     * Says how the request is settled: when its exchange ends, or before, at {@link #settlement}; once.
     *
     * @return whether it will be; if not, it has ended already, or is settled in another way
     */
    public boolean settleAtEnd(Supplier<Mono<Void>> how) {
        // Kept, so that whoever stops waiting for it does not stop it.
        return settlement.compareAndSet(null, Mono.defer(how).cache());
    }

    /**
     * Settles before the exchange ends, for what is sent in one piece: its client may ask again as soon as it has that
     * piece. Completes when it is settled; never fails. Null if there is nothing to settle.
     */
    public @Nullable Mono<Void> settlement() {
        return settlement.get();
    }

    /** Ends what the exchange holds: completes when it is settled, and its resources are free. */
    public Mono<Void> end() {
        return Mono.defer(() -> {
            Mono<Void> known = settlement.getAndSet(ENDED);
            if (known == null) {
                resources.dispose();
                return Mono.empty();
            }
            return known.doFinally(settled -> resources.dispose());
        });
    }

    /** Adds caller and account for everything upstream: what is done is done for this request. */
    public Context into(Context context) {
        return usage.into(caller().into(context));
    }
}
