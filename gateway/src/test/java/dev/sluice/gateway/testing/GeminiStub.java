package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Gemini's two methods over real HTTP, answering what each test wants, from honest to hostile. */
public final class GeminiStub implements AutoCloseable {
    /** The model it serves. */
    public static final String MODEL = "gemini-test";

    private static final String PATH = "/v1/models/" + MODEL;
    private static final String WHOLE = PATH + ":generateContent";
    private static final String STREAMED = PATH + ":streamGenerateContent?alt=sse";

    private final HostileOrigin origin = HostileOrigin.start();
    private final List<String> bodies = new CopyOnWriteArrayList<>();

    private GeminiStub() {}

    /** Starts one; it answers 404 until it is told otherwise. */
    public static GeminiStub start() {
        return new GeminiStub();
    }

    /** From now on {@code generateContent} does this. */
    public void whole(Behaviour behaviour) {
        origin.on(WHOLE, reading(behaviour));
    }

    /** From now on {@code streamGenerateContent} does this. */
    public void streamed(Behaviour behaviour) {
        origin.on(STREAMED, reading(behaviour));
    }

    /** The setting that leads here. */
    public String baseUrl() {
        return origin.url("");
    }

    /** Every request so far. */
    public List<OriginExchange> requests() {
        return origin.requests();
    }

    /** The last request. */
    public OriginExchange lastRequest() {
        return origin.requests().getLast();
    }

    /** The bodies of all requests so far. */
    public List<String> bodies() {
        return List.copyOf(bodies);
    }

    /** The body of the last request. */
    public String lastBody() {
        return bodies.getLast();
    }

    /** An honest answer. */
    public static Behaviour text(String text) {
        return json(200, answer(text, "STOP"));
    }

    /** An honest answer as JSON; the usage is always 7 + 5 (3 of them thoughts) = 12. */
    public static String answer(String text, String finishReason) {
        return """
                {"candidates":[{"content":{"role":"model","parts":[{"text":"%s"}]},"finishReason":"%s","index":0}],
                 "usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2,"thoughtsTokenCount":3,"totalTokenCount":12},
                 "modelVersion":"gemini-test-001"}""".formatted(text, finishReason);
    }

    /** A part of a streamed answer. */
    public static String part(String text) {
        return "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" + text
                + "\"}]}}],\"modelVersion\":\"gemini-test-001\"}";
    }

    /** Google's shape of an error. */
    public static String error(int code, String message, String details) {
        return "{\"error\":{\"code\":" + code + ",\"message\":\"" + message + "\",\"details\":[" + details + "]}}";
    }

    /** Any JSON with any status. */
    public static Behaviour json(int status, String body, String... headerLines) {
        return exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String[] lines = Arrays.copyOf(headerLines, headerLines.length + 2);
            lines[headerLines.length] = "Content-Type: application/json; charset=UTF-8";
            lines[headerLines.length + 1] = "Content-Length: " + bytes.length;
            exchange.head(status, lines);
            exchange.write(bytes);
        };
    }

    /** The head of a stream of events. */
    public static void streamHead(OriginExchange exchange) throws IOException {
        exchange.head(200, "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
    }

    /** One event of a stream. */
    public static void event(OriginExchange exchange, String data) throws IOException {
        exchange.chunk(("data: " + data.replace("\n", "") + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
    }

    /** The first of an answer in several calls, or a part of it; without a token when that is empty. */
    public static String toBeContinued(String text, String token) {
        return """
                {"candidates":[{"content":{"parts":[{"text":"%s"}]},"finishReason":"CONTINUATION"%s}],
                 "usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2,"thoughtsTokenCount":3,"totalTokenCount":12},
                 "modelVersion":"gemini-test-001"}""".formatted(text, token.isEmpty() ? "" : ",\"continuationToken\":\"" + token + "\"");
    }

    /** The end of a stream. */
    public static void streamEnd(OriginExchange exchange) throws IOException {
        exchange.write("0\r\n\r\n");
    }

    /** A whole stream of these events. */
    public static Behaviour events(String... data) {
        return exchange -> {
            streamHead(exchange);
            for (String each : data) {
                event(exchange, each);
            }
            streamEnd(exchange);
        };
    }

    /** These events, and then nothing until the other side leaves. */
    public static Behaviour eventsThenSilence(String... data) {
        return exchange -> {
            streamHead(exchange);
            for (String each : data) {
                event(exchange, each);
            }
            exchange.hang();
        };
    }

    /** These events, and then the connection is gone. */
    public static Behaviour eventsThenReset(String... data) {
        return exchange -> {
            streamHead(exchange);
            for (String each : data) {
                event(exchange, each);
            }
            exchange.close();
        };
    }

    private Behaviour reading(Behaviour behaviour) {
        return exchange -> {
            int length = exchange.header("Content-Length").stream()
                    .mapToInt(Integer::parseInt)
                    .findFirst()
                    .orElse(0);
            byte[] body = exchange.connection().input().readNBytes(length);
            bodies.add(new String(body, StandardCharsets.UTF_8));
            behaviour.answer(exchange);
        };
    }

    @Override
    public void close() {
        origin.close();
    }
}
