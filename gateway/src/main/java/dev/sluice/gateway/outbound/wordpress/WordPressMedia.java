package dev.sluice.gateway.outbound.wordpress;

import dev.sluice.gateway.outbound.http.ExactLengthBody;
import dev.sluice.gateway.outbound.http.JsonCall;
import dev.sluice.gateway.outbound.http.ProviderClient;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.UncancellableCall;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Uploads files to the media libraries of the operator's WordPress sites. An upload that may have arrived is not
 * retried, because it would be stored twice; one that is answered with 404, 405 or a page did not arrive, and is sent
 * to the API that the site names. No cookie is kept, no redirect followed. Closing it closes its connections; the event
 * loops belong to somebody else.
 *
 * @see <a href="https://developer.wordpress.org/rest-api/reference/media/">WordPress REST API, media</a>
 */
public final class WordPressMedia implements AutoCloseable {
    /** What web servers answer where there is nothing to send files to. */
    private static final Set<Integer> NOTHING_THERE = Set.of(404, 405);

    private final WordPressSettings settings;
    private final JsonMapper mapper;
    private final Scheduler timer;
    private final ProviderClient http;
    /** Of sites whose API is not in the usual place. */
    private final Map<WordPressSettings.Site, WordPressApi> apis = new ConcurrentHashMap<>();

    /**
     * A client with connections of its own.
     *
     * @param loops the event loops to run on
     * @param timer for the deadline
     */
    public WordPressMedia(WordPressSettings settings, LoopResources loops, JsonMapper mapper, Scheduler timer) {
        this.settings = settings;
        this.mapper = mapper;
        this.timer = timer;
        ProviderClient.Bounds bounds = new ProviderClient.Bounds(
                "sluice-wordpress",
                settings.userAgent(),
                settings.connectTimeout(),
                settings.deadline(),
                settings.maxAnswer(),
                settings.connections());
        List<URI> urls = settings.sites().values().stream()
                .map(WordPressSettings.Site::baseUrl)
                .toList();
        this.http = new ProviderClient(bounds, urls, loops);
    }

    /** The names of the sites. */
    public Set<String> sites() {
        return settings.sites().keySet();
    }

    /**
     * Sends a file as it is read, then its alternative text. Cancelling closes the connection and cancels the body;
     * once the library has the file, its text is sent in any case.
     *
     * <p>Fails with {@link ProviderException}, whose message holds WordPress's own; with the body's own error,
     * unchanged; or with {@link IllegalStateException} when the body is longer or shorter than it says. In all these
     * cases the library has no such file, but perhaps after {@code UNCERTAIN}, {@code STALLED}, {@code SERVER_ERROR}
     * and {@code BROKEN_ANSWER}.
     *
     * @param site one of {@link #sites()}
     */
    public Mono<UploadedMedia> send(String site, MediaFile file) {
        WordPressSettings.Site known = settings.sites().get(site);
        if (known == null) {
            return Mono.error(() -> new ProviderException(
                    ProviderFailure.NOT_CONFIGURED, "This gateway knows no WordPress site of that name."));
        }
        return Mono.defer(() -> new Sending(known, file).run());
    }

    /** One file on its way, and the one deadline of all that it takes. */
    private final class Sending {
        private final WordPressSettings.Site site;
        private final WordPressJson json;
        private final MediaFile file;
        private final long end;

        Sending(WordPressSettings.Site site, MediaFile file) {
            this.site = site;
            this.json = new WordPressJson(mapper, site);
            this.file = file;
            this.end = timer.now(TimeUnit.NANOSECONDS) + settings.deadline().toNanos();
        }

        Mono<UploadedMedia> run() {
            WordPressApi known = apis.getOrDefault(site, WordPressApi.usual(site));
            AtomicBoolean nothingThere = new AtomicBoolean();
            return upload(known, nothingThere)
                    .onErrorResume(
                            ProviderException.class,
                            failure -> nothingThere.get() ? elsewhere(known, failure) : Mono.error(failure));
        }

