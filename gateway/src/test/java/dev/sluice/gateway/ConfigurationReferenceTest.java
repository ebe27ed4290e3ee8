package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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
            """;

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
        List<String> undescribed = new ArrayList<>();
        settings()
                .values()
                .forEach(all -> all.stream()
                        .filter(setting ->
                                setting.path("description").asString("").isBlank())
                        .forEach(setting -> undescribed.add(setting.path("name").asString())));
        assertThat(undescribed).isEmpty();
    }

    private static String reference() throws IOException {
        Map<String, String> variables = variables();
        StringBuilder text = new StringBuilder(INTRODUCTION);
        settings().forEach((group, settings) -> {
            text.append("\n## ")
                    .append(group)
                    .append("\n\n| key | default | type | meaning |\n| --- | --- | --- | --- |\n");
            settings.forEach(setting -> text.append(row(setting, variables)));
        });
        return text.toString();
    }

    /** By the first word after {@code sluice}; in the order of their names. */
    private static Map<String, List<JsonNode>> settings() throws IOException {
        JsonNode metadata = JsonMapper.builder()
                .build()
                .readTree(Files.readString(
                        Path.of("target", "classes", "META-INF", "spring-configuration-metadata.json")));
        Map<String, JsonNode> byName = new TreeMap<>();
        metadata.path("properties")
                .forEach(property -> byName.put(property.path("name").asString(), property));
        Map<String, List<JsonNode>> groups = new TreeMap<>();
        byName.forEach((name, property) -> {
            if (name.startsWith(PREFIX)) {
                String[] words = name.split("\\.", -1);
                String group = words.length > 2 ? PREFIX + words[1] : "sluice";
                groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(property);
            }
        });
        return groups;
    }

    /** Shorter names of the environment, which {@code application.yml} gives some settings. */
    private static Map<String, String> variables() throws IOException {
        Map<String, String> variables = new HashMap<>();
        for (PropertySource<?> source :
                new YamlPropertySourceLoader().load("defaults", new ClassPathResource("application.yml"))) {
            if (source instanceof EnumerablePropertySource<?> listed) {
                for (String name : listed.getPropertyNames()) {
                    Matcher variable = VARIABLE.matcher(String.valueOf(listed.getProperty(name)));
                    if (variable.matches()) {
                        variables.put(name, variable.group(1));
                    }
                }
            }
        }
        return variables;
    }

    private static String row(JsonNode setting, Map<String, String> variables) {
        String name = setting.path("name").asString();
        String variable = variables.get(name);
        String description = setting.path("description")
                .asString("")
                .replaceAll("\\s+", " ")
                .replaceAll("\\{@(?:code|link|value) #?([^}]*)}", "`$1`");
        return "| `" + name + "`" + (variable == null ? "" : " (`" + variable + "`)") + " | "
                + byDefault(setting.path("defaultValue")) + " | "
                + type(setting.path("type").asString()) + " | "
                + description.replace("|", "\\|").replace("<", "&lt;") + " |\n";
    }

    private static String byDefault(JsonNode value) {
        if (value.isMissingNode()) {
            return "";
        }
        if (!value.isArray()) {
            return value.asString("").isEmpty() ? "" : "`" + value.asString() + "`";
        }
        List<String> all = new ArrayList<>();
        value.forEach(each -> all.add(each.asString()));
        return all.isEmpty() ? "" : "`" + String.join(", ", all) + "`";
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
