package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.vips.VipsTool.Loaders;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.util.unit.DataSize;

/**
 * What the libvips that is installed can do.
 *
 * @param version for example {@code 8.14.1}
 * @param mediaTypes that it decodes
 */
record VipsFormats(String version, Set<String> mediaTypes) {
    private static final DataSize MEMORY = DataSize.ofMegabytes(256);
    private static final DataSize FILE = DataSize.ofMegabytes(16);
    private static final Pattern VERSION = Pattern.compile("libvips (\\d+\\.\\d+\\.\\d+)");

    /** Media types by the loader that reads them. */
    private static final Map<String, String> LOADERS = Map.of(
            "jpegload", "image/jpeg",
            "pngload", "image/png",
            "gifload", "image/gif",
            "webpload", "image/webp",
            "tiffload", "image/tiff",
            "svgload", "image/svg+xml",
            "jxlload", "image/jxl");

    /** Their loader has its decoders from plugins, so pictures of 64 x 64 pixels tell which there are. */
    private static final Map<String, List<String>> SAMPLES =
            Map.of("sample.heic", List.of("image/heic", "image/heif"), "sample.avif", List.of("image/avif"));

    VipsFormats {
        mediaTypes = Collections.unmodifiableSet(new TreeSet<>(mediaTypes));
    }

    /**
     * Asks the tool, all questions at once. Blocks.
     *
     * @throws IOException if it is not there, or does not say what it should
     */
    static VipsFormats find(VipsTool tool, Path directory) throws IOException {
        List<Callable<Set<String>>> samples = new ArrayList<>();
        SAMPLES.forEach((sample, types) ->
                samples.add(() -> isDecoded(tool, sample, directory) ? Set.copyOf(types) : Set.of()));
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("decoder-probe-", 1).factory())) {
            Future<String> version = threads.submit(() -> version(ask(tool, directory, "version", "--vips-version")));
            Future<Set<String>> loaded =
                    threads.submit(() -> loaded(ask(tool, directory, "loaders", "-l", "VipsForeignLoad")));
            Set<String> types = new TreeSet<>(loaded.get());
            for (Future<Set<String>> sample : threads.invokeAll(samples)) {
                types.addAll(sample.get());
            }
            return new VipsFormats(version.get(), types);
        } catch (ExecutionException failed) {
            switch (failed.getCause()) {
                case IOException known -> throw known;
                case RuntimeException known -> throw known;
                case null, default -> throw new IOException(failed);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    private static String ask(VipsTool tool, Path directory, String name, String... question) throws IOException {
        Path own = Files.createDirectory(directory.resolve(name));
        return tool.run(List.of(question), Loaders.TRUSTED, own, MEMORY, FILE);
    }

    private static String version(String said) throws IOException {
        Matcher version = VERSION.matcher(said);
        if (!version.find()) {
            throw new IOException("it does not tell its version");
        }
        return version.group(1);
    }

    private static Set<String> loaded(String said) {
        Set<String> types = new TreeSet<>();
        LOADERS.forEach((loader, type) -> {
            if (said.contains("(" + loader + ")")) {
                types.add(type);
            }
        });
        return types;
    }

    private static boolean isDecoded(VipsTool tool, String sample, Path directory) throws IOException {
        try (InputStream bytes = VipsFormats.class.getResourceAsStream(sample)) {
            if (bytes == null) {
                throw new IOException("no resource " + sample);
            }
            Path own = Files.createDirectory(directory.resolve("with-" + sample));
            Files.copy(bytes, own.resolve(sample));
            tool.run(List.of("copy", sample, "decoded.png"), Loaders.TRUSTED, own, MEMORY, FILE);
            return true;
        } catch (PictureException notRead) {
            return false;
        }
    }
}
