package dev.sluice.gateway.inbound.identity;

import java.util.List;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Takes a token that one of several issuers signed; they are asked in order. Fails with a {@link BadJwtException} when
 * none takes it, and with another {@link JwtException} when one cannot judge.
 */
final class CompositeJwtDecoder implements ReactiveJwtDecoder {
    private final List<ReactiveJwtDecoder> decoders;

    CompositeJwtDecoder(List<ReactiveJwtDecoder> decoders) {
        this.decoders = List.copyOf(decoders);
    }

    @Override
    public Mono<Jwt> decode(String token) {
        Mono<Jwt> answer = Mono.error(() -> new BadJwtException("no issuer takes the token"));
        for (ReactiveJwtDecoder decoder : decoders.reversed()) {
            Mono<Jwt> next = answer;
            answer = Mono.defer(() -> decoder.decode(token)).onErrorResume(BadJwtException.class, bad -> next);
        }
        return answer.onErrorMap(
                failure -> !(failure instanceof JwtException),
                failure -> new JwtException("the issuer's keys cannot be had", failure));
    }
}
