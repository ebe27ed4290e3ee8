package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the documents say can be done, and where they lead. */
class DocumentsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Set<String> FOREIGN = Set.of("target", ".git", "node_modules", "sluice-data");
    private static final Pattern EXAMPLE = Pattern.compile("^```bash\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern CODE = Pattern.compile("^```.*?^```$|`[^`\n]*`", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("(?<!\\\\)\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} (.+)$", Pattern.MULTILINE);
    private static final Pattern CODE_SPAN = Pattern.compile("`([^`]*)`");
    private static final Pattern METHOD_AND_PATH = Pattern.compile("([A-Z]+)?(?:^| |$)(/\\S*)?");
    /** Pages for people. */
    private static final Set<String> NOT_OF_THE_API = Set.of(
            "GET /",
            "GET /gallery",
            "GET /gallery/{}",
            "GET /generate",
            "GET /upload",
            "GET /import",
            "GET /admin",
            "GET /sign-in",
            "GET /docs");

    /** The port of the sample origin that the documents name. */
    private static final String DOCUMENTED_SAMPLES = "127.0.0.1:8081";

    private static final Pattern SAMPLES = Pattern.compile("http://(127\\.0\\.0\\.1:\\d+)/samples/");

    @TempDir
    Path directory;

    /**
     * With the limits that everybody has by default, as somebody who copies every block, and then all of them again.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "README.md",
                "docs/http.md",
                "docs/zip.md",
                "docs/image-proxy.md",
                "docs/gallery.md",
                "docs/uploads.md",
                "docs/assistant.md",
                "docs/limits.md"
            })
    void examplesRunWordForWordInTheirOrderTwiceInARow(String page) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs bash");
        Map<String, String> settings = new HashMap<>();
        settings.put("sluice.samples.enabled", "true");
        settings.put("sluice.limits.enabled", "true");
        settings.put("sluice.image-proxy.cache.enabled", "true");
        settings.put(
                "sluice.image-proxy.cache.directory", directory.resolve("cache").toString());
        settings.put("sluice.assistant.provider", "echo");
        try (RunningGateway gateway = RunningGateway.start(settings)) {
            String once = examples(page, samples(gateway));
            Ended ended = bash(once + once, gateway.address().getPort());

            assertThat(ended.exit()).as(ended.output()).isZero();
            assertThat(ended.output()).doesNotContain("application/problem+json");
            for (String archive : List.of("images.zip", "resumed.zip", "mine.zip")) {
                if (Files.exists(directory.resolve(archive))) {
                    try (ZipFile whole = new ZipFile(directory.resolve(archive).toFile())) {
                        assertThat(whole.size()).as(archive).isPositive();
                    }
                }
            }
            if (page.equals("docs/limits.md")) {
                assertThat(ended.output()).contains(" 429 ").containsIgnoringCase("retry-after:");
            }
        }
    }

    @Test
    void everyPageWithExamplesIsRun() throws IOException {
        List<String> withExamples = pages().filter(
                        page -> EXAMPLE.matcher(read(page)).find())
                .map(page -> ROOT.relativize(page).toString())
                .toList();
        ValueSource run = runPages();
        assertThat(Objects.requireNonNull(run).strings()).containsExactlyInAnyOrderElementsOf(withExamples);
    }

    private static ValueSource runPages() {
        try {
            return DocumentsTest.class
                    .getDeclaredMethod("examplesRunWordForWordInTheirOrderTwiceInARow", String.class)
                    .getAnnotation(ValueSource.class);
        } catch (NoSuchMethodException renamed) {
            throw new AssertionError(renamed);
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void everyLinkLeadsToAFileAndToAHeadingInIt(Path page) {
        List<String> broken = new ArrayList<>();
        for (String link : links(page)) {
            int hash = link.indexOf('#');
            String file = hash < 0 ? link : link.substring(0, hash);
            Path target = file.isEmpty()
                    ? page
                    : Objects.requireNonNull(page.getParent())
                            .resolve(URLDecoder.decode(file, StandardCharsets.UTF_8))
                            .normalize();
            if (!target.startsWith(ROOT) || !Files.exists(target)) {
                broken.add(link);
            } else if (hash >= 0 && !anchors(target).contains(link.substring(hash + 1))) {
                broken.add(link);
            }
        }
        assertThat(broken).as(page.toString()).isEmpty();
    }

    @Test
    void pageOfEndpointsListsThoseOfTheApiAndNoOther() throws IOException {
        JsonNode api;
        try (InputStream document = Objects.requireNonNull(getClass().getResourceAsStream("/openapi.json"))) {
            api = JsonMapper.shared().readTree(document);
        }
        Set<String> expected = new HashSet<>(NOT_OF_THE_API);
        api.required("paths")
                .forEachEntry((path, methods) -> methods.propertyNames().stream()
                        .filter(method -> !method.equals("head")) // Whatever has a GET has one.
                        .forEach(method -> expected.add(method.toUpperCase(Locale.ROOT) + " " + withoutNames(path))));

        Set<String> listed = new HashSet<>();
        endpointRows(ROOT.resolve("docs/http.md")).forEach(row -> listed.addAll(endpoints(row)));

        assertThat(listed).containsExactlyInAnyOrderElementsOf(expected);
    }

    /** A page of a feature repeats what that page says. */
    @ParameterizedTest
    @MethodSource("pages")
    void rowOfAnEndpointIsTheSameOnEachPage(Path page) {
        assertThat(endpointRows(ROOT.resolve("docs/http.md"))).containsAll(endpointRows(page));
    }

    private static List<String> endpointRows(Path page) {
        return read(page)
                .lines()
                .dropWhile(line -> !line.startsWith("| endpoint |"))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }

    /** Of {@code `GET`/`HEAD /a`, `/b`} the methods of each path; HEAD is left out. */
    private static Set<String> endpoints(String row) {
        Set<String> all = new HashSet<>();
        Set<String> methods = new HashSet<>();
        boolean isComplete = false;
        for (MatchResult code :
                CODE_SPAN.matcher(row.split(" \\| ", -1)[0]).results().toList()) {
            Matcher words = METHOD_AND_PATH.matcher(code.group(1));
            assertThat(words.matches()).as(row).isTrue();
            if (words.group(1) != null) {
                if (isComplete) {
                    methods.clear();
                }
                methods.add(words.group(1));
            }
            isComplete = words.group(2) != null;
            if (isComplete) {
                String path = withoutNames(words.group(2).replaceAll("\\?.*", ""));
                methods.stream()
                        .filter(method -> !method.equals("HEAD"))
                        .forEach(method -> all.add(method + " " + path));
            }
        }
        return all;
    }

    /** What a variable of a path is called differs. */
    private static String withoutNames(String text) {
        return text.replaceAll("\\{[A-Za-z*]+}", "{}");
    }

    @Test
    void readmeIsShort() {
        assertThat(read(ROOT.resolve("README.md")).lines().count()).isLessThanOrEqualTo(120);
    }

    static Stream<Path> pages() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files
                    .filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> Stream.of(ROOT.relativize(file).toString().split("[/\\\\]", -1))
                            .noneMatch(FOREIGN::contains))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    private String examples(String page, String samples) {
        return EXAMPLE.matcher(read(ROOT.resolve(page)))
                .results()
                .map(block -> block.group(1))
                .collect(Collectors.joining("\n"))
                // Where that port is taken, the gateway brings its samples on another, and says so at /samples.
                .replace(DOCUMENTED_SAMPLES, samples);
    }

    private static String samples(RunningGateway gateway) {
        Matcher url = SAMPLES.matcher(new String(gateway.get("/samples").body(), StandardCharsets.UTF_8));
        assertThat(url.find()).isTrue();
        return url.group(1);
    }

    /** Where a word of the documents says {@code localhost:8080}, curl connects to the port of this gateway. */
    private Ended bash(String script, int port) throws IOException, InterruptedException {
        Files.writeString(
                directory.resolve(".curlrc"),
                "connect-to = \"localhost:8080:127.0.0.1:" + port + "\"\nmax-time = 60\n");
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-e", "-o", "pipefail", "-c", script)
                .directory(directory.toFile())
                .redirectErrorStream(true);
        builder.environment().put("HOME", directory.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), output);
    }

    private static List<String> links(Path page) {
        return LINK.matcher(CODE.matcher(read(page)).replaceAll(""))
                .results()
                .map(link -> link.group(1))
                .filter(link -> URI.create(link).getScheme() == null)
                .toList();
    }

    /** As the hosts of repositories make them: lower case, no punctuation, hyphens; a second one is numbered. */
    private static Set<String> anchors(Path page) {
        Set<String> anchors = new HashSet<>();
        String text = Pattern.compile("^```.*?^```$", Pattern.MULTILINE | Pattern.DOTALL)
                .matcher(read(page))
                .replaceAll("");
        for (MatchResult heading : HEADING.matcher(text).results().toList()) {
            String anchor = heading.group(1)
                    .strip()
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-');
            int number = 0;
            while (!anchors.add(number == 0 ? anchor : anchor + "-" + number)) {
                number++;
            }
        }
        return anchors;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new AssertionError(file.toString(), unreadable);
        }
    }

    private record Ended(int exit, String output) {}
}
