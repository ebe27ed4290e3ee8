package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.get;
import static dev.sluice.gateway.feature.training.TrainingRig.json;
import static dev.sluice.gateway.feature.training.TrainingRig.refused;
import static dev.sluice.gateway.feature.training.TrainingRig.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FalStub;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Whatever the provider answers to an order and to who asks for a state: nothing is queued twice. */
class TrainingOrderTest extends TrainingFaults {
    @Test
    void withoutAKeyNothingIsFetched() {
        TrainingRig rig = rig("sluice.training.api-key", "");

        refused(rig.start(), 503, "provider_not_configured");

        assertThat(rig.origin.requests()).isEmpty();
    }

    @Test
    void wrongKeyIsToldInTheProvidersWords() {
        TrainingRig rig = rig("sluice.training.api-key", "wrong");

        JsonNode problem = refused(rig.start(), 502, "upstream_failed");

        assertThat(problem.path("detail").asString())
                .isEqualTo("The provider refused the request (status 401): No user found for Key ID and Secret");
        assertThat(rig.fal.initiations()).isEqualTo(1);
    }

    @Test
    void orderThatIsRefusedIsToldInTheProvidersWords() {
        TrainingRig rig = rig();
        rig.fal.queue(FalStub.error(422, "steps must be even, says " + FalStub.KEY));

        JsonNode problem = refused(rig.start(), 502, "upstream_failed");

        assertThat(problem.path("detail").asString())
                .isEqualTo("The provider refused the request (status 422): steps must be even, says [key]");
        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    @Test
    void queueThatHangsIsNotAskedAgain() {
        TrainingRig rig = rig("sluice.training.try-timeout", "1s");
        rig.fal.queue(Behaviours.silent());

        JsonNode problem = refused(rig.start(), 504, "upstream_timeout");

        assertThat(problem.path("detail").asString()).endsWith("Whether the request was carried out is not known.");
        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void queueThatFailsIsNotAskedAgain(int status) {
        TrainingRig rig = rig();
        rig.fal.queue(FalStub.error(status, "Something"), FalStub.queued());

        JsonNode problem = refused(rig.start(), 504, "upstream_timeout");

        assertThat(problem.path("detail").asString()).endsWith("Whether the training was queued is not known.");
        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {502, 503, 504})
    void errorOfAGatewayInFrontIsNotUncertainAndIsAskedAgain(int status) {
        TrainingRig rig = rig();
        rig.fal.queue(page(status), FalStub.queued());

        assertThat(rig.start().statusCode()).isEqualTo(202);

        assertThat(rig.fal.queueings()).isEqualTo(2);
    }

    @Test
    void errorOfAGatewayInFrontThatStaysIsToldAsOne() {
        TrainingRig rig = rig();
        rig.fal.queue(page(502));

        JsonNode problem = refused(rig.start(), 502, "upstream_failed");

        assertThat(problem.path("detail").asString()).doesNotContain("not known");
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503})
    void pageThatFalItselfSendsIsUncertain(int status) {
        TrainingRig rig = rig();
        rig.fal.queue(page(status, "x-fal-request-id: 764cabcf-b745-4b3e-ae38-1200304cf45b"), FalStub.queued());

        refused(rig.start(), 504, "upstream_timeout");

        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    /** As nginx writes it. */
    private static Behaviour page(int status, String... headerLines) {
        String page = "<html><head><title>" + status + "</title></head><body><center>nginx</center></body></html>";
        return FalStub.json(status, page, headerLines);
    }

    @ParameterizedTest
    @CsvSource({
        "workflows/alice/portrait, workflows/alice/portrait",
        "comfy/alice/portrait, comfy/alice/portrait",
        "workflows/alice/portrait/steps/2, workflows/alice/portrait",
        "fal-ai/flux-lora/train, fal-ai/flux-lora"
    })
    void modelIsLookedUpAtItsAppWhereverThatIs(String model, String app) {
        TrainingRig rig = rig("sluice.training.model", model);
        rig.fal.serve(model, app);

        HttpResponse<byte[]> started = rig.start();
        assertThat(started.statusCode()).as(text(started)).isEqualTo(202);
        HttpResponse<byte[]> answer =
                get(rig.gateway, "alice", json(started).path("statusUrl").asString());

        assertThat(json(answer).path("status").asString()).as(text(answer)).isEqualTo("running");
    }

    @Test
    void queueThatBreaksOffIsNotAskedAgain() {
        TrainingRig rig = rig();
        rig.fal.queue(Behaviours.reset());

        refused(rig.start(), 504, "upstream_timeout");

        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    static Stream<Arguments> halves() {
        return Stream.of(
                Arguments.of("broken off", Behaviours.truncated(1000, 10)),
                Arguments.of("reset", Behaviours.resetAfter(1000, 10)),
                Arguments.of("stalled", Behaviours.stalled(1000, 10)),
                Arguments.of("no JSON", FalStub.json(200, "<html>")),
                Arguments.of("elsewhere", Behaviours.redirect(307, "/")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("halves")
    void queueWhoseAnswerIsNoneIsNotAskedAgain(String what, Behaviour answer) {
        TrainingRig rig = rig("sluice.training.try-timeout", "1s");
        rig.fal.queue(answer, FalStub.queued());

        JsonNode problem = refused(rig.start(), 504, "upstream_timeout");

        assertThat(problem.path("detail").asString()).endsWith("Whether the training was queued is not known.");
        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    @Test
    void queueThatIsBusyIsAskedAgain() {
        TrainingRig rig = rig();
        rig.fal.queue(FalStub.error(429, "Slow down"), FalStub.queued());

        assertThat(rig.start().statusCode()).isEqualTo(202);

        assertThat(rig.fal.queueings()).isEqualTo(2);
    }

    @Test
    void answerWithoutAnIdSaysThatItMayHaveBeenQueued() {
        TrainingRig rig = rig();
        rig.fal.queue(FalStub.json(200, "{\"request_id\":\"../../x\"}"));

        JsonNode problem = refused(rig.start(), 502, "upstream_failed");

        assertThat(problem.path("detail").asString()).endsWith("It may have been queued.");
        assertThat(rig.fal.queueings()).isEqualTo(1);
    }

    @Test
    void stateOfAProviderThatHangsIsATimeout() {
        TrainingRig rig = rig("sluice.training.try-timeout", "1s");
        String path = json(rig.start()).path("statusUrl").asString();
        rig.fal.status(Behaviours.silent());

        refused(get(rig.gateway, "alice", path), 504, "upstream_timeout");

        assertThat(rig.fal.looks()).as("one try and one repetition").isEqualTo(2);
    }

    @Test
    void stateThatIsRefusedOnceIsAskedForAgain() {
        TrainingRig rig = rig();
        String path = json(rig.start()).path("statusUrl").asString();
        rig.fal.status(FalStub.error(503, "Something"), FalStub.state("IN_PROGRESS", ""));

        HttpResponse<byte[]> answer = get(rig.gateway, "alice", path);

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(200);
    }
}
