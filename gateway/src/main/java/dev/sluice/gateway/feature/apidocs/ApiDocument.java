package dev.sluice.gateway.feature.apidocs;

import dev.sluice.gateway.contract.http.StrongTag;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The OpenAPI document as it is sent; it never changes while the process runs.
 *
 * @param bytes UTF-8 JSON without blanks; nobody writes to them
 * @param etag of these bytes
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record ApiDocument(byte[] bytes, String etag) {

    /**
     * Reads the document whole.
     *
     * @param version replaces the one in the document; null leaves that
     * @throws tools.jackson.core.JacksonException if it is no JSON object with an object {@code info}
     */
    static ApiDocument read(Resource resource, @Nullable String version, JsonMapper json) throws IOException {
        String text = resource.getContentAsString(StandardCharsets.UTF_8);
        ObjectNode document = json.readTree(text).asObject();
        if (version != null) {
            document.required("info").asObject().put("version", version);
        }
        byte[] bytes = json.writeValueAsBytes(document);
        return new ApiDocument(bytes, StrongTag.of(StrongTag.digest().digest(bytes)));
    }
}
