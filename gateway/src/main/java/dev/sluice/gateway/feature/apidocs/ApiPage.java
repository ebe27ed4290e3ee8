package dev.sluice.gateway.feature.apidocs;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.springframework.web.util.HtmlUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The OpenAPI document as a page for people: one section a tag, one foldable part an operation. It is written here and
 * has no script, so that the strictest content policy holds for it; viewers that run in the browser write styles into
 * the page and start workers from text, which that policy forbids.
 */
final class ApiPage {
    private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");
    private static final String COMPONENTS = "#/components/";

    private final JsonNode document;
    private final JsonMapper json;
    private final StringBuilder html = new StringBuilder(200_000);

    private ApiPage(JsonNode document, JsonMapper json) {
        this.document = document;
        this.json = json;
    }

    /** The whole page. Whatever text is in the document is text in the page. */
    static String of(JsonNode document, JsonMapper json) {
        return new ApiPage(document, json).page();
    }

    private String page() {
        JsonNode info = document.path("info");
        String title = text(info, "title") + " " + text(info, "version");
        html.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(escaped(title))
                .append(": HTTP API</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<link rel=\"stylesheet\" href=\"docs/style.css\"></head><body><header><h1>")
                .append(escaped(title))
                .append(": HTTP API</h1>");
        paragraphs(text(info, "description"));
        html.append("<p>For programs: <a href=\"v3/api-docs\">OpenAPI 3.1</a>.</p></header><nav><ul>");
        document.path("tags")
                .forEach(tag -> html.append("<li><a href=\"#")
                        .append(anchor(text(tag, "name")))
                        .append("\">")
                        .append(escaped(text(tag, "name")))
                        .append("</a></li>"));
        html.append("</ul></nav><main>");
        document.path("tags").forEach(this::section);
        return html.append("</main></body></html>\n").toString();
    }

    private void section(JsonNode tag) {
        String name = text(tag, "name");
        html.append("<section id=\"")
                .append(anchor(name))
                .append("\"><h2>")
                .append(escaped(name))
                .append("</h2>");
        paragraphs(text(tag, "description"));
        document.path("paths")
                .forEachEntry((path, methods) -> methods.forEachEntry((method, operation) -> {
                    if (METHODS.contains(method) && isTagged(operation, name)) {
                        operation(method, path, operation, methods.path("parameters"));
                    }
                }));
        html.append("</section>");
    }

    private static boolean isTagged(JsonNode operation, String name) {
        for (JsonNode tag : operation.path("tags")) {
            if (tag.asString("").equals(name)) {
                return true;
            }
        }
        return false;
    }

    private void operation(String method, String path, JsonNode operation, JsonNode shared) {
        html.append("<details id=\"")
                .append(anchor(text(operation, "operationId")))
                .append("\"><summary><code class=\"method\">")
                .append(method.toUpperCase(Locale.ROOT))
                .append("</code> <code>")
                .append(escaped(path))
                .append("</code> <span>")
                .append(inline(text(operation, "summary")))
                .append("</span></summary>");
        paragraphs(text(operation, "description"));
        parameters(List.of(shared, operation.path("parameters")));
        body(resolved(operation.path("requestBody")));
        responses(operation.path("responses"));
        html.append("</details>");
    }

    private void parameters(List<JsonNode> lists) {
        if (lists.stream().allMatch(JsonNode::isEmpty)) {
            return;
        }
        html.append("<h3>Parameters</h3>");
        table("name", "in", "meaning");
        lists.forEach(list -> list.forEach(each -> {
            JsonNode parameter = resolved(each);
            String needed = parameter.path("required").asBoolean(false) ? ", required" : "";
            row(
                    code(text(parameter, "name")),
                    escaped(text(parameter, "in") + needed),
                    inline(text(parameter, "description")));
        }));
        html.append("</table>");
    }

    private void body(JsonNode body) {
        if (body.isMissingNode()) {
            return;
        }
        html.append("<h3>Request</h3>");
        paragraphs(text(body, "description"));
        content(body.path("content"));
    }

