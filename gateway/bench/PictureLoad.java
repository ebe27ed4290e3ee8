import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Sends pictures through a running gateway and looks at what that costs.
 *
 * <p>{@code java PictureLoad.java import|complete|proxy|peer GATEWAY ORIGIN FILE TIMES AT-ONCE PID} brings {@code FILE}
 * in so often and prints one line: statuses, the longest and the mean time of an answer in s, answers a second, the
 * largest heap of the gateway in MB, the memory (proportional set size) that the gateway and its children took more than
 * before in MB, the longest answer of {@code /api/session} meanwhile in ms. A peer is any server that answers the
 * thumbnail under its base URL with the picture's URL behind it.
 */
public final class PictureLoad {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private static final String USER = "bench-" + UUID.randomUUID();

    private static volatile boolean over;
    private static volatile long peakHeap;
    private static volatile long peakMemory;
    private static volatile long slowestSession;

    private static String gateway;
    private static String token;

    private record Answer(int status, double seconds) {}

    public static void main(String[] args) throws Exception {
        String way = args[0];
        gateway = args[1];
        String url = args[2] + "/" + Path.of(args[3]).getFileName();
        Path file = Path.of(args[3]);
        int times = Integer.parseInt(args[4]);
        int atOnce = Integer.parseInt(args[5]);
        String pid = args[6];
        boolean isPeer = way.equals("peer");
        if (!isPeer) {
            token = text(post("/api/session", "{\"user\":\"" + USER + "\"}"), "token");
        }

        long before = memory(pid);
        List<Thread> watchers = new ArrayList<>();
        watchers.add(watch(200, () -> peakMemory = Math.max(peakMemory, memory(pid))));
        if (!isPeer) {
            watchers.add(watch(500, () -> peakHeap = Math.max(peakHeap, heap())));
            watchers.add(watch(100, PictureLoad::session));
        }
        long start = System.nanoTime();
        List<Answer> answers = new ArrayList<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(atOnce)) {
            List<Callable<Answer>> work = Collections.nCopies(times, switch (way) {
                case "import" -> () -> answer(post("/api/images/imports", "{\"url\":\"" + url + "\"}"));
                case "complete" -> () -> complete(file);
                case "peer" -> () -> answer(get("/" + url + "?" + UUID.randomUUID()));
                case "proxy" -> () -> answer(get("/api/image-proxy?w=320&url=" + url + "?" + UUID.randomUUID()));
                default -> throw new IllegalArgumentException(way);
            });
            for (Future<Answer> done : clients.invokeAll(work)) {
                answers.add(done.get());
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        over = true;
        for (Thread watcher : watchers) {
            watcher.join();
        }
        String statuses = String.join(
                ",", answers.stream().map(answer -> "" + answer.status()).distinct().sorted().toList());
        System.out.printf(
                Locale.ROOT,
                "%s %.2f %.2f %.2f %d %d %d%n",
                statuses,
                answers.stream().mapToDouble(Answer::seconds).max().orElse(0),
                answers.stream().mapToDouble(Answer::seconds).average().orElse(0),
                times / seconds,
                peakHeap >> 20,
                Math.max(0, peakMemory - before) >> 10,
                slowestSession / 1_000_000);
    }

    private static Answer complete(Path file) throws IOException, InterruptedException {
        String type = HttpRequestTypes.of(file);
        String intent = text(
                post(
                        "/api/v1/hosts/" + USER + "/listings/submit-intent",
                        "{\"images\":[{\"imageId\":\"one\",\"contentType\":\"" + type + "\",\"fileSize\":"
                                + Files.size(file) + ",\"isPrimary\":true}]}"),
                null);
        String listing = text(intent, "listingId");
        HttpRequest.Builder put = HttpRequest.newBuilder(URI.create(text(intent, "uploadUrl")))
                .PUT(BodyPublishers.ofFile(file))
                .header("Content-Type", type)
                .header("If-None-Match", "*")
                .header("x-amz-meta-image-id", "one")
                .header("x-amz-meta-listing-id", listing);
        int stored = HTTP.send(put.build(), BodyHandlers.discarding()).statusCode();
        return stored >= 300
                ? new Answer(stored, 0)
                : answer(post("/api/v1/hosts/" + USER + "/listings/" + listing + "/images/one/complete", ""));
    }

    /** Media types by file name. */
    private static final class HttpRequestTypes {
        static String of(Path file) {
            String name = file.toString();
            String extension = name.substring(name.lastIndexOf('.') + 1);
            return "image/" + (extension.equals("jpg") ? "jpeg" : extension);
        }
    }

    private static Answer answer(HttpRequest request) throws IOException, InterruptedException {
        long start = System.nanoTime();
        int status = HTTP.send(request, BodyHandlers.ofByteArray()).statusCode();
        return new Answer(status, (System.nanoTime() - start) / 1e9);
    }

    private static HttpRequest post(String path, String body) {
        return to(path)
                .header("Content-Type", "application/json")
                .POST(body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
    }

    private static HttpRequest get(String path) {
        return to(path).build();
    }

    private static HttpRequest.Builder to(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(gateway + path)).timeout(Duration.ofSeconds(120));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private static String text(HttpRequest request, String member) throws IOException, InterruptedException {
        HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
        if (answer.statusCode() >= 300) {
            throw new IOException(request.uri() + ": " + answer.statusCode() + " " + answer.body());
        }
        return member == null ? answer.body() : text(answer.body(), member);
    }

    private static String text(String json, String member) {
        Matcher found = Pattern.compile("\"" + member + "\":\"([^\"]*)").matcher(json);
        if (!found.find()) {
            throw new IllegalArgumentException("no " + member + " in " + json);
        }
        return found.group(1);
    }

    private static void session() throws IOException, InterruptedException {
        long start = System.nanoTime();
        HTTP.send(get("/api/session"), BodyHandlers.discarding());
        slowestSession = Math.max(slowestSession, System.nanoTime() - start);
    }

    private static long heap() throws IOException, InterruptedException {
        String meters = HTTP.send(get("/actuator/prometheus"), BodyHandlers.ofString()).body();
        return (long) meters.lines()
                .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    /** What a process and its children take, in KB; pages that several share are divided among them. */
    private static long memory(String pid) {
        return Stream.concat(Stream.of(pid), children(pid))
                .mapToLong(PictureLoad::proportionalSetSize)
                .sum();
    }

    private static Stream<String> children(String pid) {
        return ProcessHandle.of(Long.parseLong(pid)).stream()
                .flatMap(ProcessHandle::descendants)
                .map(child -> Long.toString(child.pid()));
    }

    private static long proportionalSetSize(String pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
            return lines.filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        } catch (IOException | UncheckedIOException ended) {
            return 0;
        }
    }

    private interface Look {
        void take() throws IOException, InterruptedException;
    }

    private static Thread watch(long everyMillis, Look look) {
        return Thread.ofPlatform().daemon().start(() -> {
            while (!over) {
                try {
                    look.take();
                    Thread.sleep(everyMillis);
                } catch (IOException | InterruptedException failed) {
                    System.err.println(failed);
                }
            }
        });
    }
}
