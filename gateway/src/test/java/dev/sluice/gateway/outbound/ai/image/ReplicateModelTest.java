package dev.sluice.gateway.outbound.ai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.ai.image.ImageModels.PollPolicy;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ProviderRetries;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.ReplicateStub;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/** Against a real server that answers as Replicate documents it, and as nobody should. */
@ExtendWith(NoLeaks.class)
class ReplicateModelTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    /** For what is to reach a provider before it is given up. */
    private static final Duration ENOUGH_TO_ASK = Duration.ofSeconds(2);

    private static final UrlPolicy REACH = new UrlPolicy(Set.of("https"), Set.of("replicate.delivery"));
    private static final ImagePrompt PROMPT = new ImagePrompt("a \"cat\"", ImagePrompt.AspectRatio.of("16:9"));
    private static final Prediction PREDICTION = new Prediction(ReplicateStub.ID, PROMPT);
    private static final PollPolicy HASTE =
            new PollPolicy(Duration.ofMillis(1), Duration.ofMillis(5), ProviderRetries.policy(Duration.ofMillis(1), 3));
    private static final String URL = "https://replicate.delivery/xezq/out-0.png";

    private final ReplicateStub replicate = ReplicateStub.start();
    private final LoopResources loops = LoopResources.create("test", 1, true);
    private final List<ReplicateModel> models = new ArrayList<>();

    @AfterEach
    void stop() {
        models.forEach(ReplicateModel::close);
        replicate.close();
        loops.dispose();
    }

    @Test
    void createAnswersWithTheIdAndSendsNothingButThePrompt() {
        Prediction created = create(model());

        assertThat(created).isEqualTo(PREDICTION);
        OriginExchange request = replicate.creations().getFirst();
        assertThat(request.path()).isEqualTo("/v1/models/" + ReplicateStub.MODEL + "/predictions");
        assertThat(request.header("User-Agent")).containsExactly("Sluice/test");
        assertThat(request.header("Cancel-After")).containsExactly("10s");
        assertThat(request.header("Cookie")).isEmpty();
        assertThat(replicate.lastBody())
                .isEqualTo(
                        new JsonMapper()
                                .readTree(
                                        "{\"input\":{\"prompt\":\"a \\\"cat\\\"\",\"aspect_ratio\":\"16:9\",\"output_format\":\"png\"}}"));
    }

    @Test
    void modelWithAVersionIsAskedForByIt() {
        create(model(settings(ReplicateStub.MODEL + ":abc123", ReplicateStub.TOKEN, Duration.ofSeconds(5))));

        assertThat(replicate.creations().getFirst().path()).isEqualTo("/v1/predictions");
        assertThat(replicate.lastBody().path("version").asString()).isEqualTo("abc123");
    }

    @Test
    void shortestTimeThatReplicateTakesIsFiveSeconds() {
        Objects.requireNonNull(model().create(PROMPT, Duration.ofSeconds(2)).block(LIMIT));

        assertThat(replicate.creations().getFirst().header("Cancel-After")).containsExactly("5s");
    }

    @Test
    void pictureIsFoundAfterAllStatesAtTheConfiguredUrlAlone() {
        replicate.look(
                ReplicateStub.state("starting"),
                ReplicateStub.state("processing"),
                ReplicateStub.succeeded("\"" + URL + "\""));

        assertThat(await(model())).isEqualTo(new GeneratedImage.Remote(URL, REACH));
        assertThat(replicate.looks()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"https://replicate.delivery/xezq/out-0.png\"",
                "[\"https://replicate.delivery/xezq/out-0.png\",\"https://replicate.delivery/second.png\"]",
                "{\"seed\":7,\"image\":\"https://replicate.delivery/xezq/out-0.png\"}",
                "{\"images\":[{\"url\":\"https://replicate.delivery/xezq/out-0.png\"}]}"
            })
    void outputOfAnyShapeNamesThePicture(String output) {
        replicate.look(ReplicateStub.succeeded(output));

        assertThat(await(model())).isEqualTo(new GeneratedImage.Remote(URL, REACH));
    }

    @Test
    void inlinePictureIsDrawn() {
        byte[] bytes = {1, 2, 3, 4};
        replicate.look(ReplicateStub.succeeded(
                "\"data:image/png;base64," + Base64.getEncoder().encodeToString(bytes) + "\""));

        assertThat(await(model())).isInstanceOfSatisfying(GeneratedImage.Inline.class, drawn -> {
            assertThat(drawn.mediaType()).isEqualTo("image/png");
            DataBuffer body = Objects.requireNonNull(drawn.body().blockLast());
            assertThat(body.toString(StandardCharsets.ISO_8859_1)).isEqualTo("\u0001\u0002\u0003\u0004");
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "[]",
                "{}",
                "7",
                "\"\"",
                "\"a cat\"",
                "\"file:///etc/passwd\"",
                "\"javascript:alert(1)\"",
                "\"https://a b\"",
                "\"data:text/html;base64,AAAA\"",
                "\"data:image/png;base64,???\"",
                "[[[[\"https://replicate.delivery/too/deep.png\"]]]]"
            })
    void outputThatNamesNoPictureIsABrokenAnswer(String output) {
        replicate.look(ReplicateStub.succeeded(output));

        assertThat(failure(awaiting(model())).failure()).isEqualTo(ProviderFailure.BROKEN_ANSWER);
    }

    @Test
    void predictionIsFoundAgainByItsIdAfterARestart() {
        ReplicateModel before = new ReplicateModel(
                settings(ReplicateStub.MODEL, ReplicateStub.TOKEN, Duration.ofSeconds(5)),
                loops,
                new JsonMapper(),
                Schedulers.parallel());
        String stored = Objects.requireNonNull(
                        guarded(before).create(PROMPT, LIMIT).block(LIMIT))
                .id();
        before.close();
        replicate.look(ReplicateStub.succeeded("\"" + URL + "\""));

        GeneratedImage made =
                model().await(new Prediction(stored, PROMPT), LIMIT).block(LIMIT);

        assertThat(made).isEqualTo(new GeneratedImage.Remote(URL, REACH));
        assertThat(replicate.creations()).hasSize(1);
    }

    @Test
    void wrongTokenIsRefusedOnceAndNeverShown() {
        String wrong = "r8_wrong-but-secret";
        replicate.create(exchange -> {});

        ProviderException failure = failure(model(settings(ReplicateStub.MODEL, wrong, Duration.ofSeconds(5)))
                .create(PROMPT, LIMIT));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.REFUSED);
        assertThat(failure)
                .hasMessage("The provider refused the request (status 401): You did not pass an authentication token");
        assertThat(replicate.creations()).hasSize(1);
    }

    @Test
    void busyProviderSaysWhenToComeBack() {
        replicate.create(ReplicateStub.error(429, "Request was throttled.", "Retry-After: 60"));

        ProviderException failure = failure(model().create(PROMPT, LIMIT));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.BUSY);
        assertThat(failure.retryAfter()).isEqualTo(Duration.ofMinutes(1));
        assertThat(replicate.creations()).hasSize(1);
    }

    @Test
    void serverErrorsThriceThenSuccessIsSuccess() {
        replicate.create(Behaviours.failing(
                3,
                ReplicateStub.error(500, "Oh"),
                ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}")));
        replicate.look(
                ReplicateStub.error(502, "Oh"),
                ReplicateStub.error(503, "Oh"),
                ReplicateStub.error(500, "Oh"),
                ReplicateStub.succeeded("\"" + URL + "\""));

        ImageModel model = model();
        assertThat(create(model)).isEqualTo(PREDICTION);
        assertThat(await(model)).isEqualTo(new GeneratedImage.Remote(URL, REACH));
        assertThat(replicate.creations()).hasSize(4);
    }

    @Test
    void createWithoutAnAnswerIsUncertainAndNotRepeated() {
        replicate.create(OriginExchange::reset);

        ProviderException failure = failure(model().create(PROMPT, LIMIT));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.UNCERTAIN);
        assertThat(replicate.creations()).hasSize(1);
    }

    @Test
    void createThatHangsIsUncertainAndNotRepeated() {
        replicate.create(Behaviours.silent());

        ProviderException failure = failure(model(settings(ReplicateStub.MODEL, ReplicateStub.TOKEN, ENOUGH_TO_ASK))
                .create(PROMPT, LIMIT));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.UNCERTAIN);
        assertThat(replicate.creations()).hasSize(1);
        replicate.awaitAllClosed();
    }

    @Test
    void lookWithoutAnAnswerIsRepeated() {
        replicate.look(OriginExchange::reset, ReplicateStub.succeeded("\"" + URL + "\""));

        assertThat(await(model())).isEqualTo(new GeneratedImage.Remote(URL, REACH));
    }

    @Test
    void providerThatIsNotThereIsUnreachable() {
        replicate.close();

        assertThat(failure(model().create(PROMPT, LIMIT)).failure()).isEqualTo(ProviderFailure.UNREACHABLE);
    }

    @Test
    void predictionThatIsNeverReadyIsCancelledAtTheDeadline() {
        replicate.look(ReplicateStub.state("processing"));

        ProviderException failure = failure(model().await(PREDICTION, ENOUGH_TO_ASK));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.TIMED_OUT);
        assertThat(replicate.cancellations()).isEqualTo(1);
        assertThat(replicate.looks()).isGreaterThan(2);
    }

    @Test
    void providerThatHangsForEverIsCancelledAtTheDeadline() {
        replicate.look(Behaviours.silent());

        ProviderException failure = failure(model().await(PREDICTION, Duration.ofMillis(300)));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.TIMED_OUT);
        assertThat(replicate.cancellations()).isEqualTo(1);
    }

    @Test
    void cancellingIsOneRequestAndTellsOfItsFailure() {
        model().cancel(PREDICTION).block(LIMIT);
        assertThat(replicate.cancellations()).isEqualTo(1);

        replicate.cancel(ReplicateStub.error(404, "Not found."));
        assertThat(failure(model().cancel(PREDICTION))).hasMessageEndingWith("(status 404): Not found.");
    }

    @Test
    void waiterThatLeavesClosesItsConnection() {
        replicate.look(Behaviours.silent());
        var waiter = model().await(PREDICTION, LIMIT).subscribe();
        Await.until(LIMIT, "a look", () -> replicate.looks() == 1);

        waiter.dispose();

        replicate.awaitAllClosed();
        assertThat(replicate.cancellations()).isZero();
    }

    @Test
    void unknownPredictionIsRefusedOnce() {
        replicate.look(ReplicateStub.error(404, "Not found."));

        assertThat(failure(awaiting(model())).failure()).isEqualTo(ProviderFailure.REFUSED);
        assertThat(replicate.looks()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"id\":", "[]", "\"x\"", "<html>", "", "{}", "{\"id\":\"another\",\"status\":\"starting\"}"})
    void answerThatIsNoPredictionIsBroken(String body) {
        replicate.look(ReplicateStub.json(200, body));

        assertThat(failure(awaiting(model())).failure()).isEqualTo(ProviderFailure.BROKEN_ANSWER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"id\":\"../../etc\"}", "{\"id\":{}}", "{\"id\":null}", "{}"})
    void predictionWithoutAUsefulIdIsBroken(String body) {
        replicate.create(ReplicateStub.json(201, body));

        assertThat(failure(model().create(PROMPT, LIMIT)).failure()).isEqualTo(ProviderFailure.BROKEN_ANSWER);
        assertThat(replicate.creations()).hasSize(1);
    }

    @Test
    void stateThatNobodyKnowsIsBroken() {
        replicate.look(ReplicateStub.state("dreaming"));

        assertThat(failure(awaiting(model())).failure()).isEqualTo(ProviderFailure.BROKEN_ANSWER);
    }

    @Test
    void hugeAnswerIsCutAtItsLimit() {
        replicate.look(exchange -> {
            exchange.head(200, "Content-Type: application/json", "Transfer-Encoding: chunked");
            exchange.chunk("{\"id\":\"".getBytes(StandardCharsets.UTF_8));
            while (true) {
                exchange.chunk("x".repeat(16_384).getBytes(StandardCharsets.UTF_8));
            }
        });

        assertThat(failure(awaiting(model()))).hasMessage("The provider's answer is larger than 1048576 bytes.");
        replicate.awaitAllClosed();
    }

    @Test
    void redirectIsNotFollowed() {
        HostileOrigin elsewhere = HostileOrigin.start();
        try (elsewhere) {
            replicate.look(Behaviours.redirect(307, elsewhere.url("/v1/predictions/" + ReplicateStub.ID)));

            assertThat(failure(awaiting(model()))).hasMessageContaining("(status 307)");
            assertThat(elsewhere.requests()).isEmpty();
        }
    }

    @Test
    void failedPredictionTellsWhyInOneHarmlessLine() {
        replicate.look(ReplicateStub.failed(
                "CUDA out of memory\n\tat Bearer " + ReplicateStub.TOKEN + "\u0000 " + "x".repeat(400)));

        ProviderException failure = failure(awaiting(model()));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.FAILED);
        assertThat(failure.getMessage())
                .startsWith("The provider could not make the picture: CUDA out of memory at Bearer [key] xxx")
                .hasSizeLessThan(360)
                .doesNotContain("\n");
        assertThat(replicate.cancellations()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NSFW content detected. Try running it again, or try a different prompt.",
                "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
            })
    void promptThatTheProviderFiltersIsBlocked(String error) {
        replicate.look(ReplicateStub.failed(error));

        ProviderException failure = failure(awaiting(model()));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.BLOCKED);
        assertThat(failure).hasMessageContaining(error);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"no paint\"",
                "{\"detail\":\"no paint\"}",
                "{\"code\":7,\"message\":\"no paint\"}",
                "[\"no paint\"]",
                "[{\"loc\":[],\"msg\":\"no paint\"}]"
            })
    void reasonOfAFailureIsToldWhateverItsShape(String error) {
        replicate.look(ReplicateStub.ended("failed", error));

        assertThat(failure(awaiting(model()))).hasMessage("The provider could not make the picture: no paint");
    }

    @Test
    void reasonOfACancellationIsToldToo() {
        replicate.look(ReplicateStub.ended("aborted", "\"no worker in time\""));

        assertThat(failure(awaiting(model()))).hasMessage("The provider's prediction was cancelled: no worker in time");
    }

    @ParameterizedTest
    @ValueSource(strings = {"canceled", "aborted"})
    void predictionThatSomebodyCancelledHasFailed(String status) {
        replicate.look(ReplicateStub.state(status));

        assertThat(failure(awaiting(model())).failure()).isEqualTo(ProviderFailure.FAILED);
    }

    @Test
    void modelsNameIsChecked() {
        for (String bad : List.of("flux", "a/b/c", "../x", "a/b?c", "a/b:", "")) {
            assertThatThrownBy(() -> settings(bad, ReplicateStub.TOKEN, LIMIT))
                    .hasMessage("model: " + bad + " (expected: owner/name or owner/name:version)");
        }
        assertThat(settings(ReplicateStub.MODEL, ReplicateStub.TOKEN, LIMIT).toString())
                .doesNotContain(ReplicateStub.TOKEN);
    }

    private ImageModel model() {
        return model(settings(ReplicateStub.MODEL, ReplicateStub.TOKEN, Duration.ofSeconds(5)));
    }

    private ImageModel model(ReplicateSettings settings) {
        ReplicateModel model = new ReplicateModel(settings, loops, new JsonMapper(), Schedulers.parallel());
        models.add(model);
        return guarded(model);
    }

    private static ImageModel guarded(ReplicateModel model) {
        return ImageModels.guarded(model, HASTE, new SimpleMeterRegistry(), Schedulers.parallel());
    }

    private ReplicateSettings settings(String model, String token, Duration tryTimeout) {
        return new ReplicateSettings(
                URI.create(replicate.baseUrl()),
                new ApiKey(token),
                model,
                "png",
                REACH,
                "Sluice/test",
                Duration.ofSeconds(5),
                tryTimeout,
                DataSize.ofMegabytes(1),
                4);
    }

    private static Prediction create(ImageModel model) {
        return Objects.requireNonNull(model.create(PROMPT, LIMIT).block(LIMIT));
    }

    private static GeneratedImage await(ImageModel model) {
        return Objects.requireNonNull(awaiting(model).block(LIMIT));
    }

    private static Mono<GeneratedImage> awaiting(ImageModel model) {
        return model.await(PREDICTION, LIMIT);
    }

    private static ProviderException failure(Mono<?> call) {
        return Objects.requireNonNull(catchThrowableOfType(ProviderException.class, () -> call.block(LIMIT)));
    }
}
