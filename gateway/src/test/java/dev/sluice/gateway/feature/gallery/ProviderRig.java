package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.ReplicateStub;
import dev.sluice.gateway.testing.RunningGateway;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A provider, the https server where its pictures are, and gateways on one directory that use both. */
final class ProviderRig implements AutoCloseable {
    private static final String HOST = "127.0.0.2";
    private static final Certificate CERTIFICATE = Certificate.forAddress(HOST);

    final ReplicateStub provider = ReplicateStub.start();
    final HostileOrigin pictures = HostileOrigin.startTls(HOST, CERTIFICATE.server());
    private final Path data;

    ProviderRig(Path data) {
        this.data = data;
    }

    /** A gateway that finds what an earlier one has left. */
    RunningGateway gateway(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "sluice.database.directory",
                data.resolve("db").toString(),
                "sluice.storage.directory",
                data.resolve("store").toString(),
                "sluice.pictures.work-directory",
                work().toString(),
                "sluice.gallery.generation.provider",
                "replicate",
                "sluice.gallery.generation.api-token",
                ReplicateStub.TOKEN,
                "sluice.gallery.generation.base-url",
                provider.baseUrl(),
                "sluice.gallery.generation.model",
                ReplicateStub.MODEL,
                "sluice.gallery.generation.domains",
                HOST,
                "sluice.gallery.generation.poll",
                "50ms",
                "sluice.gallery.generation.retry-pause",
                "20ms"));
        all.put("sluice.fetch.retry.backoff", "5ms");
        all.putAll(settings);
        return CERTIFICATE.whileTrusted(
                data.resolve("trusted.p12"), () -> RunningGateway.start(pictures, all, FaultyStore.Installed.class));
    }

    Path work() {
        return data.resolve("work");
    }

    /** The provider has its picture at once, at this URL. */
    void pictureAt(String url) {
        provider.look(ReplicateStub.succeeded('"' + url + '"'));
    }

    @Override
    public void close() {
        pictures.close();
        provider.close();
    }
}
