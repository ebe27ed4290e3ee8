package dev.sluice.gateway.outbound.provider;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what one WordPress site writes. Its errors are {@code {"code","message","data":{"status"}}}. */
final class WordPressJson {
    private static final int LONGEST_URL = 2048;

    private final JsonMapper json;
    private final ProviderReader reader;

    WordPressJson(JsonMapper json, WordPressSite site) {
        this.json = json;
        // As it is sent, as it is shown to people, and as WordPress itself strips it.
        ApiKey password = site.applicationPassword();
        ApiKey unspaced = new ApiKey(password.value().replace(" ", ""));
        this.reader = new ProviderReader(
                "WordPress", json, List.of(site.credentials(), password, unspaced), WordPressJson::errorText);
    }

    ProviderReader reader() {
        return reader;
    }

    byte[] altText(String text) {
        return json.writeValueAsBytes(json.createObjectNode().put("alt_text", text));
    }

    /**
     * The file that was sent.
     *
     * @throws ProviderException when the answer names none
     */
    SentMedia sent(JsonNode answer) {
        long id = answer.path("id").asLong(0);
        if (id <= 0) {
            throw reader.broken("WordPress's answer names no file.", null);
        }
        return new SentMedia(id, url(answer.path("link")), url(answer.path("source_url")), null);
    }

    /** A page may make a link of it, so a script it must not be. */
    private URI url(JsonNode member) {
        String text = member.asString("");
        try {
            URI url = new URI(text);
            if (text.length() <= LONGEST_URL && ("https".equals(url.getScheme()) || "http".equals(url.getScheme()))) {
                return url;
            }
        } catch (URISyntaxException garbage) {
            throw reader.broken("WordPress's answer names no file.", garbage);
        }
        throw reader.broken("WordPress's answer names no file.", null);
    }

    /** The message, without the tags that some of them have, and the code. */
    private static String errorText(JsonNode error) {
        String message = error.path("message").asString("").replaceAll("<[^<>]{0,200}>", "");
        String code = error.path("code").asString("");
        return code.isEmpty() ? message : message + " (" + code + ")";
    }
}
