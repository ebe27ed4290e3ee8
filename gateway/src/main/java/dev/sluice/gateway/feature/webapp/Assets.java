package dev.sluice.gateway.feature.webapp;

import dev.sluice.gateway.contract.http.StrongTag;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/**
 * All files of the web app, read from the class path once. They are served under one version, made of all their bytes,
 * so that a browser keeps them for good, and none that it kept is of another release than the page.
 */
final class Assets {
    private static final String PAGE = "index.html";
    /** Of a page's URL: {@code /gallery/{id}} is one folder below the root. */
    private static final int DEEPEST = 1;

    private static final String FOLDER = "/static/";
    private static final int VERSION_BYTES = 8;
    private static final Pattern IMPORT_MAP =
            Pattern.compile("<script type=\"importmap\">(.*?)</script>", Pattern.DOTALL);

    /** Libraries: what the page calls them, and where their WebJars have them, whatever the version. */
    private static final Map<String, String> LIBRARIES = Map.of(
            "lib/preact.js", "preact/*/dist/preact.module.js",
            "lib/preact-hooks.js", "preact/*/hooks/dist/hooks.module.js",
            "lib/blurhash.js", "blurhash/*/dist/esm/index.js");

    private final Map<String, Asset> files;
    private final String version;
    private final List<Page> pages;

    /**
     * The page, for URLs of one depth: every URL in it is relative, whatever the path prefix.
     *
     * @param file as it is sent to whom no session is known
     * @param ofSession as it is sent to a browser with a session, valid or not: its scripts need not ask first
     * @param importMapHash the hash by which a content policy knows its import map, its one script that is no file
     */
    record Page(Asset file, Asset ofSession, String importMapHash) {}

    private Assets(SortedMap<String, byte[]> contents, String page) {
        version = version(contents, page);
        SortedMap<String, Asset> assets = new TreeMap<>();
        contents.forEach((name, bytes) -> assets.put(name, Asset.of(name, bytes)));
        files = Map.copyOf(assets);
        pages = IntStream.rangeClosed(0, DEEPEST)
                .mapToObj(depth -> page.replace("{version}", version).replace("{root}", "../".repeat(depth)))
                .map(text -> new Page(page(text, "none"), page(text, "sent"), importMapHash(text)))
                .toList();
    }

    /** Reads them; blocks, so it is for the start. */
    static Assets load() {
        PathMatchingResourcePatternResolver classPath = new PathMatchingResourcePatternResolver();
        SortedMap<String, byte[]> contents = new TreeMap<>();
        try {
            for (Resource file : classPath.getResources("classpath:" + FOLDER + "**/*.*")) {
                String url = file.getURL().toString();
                contents.put(url.substring(url.lastIndexOf(FOLDER) + FOLDER.length()), file.getContentAsByteArray());
            }
            for (Map.Entry<String, String> library : LIBRARIES.entrySet()) {
                contents.put(library.getKey(), library(classPath, library.getValue()));
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException("The web app's files cannot be read", unreadable);
        }
        byte[] page = contents.remove(PAGE);
        if (page == null) {
            throw new IllegalStateException(FOLDER + PAGE + ": missing (expected: on the class path)");
        }
        return new Assets(contents, new String(page, StandardCharsets.UTF_8));
    }

    private static Asset page(String text, String session) {
        return Asset.of(PAGE, text.replace("{session}", session).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] library(PathMatchingResourcePatternResolver classPath, String path) throws IOException {
        Resource[] found = classPath.getResources("classpath*:/META-INF/resources/webjars/" + path);
        if (found.length != 1) {
            throw new FileNotFoundException(path + ": " + found.length + " of them (expected: one on the class path)");
        }
        return found[0].getContentAsByteArray();
    }

    /**
     * The page that loads all others, which says itself which version of them.
     *
     * @param depth how many folders below the app's root its URL is
     */
    Page page(int depth) {
        return pages.get(depth);
    }

    /** What stands for all files' contents. */
    String version() {
        return version;
    }

    /** A file by its path without a leading slash, or null. */
    @Nullable Asset file(String path) {
        return files.get(path);
    }

    /** All files but the page. */
    Map<String, Asset> files() {
        return files;
    }

    private static String version(SortedMap<String, byte[]> contents, String page) {
        MessageDigest digest = StrongTag.digest();
        contents.forEach((name, bytes) -> {
            digest.update(name.getBytes(StandardCharsets.UTF_8));
            digest.update(bytes);
        });
        byte[] all = digest.digest(page.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(all, 0, VERSION_BYTES);
    }

    private static String importMapHash(String page) {
        Matcher map = IMPORT_MAP.matcher(page);
        if (!map.find()) {
            throw new IllegalStateException(PAGE + ": no import map (expected: one)");
        }
        byte[] hash = StrongTag.digest().digest(map.group(1).getBytes(StandardCharsets.UTF_8));
        return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
    }
}
