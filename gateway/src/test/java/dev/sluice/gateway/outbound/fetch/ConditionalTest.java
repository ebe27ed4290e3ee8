package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Media;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;

/** What a caller already has is told to the origin, RFC 9110 section 13. */
@ExtendWith(NoLeaks.class)
class ConditionalTest {
    private static final Validators KNOWN =
            new Validators("\"v1\"", "Sat, 21 Nov 2026 00:00:00 GMT", Validators.NOT_REDIRECTED);

    private HostileOrigin origin;
    private FetchRig rig;

    @BeforeEach
    void start() {
        origin = HostileOrigin.start();
        rig = FetchRig.with().open(origin).start();
    }

    @AfterEach
    void stop() {
        rig.close();
        origin.close();
    }

    private Mono<String> ask(Validators known) {
        FetchRequest request = new FetchRequest(
                origin.url("/a.png"), 10_000, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.IMAGE, known);
        return rig.fetch()
                .fetch(
                        request,
                        response -> response.notModified()
                                ? response.body().count().map(buffers -> "not modified, buffers: " + buffers)
                                : FetchRig.bytes(response).map(bytes -> bytes.length + " bytes"));
    }

    private String answer(Validators known) {
        return Objects.requireNonNull(ask(known).block(FetchRig.PATIENCE));
    }

    @Test
    void validatorsAreSentAsTheyCameAndA304HasNoBody() {
        origin.on("/a.png", Behaviours.status(304));

        assertThat(answer(KNOWN)).isEqualTo("not modified, buffers: 0");
        assertThat(origin.requests().getFirst().header("If-None-Match")).containsExactly("\"v1\"");
        assertThat(origin.requests().getFirst().header("If-Modified-Since"))
                .containsExactly("Sat, 21 Nov 2026 00:00:00 GMT");
    }

    @Test
    void connectionIsUsedAgainAfterA304() {
        origin.on("/a.png", Behaviours.status(304));
        var loop = rig.transport().clients().choose();

        for (int i = 0; i < 3; i++) {
            ask(KNOWN).subscribeOn(loop.scheduler()).block(FetchRig.PATIENCE);
        }

        assertThat(origin.requests()).hasSize(3);
        assertThat(origin.connections()).hasSize(1);
    }

    @Test
    void originThatHasSomethingNewerSendsIt() {
        origin.on("/a.png", Behaviours.image(Pictures.png(2_000)));

        assertThat(answer(KNOWN)).isEqualTo("2000 bytes");
    }

    /** As an origin of /b.png gave them, to which /a.png redirected. */
    private Validators givenByB() {
        byte[] bytes = Pictures.png(2_000);
        origin.on("/a.png", Behaviours.redirect(302, "/b.png"))
                .on(
                        "/b.png",
                        Behaviours.answer(
                                bytes,
                                "Content-Type: image/png",
                                "Content-Length: 2000",
                                "ETag: \"1\"",
                                "Last-Modified: x"));
        FetchRequest request =
                new FetchRequest(origin.url("/a.png"), 10_000, FetchRig.PATIENCE, UrlPolicy.PUBLIC_WEB, Media.IMAGE);
        return Objects.requireNonNull(rig.fetch()
                .fetch(request, response -> FetchRig.bytes(response).thenReturn(response.validators()))
                .block(FetchRig.PATIENCE));
    }

    private List<List<String>> conditions(String path) {
        return origin.requests().stream()
                .filter(request -> request.path().equals(path))
                .map(request -> request.header("If-None-Match"))
                .toList();
    }

    @Test
    void conditionsAreSentBehindARedirectToTheUrlThatGaveThem() {
        Validators known = givenByB();
        assertThat(known.etag()).isEqualTo("\"1\"");
        assertThat(known.lastModified()).isEqualTo("x");
        origin.on("/b.png", Behaviours.status(304));

        assertThat(answer(known)).isEqualTo("not modified, buffers: 0");
        assertThat(conditions("/a.png")).containsOnly(List.of());
        assertThat(conditions("/b.png")).containsExactly(List.of(), List.of("\"1\""));
    }

    /** Its file may have the same ETag, or be older. */
    @Test
    void urlThatARedirectLeadsToByNowIsAskedWithoutConditions() {
        Validators known = givenByB();
        origin.on("/a.png", Behaviours.redirect(302, "/c.png")).on("/c.png", Behaviours.image(Pictures.png(3_000)));

        assertThat(answer(known)).isEqualTo("3000 bytes");
        assertThat(conditions("/c.png")).containsExactly(List.of());
    }

    @Test
    void urlThatAnswersItselfByNowIsAskedWithoutConditions() {
        Validators known = givenByB();
        origin.on("/a.png", Behaviours.image(Pictures.png(3_000)));

        assertThat(answer(known)).isEqualTo("3000 bytes");
        assertThat(conditions("/a.png")).containsOnly(List.of());
    }

    @Test
    void urlThatRedirectsByNowIsAskedWithConditionsAndItsTargetIsNot() {
        origin.on("/a.png", Behaviours.redirect(302, "/b.png")).on("/b.png", Behaviours.image(Pictures.png(3_000)));

        assertThat(answer(KNOWN)).isEqualTo("3000 bytes");
        assertThat(conditions("/a.png")).containsExactly(List.of("\"v1\""));
        assertThat(conditions("/b.png")).containsExactly(List.of());
    }

    @Test
    void validatorsOfWhichNobodyKnowsWhoGaveThemAreNotSent() {
        origin.on("/a.png", Behaviours.image(Pictures.png(3_000)));

        assertThat(answer(new Validators("\"v1\"", null, null))).isEqualTo("3000 bytes");
        assertThat(conditions("/a.png")).containsExactly(List.of());
    }

    @Test
    void a304ThatNobodyAskedForIsAFailure() {
        origin.on("/a.png", Behaviours.status(304));

        FetchException failure = Assertions.catchThrowableOfType(FetchException.class, () -> answer(Validators.NONE));

        assertThat(failure.failure()).isEqualTo(FetchFailure.UPSTREAM_STATUS);
        assertThat(origin.requests().getFirst().header("If-None-Match")).isEmpty();
        assertThat(origin.requests().getFirst().header("If-Modified-Since")).isEmpty();
    }
}
