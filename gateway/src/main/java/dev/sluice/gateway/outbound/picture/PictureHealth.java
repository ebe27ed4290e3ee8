package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.vips.VipsDecoder;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Which decoder is in use, and whether it decodes. It is told by {@code /actuator/health} and is no part of readiness.
 */
final class PictureHealth implements ReactiveHealthIndicator {
    private final PictureDecoder decoder;

    PictureHealth(PictureDecoder decoder) {
        this.decoder = decoder;
    }

    @Override
    public Mono<Health> health() {
        return Mono.fromSupplier(() -> {
            String failure = decoder instanceof VipsDecoder vips ? vips.failure() : null;
            return (failure == null ? Health.up() : Health.down().withDetail("reason", failure))
                    .withDetail("decoder", decoder.name())
                    .withDetail("types", decoder.mediaTypes().stream().sorted().toList())
                    .build();
        });
    }
}
