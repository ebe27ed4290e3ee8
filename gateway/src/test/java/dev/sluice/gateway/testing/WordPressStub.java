package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A WordPress media library over real HTTP, which keeps what it is sent. It knows the user {@value #USER} with the
 * application password {@value #PASSWORD}, and names every file number {@value #ID}.
 */
public final class WordPressStub implements AutoCloseable {
    /** Its user. */
    public static final String USER = "editor";
    /** That user's application password, as WordPress shows it. */
    public static final String PASSWORD = "abcd EFGH 1234 ijkl MNOP 5678";
    /** The number of its one file. */
    public static final long ID = 42;

    private static final String MEDIA = "/wp-json/wp/v2/media";
    private static final String PLAIN = "/index.php?rest_route=";
    private static final JsonMapper JSON = new JsonMapper();

    private final HostileOrigin origin = HostileOrigin.start();
    private final List<byte[]> files = new CopyOnWriteArrayList<>();
    private final List<String> names = new CopyOnWriteArrayList<>();
    private final List<JsonNode> changes = new CopyOnWriteArrayList<>();
    private final AtomicLong received = new AtomicLong();

    private WordPressStub() {
        media(this::take);
        change(exchange -> {
            changes.add(JSON.readTree(read(exchange)));
            created().answer(exchange);
        });
    }

    /** Starts one that takes every file. */
    public static WordPressStub start() {
        return new WordPressStub();
    }

    /** From now on sending a file does this. */
    public void media(Behaviour behaviour) {
        origin.on(MEDIA, behaviour);
    }

    /** From now on its API is where sites without pretty permalinks have it, and nothing where it usually is. */
    public void plainPermalinks(String frontPageLink) {
        media(afterBody(Behaviours.status(404)));
        frontPage(frontPageLink);
        origin.on(PLAIN + "/wp/v2/media", this::take);
        origin.on(PLAIN + "/wp/v2/media/" + ID, exchange -> {
            changes.add(JSON.readTree(read(exchange)));
            created().answer(exchange);
        });
    }

    /** From now on its front page has this link, and no body, as an answer to HEAD. */
    public void frontPage(String link) {
        origin.on("/", exchange -> exchange.head(200, "Link: " + link, "Content-Type: text/html"));
    }

    /** From now on it takes files below this path too. */
    public void below(String path) {
        origin.on(path + MEDIA, this::take);
    }

    /** Any JSON, or what is none, with any status. */
    public static Behaviour json(int status, String body, String... headerLines) {
        return GeminiStub.json(status, body, headerLines);
    }

    /** From now on changing a file does this. */
    public void change(Behaviour behaviour) {
        origin.on(MEDIA + "/" + ID, behaviour);
    }

    /** The setting that leads here. */
    public String baseUrl() {
        return origin.url("");
    }

    /** The files that it took, whole. */
    public List<byte[]> files() {
        return List.copyOf(files);
    }

    /** What WordPress would call them. */
    public List<String> names() {
        return List.copyOf(names);
    }

    /** What was changed. */
    public List<JsonNode> changes() {
        return List.copyOf(changes);
    }

    /** Every request so far. */
    public List<OriginExchange> requests() {
        return origin.requests();
    }

    /** Bytes of bodies read so far. */
    public long received() {
        return received.get();
    }

    /** Waits until the other side has closed every connection. */
    public void awaitAllClosed() {
        origin.awaitAllClosed(Duration.ofSeconds(30));
    }

    /** The answer that a file is there. */
    public static Behaviour created() {
        return GeminiStub.json(201, """
                {"id":%d,"link":"https://blog.example/?attachment_id=42","source_url":"https://blog.example/a.png"}""".formatted(ID));
    }

    /** WordPress's shape of an error. */
    public static Behaviour error(int status, String code, String message) {
        return GeminiStub.json(status, """
                {"code":"%s","message":%s,"data":{"status":%d}}""".formatted(code, JSON.writeValueAsString(message), status));
    }

    /** Reads the body, then does {@code behaviour}. */
    public Behaviour afterBody(Behaviour behaviour) {
        return exchange -> {
            read(exchange);
            behaviour.answer(exchange);
        };
    }

    /** Reads {@code bytes} of the body, then does {@code behaviour}. */
    public Behaviour after(int bytes, Behaviour behaviour) {
        return exchange -> {
            received.addAndGet(exchange.connection().input().readNBytes(bytes).length);
            behaviour.answer(exchange);
        };
    }

    private void take(OriginExchange exchange) throws IOException, InterruptedException {
        byte[] body = read(exchange);
        String credentials =
                Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));
        if (!exchange.header("Authorization").equals(List.of("Basic " + credentials))) {
            error(401, "incorrect_password", "The provided password is an invalid application password.")
                    .answer(exchange);
            return;
        }
        String name = nameIn(String.join(",", exchange.header("Content-Disposition")));
        if (name == null) {
            error(400, "rest_upload_invalid_disposition", "Invalid Content-Disposition supplied.")
                    .answer(exchange);
            return;
        }
        files.add(body);
        names.add(name);
        created().answer(exchange);
    }

    private byte[] read(OriginExchange exchange) throws IOException {
        int length = exchange.header("Content-Length").stream()
                .mapToInt(Integer::parseInt)
                .findFirst()
                .orElse(0);
        InputStream in = exchange.connection().input();
        byte[] body = new byte[length];
        for (int at = 0; at < length; ) {
            int read = in.read(body, at, length - at);
            if (read < 0) {
                throw new IOException("the body broke off");
            }
            at += read;
            received.addAndGet(read);
        }
        return body;
    }

    /** As WordPress reads the field: cut at semicolons, {@code filename} alone, no escapes. */
    private static @Nullable String nameIn(String disposition) {
        String name = null;
        String[] parts = disposition.split(";", -1);
        for (int part = 1; part < parts.length; part++) {
            String[] pair = parts[part].split("=", 2);
            if (pair.length == 2 && pair[0].strip().equals("filename")) {
                name = pair[1].strip();
            }
        }
        return name != null && name.startsWith("\"") && name.endsWith("\"")
                ? name.substring(1, name.length() - 1)
                : name;
    }

    @Override
    public void close() {
        origin.close();
    }
}
