package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * fal's storage and queue over real HTTP. It takes the key {@value #KEY} and the model {@value #MODEL} alone, keeps the
 * archives that are put, and names every training {@value #ID}; what it answers beyond that, each test decides.
 */
public final class FalStub implements AutoCloseable {
    /** The key that it takes. */
    public static final String KEY = "key-id:secret-of-the-test";
    /** The model that it serves. */
    public static final String MODEL = "fal-ai/flux-lora-fast-training";
    /** The id of its one training. */
    public static final String ID = "764cabcf-b745-4b3e-ae38-1200304cf45b";

    private static final String INITIATE = "/storage/upload/initiate?storage_type=fal-cdn-v3";
    private static final String INITIATE_PARTS = "/storage/upload/initiate-multipart?storage_type=fal-cdn-v3";
    private static final String PARTS = "/upload/parts";
    private static final String SIGNATURE = "?signature=only-here";
    private static final String SLOT = "/upload/slot?signature=only-here";
    private static final String FILE = "/files/b/images.zip";
    private static final String QUEUE = "/" + MODEL;
    private static final String REQUEST = QUEUE + "/requests/" + ID;
    private static final JsonMapper JSON = new JsonMapper();

    private final HostileOrigin origin = HostileOrigin.start();
    private final List<JsonNode> orders = new CopyOnWriteArrayList<>();
    private final List<byte[]> archives = new CopyOnWriteArrayList<>();
    private final List<JsonNode> completions = new CopyOnWriteArrayList<>();

    private FalStub() {
        forget();
    }

    /** Takes archives, queues trainings, and was asked for nothing so far, as when it was started. */
    public void forget() {
        origin.forget();
        orders.clear();
        archives.clear();
        completions.clear();
        initiate(slot(origin.url(SLOT), origin.url(FILE)));
        put(Behaviours.status(200));
        origin.on(INITIATE_PARTS, guarded(slot(origin.url(PARTS + SIGNATURE), origin.url(FILE)), null));
        origin.on(PARTS + "/complete" + SIGNATURE, exchange -> {
            completions.add(JSON.readTree(body(exchange)));
            json(200, "{}").answer(exchange);
        });
        queue(queued());
        origin.on(REQUEST + "/cancel", guarded(json(202, "{\"status\":\"CANCELLATION_REQUESTED\"}"), null));
    }

    /** Starts one that takes archives and queues trainings. */
    public static FalStub start() {
        return new FalStub();
    }

    /** From now on asking for a place does these, one each time, and the last ever after. */
    public void initiate(Behaviour... behaviours) {
        origin.on(INITIATE, guarded(inTurn(behaviours), null));
    }

    /** From now on putting an archive, when it is in whole, does these, one each time, and the last ever after. */
    public void put(Behaviour... behaviours) {
        putUnread(kept(inTurn(behaviours)));
    }

    /** Keeps an archive, when it is in whole, and does that. */
    public Behaviour kept(Behaviour answers) {
        return exchange -> {
            byte[] body = body(exchange);
            if (!exchange.header("Authorization").isEmpty()) {
                Behaviours.status(400).answer(exchange);
                return;
            }
            archives.add(body);
            answers.answer(exchange);
        };
    }

    /** From now on putting an archive does these with the request's head, one each time, and the last ever after. */
    public void putUnread(Behaviour... behaviours) {
        origin.on(SLOT, inTurn(behaviours));
    }

    /** From now on putting the part of that number, when it is in whole, does these, and the last ever after. */
    public void part(int number, Behaviour... behaviours) {
        origin.on(PARTS + "/" + number + SIGNATURE, kept(inTurn(behaviours)));
    }

    /** A part that was taken. */
    public static Behaviour taken(String tag) {
        return json(200, "{\"partNumber\":7,\"etag\":" + quoted(tag) + "}");
    }

    /** Serves one more model, and the states of its training at {@code app}. */
    public void serve(String model, String app) {
        origin.on("/" + model, guarded(queued(), orders));
        origin.on("/" + app + "/requests/" + ID + "/status", guarded(state("IN_PROGRESS", ""), null));
        origin.on("/" + app + "/requests/" + ID + "/cancel", guarded(json(202, "{}"), null));
    }

    /** From now on queueing does these, one each time, and the last ever after. */
    public void queue(Behaviour... behaviours) {
        origin.on(QUEUE, guarded(inTurn(behaviours), orders));
    }

    /** From now on asking for the state does these, one each time, and the last ever after. */
    public void status(Behaviour... behaviours) {
        origin.on(REQUEST + "/status", guarded(inTurn(behaviours), null));
    }

    /** From now on the result is this. */
    public void result(Behaviour behaviour) {
        origin.on(REQUEST, guarded(behaviour, null));
    }

    /** The setting that leads here. */
    public String baseUrl() {
        return origin.url("");
    }

    /** {@code address:port}, as an allow list takes it. */
    public String addressAndPort() {
        return origin.addressAndPort();
    }

    /** Where an archive is, once it was put. */
    public String fileUrl() {
        return origin.url(FILE);
    }

    /** Where an archive is put. */
    public String slotUrl() {
        return origin.url(SLOT);
    }

    /** Archives that came in whole. */
    public List<byte[]> archives() {
        return List.copyOf(archives);
    }

    /** What was said when all parts of an archive were put. */
    public List<JsonNode> completions() {
        return List.copyOf(completions);
    }

    /** The requests for an upload URL, for an archive whole or in parts. */
    public List<OriginExchange> uploadRequests() {
        return origin.requests().stream()
                .filter(request -> request.path().startsWith("/storage/upload/"))
                .toList();
    }

    /** Trainings that were ordered with the right key, as JSON. */
    public List<JsonNode> orders() {
        return List.copyOf(orders);
    }

    /** How often a place was asked for. */
    public long initiations() {
        return origin.requests(INITIATE);
    }

    /** The requests that put an archive, or tried to. */
    public List<OriginExchange> puts() {
        return origin.requests().stream()
                .filter(request -> request.path().equals(SLOT))
                .toList();
    }

    /** How often somebody tried to queue a training. */
    public long queueings() {
        return origin.requests(QUEUE);
    }

    /** How often the state was asked for. */
    public long looks() {
        return origin.requests(REQUEST + "/status");
    }

    /** How often the training was cancelled. */
    public long cancellations() {
        return origin.requests(REQUEST + "/cancel");
    }

    /** Everything asked so far. */
    public int requests() {
        return origin.requests().size();
    }

    /** Waits until the other side has closed every connection by which an archive came. */
    public void awaitPutsClosed() {
        Await.until(
                Duration.ofSeconds(10),
                "connections of uploads closed",
                () -> puts().stream().allMatch(put -> put.connection().isClosed()));
    }

    /** A place for an archive. */
    public static Behaviour slot(String uploadUrl, String fileUrl) {
        return json(200, "{\"upload_url\":%s,\"file_url\":%s}".formatted(quoted(uploadUrl), quoted(fileUrl)));
    }

    /** A training that was taken. The URLs in it lead astray. */
    public static Behaviour queued() {
        return json(200, """
                {"status":"IN_QUEUE","request_id":"%s","response_url":"http://127.0.0.2:9/stray",
                 "status_url":"http://127.0.0.2:9/stray","cancel_url":"http://127.0.0.2:9/stray","queue_position":3}""".formatted(ID));
    }

    /** A state by its name, with further members. */
    public static Behaviour state(String status, String further) {
        return json(
                200, "{\"status\":\"" + status + "\",\"response_url\":\"http://127.0.0.2:9/stray\"" + further + "}");
    }

    /** fal's shape of an error. */
    public static Behaviour error(int status, String detail) {
        return json(status, "{\"detail\":" + quoted(detail) + "}");
    }

    /** Any JSON with any status. */
    public static Behaviour json(int status, String body, String... headerLines) {
        return GeminiStub.json(status, body, headerLines);
    }

    /** Takes so many bytes of a body and breaks the connection. */
    public static Behaviour brokenAfter(int bytes) {
        return exchange -> {
            exchange.connection().input().readNBytes(bytes);
            exchange.reset();
        };
    }

    private static Behaviour inTurn(Behaviour... behaviours) {
        AtomicInteger next = new AtomicInteger();
        return exchange -> behaviours[Math.min(next.getAndIncrement(), behaviours.length - 1)].answer(exchange);
    }

    private static String quoted(String text) {
        return JSON.writeValueAsString(text);
    }

    private static Behaviour guarded(Behaviour behaviour, @Nullable List<JsonNode> bodies) {
        return exchange -> {
            String body = new String(body(exchange), StandardCharsets.UTF_8);
            if (!exchange.header("Authorization").equals(List.of("Key " + KEY))) {
                error(401, "No user found for Key ID and Secret").answer(exchange);
                return;
            }
            if (bodies != null) {
                bodies.add(JSON.readTree(body));
            }
            behaviour.answer(exchange);
        };
    }

    private static byte[] body(OriginExchange exchange) throws IOException {
        int length = exchange.header("Content-Length").stream()
                .mapToInt(Integer::parseInt)
                .findFirst()
                .orElse(0);
        return exchange.connection().input().readNBytes(length);
    }

    @Override
    public void close() {
        origin.close();
    }
}
