package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.limits.LimitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseCookie;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Who am I; signing out; and, in development, signing in as anybody. */
final class SessionRoutes implements FeatureRoutes {
    static final String PATH = "/api/session";
    private static final Set<String> ROLES = Set.of("user", "admin", "super-admin", "service");
    private static final DataSize MAX_BODY = DataSize.ofKilobytes(4);
    private static final int MOST_PROJECTS = 50;
    private static final int LONGEST_NAME = 64;

    /**
     * Wish to be somebody.
     *
     * @param user the name
     * @param roles {@code user} alone if absent
     * @param projects none if absent
     */
    record SignIn(
            @Nullable String user,
            @Nullable List<String> roles,
            @Nullable List<String> projects) {

        SignIn {
            check("user", user);
            roles = roles == null ? List.of("user") : new ArrayList<>(roles);
            for (int index = 0; index < roles.size(); index++) {
                String role = roles.get(index);
                if (role == null || !ROLES.contains(role)) {
                    throw bad("roles[" + index + "]", role, "user, admin, super-admin, service");
                }
            }
            projects = projects == null ? List.of() : new ArrayList<>(projects);
            if (projects.size() > MOST_PROJECTS) {
                throw bad("projects", projects.size() + " names", "at most " + MOST_PROJECTS);
            }
            for (int index = 0; index < projects.size(); index++) {
                check("projects[" + index + "]", projects.get(index));
            }
        }

        private static void check(String member, @Nullable String name) {
            if (name == null || name.isBlank() || name.length() > LONGEST_NAME) {
                throw bad(
                        member,
                        name != null && name.isBlank() ? "an empty text" : name,
                        "1 to " + LONGEST_NAME + " characters");
            }
        }

        private static GatewayException bad(String member, @Nullable Object value, String expected) {
            return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
        }
    }

    /** A new session. */
    record SignedIn(String token, Instant expiresAt) {}

    /** A limit, as the front end shows it. */
    record LimitShown(String limit, long capacity, long remaining, long resetsInSeconds) {}

    /** Who the caller is. */
    record Session(
            @Nullable String user,
            boolean anonymous,
            List<String> roles,
            List<String> projects,
            boolean developmentLogin,
            List<LimitShown> limits) {}

    private final @Nullable Tokens tokens;
    private final CookieSecurity cookies;
    private final CallerLimits limits;

    /** With {@code tokens} for development, without for production. */
    SessionRoutes(@Nullable Tokens tokens, CookieSecurity cookies, CallerLimits limits) {
        this.tokens = tokens;
        this.cookies = cookies;
        this.limits = limits;
    }

    @Override
    public List<Endpoint> endpoints() {
        List<Endpoint> endpoints = new ArrayList<>();
        endpoints.add(Endpoint.get("session.show", PATH, MediaType.APPLICATION_JSON, this::show)
                .openTo(Access.ANONYMOUS));
        endpoints.add(Endpoint.delete("session.end", PATH, this::end).openTo(Access.PUBLIC));
        Tokens issuer = tokens;
        if (issuer != null) {
            endpoints.add(Endpoint.postJson(
                            "session.begin",
                            PATH,
                            MAX_BODY,
                            MediaType.APPLICATION_JSON,
                            request -> begin(issuer, request))
                    .openTo(Access.PUBLIC));
        }
        return endpoints;
    }

    private Mono<ServerResponse> show(ServerRequest request) {
        Caller caller = RequestContext.of(request.exchange()).caller();
        return limits.of(caller)
                .map(statuses -> new Session(
                        caller.signedIn() ? caller.id() : null,
                        !caller.signedIn(),
                        caller.roles().stream().sorted().toList(),
                        caller.projects().stream().sorted().toList(),
                        tokens != null,
                        statuses.stream().map(SessionRoutes::shown).toList()))
                .flatMap(session -> ServerResponse.ok()
                        .header(HttpHeaders.CACHE_CONTROL, "no-store")
                        .contentType(MediaType.APPLICATION_JSON)
                        .bodyValue(session));
    }

    private Mono<ServerResponse> begin(Tokens issuer, ServerRequest request) {
        return request.bodyToMono(SignIn.class)
                .switchIfEmpty(Mono.error(() -> SignIn.bad("body", "nothing", "a JSON object with user")))
                .flatMap(wish -> {
                    Jwt token = issuer.issue(
                            Objects.requireNonNull(wish.user()),
                            Objects.requireNonNull(wish.roles()),
                            Objects.requireNonNull(wish.projects()));
                    Instant expiresAt = Objects.requireNonNull(token.getExpiresAt());
                    Duration lifetime = Duration.between(Objects.requireNonNull(token.getIssuedAt()), expiresAt);
                    return ServerResponse.ok()
                            .header(HttpHeaders.CACHE_CONTROL, "no-store")
                            .cookie(cookie(request, token.getTokenValue(), lifetime))
                            .contentType(MediaType.APPLICATION_JSON)
                            .bodyValue(new SignedIn(token.getTokenValue(), expiresAt));
                });
    }

    private Mono<ServerResponse> end(ServerRequest request) {
        return ServerResponse.noContent()
                .cookie(cookie(request, "", Duration.ZERO))
                .build();
    }

    private ResponseCookie cookie(ServerRequest request, String value, Duration lifetime) {
        return cookies.cookie(request.exchange().getRequest(), SessionCookie.NAME, value, lifetime);
    }

    private static LimitShown shown(LimitStatus status) {
        return new LimitShown(
                status.limit(), status.capacity(), status.remaining(), RetryAfter.delaySeconds(status.resetsIn()));
    }
}