    private void content(JsonNode content) {
        content.forEachEntry((type, media) -> {
            html.append("<p>").append(code(type)).append("</p>");
            members(resolved(media.path("schema")));
            media.path("examples").forEach(each -> example(resolved(each).path("value")));
        });
    }

    private void members(JsonNode schema) {
        if (parts(schema).allMatch(part -> part.path("properties").isEmpty())) {
            return;
        }
        table("member", "type", "meaning");
        rows("", schema, List.of());
        html.append("</table>");
    }

    /** A row for each member, and below it those of what it holds, as {@code images[].url}. */
    private void rows(String prefix, JsonNode schema, List<JsonNode> around) {
        parts(schema).forEach(part -> {
            Set<String> required = new TreeSet<>();
            part.path("required").forEach(name -> required.add(name.asString("")));
            part.path("properties").forEachEntry((name, each) -> {
                JsonNode member = known(each);
                row(
                        code(prefix + name),
                        escaped(type(member) + (required.contains(name) ? ", required" : "")),
                        inline(text(member, "description")));
                boolean isList = member.has("items");
                JsonNode held = isList ? known(member.path("items")) : member;
                // A schema that holds itself is shown once.
                if (!around.contains(held)) {
                    List<JsonNode> inner =
                            Stream.concat(around.stream(), Stream.of(held)).toList();
                    rows(prefix + name + (isList ? "[]." : "."), held, inner);
                }
            });
        });
    }

    /** The schemas that hold its members: itself, or all that it is made of. */
    private Stream<JsonNode> parts(JsonNode schema) {
        return Stream.concat(
                Stream.of(schema), schema.path("allOf").valueStream().map(this::resolved));
    }

    /** What a value is where it is not null. */
    private JsonNode known(JsonNode schema) {
        return schema.path("anyOf")
                .valueStream()
                .filter(each -> !text(each, "type").equals("null"))
                .findFirst()
                .map(this::resolved)
                .orElseGet(() -> resolved(schema));
    }

    private String type(JsonNode schema) {
        JsonNode type = schema.path("type");
        String name = type.isArray() ? type.path(0).asString("") : type.asString("");
        String items = schema.has("items") ? type(known(schema.path("items"))) : "";
        return items.isEmpty() ? name : name + " of " + items;
    }

    private void example(JsonNode value) {
        if (!value.isMissingNode()) {
            String text = value.isString()
                    ? value.asString()
                    : json.writerWithDefaultPrettyPrinter().writeValueAsString(value);
            html.append("<pre>").append(escaped(text)).append("</pre>");
        }
    }

    private void responses(JsonNode responses) {
        html.append("<h3>Answers</h3>");
        table("status", "meaning");
        responses.forEachEntry((status, each) -> row(code(status), inline(text(resolved(each), "description"))));
        html.append("</table>");
        responses.forEachEntry((status, each) -> {
            if (status.startsWith("2")) {
                content(resolved(each).path("content"));
            }
        });
    }

    /** What a reference stands for; a node that is none is itself. */
    private JsonNode resolved(JsonNode node) {
        String reference = node.path("$ref").asString("");
        return reference.startsWith(COMPONENTS) ? document.at(reference.substring(1)) : node;
    }

    private void table(String... heads) {
        html.append("<table><tr>");
        for (String head : heads) {
            html.append("<th>").append(head).append("</th>");
        }
        html.append("</tr>");
    }

    private void row(String... cells) {
        html.append("<tr>");
        for (String cell : cells) {
            html.append("<td>").append(cell).append("</td>");
        }
        html.append("</tr>");
    }

    private void paragraphs(String text) {
        for (String paragraph : text.split("\n\n", -1)) {
            if (!paragraph.isBlank()) {
                html.append("<p>").append(inline(paragraph)).append("</p>");
            }
        }
    }

    /** Of Markdown the document uses code alone. */
    private static String inline(String text) {
        return escaped(text).replaceAll("`([^`]*)`", "<code>$1</code>");
    }

    private static String code(String text) {
        return "<code>" + escaped(text) + "</code>";
    }

    private static String anchor(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    }

    private static String text(JsonNode node, String member) {
        return node.path(member).asString("");
    }

    private static String escaped(String text) {
        return HtmlUtils.htmlEscape(text, "UTF-8");
    }
}
