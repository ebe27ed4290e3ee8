package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Replicate's predictions over real HTTP. It takes the token {@value #TOKEN} and the model {@value #MODEL} alone and
 * names every prediction {@value #ID}; what it answers beyond that, each test decides.
 */
public final class ReplicateStub implements AutoCloseable {
    /** The token that it takes. */
    public static final String TOKEN = "r8_secret-of-the-test";
    /** The model that it serves. */
    public static final String MODEL = "maker/painter";
    /** The id of its one prediction. */
    public static final String ID = "gm3qorzdhgbfurvjtvhg6dckhu";

    private static final String CREATE = "/v1/models/" + MODEL + "/predictions";
    private static final String VERSION_CREATE = "/v1/predictions";
    private static final String LOOK = "/v1/predictions/" + ID;
    private static final String CANCEL = LOOK + "/cancel";
    private static final JsonMapper JSON = new JsonMapper();

    private final HostileOrigin origin = HostileOrigin.start();
    private final List<JsonNode> bodies = new CopyOnWriteArrayList<>();

    private ReplicateStub() {
        create(json(201, prediction("starting", "null")));
        cancel(json(200, prediction("canceled", "null")));
    }

    /** Starts one that takes prompts and lets itself be cancelled. */
    public static ReplicateStub start() {
        return new ReplicateStub();
    }

    /** From now on creating does this. */
    public void create(Behaviour behaviour) {
        origin.on(CREATE, guarded(behaviour));
        origin.on(VERSION_CREATE, guarded(behaviour));
    }

    /** From now on looking does these, one each time, and the last ever after. */
    public void look(Behaviour... behaviours) {
        AtomicInteger looks = new AtomicInteger();
        origin.on(
                LOOK,
                guarded(exchange ->
                        behaviours[Math.min(looks.getAndIncrement(), behaviours.length - 1)].answer(exchange)));
    }

    /** From now on cancelling does this. */
    public void cancel(Behaviour behaviour) {
        origin.on(CANCEL, guarded(behaviour));
    }

    /** The setting that leads here. */
    public String baseUrl() {
        return origin.url("");
    }

    /** The requests that created something, or tried to. */
    public List<OriginExchange> creations() {
        return origin.requests().stream()
                .filter(request ->
                        request.path().equals(CREATE) || request.path().equals(VERSION_CREATE))
                .toList();
    }

    /** How often it was looked at. */
    public long looks() {
        return origin.requests(LOOK);
    }

    /** How often it was cancelled. */
    public long cancellations() {
        return origin.requests(CANCEL);
    }

    /** The JSON of the last request that had any. */
    public JsonNode lastBody() {
        return bodies.getLast();
    }

    /** Waits until the other side has closed every connection. */
    public void awaitAllClosed() {
        origin.awaitAllClosed(Duration.ofSeconds(5));
    }

    /** A prediction in some state. */
    public static Behaviour state(String status) {
        return json(200, prediction(status, "null"));
    }

    /** A prediction that succeeded. */
    public static Behaviour succeeded(String outputJson) {
        return json(200, prediction("succeeded", outputJson));
    }

    /** A prediction that failed. */
    public static Behaviour failed(String error) {
        return ended("failed", JSON.writeValueAsString(error));
    }

    /** A prediction that ended without a picture, and any JSON for an error. */
    public static Behaviour ended(String status, String errorJson) {
        return json(200, """
                {"id":"%s","status":"%s","output":null,"error":%s}""".formatted(ID, status, errorJson));
    }

    /** Replicate's shape of an error. */
    public static Behaviour error(int status, String detail, String... headerLines) {
        return json(status, """
                {"title":"Something","detail":%s,"status":%d}""".formatted(JSON.writeValueAsString(detail), status), headerLines);
    }

    /** Any JSON with any status. */
    public static Behaviour json(int status, String body, String... headerLines) {
        return GeminiStub.json(status, body, headerLines);
    }

    /** The URLs in it lead astray: whoever follows them is not counted here. */
    private static String prediction(String status, String outputJson) {
        return """
                {"id":"%s","model":"%s","version":"hidden","status":"%s","output":%s,"error":null,"logs":"",
                 "urls":{"get":"http://127.0.0.2:9/stray","cancel":"http://127.0.0.2:9/stray"}}""".formatted(ID, MODEL, status, outputJson);
    }

    private Behaviour guarded(Behaviour behaviour) {
        return exchange -> {
            int length = exchange.header("Content-Length").stream()
                    .mapToInt(Integer::parseInt)
                    .findFirst()
                    .orElse(0);
            String body = new String(exchange.connection().input().readNBytes(length), StandardCharsets.UTF_8);
            if (!exchange.header("Authorization").equals(List.of("Bearer " + TOKEN))) {
                error(401, "You did not pass an authentication token").answer(exchange);
                return;
            }
            if (!body.isEmpty()) {
                bodies.add(JSON.readTree(body));
            }
            behaviour.answer(exchange);
        };
    }

    @Override
    public void close() {
        origin.close();
    }
}
