package dev.sluice.gateway.feature.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The API as people read it. */
class ApiPageTest {
    private static final JsonMapper JSON = JsonMapper.shared();

    @Test
    void pageTellsOfEveryOperationAndRunsNoScript() {
        try (RunningGateway gateway = RunningGateway.start(Map.of())) {
            HttpResponse<byte[]> answer = page(gateway);
            String page = new String(answer.body(), StandardCharsets.UTF_8);

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
            assertThat(answer.headers().firstValue("Content-Security-Policy"))
                    .get()
                    .asString()
                    .startsWith("default-src 'none'")
                    .contains("trusted-types 'none'")
                    .doesNotContain("unsafe", "script-src");
            assertThat(page).doesNotContain("<script", " style=", "$ref").hasSizeGreaterThan(50_000);
            JsonNode document = JSON.readTree(gateway.get("/v3/api-docs").body());
            document.path("paths")
                    .forEachEntry((path, methods) -> methods.forEachEntry((method, operation) -> {
                        if (operation.has("operationId") && !method.equals("head")) {
                            assertThat(page).contains("<code>" + path + "</code>");
                        }
                    }));
            assertThat(gateway.get("/docs/style.css").headers().firstValue("Content-Type"))
                    .hasValue("text/css;charset=UTF-8");
        }
    }

    @Test
    void textOfTheDocumentIsTextInThePage() {
        JsonNode document = JSON.readTree("""
                {"info":{"title":"<b>","version":"1"},"tags":[{"name":"A"}],
                 "paths":{"/x":{"get":{"tags":["A"],"operationId":"x","summary":"a `<i>` & b","responses":{}}}}}
                """);
        assertThat(ApiPage.of(document, JSON))
                .contains("&lt;b&gt; 1", "a <code>&lt;i&gt;</code> &amp; b")
                .doesNotContain("<b>", "<i>");
    }

    @Test
    void membersOfMembersAreShownAtEveryDepth() {
        JsonNode document = JSON.readTree("""
                {"tags":[{"name":"A"}],
                 "paths":{"/x":{"post":{"tags":["A"],"operationId":"x","responses":{},
                   "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Order"}}}}}}},
                 "components":{"schemas":{
                   "Order":{"allOf":[{"$ref":"#/components/schemas/Named"},{"type":"object","properties":{
                     "images":{"type":"array","items":{"$ref":"#/components/schemas/Image"}},
                     "sizes":{"type":["array","null"],"items":{"type":"integer"}},
                     "cost":{"anyOf":[{"$ref":"#/components/schemas/Cost"},{"type":"null"}]}}}]},
                   "Named":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}},
                   "Image":{"type":"object","required":["url"],"properties":{
                     "url":{"type":"string","description":"Where it is."},
                     "like":{"$ref":"#/components/schemas/Image"}}},
                   "Cost":{"type":"object","description":"What it costs.","properties":{"tokens":{"type":"integer"}}}}}}
                """);
        assertThat(ApiPage.of(document, JSON))
                .contains(
                        row("name", "string, required", ""),
                        row("images", "array of object", ""),
                        row("images[].url", "string, required", "Where it is."),
                        row("images[].like", "object", ""),
                        row("sizes", "array of integer", ""),
                        row("cost", "object", "What it costs."),
                        row("cost.tokens", "integer", ""))
                .doesNotContain("images[].like.");
    }

    private static String row(String member, String type, String meaning) {
        return "<tr><td><code>" + member + "</code></td><td>" + type + "</td><td>" + meaning + "</td></tr>";
    }

    @Test
    void thereIsNoPageWithoutTheWebApp() {
        try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.web-app.enabled", "false"))) {
            assertThat(page(gateway).statusCode()).isEqualTo(404);
            assertThat(gateway.get("/v3/api-docs").statusCode()).isEqualTo(200);
        }
    }

    private static HttpResponse<byte[]> page(RunningGateway gateway) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/docs")).header("Accept", "text/html"));
    }
}
