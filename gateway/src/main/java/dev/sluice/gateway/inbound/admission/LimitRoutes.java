package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * Lets an admin see and forget what one subject took. A subject is {@code user:alice}, {@code anon:<id>},
 * {@code ip:<hash>} as the log shows it, or {@code address:203.0.113.7} for what is counted by address. Every reset is
 * in the log, with who did it.
 */
final class LimitRoutes implements FeatureRoutes {
    private static final Logger AUDIT = LoggerFactory.getLogger("dev.sluice.audit");
    private static final String PATH = "/api/admin/limits/{subject}";
    private static final Pattern SUBJECT = Pattern.compile("(user|anon|ip|address):[\\x21-\\x7E]{1,160}");
    private static final String ADDRESS = "address:";

    /** One limit of a subject. */
    record Entry(String limit, String scope, long capacity, long remaining, long resetsInSeconds) {}

    /** All limits of a subject. */
    record Report(String subject, List<Entry> limits) {}

    private final Limiter limiter;
    private final Function<Scope, List<Limit>> limits;

    LimitRoutes(Limiter limiter, Function<Scope, List<Limit>> limits) {
        this.limiter = limiter;
        this.limits = limits;
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.get("limits.show", PATH, MediaType.APPLICATION_JSON, this::show)
                        .openTo(Access.ADMIN),
                Endpoint.delete("limits.reset", PATH, this::reset).openTo(Access.ADMIN));
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        Wanted wanted = wanted(request);
        return limiter.inspect(wanted.limits(), wanted.subject())
                .onErrorMap(LimitRoutes::unavailable)
                .map(statuses -> new Report(
                        wanted.name(),
                        statuses.stream()
                                .map(status -> entry(status, wanted.scope()))
                                .toList()))
                .flatMap(report -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .contentType(MediaType.APPLICATION_JSON)
                        .bodyValue(report));
    }

    private Mono<ServerResponse> reset(ServerRequest request) {
        Wanted all = wanted(request);
        Wanted wanted = request.queryParam("limit").map(all::only).orElse(all);
        String admin = RequestContext.of(request.exchange()).caller().subject();
        return limiter.reset(wanted.limits(), wanted.subject())
                .onErrorMap(LimitRoutes::unavailable)
                .doOnSuccess(done -> AUDIT.info(
                        "{} reset {} of {}",
                        admin,
                        wanted.limits().size() == 1 ? wanted.limits().getFirst().name() : "the limits",
                        wanted.name()))
                .then(ServerResponse.noContent().build());
    }

    private record Wanted(String name, Scope scope, Subject subject, List<Limit> limits) {
        Wanted only(String limit) {
            List<Limit> one =
                    limits.stream().filter(known -> known.name().equals(limit)).toList();
            if (one.isEmpty()) {
                throw GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST,
                        "limit",
                        limit,
                        "one of " + limits.stream().map(Limit::name).sorted().toList());
            }
            return new Wanted(name, scope, subject, one);
        }
    }

    private Wanted wanted(ServerRequest request) {
        String name = request.pathVariable("subject");
        if (!SUBJECT.matcher(name).matches()) {
            throw GatewayException.badMember(
                    ProblemCode.MALFORMED_REQUEST,
                    "subject",
                    name,
                    "user:, anon:, ip: or address:, then up to 160 printable ASCII characters");
        }
        boolean byAddress = name.startsWith(ADDRESS);
        Scope scope = byAddress ? Scope.ADDRESS : Scope.SUBJECT;
        Subject subject = new Subject(name, byAddress ? name.substring(ADDRESS.length()) : "none");
        return new Wanted(name, scope, subject, limits.apply(scope));
    }

    private static Entry entry(LimitStatus status, Scope scope) {
        return new Entry(
                status.limit(),
                scope.name().toLowerCase(Locale.ROOT),
                status.capacity(),
                status.remaining(),
                RetryAfter.delaySeconds(status.resetsIn()));
    }

    private static GatewayException unavailable(Throwable cause) {
        return new GatewayException(ProblemCode.LIMITS_UNAVAILABLE, "The counters cannot be asked at present.", cause);
    }
}
