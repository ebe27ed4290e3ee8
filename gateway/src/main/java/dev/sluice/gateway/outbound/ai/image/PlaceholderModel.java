package dev.sluice.gateway.outbound.ai.image;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * For development without a token: draws a picture from the prompt itself, the same on every machine, and says so in
 * it. No provider is called. There is nothing to lose: a prediction's id follows from its prompt, and is drawn when
 * looked at.
 */
public final class PlaceholderModel implements ImageProvider {
    private final Scheduler scheduler;

    /** @param scheduler where drawing may take its tens of milliseconds of a core: no event loop */
    public PlaceholderModel(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    public String name() {
        return "sketch";
    }

    @Override
    public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
        return Mono.fromSupplier(() -> new Prediction(idOf(prompt), prompt));
    }

    @Override
    public Mono<GeneratedImage> poll(Prediction prediction) {
        return Mono.<GeneratedImage>fromSupplier(() -> {
                    if (!idOf(prediction.prompt()).equals(prediction.id())) {
                        throw new ProviderException(
                                ProviderFailure.REFUSED, "The prediction is not one of the placeholder model.");
                    }
                    return new GeneratedImage.Inline("image/png", new PlaceholderImage(prediction.prompt()).png());
                })
                .subscribeOn(scheduler);
    }

    @Override
    public Mono<Void> cancel(Prediction prediction) {
        return Mono.empty();
    }

    private static String idOf(ImagePrompt prompt) {
        String asked = prompt.aspectRatio() + " " + prompt.text();
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(asked.getBytes(StandardCharsets.UTF_8));
            return "sketch-" + HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }
}
