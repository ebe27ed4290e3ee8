package dev.sluice.gateway.outbound.wordpress;

import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import dev.sluice.gateway.outbound.http.ResponseReader;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what one WordPress site writes. Its errors are {@code {"code","message","data":{"status"}}}. */
final class WordPressJson {
    private static final int LONGEST_URL = 2048;
    private static final String ATTACHMENT = "X-WP-Upload-Attachment-ID";
    private static final String NOT_SIGNED_IN =
            " WordPress saw nobody signed in: the user or the application password is wrong, a web server took the field"
                    + " Authorization away, or the site is asked by http, where it takes no application passwords.";

    private final JsonMapper json;
    private final ResponseReader reader;

    WordPressJson(JsonMapper json, WordPressSettings.Site site) {
        this.json = json;
        // As it is sent, as it is shown to people, and as WordPress itself strips it.
        ApiKey password = site.applicationPassword();
        ApiKey unspaced = new ApiKey(password.value().replace(" ", ""));
        this.reader = new ResponseReader(
                "WordPress", json, List.of(site.credentials(), password, unspaced), WordPressJson::errorText);
    }

    ResponseReader reader() {
        return reader;
    }

    byte[] altText(String text) {
        return json.writeValueAsBytes(json.createObjectNode().put("alt_text", text));
    }

    /**
     * The file that was sent. It has a number, so it is there; themes and plugins may leave its addresses empty or
     * relative.
     *
     * @throws ProviderException when the answer has no number
     */
    UploadedMedia sent(JsonNode answer) {
        long id = answer.path("id").asLong(0);
        if (id <= 0) {
            throw reader.brokenResponse("WordPress's answer names no file.", null);
        }
        URI link = url(answer.path("link"));
        URI source = url(answer.path("source_url"));
        UploadedMedia sent = new UploadedMedia(id, link, source, null);
        return link == null || source == null
                ? sent.with("WordPress took the file and tells no usable link to it.")
                : sent;
    }

    /** A page may make a link of it, so a script it must not be. */
    private static @Nullable URI url(JsonNode member) {
        String text = member.asString("");
        try {
            URI url = new URI(text);
            boolean isWeb = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
            return isWeb && url.getHost() != null && text.length() <= LONGEST_URL ? url : null;
        } catch (URISyntaxException garbage) {
            return null;
        }
    }

    /**
     * What an answer other than 2xx means. Some statuses of WordPress, and of the servers in front of it, say less than
     * is known:
     *
     * <ul>
     *   <li>401 {@code rest_…}: a wrong application password is answered exactly like none;
     *   <li>500 {@code rest_upload_…}: the file was looked at and not taken, for example because of its type;
     *   <li>413 without a code: a web server's limit, of which WordPress never heard;
     *   <li>3xx: the site is somewhere else, which its own field says;
     *   <li>{@value #ATTACHMENT}: the file was taken, and what came after it failed.
     * </ul>
     */
    ProviderException refusal(int status, HttpHeaders headers, JsonNode error) {
        String code = error.path("code").asString("");
        ProviderException plain = reader.refusal(status, headers, error);
        if (status >= 300 && status < 400) {
            String location = reader.line(String.valueOf(headers.getFirst(HttpHeaders.LOCATION)));
            return explained(
                    plain, plain.failure(), " It redirects to " + location + ": the site's URL is to lead there.");
        }
        if (status == 401 && code.startsWith("rest_")) {
            return explained(plain, plain.failure(), NOT_SIGNED_IN);
        }
        if (status == 413 && code.isEmpty()) {
            return explained(plain, plain.failure(), " This is the limit of the web server in front of WordPress.");
        }
        if (code.startsWith("rest_upload_")) {
            String message = String.valueOf(plain.getMessage());
            return new ProviderException(
                    ProviderFailure.REFUSED,
                    message.replaceFirst("^WordPress failed", "WordPress refused the file"),
                    plain.retryAfter(),
                    plain.reason());
        }
        String attachment = headers.getFirst(ATTACHMENT);
        return attachment != null && attachment.matches("\\d{1,18}")
                ? explained(plain, plain.failure(), " The file is in the library, with the number " + attachment + ".")
                : plain;
    }

    private static ProviderException explained(ProviderException plain, ProviderFailure failure, String more) {
        return new ProviderException(failure, plain.getMessage() + more, plain.retryAfter(), plain.reason());
    }

    /** The message, without the tags that some of them have, and the code. */
    private static String errorText(JsonNode error) {
        String message = error.path("message").asString("").replaceAll("<[^<>]{0,200}>", "");
        String code = error.path("code").asString("");
        return code.isEmpty() ? message : message + " (" + code + ")";
    }
}
