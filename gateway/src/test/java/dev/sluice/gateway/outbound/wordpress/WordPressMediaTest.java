package dev.sluice.gateway.outbound.wordpress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.WordPressStub;
import io.netty.buffer.PooledByteBufAllocator;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/** Against a real server that answers as WordPress does, and as a broken one may. */
@ExtendWith(NoLeaks.class)
class WordPressMediaTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    /** For what is to reach a site before it is given up. */
    private static final Duration ENOUGH_TO_SEND = Duration.ofSeconds(2);

    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);
    private static final int CHUNK = 65_536;

    private final WordPressStub wordPress = WordPressStub.start();
    private final LoopResources loops = LoopResources.create("test", 1, true);
    private final List<WordPressMedia> clients = new ArrayList<>();

    @AfterEach
    void stop() {
        clients.forEach(WordPressMedia::close);
        wordPress.close();
        loops.dispose();
    }

    @Test
    void fileArrivesWholeWithItsNameAndItsAlternativeText() {
        byte[] picture = Pictures.png(300_000);

        UploadedMedia sent = send(client(), file("cat.png", "A \"cat\"", picture));

        assertThat(sent)
                .isEqualTo(new UploadedMedia(
                        WordPressStub.ID,
                        URI.create("https://blog.example/?attachment_id=42"),
                        URI.create("https://blog.example/a.png"),
                        null));
        assertThat(wordPress.files()).singleElement().isEqualTo(picture);
        assertThat(wordPress.names()).containsExactly("cat.png");
        assertThat(wordPress.changes())
                .singleElement()
                .satisfies(
                        change -> assertThat(change.path("alt_text").asString()).isEqualTo("A \"cat\""));
        OriginExchange upload = wordPress.requests().getFirst();
        assertThat(upload.header("Content-Type")).containsExactly("image/png");
        assertThat(upload.header("Content-Length")).containsExactly("300000");
        assertThat(upload.header("Transfer-Encoding")).isEmpty();
        assertThat(upload.header("User-Agent")).containsExactly("Sluice/test");
    }

    @Test
    void withoutAlternativeTextThereIsOneRequest() {
        send(client(), file("cat.png", "", Pictures.png(10)));

        assertThat(wordPress.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Kätzchen \"Mia\".png",
                "../../etc/passwd;x=.png",
                "a\r\nX-Evil: 1\r\n.png",
                "猫.png",
                "\\\";filename=b.exe;.png",
                "shell.php.png"
            })
    void nameOfAnyKindIsOneNameToWordPress(String name) {
        send(client(), file(name, "", Pictures.png(10)));

        assertThat(wordPress.names()).singleElement().asString().matches("[A-Za-z0-9_-]+\\.png");
        assertThat(wordPress.requests().getFirst().header("X-Evil")).isEmpty();
    }

    @Test
    void wrongCredentialsAreToldInWordPresssWords() {
        ProviderException failure =
                failure(client("wrong password", LIMIT).send("blog", file("a.png", "", new byte[9])));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.REFUSED);
        assertThat(failure)
                .hasMessage("WordPress refused the request (status 401): "
                        + "The provided password is an invalid application password. (incorrect_password)");
    }

    @Test
    void sizeLimitIsToldInWordPresssWords() {
        wordPress.media(wordPress.afterBody(WordPressStub.error(
                413,
                "rest_upload_file_too_big",
                "<strong>Error:</strong> This file is too big. Files must be less than 512 KB.")));

        assertThat(failure(client().send("blog", file("a.png", "", Pictures.png(600_000)))))
                .hasMessage("WordPress refused the request (status 413): "
                        + "Error: This file is too big. Files must be less than 512 KB. (rest_upload_file_too_big)");
    }

    @Test
    void refusalThatComesBeforeTheWholeBodyEndsTheSending() {
        wordPress.media(wordPress.after(
                1000, WordPressStub.error(403, "rest_cannot_create", "Sorry, you are not allowed to create posts.")));
        Endless body = new Endless();

        ProviderException failure = failure(client().send("blog", body.file(64L << 20)));

        assertThat(failure).hasMessageContaining("Sorry, you are not allowed to create posts. (rest_cannot_create)");
        Await.until(LIMIT, "the body to be cancelled", body.cancelled::get);
    }

    @Test
    void whatWordPressSaysIsScrubbedAndBounded() {
        String unspaced = WordPressStub.PASSWORD.replace(" ", "");
        wordPress.media(wordPress.afterBody(WordPressStub.error(
                400, "bad", "not " + WordPressStub.PASSWORD + "\nor " + unspaced + " " + "x".repeat(500))));

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9])))
                        .getMessage())
                .startsWith("WordPress refused the request (status 400): not [key] or [key] xxx")
                .hasSizeLessThan(360);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 404, 500})
    void pageInsteadOfJsonIsNotShown(int status) {
        byte[] page = "<html><body>Fatal error in /var/www</body></html>".getBytes(StandardCharsets.UTF_8);
        wordPress.media(wordPress.afterBody(exchange -> {
            exchange.head(status, "Content-Type: text/html", "Content-Length: " + page.length);
            exchange.write(page);
        }));

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9])))
                        .getMessage())
                .startsWith("WordPress")
                .doesNotContain("var/www");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"id\":\"x\"}",
                "{\"id\":0}",
            })
    void answerThatNamesNoFileIsBroken(String body) {
        wordPress.media(wordPress.afterBody(exchange -> {
            exchange.head(201, "Content-Type: application/json", "Content-Length: " + body.length());
            exchange.write(body);
        }));

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9])))
                        .failure())
                .isEqualTo(ProviderFailure.BROKEN_ANSWER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":1}",
                "{\"id\":1,\"link\":\"\",\"source_url\":\"https://blog.example/a.png\"}",
                "{\"id\":1,\"link\":\"/?attachment_id=1\",\"source_url\":\"https://blog.example/a.png\"}",
                "{\"id\":1,\"link\":\"//blog.example/a\",\"source_url\":\"https://blog.example/a.png\"}",
                "{\"id\":1,\"link\":\"javascript:alert(1)\",\"source_url\":\"https://blog.example/a.png\"}",
                "{\"id\":1,\"link\":false,\"source_url\":\"https://blog.example/a.png\"}",
                "{\"id\":1,\"link\":\"https://blog.example/a\",\"source_url\":\"/a b.png\"}"
            })
    void fileWithANumberIsThereWhateverItsLinksAre(String body) {
        wordPress.media(wordPress.afterBody(WordPressStub.json(201, body)));

        UploadedMedia sent = send(client(), file("a.png", "", new byte[9]));

        assertThat(sent.id()).isEqualTo(1);
        assertThat(sent.warning()).isEqualTo("WordPress took the file and tells no usable link to it.");
        assertThat(String.valueOf(sent.link())).doesNotStartWith("javascript").doesNotStartWith("/");
        assertThat(wordPress.requests()).hasSize(1);
    }

    /** What WordPress 6.1.9 answered to gateway/bench/wordpress.sh, and web servers in front of others. */
    static Stream<Arguments> recorded() {
        String notSignedIn = "Sorry, you are not allowed to create posts as this user.";
        String saw = " WordPress saw nobody signed in: the user or the application password is wrong, a web server took"
                + " the field Authorization away, or the site is asked by http, where it takes no application passwords.";
        return Stream.of(
                Arguments.of(
                        "a wrong application password, none, one that was stripped, and http",
                        WordPressStub.error(401, "rest_cannot_create", notSignedIn),
                        ProviderFailure.REFUSED,
                        "WordPress refused the request (status 401): " + notSignedIn + " (rest_cannot_create)" + saw),
                Arguments.of(
                        "a user who may not upload",
                        WordPressStub.error(403, "rest_cannot_create", notSignedIn),
                        ProviderFailure.REFUSED,
                        "WordPress refused the request (status 403): " + notSignedIn + " (rest_cannot_create)"),
                Arguments.of(
                        "a type that it will not have",
                        WordPressStub.error(
                                500,
                                "rest_upload_sideload_error",
                                "Sorry, you are not allowed to upload this file type."),
                        ProviderFailure.REFUSED,
                        "WordPress refused the file (status 500): Sorry, you are not allowed to upload this file type."
                                + " (rest_upload_sideload_error)"),
                Arguments.of(
                        "no place for uploads",
                        WordPressStub.error(
                                500,
                                "rest_upload_sideload_error",
                                "Unable to create directory wp-content/uploads/2026/11. Is its parent directory writable"
                                        + " by the server?"),
                        ProviderFailure.REFUSED,
                        "WordPress refused the file (status 500): Unable to create directory wp-content/uploads/2026/11. Is its"
                                + " parent directory writable by the server? (rest_upload_sideload_error)"),
                Arguments.of(
                        "a web server's limit",
                        WordPressStub.json(
                                413, "<html><center><h1>413 Request Entity Too Large</h1>nginx</center></html>"),
                        ProviderFailure.REFUSED,
                        "WordPress refused the request (status 413). This is the limit of the web server in front of"
                                + " WordPress."),
                Arguments.of(
                        "a file that was taken, and thumbnails that were not made",
                        WordPressStub.json(
                                500, "<p>There has been a critical error.</p>", "X-WP-Upload-Attachment-ID: 42"),
                        ProviderFailure.SERVER_ERROR,
                        "WordPress failed (status 500). The file is in the library, with the number 42."),
                Arguments.of(
                        "any other failure",
                        WordPressStub.error(500, "internal_server_error", "Oh."),
                        ProviderFailure.SERVER_ERROR,
                        "WordPress failed (status 500): Oh. (internal_server_error)"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("recorded")
    void refusalTellsItsRealCause(String what, Behaviour behaviour, ProviderFailure kind, String message) {
        wordPress.media(wordPress.afterBody(behaviour));

        ProviderException failure = failure(client().send("blog", file("a.png", "", new byte[9])));

        assertThat(failure.failure()).isEqualTo(kind);
        assertThat(failure).hasMessage(message);
        assertThat(wordPress.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<http://blog.example/index.php?rest_route=/>; rel=\"https://api.w.org/\"",
                "</index.php?rest_route=/>; rel=https://api.w.org/",
                "<http://blog.example/a>; rel=shortlink, <http://127.0.0.9:1/index.php?rest_route=/>; rel=\"https://api.w.org/\""
            })
    void siteWithPlainPermalinksIsFoundByItsLinkAndAskedThereFromThenOn(String link) {
        wordPress.plainPermalinks(link);
        WordPressMedia client = client();

        assertThat(send(client, file("cat.png", "A cat", Pictures.png(300_000))).warning())
                .isNull();
        send(client, file("dog.png", "", Pictures.png(10)));

        assertThat(wordPress.names()).containsExactly("cat.png", "dog.png");
        assertThat(wordPress.changes()).hasSize(1);
        assertThat(wordPress.requests())
                .extracting(OriginExchange::path)
                .containsExactly(
                        "/wp-json/wp/v2/media",
                        "/",
                        "/index.php?rest_route=/wp/v2/media",
                        "/index.php?rest_route=/wp/v2/media/42",
                        "/index.php?rest_route=/wp/v2/media");
        assertThat(wordPress.requests().get(1).header("Authorization"))
                .as("a front page needs no password")
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<http://blog.example/wp-json/>; rel=\"https://api.w.org/\"",
                "<http://blog.example/>; rel=shortlink",
                "<javascript:alert(1)>; rel=\"https://api.w.org/\"",
                "<::>; rel=\"https://api.w.org/\""
            })
    void siteThatNamesNoOtherPlaceIsRefusedAsItWas(String link) {
        wordPress.plainPermalinks(link);

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9]))))
                .hasMessage("WordPress refused the request (status 404).");
        assertThat(wordPress.requests()).hasSize(2);
    }

    static Stream<Behaviour> nothingToSendFilesTo() {
        return Stream.of(
                Behaviours.status(405),
                page("Link: <http://blog.example/index.php?rest_route=/>; rel=\"https://api.w.org/\""));
    }

    private static Behaviour page(String field) {
        byte[] text = "<!DOCTYPE html><title>Blog</title>".getBytes(StandardCharsets.UTF_8);
        return Behaviours.answer(
                text, field, "Content-Type: text/html; charset=UTF-8", "Content-Length: " + text.length);
    }

    /** As nginx hands every path to WordPress, which then shows its front page. */
    @ParameterizedTest
    @MethodSource("nothingToSendFilesTo")
    void siteThatShowsAPageWhereItsApiUsuallyIsIsFoundByItsLink(Behaviour answer) {
        wordPress.plainPermalinks("<http://blog.example/index.php?rest_route=/>; rel=\"https://api.w.org/\"");
        wordPress.media(wordPress.afterBody(answer));

        send(client(), file("cat.png", "A cat", Pictures.png(300_000)));

        assertThat(wordPress.names()).containsExactly("cat.png");
    }

    @Test
    void pageThatSaysNothingOfAnApiIsNoReasonToSendTheFileAgain() {
        wordPress.plainPermalinks("<http://blog.example/index.php?rest_route=/>; rel=\"https://api.w.org/\"");
        wordPress.media(wordPress.afterBody(page("X-Saved: perhaps")));

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9])))
                        .failure())
                .isEqualTo(ProviderFailure.BROKEN_ANSWER);
        assertThat(wordPress.names()).isEmpty();
        assertThat(wordPress.requests()).hasSize(1);
    }

    @Test
    void siteInASubDirectoryIsAskedThere() {
        wordPress.below("/blog");
        WordPressMedia client = client(URI.create(wordPress.baseUrl() + "/blog"), WordPressStub.PASSWORD, LIMIT);

        send(client, file("cat.png", "", Pictures.png(10)));

        assertThat(wordPress.requests()).extracting(OriginExchange::path).containsExactly("/blog/wp-json/wp/v2/media");
    }

    @Test
    void siteWhoseWordPressIsInASubDirectoryIsFoundByItsLink() {
        wordPress.media(wordPress.afterBody(Behaviours.status(404)));
        wordPress.below("/blog");
        wordPress.frontPage("<" + wordPress.baseUrl() + "/blog/wp-json/>; rel=\"https://api.w.org/\"");

        send(client(), file("cat.png", "", Pictures.png(10)));

        assertThat(wordPress.requests().getLast().path()).isEqualTo("/blog/wp-json/wp/v2/media");
    }

    @Test
    void hugeAnswerIsCutAtItsLimit() {
        wordPress.media(wordPress.afterBody(Behaviours.endless()));

        assertThat(failure(client().send("blog", file("a.png", "", new byte[9]))))
                .hasMessage("WordPress's answer is larger than 1048576 bytes.");
        wordPress.awaitAllClosed();
    }

    @Test
    void siteThatHangsIsGivenUpAtTheDeadline() {
        wordPress.media(wordPress.afterBody(Behaviours.silent()));

        ProviderException failure =
                failure(client(WordPressStub.PASSWORD, ENOUGH_TO_SEND).send("blog", file("a.png", "", new byte[9])));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.UNCERTAIN);
        wordPress.awaitAllClosed();
    }

    @Test
    void siteThatDoesNotReadIsGivenUpAtTheDeadlineWithTheBodyHeldBack() {
        CountDownLatch gaveUp = new CountDownLatch(1);
        wordPress.media(exchange -> {
            gaveUp.await();
            exchange.hang();
        });
        Endless body = new Endless();

        ProviderException failure =
                failure(client(WordPressStub.PASSWORD, ENOUGH_TO_SEND).send("blog", body.file(256L << 20)));
        gaveUp.countDown();

        assertThat(failure.failure()).isEqualTo(ProviderFailure.UNCERTAIN);
        assertThat(body.emitted.get()).isPositive().isLessThan(64L << 20);
        Await.until(LIMIT, "the body to be cancelled", body.cancelled::get);
        wordPress.awaitAllClosed();
    }

    @Test
    void connectionThatBreaksMidwayIsUncertainAndNotTriedAgain() {
        wordPress.media(wordPress.after(100_000, OriginExchange::reset));
        Endless body = new Endless();

        ProviderException failure = failure(client().send("blog", body.file(64L << 20)));

        assertThat(failure.failure()).isEqualTo(ProviderFailure.UNCERTAIN);
        Await.until(LIMIT, "the body to be cancelled", body.cancelled::get);
        assertThat(wordPress.requests()).hasSize(1);
    }

    @Test
    void callerThatLeavesMidwayClosesTheConnectionAndTheBody() {
        wordPress.media(wordPress.after(1 << 20, Behaviours.silent()));
        Endless body = new Endless();
        var sending = client().send("blog", body.file(1L << 40)).subscribe();
        Await.until(LIMIT, "a megabyte", () -> wordPress.received() >= 1 << 20);

        sending.dispose();

        Await.until(LIMIT, "the body to be cancelled", body.cancelled::get);
        wordPress.awaitAllClosed();
    }

    @Test
    void bodyThatIsShorterThanPromisedIsNoFile() {
        byte[] half = Pictures.png(50);
        WordPressMedia.MediaFile file =
                new WordPressMedia.MediaFile("a.png", MediaType.IMAGE_PNG, 100, "", buffers(half));

        assertThatThrownBy(() -> client().send("blog", file).block(LIMIT))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a body of 50 bytes (expected: exactly 100)");
        wordPress.awaitAllClosed();
        assertThat(wordPress.files()).isEmpty();
    }

    @Test
    void bodyThatIsLongerThanPromisedIsNoFile() {
        WordPressMedia.MediaFile file = new WordPressMedia.MediaFile(
                "a.png", MediaType.IMAGE_PNG, 100, "", buffers(Pictures.png(60)).concatWith(buffers(Pictures.png(60))));

        assertThatThrownBy(() -> client().send("blog", file).block(LIMIT))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a body of 120 bytes (expected: exactly 100)");
        wordPress.awaitAllClosed();
        assertThat(wordPress.files()).isEmpty();
    }

    @Test
    void bodysOwnErrorComesThroughUnchanged() {
        IllegalArgumentException own = new IllegalArgumentException("the object is gone");
        WordPressMedia.MediaFile file = new WordPressMedia.MediaFile(
                "a.png", MediaType.IMAGE_PNG, 100, "", buffers(Pictures.png(50)).concatWith(Mono.error(own)));

        assertThatThrownBy(() -> client().send("blog", file).block(LIMIT)).isSameAs(own);
        wordPress.awaitAllClosed();
        assertThat(wordPress.files()).isEmpty();
    }

    @Test
    void alternativeTextThatIsRefusedIsToldAndTheFileStays() {
        wordPress.change(wordPress.afterBody(WordPressStub.error(403, "rest_cannot_edit", "Sorry, no.")));

        UploadedMedia sent = send(client(), file("a.png", "A cat", Pictures.png(10)));

        assertThat(sent.id()).isEqualTo(WordPressStub.ID);
        assertThat(sent.warning())
                .isEqualTo("WordPress refused the request (status 403): Sorry, no. (rest_cannot_edit)");
    }

    @Test
    void alternativeTextThatHangsIsToldAtTheDeadline() {
        wordPress.change(Behaviours.silent());

        UploadedMedia sent = send(client(WordPressStub.PASSWORD, ENOUGH_TO_SEND), file("a.png", "A cat", new byte[9]));

        assertThat(sent.warning()).isEqualTo("WordPress did not answer in time.");
    }

    @Test
    void redirectIsNotFollowed() {
        HostileOrigin elsewhere = HostileOrigin.start();
        try (elsewhere) {
            wordPress.media(wordPress.afterBody(Behaviours.redirect(308, elsewhere.url("/wp-json/wp/v2/media"))));

            assertThat(failure(client().send("blog", file("a.png", "", new byte[9]))))
                    .hasMessage("WordPress gave no answer (status 308). It redirects to "
                            + elsewhere.url("/wp-json/wp/v2/media") + ": the site's URL is to lead there.");
            assertThat(elsewhere.requests()).isEmpty();
        }
    }

    @Test
    void siteThatNobodyConfiguredIsAskedForNothing() {
        AtomicBoolean read = new AtomicBoolean();
        WordPressMedia.MediaFile file =
                new WordPressMedia.MediaFile("a.png", MediaType.IMAGE_PNG, 9, "", Flux.defer(() -> {
                    read.set(true);
                    return Flux.empty();
                }));

        assertThat(failure(client().send("http://127.0.0.2/", file)).failure())
                .isEqualTo(ProviderFailure.NOT_CONFIGURED);
        assertThat(read).isFalse();
        assertThat(client().sites()).containsExactly("blog");
    }

    @Test
    void passwordIsNotShown() {
        assertThat(site(WordPressStub.PASSWORD).toString()).doesNotContain("abcd");
        assertThatThrownBy(() -> new WordPressSettings.Site(URI.create("http://a"), "a:b", new ApiKey("x")))
                .hasMessage("user: a:b (expected: a name without a colon)");
    }

    private WordPressMedia client() {
        return client(WordPressStub.PASSWORD, LIMIT);
    }

    private WordPressMedia client(String password, Duration deadline) {
        return client(URI.create(wordPress.baseUrl()), password, deadline);
    }

    private WordPressMedia client(URI url, String password, Duration deadline) {
        WordPressSettings settings = new WordPressSettings(
                Map.of("blog", new WordPressSettings.Site(url, WordPressStub.USER, new ApiKey(password))),
                "Sluice/test",
                Duration.ofSeconds(5),
                deadline,
                DataSize.ofMegabytes(1),
                4);
        WordPressMedia client = new WordPressMedia(settings, loops, new JsonMapper(), Schedulers.parallel());
        clients.add(client);
        return client;
    }

    private WordPressSettings.Site site(String password) {
        return new WordPressSettings.Site(URI.create(wordPress.baseUrl()), WordPressStub.USER, new ApiKey(password));
    }

    private static WordPressMedia.MediaFile file(String name, String altText, byte[] body) {
        return new WordPressMedia.MediaFile(name, MediaType.IMAGE_PNG, body.length, altText, buffers(body));
    }

    private static Flux<DataBuffer> buffers(byte[] body) {
        return Flux.<DataBuffer, Integer>generate(() -> 0, (at, sink) -> {
            int length = Math.min(CHUNK, body.length - at);
            if (length == 0) {
                sink.complete();
            } else {
                sink.next(BUFFERS.allocateBuffer(length).write(body, at, length));
            }
            return at + length;
        });
    }

    private static UploadedMedia send(WordPressMedia client, WordPressMedia.MediaFile file) {
        return Objects.requireNonNull(client.send("blog", file).block(LIMIT));
    }

    private static ProviderException failure(Mono<?> call) {
        return Objects.requireNonNull(catchThrowableOfType(ProviderException.class, () -> call.block(LIMIT)));
    }

    /** A body that brings buffers for as long as it is asked. */
    private static final class Endless {
        final AtomicLong emitted = new AtomicLong();
        final AtomicBoolean cancelled = new AtomicBoolean();

        WordPressMedia.MediaFile file(long length) {
            Flux<DataBuffer> body = Flux.<DataBuffer>generate(sink -> {
                        emitted.addAndGet(CHUNK);
                        sink.next(BUFFERS.allocateBuffer(CHUNK).write(new byte[CHUNK]));
                    })
                    .doOnCancel(() -> cancelled.set(true));
            return new WordPressMedia.MediaFile("a.png", MediaType.IMAGE_PNG, length, "", body);
        }
    }
}
