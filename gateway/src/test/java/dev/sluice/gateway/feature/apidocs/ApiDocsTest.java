package dev.sluice.gateway.feature.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.ByteWords;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.feature.apidocs.OpenApi.Operation;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.info.BuildProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The document tells of every endpoint what it is, and of none that is not. Who adds an endpoint is told here. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiDocsTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String PATH = "/v3/api-docs";
    private static final Pattern VARIABLE = Pattern.compile("\\{(\\w+)}");
    private static final Pattern IMAGE_URL = Pattern.compile("https://images\\.example/[^\"]*");

    /** Told by the one endpoint whose problems repeat their detail. */
    private static final Set<ProblemCode> OF_ANNOUNCEMENTS =
            Set.of(ProblemCode.UNSUPPORTED_IMAGE_TYPE, ProblemCode.IMAGE_TOO_LARGE);

    private HostileOrigin origin;
    private RunningGateway gateway;
    private OpenApi api;
    private List<Endpoint> endpoints;
    private String token;
    private Map<String, String> variables;

    record Declared(List<Endpoint> endpoints) {}

    @Configuration(proxyBeanMethods = false)
    static class AllEndpoints {
        @Bean
        Declared declaredEndpoints(ObjectProvider<FeatureRoutes> features) {
            return new Declared(features.stream()
                    .flatMap(feature -> feature.endpoints().stream())
                    // Pages for people are no API.
                    .filter(endpoint -> !endpoint.name().startsWith("web."))
                    .toList());
        }
    }

    @BeforeAll
    void start() throws IOException {
        origin = HostileOrigin.start().on("/picture.png", Behaviours.image(picture()));
        Map<String, String> settings = Map.of(
                "sluice.samples.enabled", "true",
                "sluice.samples.port", "0",
                "sluice.assistant.provider", "echo");
        gateway = RunningGateway.start(origin, settings, AllEndpoints.class);
        api = new OpenApi(json(gateway.get(PATH)));
        endpoints = gateway.bean(Declared.class).endpoints();
        token = gateway.signIn("alice", "user", "super-admin");
        variables = variables();
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    private static byte[] picture() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }

    /** What really exists and what is named at will. */
    private Map<String, String> variables() {
        Map<String, String> all = new HashMap<>();
        api.document()
                .at("/components/parameters")
                .forEachEntry((name, parameter) ->
                        all.put(name, parameter.path("example").asString("")));
        String url = "{\"url\":\"" + origin.url("/picture.png") + "\"}";
        all.put(
                "id",
                json(send("POST", "/api/images/imports", url)).required("id").stringValue());
        return all;
    }

    private boolean takesHeic() {
        return json(send("GET", "/api/uploads", "")).path("types").toString().contains("image/heic");
    }

    private HttpResponse<byte[]> send(String method, String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer " + token)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        return gateway.send(body.isEmpty() ? request : request.header("Content-Type", "application/json"));
    }

    private static JsonNode json(HttpResponse<byte[]> answer) {
        return JSON.readTree(answer.body());
    }

    private static String operationId(Endpoint endpoint) {
        // Two operations must not share an id, and the endpoints of a GET and its HEAD share a name.
        return endpoint.name() + (endpoint.method().equals(HttpMethod.HEAD) ? ".head" : "");
    }

    private static Set<String> names(List<MediaType> types) {
        return types.stream().map(MediaType::toString).collect(Collectors.toSet());
    }

    @Test
    void everyEndpointIsDocumentedUnderItsNameAndNothingElseIs() {
        assertThat(api.operations().stream()
                        .map(operation -> operation + " " + operation.id())
                        .toList())
                .containsExactlyInAnyOrderElementsOf(endpoints.stream()
                        .map(endpoint -> endpoint.method() + " " + endpoint.path() + " " + operationId(endpoint))
                        .toList());
    }

    @Test
    void operationTellsWhatItsEndpointDeclares() {
        for (Endpoint endpoint : endpoints) {
            Operation operation = api.operation(operationId(endpoint));
            JsonNode content = operation.content();

            assertThat(content.path("summary").asString(""))
                    .as(operation + " summary")
                    .isNotBlank();
            assertThat(content.path("requestBody").path("content").propertyNames())
                    .as(operation + " reads")
                    .containsExactlyInAnyOrderElementsOf(names(endpoint.consumes()));
            assertThat(pathParameters(content)).as(operation + " parameters").isEqualTo(variablesOf(endpoint.path()));
            assertThat(open(content)).as(operation + " access").isEqualTo(endpoint.access());
            assertThat(success(content).propertyNames().stream())
                    .as(operation + " succeeds")
                    .anyMatch(status -> status.startsWith("2"));
            if (!endpoint.produces().contains(MediaType.ALL)) {
                Set<String> produced = success(content)
                        .valueStream()
                        .flatMap(answer -> answer.path("content").propertyNames().stream())
                        .filter(type -> !type.startsWith("multipart/"))
                        .collect(Collectors.toSet());
                assertThat(produced)
                        .as(operation + " answers")
                        .isEqualTo(endpoint.method().equals(HttpMethod.HEAD) ? Set.of() : names(endpoint.produces()));
            }
        }
    }

    @Test
    void bodiesMayBeAsLargeAsDocumented() {
        for (Endpoint endpoint : endpoints) {
            JsonNode body = api.operation(operationId(endpoint)).content().path("requestBody");
            if (!body.isMissingNode()) {
                assertThat(body.path("description").asString(""))
                        .as(endpoint.method() + " " + endpoint.path())
                        .startsWith("At most " + ByteWords.of(endpoint.maxBody().toBytes()) + ".");
            }
        }
    }

    /** Where the document tells a number that can be configured, and the setting whose default that is. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/components/schemas/ZipRequest/properties/images/description | {} at most | sluice.zip.max-images",
                "/components/schemas/ZipLinkRequest/properties/images/description | {} at most | sluice.zip.max-images",
                "/paths/~1api~1zip~1links/post/description | For {} | sluice.zip.link-ttl",
                "/paths/~1api~1images~1zip/post/description | For {} | sluice.gallery.archive-links.ttl",
                "/components/schemas/SignRequest/properties/urls/maxItems | {} | sluice.image-proxy.max-urls",
                "/components/schemas/PreviewRequest/properties/urls/maxItems | {} | sluice.image-proxy.max-urls",
                "/components/schemas/TrainingRequest/properties/images/description | {} to | sluice.training.min-images",
                "/components/schemas/TrainingRequest/properties/images/description | to {} unless | sluice.training.max-images",
                "/paths/~1api~1images~1{id}~1usages~1{kind}~1{ref}/put/description | have {} usages | sluice.quota.usages",
                "/components/schemas/UploadWish/properties/fileSize/maximum | {} | sluice.uploads.max-image-size",
                "/paths/~1api~1uploads~1{token}/put/requestBody/description | At most {}. | sluice.uploads.max-image-size",
            })
    void numbersThatCanBeConfiguredAreToldByTheirDefaults(String place, String words, String setting)
            throws IOException {
        JsonNode metadata = JSON.readTree(
                Files.readString(Path.of("target", "classes", "META-INF", "spring-configuration-metadata.json")));
        String value = metadata.required("properties")
                .valueStream()
                .filter(property -> property.required("name").stringValue().equals(setting))
                .map(property -> property.required("defaultValue").asString())
                .findFirst()
                .orElseThrow();

        assertThat(spellings(value).map(each -> words.replace("{}", each)))
                .as(setting + " is " + value)
                .anyMatch(api.document().at(place).asString("")::contains);
    }

    /** How a size, a time or a number may be written. */
    private static Stream<String> spellings(String value) {
        if (value.matches("\\d+")) {
            return Stream.of(value, String.format(Locale.ROOT, "%,d", Long.parseLong(value)));
        }
        if (value.matches("\\d+m")) {
            return Stream.of(value.replace("m", " minutes"));
        }
        long bytes = DataSize.parse(value).toBytes();
        return Stream.of(ByteWords.of(bytes), Long.toString(bytes));
    }

    private static JsonNode success(JsonNode operation) {
        var answers = JSON.createObjectNode();
        operation.required("responses").forEachEntry((status, answer) -> {
            if (status.startsWith("2")) {
                answers.set(status, answer);
            }
        });
        return answers;
    }

    private Set<String> pathParameters(JsonNode operation) {
        return operation
                .path("parameters")
                .valueStream()
                .map(api::resolved)
                .filter(parameter -> "path".equals(parameter.path("in").asString("")))
                .map(parameter -> parameter.required("name").stringValue())
                .collect(Collectors.toSet());
    }

    private static Set<String> variablesOf(String path) {
        return VARIABLE.matcher(path).results().map(found -> found.group(1)).collect(Collectors.toSet());
    }

    /** No credentials, credentials that may be left out, or some; of these, for admins where others are forbidden. */
    private Access open(JsonNode operation) {
        JsonNode security = operation.required("security");
        if (security.isEmpty()) {
            return Access.PUBLIC;
        }
        if (security.valueStream().anyMatch(JsonNode::isEmpty)) {
            return Access.ANONYMOUS;
        }
        JsonNode path = operation.required("operationId");
        return endpoints.stream()
                .filter(endpoint -> operationId(endpoint).equals(path.stringValue()))
                .map(Endpoint::access)
                .filter(Access.ADMIN::equals)
                .filter(admin ->
                        codes(operation.required("responses").path("403")).contains("forbidden"))
                .findFirst()
                .orElse(Access.USER);
    }

    /** The problem codes that an answer may have: it has an example of each. */
    private List<String> codes(JsonNode answer) {
        return List.copyOf(api.resolved(answer)
                .path("content")
                .path("application/problem+json")
                .path("examples")
                .propertyNames());
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        List<String> lost = api.objects()
                .filter(node -> node.has("$ref"))
                .filter(node -> api.resolved(node).isMissingNode())
                .map(node -> node.required("$ref").stringValue())
                .toList();

        assertThat(lost).isEmpty();
    }

    /** Generators take only the reference of such a schema, or only what stands beside it. */
    @Test
    void nothingStandsBesideAReference() {
        assertThat(api.objects().filter(node -> node.has("$ref") && node.size() > 1))
                .isEmpty();
    }

    @Test
    void everyBodyOfJsonHasExamplesThatFitItsSchema() {
        List<JsonNode> bodies = api.objects()
                .flatMap(node -> node.path("content").properties().stream())
                .filter(type -> type.getKey().endsWith("json"))
                .map(Map.Entry::getValue)
                .toList();

        assertThat(bodies).hasSizeGreaterThan(20).allSatisfy(body -> {
            assertThat(api.examples(body)).isNotEmpty();
            for (JsonNode example : api.examples(body)) {
                assertThat(api.faults(body.required("schema"), example, "example"))
                        .isEmpty();
            }
        });
    }

    @Test
    void problemCodesAreThoseOfTheGateway() {
        JsonNode components = api.document().required("components");
        String[] codes =
                Arrays.stream(ProblemCode.values()).map(ProblemCode::code).toArray(String[]::new);

        assertThat(OpenApi.words(components.at("/schemas/Problem/properties/code/enum")))
                .containsExactlyInAnyOrder(codes);
        for (ProblemCode code : ProblemCode.values()) {
            JsonNode example = components.path("examples").path(code.code()).path("value");
            assertThat(example.path("code").asString("")).isEqualTo(code.code());
            assertThat(example.path("error").asString(""))
                    .isEqualTo(
                            OF_ANNOUNCEMENTS.contains(code)
                                    ? example.path("detail").stringValue()
                                    : code.code());
            assertThat(example.path("title").asString("")).isEqualTo(code.title());
            assertThat(example.path("status").asInt(0)).isEqualTo(code.status().value());
        }
    }

    @Test
    void errorsHaveTheStatusOfTheirCodes() {
        for (Operation operation : api.operations()) {
            operation.content().required("responses").forEachEntry((status, answer) -> {
                boolean bodiless = operation.method().equals("HEAD") || status.equals("412");
                if (status.compareTo("400") >= 0 && !bodiless) {
                    assertThat(codes(answer))
                            .as(operation + " " + status)
                            .isNotEmpty()
                            .allSatisfy(code -> assertThat(ofCode(code)).isEqualTo(status));
                }
            });
        }
    }

    @Test
    void pathWithAVariableMayBeMalformed() {
        for (Operation operation : api.operations()) {
            if (!pathParameters(operation.content()).isEmpty()) {
                assertThat(operation.content().required("responses").propertyNames())
                        .as(operation.toString())
                        .contains("400");
            }
        }
    }

    private static String ofCode(String code) {
        return Stream.of(ProblemCode.values())
                .filter(known -> known.code().equals(code))
                .map(known -> String.valueOf(known.status().value()))
                .findFirst()
                .orElse("unknown");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zip.create",
                "zip.link",
                "zip.base64",
                "image.sign",
                "image.preview",
                "ai.proxy",
                "gallery.list",
                "gallery.storage",
                "gallery.generate",
                "gallery.import",
                "gallery.show",
                "gallery.describe",
                "gallery.use",
                "gallery.release",
                "gallery.bulk-delete",
                "gallery.admin.list",
                "upload.show",
                "upload.intent",
                "session.begin",
                "session.show",
                "session.end",
                "limits.show",
                "overview.show",
                "samples.list",
                "docs.show",
            })
    void documentedRequestsAreTakenAndAnsweredAsDocumented(String id) {
        Operation operation = api.operation(id);
        JsonNode body = operation.content().path("requestBody");
        List<String> requests = body.isMissingNode()
                ? List.of("")
                : api.examples(body.required("content").required("application/json")).stream()
                        .map(JsonNode::toString)
                        .map(text -> IMAGE_URL.matcher(text).replaceAll(origin.url("/picture.png")))
                        .map(text -> takesHeic() ? text : text.replace("image/heic", "image/png"))
                        .toList();

        for (String request : requests) {
            if (id.equals("gallery.release")) { // what it takes back
                send("PUT", path(operation), "{\"role\":\"featured\"}");
            }
            HttpResponse<byte[]> answer = send(operation.method(), path(operation), request);

            String status = String.valueOf(answer.statusCode());
            assertThat(status).as(request).startsWith("2");
            assertThat(success(operation.content()).propertyNames()).contains(status);
            JsonNode types = success(operation.content()).required(status).path("content");
            if (types.has("application/json")) {
                assertThat(api.faults(types.required("application/json").required("schema"), json(answer), id))
                        .isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zip.create",
                "zip.link",
                "zip.base64",
                "ai.proxy",
                "training.start",
                "gallery.generate",
                "gallery.import",
                "gallery.describe",
                "gallery.zip.link",
                "gallery.wordpress",
                "upload.intent",
                "session.begin",
            })
    void nullForWhatNeedNotBeThereIsAsIfItWereNotThere(String id) {
        Operation operation = api.operation(id);
        JsonNode body = operation.content().required("requestBody").at("/content/application~1json");
        JsonNode schema = body.required("schema");
        for (JsonNode example : api.examples(body)) {
            JsonNode without =
                    JSON.readTree(IMAGE_URL.matcher(example.toString()).replaceAll(origin.url("/picture.png")));
            JsonNode withNulls = without.deepCopy();
            api.objects(schema, without, (object, optional) -> object.remove(optional));
            api.objects(schema, withNulls, (object, optional) -> optional.forEach(object::putNull));

            assertThat(api.faults(schema, withNulls, id)).isEmpty();
            assertThat(withNulls).isNotEqualTo(without);
            HttpResponse<byte[]> expected = send(operation.method(), path(operation), without.toString());
            HttpResponse<byte[]> answer = send(operation.method(), path(operation), withNulls.toString());
            assertThat(answer.statusCode())
                    .as(new String(answer.body(), StandardCharsets.UTF_8))
                    .isEqualTo(expected.statusCode());
        }
    }

    private String path(Operation operation) {
        return VARIABLE.matcher(operation.path()).replaceAll((MatchResult found) -> variables.get(found.group(1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "zip.create | /api/zip | {} | 400",
                "zip.create | /api/zip | {\"images\":[{\"url\":\"http://10.0.0.1/a.png\"}]} | 502",
                "zip.download | /api/zip/links/x | '' | 404",
                "image.proxy | /api/image-proxy | '' | 400",
                "image.proxy | /api/image-proxy?url=http://10.0.0.1/a.png | '' | 502",
                "image.proxy | /api/image-proxy?url=http://10.0.0.1/a.png&w=7 | '' | 400",
                "image.cache.show | /api/admin/image-proxy?url=http://127.0.0.1/ | '' | 400",
                "gallery.generate | /api/images/generations | {\"prompt\":7} | 400",
                "gallery.generate | /api/images/generations | {\"prompt\":\"a cat\",\"aspectRatio\":\"1:9\"} | 400",
                "gallery.import | /api/images/imports | {\"url\":\"http://10.0.0.1/a.png\"} | 502",
                "gallery.show | /api/images/0b6d1c1e-6f1e-4a39-9d0e-5f5f3f0f8a11 | '' | 404",
                "gallery.wordpress | /api/images/0b6d1c1e-6f1e-4a39-9d0e-5f5f3f0f8a11/wordpress | {} | 503",
                "training.start | /api/lora/train | {} | 400",
                "training.start | /api/lora/train | {\"images\":[{\"url\":\"a\"},{\"url\":\"b\"},{\"url\":\"c\"},{\"url\":\"d\"}],\"triggerWord\":\"w\"} | 503",
                "training.show | /api/lora/train/x.y | '' | 404",
                "upload.intent | /api/v1/hosts/alice/listings/submit-intent | {\"images\":[]} | 400",
                "upload.intent | /api/v1/hosts/alice/listings/submit-intent | {\"images\":[{\"imageId\":\"a\","
                        + "\"contentType\":\"image/bmp\",\"fileSize\":1}]} | 400",
                "upload.intent | /api/v1/hosts/alice/listings/submit-intent | {\"images\":[{\"imageId\":\"a\","
                        + "\"contentType\":\"image/png\",\"fileSize\":10485761}]} | 400",
                "upload.intent | /api/v1/hosts/bob/listings/submit-intent | {} | 404",
                "upload.put | /api/uploads/x?sig=y | {} | 415",
                "upload.complete | /api/v1/hosts/alice/listings/house-7/images/none/complete | '' | 404",
                "limits.show | /api/admin/limits/nobody | '' | 400",
            })
    void refusalsAreAsDocumented(String id, String path, String body, String status) {
        Operation operation = api.operation(id);
        HttpResponse<byte[]> answer = send(operation.method(), path, body);

        assertThat(String.valueOf(answer.statusCode())).isEqualTo(status);
        JsonNode documented =
                api.resolved(operation.content().required("responses").path(status));
        assertThat(api.faults(documented.at("/content/application~1problem+json/schema"), json(answer), id))
                .isEmpty();
    }

    @Test
    void uploadIsAnsweredAsDocumented() throws IOException {
        byte[] picture = picture();
        String wish = "{\"listingId\":\"documented\",\"images\":[{\"imageId\":\"front\",\"contentType\":\"image/png\","
                + "\"fileSize\":" + picture.length + ",\"isPrimary\":true,\"displayOrder\":1}]}";
        JsonNode signed = json(send("POST", "/api/v1/hosts/alice/listings/submit-intent", wish))
                .at("/imageUploadUrls/0");
        URI url = URI.create(signed.required("uploadUrl").stringValue());
        HttpRequest.Builder put = HttpRequest.newBuilder(url).PUT(BodyPublishers.ofByteArray(picture));
        signed.required("headers").forEachEntry((name, value) -> {
            if (!name.equals("content-length")) { // which the client sets by itself
                put.header(name, value.stringValue());
            }
        });
        String completion = "/api/v1/hosts/alice/listings/documented/images/front/complete";
        JsonNode completed = api.operation("upload.complete").content().at("/responses");

        HttpResponse<byte[]> early = send("POST", completion, "");
        assertThat(early.statusCode()).isEqualTo(409);
        assertThat(api.faults(ofProblem(completed.path("409")), json(early), "early"))
                .isEmpty();
        assertThat(gateway.send(put).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> again = gateway.send(put);
        JsonNode taken = api.operation("upload.put").content().at("/responses/409");
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(api.faults(ofProblem(taken), json(again), "again")).isEmpty();
        HttpResponse<byte[]> image = send("POST", completion, "");
        assertThat(image.statusCode()).isEqualTo(200);
        assertThat(api.faults(completed.at("/200/content/application~1json/schema"), json(image), "image"))
                .isEmpty();
        String id = json(image).required("id").stringValue();
        JsonNode shown = api.operation("gallery.show").content().at("/responses/200/content/application~1json/schema");
        assertThat(api.faults(shown, json(send("GET", "/api/images/" + id, "")), "shown"))
                .isEmpty();
    }

    private JsonNode ofProblem(JsonNode answer) {
        return api.resolved(answer).at("/content/application~1problem+json/schema");
    }

    @Test
    void clientThatHasTheDocumentIsToldSo() {
        HttpResponse<byte[]> whole = gateway.get(PATH);
        String etag = whole.headers().firstValue("ETag").orElseThrow();

        assertThat(whole.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(whole.headers().firstValue("Cache-Control")).hasValue("no-cache");
        HttpResponse<byte[]> again =
                gateway.send(HttpRequest.newBuilder(gateway.uri(PATH)).header("If-None-Match", etag));
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void versionIsThatOfTheBuild() throws IOException {
        byte[] text = "{\"info\":{\"version\":\"none\"}}".getBytes(StandardCharsets.UTF_8);

        ApiDocument document = ApiDocument.read(new ByteArrayResource(text), "1.2.3", JSON);

        assertThat(new String(document.bytes(), StandardCharsets.UTF_8))
                .isEqualTo("{\"info\":{\"version\":\"1.2.3\"}}");
        assertThat(api.document().at("/info/version").asString(""))
                .isEqualTo(gateway.bean(BuildProperties.class).getVersion());
    }
}
