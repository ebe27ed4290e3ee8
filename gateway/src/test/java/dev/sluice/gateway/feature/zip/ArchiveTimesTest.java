package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.ClientConnection;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.link.LinkFactory;
import dev.sluice.gateway.outbound.link.Links;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.VersionedImage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.test.scheduler.VirtualTimeScheduler;

/** How long a link's client waits for its first byte, on a clock that the test moves; all else is the gateway's own. */
@ExtendWith(NoLeaks.class)
class ArchiveTimesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration A_MOMENT = Duration.ofMillis(100);
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(40);
    private static final Duration CONFIRM_TIMEOUT = Duration.ofSeconds(5);

    /** Of a client that is never behind. */
    private static final class NoConnection implements ClientConnection {
        @Override
        public Taken taken() {
            return new Taken(0, false, 0);
        }

        @Override
        public void cutOff(String why) {
            throw new AssertionError(why);
        }
    }

    @TempDir
    private static Path directory;

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Disposable.Composite requests = Disposables.composite();
    private final AtomicReference<@Nullable ServerResponse> answer = new AtomicReference<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start();
        // An origin that says nothing has far more time than the client.
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.image-proxy.cache.enabled", "true",
                        "sluice.image-proxy.cache.directory", directory.toString(),
                        "sluice.image-proxy.cache.caller-share", "100",
                        "sluice.image-proxy.fetch-timeout", "2m",
                        "sluice.zip.image-timeout", "5m"));
        Await.until(SOON, "the store knows what it has", gateway.bean(ImageStore.class)::takesImages);
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void leave() {
        requests.dispose();
        time.dispose();
    }

    /** A download of these images, as the gateway carries it out, on the test's clock. */
    private MockServerWebExchange download(List<String> urls, @Nullable String range) {
        ZipTools own = gateway.bean(ZipTools.class);
        ZipTools tools = new ZipTools(
                own.intake(),
                own.remoteImages(),
                own.properties(),
                own.readers(),
                new ArchiveMeters(new SimpleMeterRegistry()),
                own.json(),
                time);
        Links<LinkedRequest> links = LinkFactory.create(
                "zip",
                new LinkedRequest.Format(own.json()),
                Links.Bounds.shared(Duration.ofMinutes(10), 1_000_000, 10_000),
                null,
                Clock.systemUTC());
        List<RemoteImage> images =
                urls.stream().map(url -> new RemoteImage(url, null)).toList();
        String token = Objects.requireNonNull(links.create(
                                new LinkedRequest(new ZipRequest(images, null, OnError.SKIP)),
                                new Links.Owner("user:alice", "127.0.0.1"))
                        .block())
                .token();
        MockServerHttpRequest.BaseBuilder<?> get = MockServerHttpRequest.get("/api/zip/links/" + token);
        MockServerWebExchange exchange =
                MockServerWebExchange.from(range == null ? get : get.header(HttpHeaders.RANGE, range));
        exchange.getAttributes().put(RouterFunctions.URI_TEMPLATE_VARIABLES_ATTRIBUTE, Map.of("token", token));
        RequestContext context = RequestContext.of(exchange);
        context.arrivedFrom(new Caller(Caller.Kind.USER, "alice", Set.of(), Set.of(), "127.0.0.1"), new NoConnection());
        requests.add(context.resources());
        Endpoint endpoint = new ZipRoutes(tools, links, null)
                .endpoints().stream()
                        .filter(each -> each.name().equals("zip.download"))
                        .findFirst()
                        .orElseThrow();
        requests.add(endpoint.handler()
                .handle(ServerRequest.create(
                        exchange, HandlerStrategies.withDefaults().messageReaders()))
                .subscribe(answer::set, failure::set));
        return exchange;
    }

    private boolean isAnswered() {
        return answer.get() != null || failure.get() != null;
    }

    /** So that both are in the store. */
    private static void store(VersionedImage image, String path) {
        origin.on(path, image);
        for (int times = 0; times < 2; times++) {
            gateway.post("/api/zip", ZipFaultsTest.request(List.of(origin.url(path)), "skip"));
        }
        assertThat(gateway.bean(ImageStore.class).has(origin.url(path))).isTrue();
    }

    private static VersionedImage image(int seed) {
        return new VersionedImage(Pictures.noise(seed, 1_000), "\"v" + seed + "\"");
    }

    private void assertGivenUpAfterTheLongestSilence() {
        time.advanceTimeBy(LONGEST_SILENCE.minus(CONFIRM_TIMEOUT).minus(A_MOMENT));
        assertThat(isAnswered()).isFalse();
        time.advanceTimeBy(A_MOMENT.multipliedBy(2));
        Await.until(SOON, "it is answered for", this::isAnswered);
        assertThat(failure.get())
                .isInstanceOfSatisfying(
                        GatewayException.class,
                        problem -> assertThat(problem.code()).isEqualTo(ProblemCode.NO_IMAGE_AVAILABLE));
    }

    /** First for the store, then for the archive alone: the client waits once. */
    @Test
    void whoAsksForAPartHearsNothingForTheLongestSilenceAtMost() {
        origin.on("/part/silent.png", Behaviours.silent());

        download(List.of(origin.url("/part/silent.png")), "bytes=1000-");
        Await.until(SOON, "the origin is asked", () -> origin.requests("/part/silent.png") > 0);

        time.advanceTimeBy(CONFIRM_TIMEOUT);
        assertThat(isAnswered()).isFalse();
        assertGivenUpAfterTheLongestSilence();
    }

    @Test
    void timeForConfirmationsCountsAsSilence() {
        store(image(1), "/confirmed/a.png");
        origin.on("/confirmed/a.png", Behaviours.silent());
        long asked = origin.requests("/confirmed/a.png");

        download(List.of(origin.url("/confirmed/a.png")), null);
        Await.until(SOON, "the origin is asked", () -> origin.requests("/confirmed/a.png") > asked);

        time.advanceTimeBy(CONFIRM_TIMEOUT);
        Await.until(SOON, "it is asked again", () -> origin.requests("/confirmed/a.png") > asked + 1);
        assertGivenUpAfterTheLongestSilence();
    }

    @Test
    void firstByteWaitsForConfirmationsOnlySoLong() {
        store(image(2), "/late/a.png");
        VersionedImage late = image(3);
        store(late, "/late/b.png");
        List<String> urls =
                Stream.of("/late/a.png", "/late/b.png").map(origin::url).toList();
        long asked = origin.requests("/late/b.png");
        origin.on("/late/b.png", Behaviours.silent());

        MockServerWebExchange exchange = download(urls, null);
        Await.until(SOON, "the origin is asked", () -> origin.requests("/late/b.png") > asked);

        time.advanceTimeBy(CONFIRM_TIMEOUT.minus(A_MOMENT));
        assertThat(isAnswered()).isFalse();
        time.advanceTimeBy(A_MOMENT.multipliedBy(2));
        Await.until(SOON, "the archive begins", this::isAnswered);
        assertThat(failure.get()).isNull();
        assertThat(Objects.requireNonNull(answer.get()).statusCode().value()).isEqualTo(200);
        assertThat(exchange.getResponse().getHeaders().getETag())
                .as("it comes as its images do")
                .isNull();
    }

    @Test
    void confirmedImagesAreOneArchiveOfWhichEveryByteIsKnown() {
        store(image(4), "/known/a.png");
        store(image(5), "/known/b.png");

        MockServerWebExchange exchange = download(
                Stream.of("/known/a.png", "/known/b.png").map(origin::url).toList(), null);

        Await.until(SOON, "it is answered", this::isAnswered);
        assertThat(failure.get()).isNull();
        assertThat(exchange.getResponse().getHeaders().getETag()).isNotNull();
    }
}
