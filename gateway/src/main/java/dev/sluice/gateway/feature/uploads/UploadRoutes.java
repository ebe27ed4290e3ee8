package dev.sluice.gateway.feature.uploads;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.ErrorMember;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.feature.uploads.UploadCompletion.Completed;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.thumbnail.ThumbnailLink;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/**
 * A host's listings and their images. A host is the caller itself, by the name of its token, or one of the caller's
 * projects; any other host is not there.
 */
final class UploadRoutes implements FeatureRoutes {
    private static final String LISTINGS = "/api/v1/hosts/{hostId}/listings";
    private static final DataSize MAX_BODY = DataSize.ofKilobytes(64);

    private final UploadIntents intents;
    private final UploadCompletion completion;
    private final UploadsProperties properties;
    private final UploadTypes types;

    UploadRoutes(UploadIntents intents, UploadCompletion completion, UploadsProperties properties, UploadTypes types) {
        this.intents = intents;
        this.completion = completion;
        this.properties = properties;
        this.types = types;
    }

    /**
     * What is taken.
     *
     * @param types as they are to be announced
     * @param maxImageSize in bytes
     * @param maxImages of one announcement
     */
    record BoundsJson(List<String> types, long maxImageSize, int maxImages) {}

    /** What may be uploaded. */
    record AcceptedJson(String listingId, List<UploadUrl> imageUploadUrls) {}

    /**
     * One image's upload.
     *
     * @param headers to be sent exactly so; a browser sets {@code content-length} by itself
     */
    record UploadUrl(String imageId, URI uploadUrl, String method, Map<String, String> headers, Instant expiresAt) {}

    /**
     * An image of a listing.
     *
     * @param id its own in the gallery
     * @param imageId its sender's name for it
     * @param url where its bytes are
     * @param thumbnails smaller copies, narrowest first
     * @param blurhash what stands for the picture until it is loaded
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record ListingImage(
            UUID id,
            String imageId,
            String hostId,
            String listingId,
            boolean isPrimary,
            @Nullable Integer displayOrder,
            @Nullable String contentType,
            @Nullable Long size,
            @Nullable Integer width,
            @Nullable Integer height,
            String url,
            List<ThumbnailLink> thumbnails,
            @Nullable String blurhash) {}

    @Override
    public List<Endpoint> endpoints() {
        return List.of(
                Endpoint.get("upload.show", "/api/uploads", MediaType.APPLICATION_JSON, request -> bounds())
                        .openTo(Access.ANONYMOUS),
                Endpoint.postJson(
                                "upload.intent",
                                LISTINGS + "/submit-intent",
                                MAX_BODY,
                                MediaType.APPLICATION_JSON,
                                this::announce)
                        .withErrorAs(ErrorMember.DETAIL),
                Endpoint.post(
                        "upload.complete",
                        LISTINGS + "/{listingId}/images/{imageId}/complete",
                        MediaType.APPLICATION_JSON,
                        this::complete));
    }

    private Mono<ServerResponse> bounds() {
        return json(new BoundsJson(types.announced(), properties.maxImageSize().toBytes(), IntentRequest.MOST_IMAGES));
    }

    private Mono<ServerResponse> announce(ServerRequest request) {
        Caller caller = RequestContext.of(request.exchange()).caller();
        String host = host(request, caller);
        URI base = request.uri().resolve("/");
        return request.bodyToMono(JsonNode.class)
                .switchIfEmpty(Mono.error(() -> GatewayException.badMember(
                        ProblemCode.MALFORMED_REQUEST, "body", "nothing", "a JSON object with images")))
                .map(body -> IntentRequest.read(body, properties.maxImageSize(), types))
                .flatMap(wanted -> intents.announce(caller.subject(), host, wanted))
                .map(accepted -> new AcceptedJson(
                        accepted.listingId(),
                        accepted.images().stream()
                                .map(signed -> new UploadUrl(
                                        signed.imageId(),
                                        base.resolve(signed.put().url()),
                                        signed.put().method(),
                                        new TreeMap<>(signed.put().headers()),
                                        signed.put().expiresAt()))
                                .toList()))
                .flatMap(UploadRoutes::json);
    }

    private Mono<ServerResponse> complete(ServerRequest request) {
        Caller caller = RequestContext.of(request.exchange()).caller();
        String host = host(request, caller);
        Image.Listing listing = new Image.Listing(name(request, "listingId"), host);
        return completion
                .complete(
                        caller.subject(),
                        listing,
                        name(request, "imageId"),
                        caller.projects().contains(host) ? host : null)
                .map(UploadRoutes::shown)
                .flatMap(UploadRoutes::json);
    }

    private static String host(ServerRequest request, Caller caller) {
        String host = request.pathVariable("hostId");
        if (caller.id().equals(host) || caller.projects().contains(host)) {
            return host;
        }
        throw new GatewayException(ProblemCode.NOT_FOUND, "There is no such host.");
    }

    /** What no name can be was not announced either. */
    private static String name(ServerRequest request, String variable) {
        String name = request.pathVariable(variable);
        if (!IntentRequest.isName(name)) {
            throw new GatewayException(ProblemCode.NOT_FOUND, "There is no such image.");
        }
        return name;
    }

    private static ListingImage shown(Completed completed) {
        Image image = completed.image();
        var upload = completed.upload();
        var object = image.object();
        return new ListingImage(
                image.id(),
                upload.name(),
                upload.listing().hostId(),
                upload.listing().listingId(),
                upload.isPrimary(),
                upload.displayOrder(),
                object == null ? null : object.contentType(),
                object == null ? null : object.size(),
                object == null ? null : object.width(),
                object == null ? null : object.height(),
                "/api/images/" + image.id() + "/file",
                ThumbnailLink.of(image),
                image.thumbnails().placeholder());
    }

    private static Mono<ServerResponse> json(Object body) {
        return ServerResponse.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .bodyValue(body);
    }
}
