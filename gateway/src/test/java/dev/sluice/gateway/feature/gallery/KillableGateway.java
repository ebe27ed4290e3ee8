package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.outbound.ai.image.GeneratedImage;
import dev.sluice.gateway.outbound.ai.image.ImageModel;
import dev.sluice.gateway.outbound.ai.image.ImagePrompt;
import dev.sluice.gateway.outbound.ai.image.Prediction;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StoredObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The gateway, in which every change of the gallery stops at one step and stays there until the process is killed. The
 * step is named by a file, so that what comes before it was written goes through.
 */
final class KillableGateway {
    /** Begins the line that is printed when something has come to the step. */
    static final String HELD = "HELD AT ";

    /** Names, as a system property, the file that holds the {@link Step}'s name. */
    static final String FILE = "test.step";

    /** Names, as a system property, the JDBC URL of the gateway's own database. */
    static final String DATABASE = "test.database";

    private KillableGateway() {}

    /** Where a change can be when the process dies. */
    enum Step {
        /** A generation: it is remembered that the provider is asked; what became of that is not. */
        WHILE_ASKED,
        /** The intent, or the begin of the deletion, is committed; the store has not been asked. */
        BEFORE_THE_STORE,
        /** The object is there, or gone; the row does not say so. */
        AFTER_THE_STORE,
        /** Object and row agree; of its thumbnails, which are announced, none is there. */
        BEFORE_ITS_THUMBNAILS,
        /** Object and row agree; the first of its thumbnails is there, and no row names it. */
        AMONG_ITS_THUMBNAILS,
        /** A generation: the object is there, its job is gone within a transaction that has not been committed. */
        WITHIN_THE_TRANSACTION,
        /** Object and row agree; the caller has not been told. */
        BEFORE_THE_ANSWER;

        boolean isOfAGeneration() {
            return this == WHILE_ASKED || this == WITHIN_THE_TRANSACTION;
        }

        boolean isOfThumbnails() {
            return this == BEFORE_ITS_THUMBNAILS || this == AMONG_ITS_THUMBNAILS;
        }
    }

    /** Entry point of the process. */
    public static void main(String[] args) {
        SpringApplication.run(new Class<?>[] {GatewayApplication.class, Holds.class}, args);
        HeldTransactions.install(System.getProperty(DATABASE));
    }

    /** Does not end if this is the step; else it is empty. */
    private static Mono<Void> at(Step step, String what) {
        return Mono.defer(() -> {
            if (!isHeld(step)) {
                return Mono.empty();
            }
            System.out.println(HELD + step + ": " + what);
            return Mono.never();
        });
    }

    static boolean isHeld(Step step) {
        String named = System.getProperty(FILE);
        if (named == null) {
            return false;
        }
        Path file = Path.of(named);
        try {
            return Files.exists(file) && Files.readString(file).equals(step.name());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Holds {

        @Bean
        static BeanPostProcessor heldBeans() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return switch (bean) {
                        case ObjectStore store -> new HeldStore(store);
                        case ImageModel model -> new HeldModel(model);
                        default -> bean;
                    };
                }
            };
        }

        @Bean
        @Order(Ordered.HIGHEST_PRECEDENCE)
        WebFilter heldAnswers() {
            return (exchange, chain) -> {
                String path = exchange.getRequest().getPath().value();
                boolean changes = path.equals("/api/images/imports")
                        || exchange.getRequest().getMethod().equals(HttpMethod.DELETE);
                if (changes) {
                    exchange.getResponse().beforeCommit(() -> at(Step.BEFORE_THE_ANSWER, path));
                }
                return chain.filter(exchange);
            };
        }
    }

    private record HeldModel(ImageModel model) implements ImageModel {
        @Override
        public String provider() {
            return model.provider();
        }

        @Override
        public Mono<Prediction> create(ImagePrompt prompt, Duration within) {
            return at(Step.WHILE_ASKED, "create").then(model.create(prompt, within));
        }

        @Override
        public Mono<GeneratedImage> await(Prediction prediction, Duration within) {
            return model.await(prediction, within);
        }

        @Override
        public Mono<Void> cancel(Prediction prediction) {
            return model.cancel(prediction);
        }
    }

    private record HeldStore(ObjectStore store) implements ObjectStore {

        @Override
        public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
            if (FaultyStore.isThumbnail(key)) {
                return at(Step.BEFORE_ITS_THUMBNAILS, "put " + key)
                        .then(store.put(key, object, body))
                        .delayUntil(stored -> at(Step.AMONG_ITS_THUMBNAILS, "put " + key));
            }
            return at(Step.BEFORE_THE_STORE, "put " + key)
                    .then(store.put(key, object, body))
                    .delayUntil(stored -> at(Step.AFTER_THE_STORE, "put " + key));
        }

        @Override
        public Mono<Void> delete(ObjectKey key) {
            return at(Step.BEFORE_THE_STORE, "delete " + key)
                    .then(store.delete(key))
                    .then(at(Step.AFTER_THE_STORE, "delete " + key));
        }

        @Override
        public Mono<StoredObject> stat(ObjectKey key) {
            return store.stat(key);
        }

        @Override
        public Mono<ObjectContent> open(ObjectKey key) {
            return store.open(key);
        }

        @Override
        public Flux<ObjectStore.Summary> list(String prefix) {
            return store.list(prefix);
        }
    }
}
