package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code docs/configuration.md} is made of what the compiler has found out about the settings, and says no other. */
class ConfigurationReferenceTest {
    private static final Path REFERENCE = Path.of("..", "docs", "configuration.md");
    private static final Path MADE = Path.of("target", "configuration.md");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)(?::([^}]*))?}");
    private static final String PREFIX = "sluice.";
    private static final String INTRODUCTION = """
            # Configuration

            <!-- Generated: ConfigurationReferenceTest says how. Descriptions are the Javadoc of the settings' records. -->

            Every setting, by any way that Spring Boot has: `--sluice.zip.max-images=10`, `SLUICE_ZIP_MAXIMAGES=10` in the
            environment (upper case, dots become `_`, hyphens go), or a file `application.yml` beside the jar. Sizes are
            written `5MB`, times `30s`. A value out of bounds keeps the gateway from starting, with a line that names it.

            Of Spring Boot's own settings these matter most: `SERVER_PORT` (8080), `SERVER_ADDRESS` (127.0.0.1 in
            development, all addresses in `prod`), `MANAGEMENT_SERVER_PORT`, `SPRING_PROFILES_ACTIVE=prod`, and those of
            [traces](operations.md#settings). Limits and policies are a table in
            [`application.yml`](../gateway/src/main/resources/application.yml), explained in [limits](limits.md).
            In a key, `<name>` is a name of your own choice.
            """;
    /** Where the compiler describes the members of a map's values. */
    private static final Path DESCRIBED = Path.of("target", "classes", "META-INF", "spring");

    private static final Pattern MAP =
            Pattern.compile("java\\.util\\.Map<java\\.lang\\.String,(dev\\.sluice\\.[\\w.$]+)>");
    /** How code asks for a setting by its name, and what it takes where there is none. */
    private static final Pattern ASKED =
            Pattern.compile("(?:getProperty|ConditionalOn\\w*Property|directory)\\([^()]*?\"(sluice\\.[a-z0-9.-]+)\""
                    + "(?:, (?:Boolean\\.class, |matchIfMissing = )?\"?([^\")]*)\"?\\))?");

    @Test
    void referenceSaysWhatTheCodeSays() throws IOException {
        String made = reference();
        Files.writeString(MADE, made);
        assertThat(REFERENCE)
                .as("stale: cp gateway/target/configuration.md docs/configuration.md")
                .hasContent(made);
    }

    @Test
    void everySettingIsDescribed() throws IOException {
        assertThat(settings().values())
                .isNotEmpty()
                .filteredOn(setting -> setting.path("description").asString("").isBlank())
                .isEmpty();
    }

    /** In the table nothing stands before a description, so it does not begin as if something did. */
    @Test
    void everyDescriptionStandsByItself() throws IOException {
        assertThat(settings().values())
                .extracting(setting -> setting.path("description").asString(""))
                .noneMatch(
                        text -> text.matches(
                                "(?s)(?:[b-z]|after|and|around|as|at|before|between|by|for|from|in|its|of|on|that|to|which|with)\\b.*"));
    }

    /** A key with a typing error, or of a setting that is gone, is in no file; nor is one that no record describes. */
    @ParameterizedTest
    @ValueSource(strings = {"application.yml", "application-prod.yml"})
    void everySettingOfTheFilesIsDescribed(String file) throws IOException {
        Set<String> known = settings().keySet();
        assertThat(inFile(file).keySet())
                .isNotEmpty()
                .map(ConfigurationReferenceTest::withoutNames)
                .allSatisfy(name -> assertThat(known).contains(name));
    }

    /** So that a program that starts without that file, as a test may, has the same. */
    @Test
    void defaultsOfTheFileAreThoseOfTheCode() throws IOException {
        Map<String, String> inCode = defaults();
        Map<String, String> inFile = inFile("application.yml");
        inFile.replaceAll((_, text) -> VARIABLE.matcher(text).replaceAll("$2"));
        inFile.keySet().retainAll(inCode.keySet());
        assertThat(inFile).isNotEmpty();
        assertThat(inCode).containsAllEntriesOf(inFile);
    }

    /**
     * A {@code @Value} is described nowhere. Whatever else code asks for by name is, and has the same default there.
     */
    @Test
    void codeAsksForNoSettingThatIsNotDescribed() throws IOException {
        Set<String> known = settings().keySet();
        Map<String, String> defaults = defaults();
        List<MatchResult> asked = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                String code = Files.readString(file);
                assertThat(code).as(file.toString()).doesNotContain("@Value(\"${sluice.");
                asked.addAll(ASKED.matcher(code).results().toList());
            }
        }
        assertThat(asked).hasSizeGreaterThan(5).allSatisfy(each -> {
            assertThat(known).contains(each.group(1));
            if (each.group(2) != null) {
                assertThat(each.group(2))
                        .as(each.group())
                        .isEqualTo(defaults.getOrDefault(each.group(1), each.group(2)));
            }
        });
    }

    private static Map<String, String> defaults() throws IOException {
        Map<String, String> defaults = new TreeMap<>();
        settings().forEach((name, setting) -> {
            if (setting.has("defaultValue")) {
                defaults.put(name, setting.required("defaultValue").asString());
            }
        });
        return defaults;
    }

    private static String reference() throws IOException {
        Map<String, String> development = inFile("application.yml");
        Map<String, String> production = inFile("application-prod.yml");
        Map<String, List<String>> groups = new TreeMap<>();
        settings().forEach((name, setting) -> {
            String[] words = name.split("\\.", -1);
            groups.computeIfAbsent(words.length > 2 ? PREFIX + words[1] : "sluice", _ -> new ArrayList<>())
                    .add(row(setting, development.get(name), production.get(name)));
        });
        StringBuilder text = new StringBuilder(INTRODUCTION);
        groups.forEach((group, rows) -> text.append("\n## ")
                .append(group)
                .append("\n\n| key | default | type | meaning |\n| --- | --- | --- | --- |\n")
                .append(String.join("", rows)));
        return text.toString();
    }

    /** All that the compiler has found, by name and in that order; members of the values of maps among them. */
    private static Map<String, JsonNode> settings() throws IOException {
        Map<String, JsonNode> settings = new TreeMap<>();
        for (JsonNode property :
                properties(Path.of("target", "classes", "META-INF", "spring-configuration-metadata.json"))) {
            String name = property.path("name").asString();
            if (name.startsWith(PREFIX)) {
                settings.put(name, property);
                Matcher map = MAP.matcher(property.path("type").asString());
                if (map.matches()) {
                    Path members = DESCRIBED.resolve("configuration-metadata").resolve(map.group(1) + ".json");
                    for (JsonNode member : properties(members)) {
                        String key = name + ".<name>." + member.path("name").asString();
                        settings.put(key, ((ObjectNode) member).put("name", key));
                    }
                }
            }
        }
        return settings;
    }

    private static JsonNode properties(Path metadata) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(metadata)).required("properties");
    }

    /** {@code sluice.limits.definitions.ip.kind} is described as {@code sluice.limits.definitions.<name>.kind}. */
    private static String withoutNames(String name) {
        return name.replaceAll("^(sluice\\.limits\\.(?:definitions|policies)\\.)[^.]+", "$1<name>")
                .replaceAll("\\[\\d+]$", "");
    }

    /** The settings of the gateway that a file of defaults has, as they are written there. */
    private static Map<String, String> inFile(String file) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        for (PropertySource<?> source : new YamlPropertySourceLoader().load("defaults", new ClassPathResource(file))) {
            if (source instanceof EnumerablePropertySource<?> listed) {
                for (String name : listed.getPropertyNames()) {
                    if (name.startsWith(PREFIX)) {
                        settings.put(name, String.valueOf(listed.getProperty(name)));
                    }
                }
            }
        }
        return settings;
    }

    private static String row(JsonNode setting, @Nullable String inFile, @Nullable String inProduction) {
        String name = setting.path("name").asString();
        // Shorter names of the environment, which the file gives some settings.
        Matcher variable = VARIABLE.matcher(inFile == null ? "" : inFile);
        String description = setting.path("description")
                .asString("")
                .replaceAll("\\s+", " ")
                .replaceAll("\\{@(?:code|link|value) #?([^}]*)}", "`$1`");
        return "| `" + name + "`" + (variable.matches() ? " (`" + variable.group(1) + "`)" : "") + " | "
                + byDefault(setting.path("defaultValue"), inFile, inProduction) + " | "
                + type(setting.path("type").asString()) + " | "
                + description.replace("|", "\\|").replace("<", "&lt;") + " |\n";
    }

    private static String byDefault(JsonNode inCode, @Nullable String inFile, @Nullable String inProduction) {
        String value = inFile == null
                ? byDefault(inCode)
                : quoted(VARIABLE.matcher(inFile).replaceAll("$2"));
        if (inProduction == null) {
            return value;
        }
        String other = quoted(VARIABLE.matcher(inProduction).replaceAll("$2"));
        return value + "; in `prod` " + (other.isEmpty() ? "none" : other);
    }

    /** A list as it is written in the environment. */
    private static String byDefault(JsonNode value) {
        return value.isMissingNode()
                ? ""
                : quoted(value.asString("").replaceAll("^\\[(.*)]$", "$1").replace(", ", ","));
    }

    private static String quoted(String value) {
        return value.isEmpty() ? "" : "`" + value + "`";
    }

    private static String type(String type) {
        return type.replaceAll("[a-z]+\\.|[A-Za-z]+\\$", "")
                .replace("DataSize", "size")
                .replace("Duration", "time")
                .replace("<", "&lt;")
                .replace("ApiKey", "String")
                .toLowerCase(Locale.ROOT);
    }
}
