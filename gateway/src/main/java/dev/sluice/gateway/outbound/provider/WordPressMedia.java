package dev.sluice.gateway.outbound.provider;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;

/**
 * Puts files into the media libraries of the operator's WordPress sites. Nothing is repeated: a file that may have
 * arrived would be there twice. No cookie is kept, no redirect followed. Closing it closes its connections; the event
 * loops belong to somebody else.
 *
 * @see <a href="https://developer.wordpress.org/rest-api/reference/media/">WordPress REST API, media</a>
 */
public final class WordPressMedia implements AutoCloseable {
    private final WordPressSettings settings;
    private final JsonMapper mapper;
    private final Scheduler timer;
    private final ProviderHttp http;

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
        ProviderHttp.Bounds bounds = new ProviderHttp.Bounds(
                "sluice-wordpress",
                settings.userAgent(),
                settings.connectTimeout(),
                settings.deadline(),
                settings.maxAnswer(),
                settings.connections());
        List<URI> urls =
                settings.sites().values().stream().map(WordPressSite::baseUrl).toList();
        this.http = new ProviderHttp(bounds, urls, loops);
    }

    /** The names of the sites. */
    public Set<String> sites() {
        return settings.sites().keySet();
    }

    /**
     * Sends a file as it is read, then its alternative text. Cancelling closes the connection and cancels the body.
     *
     * <p>Fails with {@link ProviderException}, whose message holds WordPress's own; with the body's own error,
     * unchanged; or with {@link IllegalStateException} when the body is longer or shorter than it says. In all these
     * cases the library has no such file, but perhaps after {@code UNCERTAIN}, {@code STALLED}, {@code SERVER_ERROR}
     * and {@code BROKEN_ANSWER}.
     *
     * @param site one of {@link #sites()}
     */
    public Mono<SentMedia> send(String site, MediaFile file) {
        WordPressSite known = settings.sites().get(site);
        if (known == null) {
            return Mono.error(() -> new ProviderException(
                    ProviderFailure.NOT_CONFIGURED, "This gateway knows no WordPress site of that name."));
        }
        WordPressJson json = new WordPressJson(mapper, known);
        return Mono.defer(() -> {
            long end = timer.now(TimeUnit.NANOSECONDS) + settings.deadline().toNanos();
            return upload(known, json, file)
                    .flatMap(sent ->
                            file.altText().isBlank() ? Mono.just(sent) : describe(known, json, file, sent, end));
        });
    }

    private Mono<SentMedia> upload(WordPressSite site, WordPressJson json, MediaFile file) {
        ExactBody body = new ExactBody(file.body(), file.length());
        WebClient.RequestHeadersSpec<?> request = authorized(
                        http.client().post().uri(site.media()), site)
                .header(HttpHeaders.CONTENT_DISPOSITION, new AttachmentName(file.name()).disposition())
                .contentType(file.mediaType())
                .contentLength(file.length())
                .body(BodyInserters.fromDataBuffers(body.buffers()));
        return new JsonTry(request, json.reader(), settings.maxAnswer())
                .costlyAnswer(settings.deadline(), timer)
                .onErrorMap(failure -> body.failure() == null ? failure : body.failure())
                .map(json::sent);
    }

    /** The file is there by now, so this fails no more: who sent it again would have it twice. */
    private Mono<SentMedia> describe(WordPressSite site, WordPressJson json, MediaFile file, SentMedia sent, long end) {
        WebClient.RequestHeadersSpec<?> request = authorized(
                        http.client().post().uri(site.media(sent.id())), site)
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(json.altText(file.altText()));
        Duration left = Duration.ofNanos(Math.max(0, end - timer.now(TimeUnit.NANOSECONDS)));
        return new JsonTry(request, json.reader(), settings.maxAnswer())
                .answer(left, timer)
                .thenReturn(sent)
                .onErrorResume(
                        ProviderException.class,
                        failure -> Mono.just(sent.without(String.valueOf(failure.getMessage()))));
    }

    private static WebClient.RequestBodySpec authorized(WebClient.RequestBodySpec request, WordPressSite site) {
        return request.headers(headers -> headers.setBasicAuth(
                        site.user(), site.applicationPassword().value(), StandardCharsets.UTF_8))
                .accept(MediaType.APPLICATION_JSON);
    }

    @Override
    public void close() {
        http.close();
    }
}
