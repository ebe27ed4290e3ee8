package dev.sluice.gateway.testing;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.outbound.picture.decode.vips.KnownVips;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.type.classreading.CachingMetadataReaderFactory;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.json.JsonMapper;

/** The whole gateway on a free port, as a client meets it. */
public final class RunningGateway implements AutoCloseable {
    private static final Map<String, String> PRODUCTION = Map.of(
            "spring.profiles.active", "prod",
            "sluice.redis.url", "redis://127.0.0.1:1",
            "sluice.signing-secret", "0123456789abcdef0123456789abcdef",
            "sluice.identity.issuer-uri", "https://issuer.example",
            "sluice.identity.audience", "sluice",
            "sluice.origins.allowed", "https://app.example",
            "management.server.port", "0");

    /** The name by which Spring Boot has its own, unless there is one. */
    private static final String METADATA_READERS_NAME =
            "org.springframework.boot.autoconfigure.internalCachingMetadataReaderFactory";

    private static final CachingMetadataReaderFactory METADATA_READERS =
            new CachingMetadataReaderFactory(new DefaultResourceLoader(RunningGateway.class.getClassLoader())) {
                // Asked for at the end of each start; the next one reads the same classes.
                @Override
                public void clearCache() {}
            };

    /** Null once it is closed: a class of tests, which keeps this as long as the JVM runs, keeps no more than this. */
    private volatile @Nullable ConfigurableApplicationContext context;

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final Path data;
    private final int port;

    private RunningGateway(ConfigurableApplicationContext context, Path data) {
        this.context = context;
        this.data = data;
        this.port = Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer())
                .getPort();
    }

    /** What the profile {@code prod} does not start without, with a database of its own. */
    public static Map<String, String> production() {
        Map<String, String> all = new HashMap<>(PRODUCTION);
        all.put("sluice.database.url", EmbeddedPostgres.shared().newDatabase());
        return all;
    }

    /** Starts it without samples. */
    public static RunningGateway start(Map<String, String> settings) {
        return start(settings, Clock.systemUTC());
    }

    /** Starts it with further configuration beside the application's own. */
    public static RunningGateway start(HostileOrigin origin, Map<String, String> settings, Class<?>... further) {
        Map<String, String> all = new LinkedHashMap<>(settings);
        all.putIfAbsent("sluice.fetch.allow-networks", origin.addressAndPort());
        return start(all, Clock.systemUTC(), further);
    }

    /** Starts it without samples, by another clock. */
    public static RunningGateway start(Map<String, String> settings, Clock clock, Class<?>... further) {
        Path data = temporaryDirectory();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("server.port", "0");
        all.put("sluice.samples.enabled", "false");
        // A test sends as fast as it can from one address; tests of limits turn them on.
        all.put("sluice.limits.enabled", "false");
        all.put("spring.main.banner-mode", "off");
        // One cache has one gateway.
        all.put("sluice.image-proxy.cache.enabled", "false");
        Path database = data.resolve("db");
        if (!settings.containsKey("sluice.database.directory") && !settings.containsKey("sluice.database.url")) {
            MigratedDatabase.copyTo(database);
        }
        all.put("sluice.database.directory", database);
        all.put("sluice.storage.directory", data.resolve("store"));
        all.put("sluice.pictures.work-directory", data.resolve("work"));
        all.put("sluice.signing-secret-file", data.resolve("signing-secret"));
        all.putAll(settings);
        String[] arguments = all.entrySet().stream()
                .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
                .toArray(String[]::new);
        var application = new SpringApplicationBuilder(GatewayApplication.class)
                .sources(further)
                .initializers(
                        RunningGateway::withThreadsOfItsOwn,
                        RunningGateway::readingClassesOnce,
                        context -> KnownVips.addTo((GenericApplicationContext) context),
                        context -> context.getBeanFactory().addBeanPostProcessor(new ClassPathBeans()),
                        context -> ((GenericApplicationContext) context).registerBean(Clock.class, () -> clock));
        try {
            return new RunningGateway(application.run(arguments), data);
        } catch (RuntimeException failed) {
            delete(data);
            throw failed;
        }
    }

    private static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("gateway");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    static void delete(Path directory) {
        try {
            FileSystemUtils.deleteRecursively(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Event loops are shared by default, and the first gateway of a process that closes would end them for all. */
    private static void withThreadsOfItsOwn(ConfigurableApplicationContext context) {
        ((GenericApplicationContext) context).registerBean(ReactorResourceFactory.class, () -> {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setShutdownQuietPeriod(Duration.ZERO);
            return resources;
        });
    }

    /** Each start reads the class files of hundreds of configurations, which stay the same. */
    private static void readingClassesOnce(ConfigurableApplicationContext context) {
        ((GenericApplicationContext) context)
                .registerBean(METADATA_READERS_NAME, CachingMetadataReaderFactory.class, () -> METADATA_READERS);
    }

    /** Starts it with the one origin opened. */
    public static RunningGateway start(HostileOrigin origin, Map<String, String> settings) {
        return start(origin, settings, Clock.systemUTC());
    }

    /** Starts it with the one origin opened, at another time than now. */
    public static RunningGateway start(HostileOrigin origin, Map<String, String> settings, Clock clock) {
        Map<String, String> all = new LinkedHashMap<>(settings);
        all.putIfAbsent("sluice.fetch.allow-networks", origin.addressAndPort());
        return start(all, clock);
    }

    /** A token of development for a user with these roles. */
    public String signIn(String user, String... roles) {
        String quoted = Stream.of(roles).map(role -> '"' + role + '"').collect(Collectors.joining(","));
        String answer = new String(
                post("/api/session", "{\"user\":\"" + user + "\",\"roles\":[" + quoted + "]}")
                        .body(),
                StandardCharsets.UTF_8);
        return JsonMapper.shared().readTree(answer).required("token").stringValue();
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** The absolute URI of a path. */
    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** The absolute URI of a path on the port of operations, where that is one of its own. */
    public URI operationsUri(String path) {
        return URI.create(
                "http://127.0.0.1:" + context().getEnvironment().getRequiredProperty("local.management.port") + path);
    }

    /** A bean of the application. */
    public <T> T bean(String name, Class<T> type) {
        return context().getBean(name, type);
    }

    /** A bean of the application. */
    public <T> T bean(Class<T> type) {
        return context().getBean(type);
    }

    private ConfigurableApplicationContext context() {
        return Objects.requireNonNull(context, "the gateway is closed");
    }

    /** Posts JSON and reads the whole answer. */
    public HttpResponse<byte[]> post(String path, String json) {
        return send(HttpRequest.newBuilder(uri(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    /** Gets and reads the whole answer. */
    public HttpResponse<byte[]> get(String path) {
        return send(HttpRequest.newBuilder(uri(path)));
    }

    /** Sends and reads the whole answer. */
    public HttpResponse<byte[]> send(HttpRequest.Builder request) {
        try {
            return client.send(request.timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofByteArray());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() {
        client.close();
        ConfigurableApplicationContext running = context;
        if (running != null) {
            running.close();
            context = null;
        }
        delete(data);
    }
}