        /** The file was not taken there, so it is sent again to where the site says that its API is. */
        private Mono<UploadedMedia> elsewhere(WordPressApi known, ProviderException failure) {
            return http.client()
                    .head()
                    .uri(site.frontPage())
                    .exchangeToMono(page -> page.releaseBody()
                            .then(Mono.justOrEmpty(
                                    WordPressApi.of(site, page.headers().header(HttpHeaders.LINK)))))
                    .timeout(left(), timer)
                    .onErrorComplete()
                    .filter(named -> !named.equals(known))
                    .switchIfEmpty(Mono.error(failure))
                    .flatMap(named -> upload(named, new AtomicBoolean()).doOnNext(sent -> apis.put(site, named)));
        }

        private Mono<UploadedMedia> upload(WordPressApi api, AtomicBoolean nothingThere) {
            ExactLengthBody body = new ExactLengthBody(file.body(), file.length());
            WebClient.RequestHeadersSpec<?> request = authorized(
                            noticing(nothingThere).post().uri(api.media()), site)
                    .header(HttpHeaders.CONTENT_DISPOSITION, new AttachmentName(file.name()).disposition())
                    .contentType(file.mediaType())
                    .contentLength(file.length())
                    .body(BodyInserters.fromDataBuffers(body.buffers()));
            return new JsonCall(request, json.reader(), json::refusal, settings.maxAnswer())
                    .nonIdempotent(left(), timer)
                    .onErrorMap(failure -> body.failure() == null ? failure : body.failure())
                    .map(json::sent)
                    .flatMap(sent -> file.altText().isBlank() ? Mono.just(sent) : describe(api, sent));
        }

        private WebClient noticing(AtomicBoolean nothingThere) {
            return http.client()
                    .mutate()
                    .filter((request, next) -> next.exchange(request)
                            .doOnNext(response -> nothingThere.set(
                                    NOTHING_THERE.contains(response.statusCode().value()) || isPage(response))))
                    .build();
        }

        /** Without pretty permalinks, WordPress shows its front page for a path that leads nowhere. */
        private boolean isPage(ClientResponse response) {
            ClientResponse.Headers headers = response.headers();
            return response.statusCode().is2xxSuccessful()
                    && headers.contentType()
                            .filter(MediaType.TEXT_HTML::isCompatibleWith)
                            .isPresent()
                    && WordPressApi.of(site, headers.header(HttpHeaders.LINK)) != null;
        }

        /** The file is there by now, so this fails no more: who sent it again would have it twice. */
        private Mono<UploadedMedia> describe(WordPressApi api, UploadedMedia sent) {
            WebClient.RequestHeadersSpec<?> request = authorized(
                            http.client().post().uri(api.media(sent.id())), site)
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue(json.altText(file.altText()));
            Mono<UploadedMedia> described = new JsonCall(request, json.reader(), json::refusal, settings.maxAnswer())
                    .json(left(), timer)
                    .thenReturn(sent)
                    .onErrorResume(
                            ProviderException.class,
                            failure -> Mono.just(sent.with(String.valueOf(failure.getMessage()))));
            return UncancellableCall.of(described, failure -> {});
        }

        private Duration left() {
            return Duration.ofNanos(Math.max(0, end - timer.now(TimeUnit.NANOSECONDS)));
        }
    }

    private static WebClient.RequestBodySpec authorized(
            WebClient.RequestBodySpec request, WordPressSettings.Site site) {
        return request.headers(headers -> headers.setBasicAuth(
                        site.user(), site.applicationPassword().value(), StandardCharsets.UTF_8))
                .accept(MediaType.APPLICATION_JSON);
    }

    @Override
    public void close() {
        http.close();
    }

    /**
     * A file on its way to a media library.
     *
     * @param name as people write it; the library is given a harmless form of it
     * @param mediaType for example {@code image/png}
     * @param length of the body, in bytes, exactly
     * @param altText what the picture shows, for those who do not see it; empty leaves it out
     * @param body subscribed to once for each time that it is sent, one after the other; whoever does owns its buffers
     */
    public record MediaFile(String name, MediaType mediaType, long length, String altText, Flux<DataBuffer> body) {}
}
