package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.SigningKey;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.PresignedUploads;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.core.publisher.Mono;

/**
 * Uploads that the gateway takes itself where there is no bucket: the same requests as S3 wants them, so that a client
 * need not know, and with fewer headers. What a client cannot change stands in the token.
 *
 * <pre>
 *   PUT /api/uploads/&lt;token&gt;?sig=&lt;signature of the token&gt;
 *
 *   token:  base64url of   expires, Unix seconds
 *                          key
 *                          content type
 *                          length
 *                          name: value   for each piece of metadata, in the order of the names
 * </pre>
 *
 * No line has a line feed in it, so no two uploads have one token. The token alone admits nobody: logs, which know
 * paths and no queries, hold no credential.
 */
final class UploadTickets implements PresignedUploads {
    static final String PATH = "/api/uploads/";
    static final String METADATA = "x-amz-meta-";
    private static final String SIGNATURE = "sig";
    private static final String SEPARATOR = ": ";
    private static final int FIXED_LINES = 4;
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(7);

    private final SigningKey key;
    private final Clock clock;

    UploadTickets(SigningKey key, Clock clock) {
        this.key = key;
        this.clock = clock;
    }

    /** What may be put, and where. */
    record Ticket(ObjectKey key, NewObject object) {}

    /** The URL is relative to this gateway. */
    @Override
    public Mono<PresignedUploads.SignedPut> presignPut(ObjectKey objectKey, NewObject object, Duration expiresIn) {
        if (expiresIn.compareTo(SHORTEST) < 0 || expiresIn.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "expiresIn: " + expiresIn + " (expected: " + SHORTEST + " to " + LONGEST + ")");
        }
        return Mono.fromSupplier(() -> {
            Instant expires =
                    Instant.ofEpochSecond(clock.instant().plus(expiresIn).getEpochSecond());
            String token = token(expires, objectKey, object);
            return new PresignedUploads.SignedPut(
                    "PUT",
                    URI.create(PATH + token + "?" + SIGNATURE + "=" + key.sign(token)),
                    headers(object),
                    expires);
        });
    }

    private static String token(Instant expires, ObjectKey objectKey, NewObject object) {
        StringBuilder text = new StringBuilder()
                .append(expires.getEpochSecond())
                .append('\n')
                .append(objectKey)
                .append('\n')
                .append(object.contentType())
                .append('\n')
                .append(object.length());
        new TreeMap<>(object.metadata())
                .forEach((name, value) ->
                        text.append('\n').append(name).append(SEPARATOR).append(value));
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** What must be sent: no more than what a browser sends of a file by itself. The rest is in the ticket. */
    private static Map<String, String> headers(NewObject object) {
        return Map.of("content-length", Long.toString(object.length()), "content-type", object.contentType());
    }

    /** What may be sent besides, as a bucket wants it; then it is to be this. */
    private static Map<String, String> further(NewObject object) {
        Map<String, String> headers = new HashMap<>();
        headers.put("if-none-match", "*");
        object.metadata().forEach((name, value) -> headers.put(METADATA + name, value));
        return headers;
    }

    /**
     * Whether a request brings a ticket that admits it: always, or it fails.
     *
     * @throws GatewayException {@code forbidden} for a ticket that is not this gateway's, or not valid any more
     */
    boolean admits(ServerRequest request) {
        open(request);
        return true;
    }

    /**
     * The ticket of a request that is exactly what it was made for, before a byte of its body is read.
     *
     * @throws GatewayException {@code forbidden}, or {@code malformed_request} naming the header that differs
     */
    Ticket check(ServerRequest request) {
        Ticket ticket = open(request);
        HttpHeaders sent = request.headers().asHttpHeaders();
        if (sent.containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
            throw differs(HttpHeaders.TRANSFER_ENCODING, sent.getFirst(HttpHeaders.TRANSFER_ENCODING), "none");
        }
        Map<String, String> wanted = headers(ticket.object());
        wanted.forEach((name, value) -> {
            if (!sent.getValuesAsList(name).equals(List.of(value))) {
                throw differs(name, String.join(", ", sent.getOrEmpty(name)), value);
            }
        });
        Map<String, String> further = further(ticket.object());
        sent.forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            String signed = further.get(lower);
            if (signed != null ? !values.equals(List.of(signed)) : lower.startsWith(METADATA)) {
                throw differs(lower, String.join(", ", values), signed == null ? "none" : signed);
            }
        });
        return ticket;
    }

    private Ticket open(ServerRequest request) {
        String token = request.pathVariable("token");
        String signature = request.queryParam(SIGNATURE).orElse("none");
        if (!key.verifies(token, signature)) {
            throw GatewayException.badMember(
                    ProblemCode.FORBIDDEN, SIGNATURE, signature, "this gateway's signature of the upload");
        }
        String[] lines = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.US_ASCII).split("\n", -1);
        Instant expires = Instant.ofEpochSecond(Long.parseLong(lines[0]));
        if (clock.instant().isAfter(expires)) {
            throw GatewayException.badMember(
                    ProblemCode.FORBIDDEN, "expiry", expires, "a time in the future; this upload has expired");
        }
        Map<String, String> metadata = new HashMap<>();
        for (int i = FIXED_LINES; i < lines.length; i++) {
            int end = lines[i].indexOf(SEPARATOR);
            metadata.put(lines[i].substring(0, end), lines[i].substring(end + SEPARATOR.length()));
        }
        return new Ticket(new ObjectKey(lines[1]), new NewObject(lines[2], Long.parseLong(lines[3]), metadata));
    }

    private static GatewayException differs(String name, @Nullable String value, String wanted) {
        return GatewayException.badMember(
                ProblemCode.MALFORMED_REQUEST, name, value == null || value.isEmpty() ? "none" : value, wanted);
    }
}
