package dev.sluice.gateway.inbound.identity;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;

/** What a verified token says that its user may do. A claim of another shape than a list of strings grants nothing. */
final class TokenClaims {
    static final String ISSUER = "urn:sluice:development";
    static final String ROLES = "roles";
    static final String PROJECTS = "projects";

    private final String rolesClaim;
    private final List<String> rolesPath;

    /** @param rolesClaim the name of a claim, or a path to a member of one with dots between */
    TokenClaims(String rolesClaim) {
        this.rolesClaim = rolesClaim;
        this.rolesPath = List.of(rolesClaim.split("\\.", -1));
    }

    Set<String> roles(Jwt token) {
        // Tokens of development have their own.
        return ISSUER.equals(token.getClaimAsString(JwtClaimNames.ISS))
                ? strings(token.getClaim(ROLES))
                : strings(configured(token.getClaims()));
    }

    Set<String> projects(Jwt token) {
        return strings(token.getClaim(PROJECTS));
    }

    private @Nullable Object configured(Map<String, Object> claims) {
        // By its whole name first: issuers that name claims by URLs have dots in them.
        if (claims.containsKey(rolesClaim)) {
            return claims.get(rolesClaim);
        }
        Object value = claims;
        for (String step : rolesPath) {
            value = value instanceof Map<?, ?> members ? members.get(step) : null;
        }
        return value;
    }

    private static Set<String> strings(@Nullable Object claim) {
        return claim instanceof Collection<?> values
                ? values.stream()
                        .filter(String.class::isInstance)
                        .map(String.class::cast)
                        .collect(Collectors.toUnmodifiableSet())
                : Set.of();
    }
}
