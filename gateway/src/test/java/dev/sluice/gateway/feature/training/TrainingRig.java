package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FalStub;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A gateway between an origin of pictures and a provider that trains. */
final class TrainingRig implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(30);
    static final byte[] PICTURE = Pictures.png(1_000_000);
    static final String SECRET = "a-secret-of-more-than-32-bytes-for-tests";
    static final String PATH = "/api/lora/train";
    private static final JsonMapper JSON = JsonMapper.shared();

    final HostileOrigin origin = HostileOrigin.start();
    final FalStub fal = FalStub.start();
    final RunningGateway gateway;
    private final Path directory;

    /** @param directory where archives wait */
    TrainingRig(Path directory, String... settings) {
        this.directory = directory;
        forget();
        this.gateway = restarted(settings);
    }

    /** As the other, with beans of the test's own. */
    TrainingRig(Path directory, Class<?> beans) {
        this.directory = directory;
        forget();
        this.gateway = RunningGateway.start(settings(), Clock.systemUTC(), beans);
    }

    /** Begins anew: the origin has its picture, the provider does what it should, and nobody has asked them yet. */
    void forget() {
        origin.forget();
        origin.on("/a.png", Behaviours.image(PICTURE));
        fal.forget();
    }

    /** Another gateway for the same origin, provider and secret. */
    RunningGateway restarted(String... settings) {
        return RunningGateway.start(settings(settings));
    }

    /** What every gateway of this rig is told, and then these. */
    Map<String, String> settings(String... settings) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("sluice.signing-secret", SECRET);
        all.put("sluice.fetch.allow-networks", origin.addressAndPort() + "," + fal.addressAndPort());
        all.put("sluice.fetch.allow-ports", port(fal.addressAndPort()));
        all.put("sluice.fetch.retry.backoff", "10ms");
        // Failures of many tests at one origin do not end in a rest for it.
        all.put("sluice.fetch.breaker.window", "10000");
        // No picture is looked into.
        all.put("sluice.pictures.decoder", "in-process");
        all.put("sluice.training.api-key", FalStub.KEY);
        all.put("sluice.training.queue-url", fal.baseUrl());
        all.put("sluice.training.storage-url", fal.baseUrl());
        all.put("sluice.training.upload-schemes", "http");
        all.put("sluice.training.upload-domains", "127.0.0.2");
        all.put("sluice.training.spool-directory", directory.toString());
        all.put("sluice.training.retry-pause", "10ms");
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return all;
    }

    static String port(String addressAndPort) {
        return addressAndPort.substring(addressAndPort.lastIndexOf(':') + 1);
    }

    /** URLs of the same good picture. */
    List<String> pictures(int count) {
        return new ArrayList<>(Collections.nCopies(count, origin.url("/a.png")));
    }

    /** A request for a training. */
    static String request(List<String> urls, String... members) {
        return urls.stream()
                .map(url -> "{\"url\":\"" + url + "\"}")
                .collect(Collectors.joining(
                        ",",
                        "{\"images\":[",
                        "],\"triggerWord\":\"sks-cat\""
                                + Stream.of(members).map(member -> "," + member).collect(Collectors.joining())
                                + "}"));
    }

    /** Four good pictures. */
    HttpResponse<byte[]> start() {
        return start("alice", request(pictures(4)));
    }

    HttpResponse<byte[]> start(String user, String json) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(PATH))
                .header("Authorization", "Bearer " + gateway.signIn(user, "user"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    /** Asks and does not wait for the answer. */
    Socket ask(String json) throws IOException {
        Socket client = new Socket();
        client.connect(gateway.address());
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        String head = "POST " + PATH + " HTTP/1.1\r\nHost: sluice\r\nContent-Type: application/json\r\nAuthorization: "
                + "Bearer " + gateway.signIn("alice", "user") + "\r\nContent-Length: " + body.length + "\r\n\r\n";
        client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().write(body);
        return client;
    }

    static HttpResponse<byte[]> get(RunningGateway gateway, String user, String path) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer " + gateway.signIn(user, "user")));
    }

    static JsonNode json(HttpResponse<byte[]> answer) {
        return JSON.readTree(answer.body());
    }

    static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    static JsonNode refused(HttpResponse<byte[]> answer, int status, String code) {
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        JsonNode problem = json(answer);
        assertThat(problem.path("code").asString()).isEqualTo(code);
        assertThat(text(answer)).doesNotContain(FalStub.KEY);
        return problem;
    }

    /** Bytes of disk that trainings hold. */
    long diskHeld() {
        BufferBudget disk = gateway.bean("trainingDisk", BufferBudget.class);
        return disk.capacity() - disk.available();
    }

    /** Files with names in the directory. */
    long files() {
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("lock"))
                    .count();
        } catch (UncheckedIOException changing) {
            if (changing.getCause() instanceof NoSuchFileException) {
                return files(); // one of them has gone meanwhile
            }
            throw changing;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Permits, disk and memory of images: all are free again. */
    void assertEverythingIsFree() {
        for (String name : List.of("trainingPermits", "trainingDisk", "imageMemory", "imageDisk")) {
            BufferBudget budget = gateway.bean(name, BufferBudget.class);
            Await.until(SOON, name + " is free again", () -> budget.available() == budget.capacity());
        }
        // One that was being made as its request was given up has a name for a moment.
        Await.until(SOON, "no file is left", () -> files() == 0);
    }

    @Override
    public void close() {
        gateway.close();
        fal.close();
        origin.close();
    }
}
