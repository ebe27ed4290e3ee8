package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * An S3 that takes everything: it checks no signature, heeds no condition and no range, and keeps what it has of a body
 * that breaks off. As there are such stores, each in some of this.
 */
public final class LaxS3 implements AutoCloseable {
    public static final String BUCKET = "pictures";
    private static final Pattern HEAD =
            Pattern.compile("(\\S+) /" + BUCKET + "(/?[^ ?]*)(\\?\\S*)? .*", Pattern.DOTALL);
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");
    private static final Pattern TYPE = Pattern.compile("(?i)\r\ncontent-type: *([^\r]+)");
    private static final Pattern PREFIX = Pattern.compile("[?&]prefix=([^&]*)");

    private final Map<String, Kept> objects = new ConcurrentSkipListMap<>();
    private final S3Stub stub = S3Stub.start(this::answer);

    private static final class Kept {
        private final byte[] bytes;
        private final String type;

        Kept(byte[] bytes, String type) {
            this.bytes = bytes;
            this.type = type;
        }

        String etag() {
            try {
                return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException(missing);
            }
        }
    }

    /** What leads a gateway here. */
    public Map<String, String> settings() {
        return Map.of(
                "sluice.storage.s3.bucket",
                BUCKET,
                "sluice.storage.s3.endpoint",
                endpoint(),
                "sluice.storage.s3.access-key",
                S3Server.ACCESS_KEY,
                "sluice.storage.s3.secret-key",
                S3Server.SECRET_KEY);
    }

    /** Where it listens. */
    public String endpoint() {
        return stub.endpoint();
    }

    /** The keys of all objects that begin with the prefix. */
    public Set<String> keys(String prefix) {
        return objects.keySet().stream().filter(key -> key.startsWith(prefix)).collect(Collectors.toSet());
    }

    private void answer(String head, InputStream in, OutputStream out) throws IOException {
        Matcher request = HEAD.matcher(head);
        if (!request.matches()) {
            S3Stub.status(out, "400 Bad Request", "Content-Length: 0", "Connection: close");
            return;
        }
        String key = request.group(2).replaceFirst("^/", "");
        switch (request.group(1)) {
            case "PUT" -> put(head, key, in, out);
            case "DELETE" -> {
                objects.remove(key);
                S3Stub.status(out, "204 No Content", "Connection: close");
            }
            case "HEAD" -> show(key, out, false);
            default -> {
                if (key.isEmpty()) {
                    list(String.valueOf(request.group(3)), out);
                } else {
                    show(key, out, true);
                }
            }
        }
    }

    private void put(String head, String key, InputStream in, OutputStream out) throws IOException {
        if (head.toLowerCase(Locale.ROOT).contains("100-continue")) {
            S3Stub.status(out, "100 Continue");
        }
        Kept kept = new Kept(in.readNBytes(Integer.parseInt(found(LENGTH, head, "0"))), found(TYPE, head, ""));
        objects.put(key, kept);
        S3Stub.status(out, "200 OK", "ETag: \"" + kept.etag() + "\"", "Content-Length: 0", "Connection: close");
    }

    private void show(String key, OutputStream out, boolean withBytes) throws IOException {
        Kept kept = key.isEmpty() ? new Kept(new byte[0], "application/xml") : objects.get(key);
        if (kept == null) {
            S3Stub.status(out, "404 Not Found", "Content-Length: 0", "Connection: close");
            return;
        }
        S3Stub.status(
                out,
                "200 OK",
                "ETag: \"" + kept.etag() + "\"",
                "Content-Type: " + kept.type,
                "Content-Length: " + kept.bytes.length,
                "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT",
                "Connection: close");
        if (withBytes) {
            out.write(kept.bytes);
        }
    }

    private void list(String query, OutputStream out) throws IOException {
        String prefix = found(PREFIX, query, "").replace("%2F", "/");
        String contents = objects.entrySet().stream()
                .filter(object -> object.getKey().startsWith(prefix))
                .map(object -> "<Contents><Key>" + object.getKey()
                        + "</Key><LastModified>2026-11-21T10:00:00.000Z</LastModified><Size>"
                        + object.getValue().bytes.length + "</Size></Contents>")
                .collect(Collectors.joining());
        byte[] body = ("<ListBucketResult><IsTruncated>false</IsTruncated>" + contents + "</ListBucketResult>")
                .getBytes(StandardCharsets.US_ASCII);
        S3Stub.status(
                out, "200 OK", "Content-Type: application/xml", "Content-Length: " + body.length, "Connection: close");
        out.write(body);
    }

    private static String found(Pattern pattern, String text, String otherwise) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : otherwise;
    }

    @Override
    public void close() {
        stub.close();
    }
}
