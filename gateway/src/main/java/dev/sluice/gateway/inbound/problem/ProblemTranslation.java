package dev.sluice.gateway.inbound.problem;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.zipstream.ByteLimitExceededException;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.util.InvalidMimeTypeException;
import org.springframework.web.ErrorResponse;
import reactor.netty.channel.AbortedException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JacksonException.Reference;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.exc.MismatchedInputException;

/** Says which problem an error is. */
final class ProblemTranslation {

    /** The problem that stands for {@code error}; an unknown error becomes one that tells nothing of its inside. */
    GatewayException translate(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            GatewayException known = known(cause);
            if (known != null) {
                return known;
            }
        }
        if (error instanceof ErrorResponse response) {
            return ofStatus(response, error);
        }
        return new GatewayException(
                ProblemCode.INTERNAL_ERROR, "The gateway failed; its log knows the request by its id.", error);
    }

    /** Adds the headers that belong to the error itself, for example {@code Allow}. */
    static void addHeadersOf(Throwable error, HttpHeaders headers) {
        if (error instanceof ErrorResponse response) {
            response.getHeaders().forEach(headers::put);
        }
    }

    private static @Nullable GatewayException known(Throwable cause) {
        return switch (cause) {
            case GatewayException problem -> problem;
            case DataBufferLimitException _ ->
                new GatewayException(ProblemCode.PAYLOAD_TOO_LARGE, "The body is too large.", cause);
            case ByteLimitExceededException limit ->
                new GatewayException(
                        ProblemCode.PAYLOAD_TOO_LARGE,
                        "body: over " + limit.limit() + " bytes (expected: at most " + limit.limit() + ")",
                        cause);
            case AbortedException _ ->
                new GatewayException(
                        ProblemCode.MALFORMED_REQUEST, "The connection ended before the request was whole.", cause);
            case InvalidMimeTypeException type -> badMediaType(type, type.getMimeType());
            case InvalidMediaTypeException type -> badMediaType(type, type.getMediaType());
            // A record that refused its own values is the cause of the mapper's error, and says more.
            case JacksonException json when !(json.getCause() instanceof GatewayException) -> malformed(json);
            default -> null;
        };
    }

    private static GatewayException badMediaType(Exception cause, String value) {
        return new GatewayException(
                ProblemCode.MALFORMED_REQUEST, "Accept or Content-Type: " + value + " (expected: media types)", cause);
    }

    private static GatewayException malformed(JacksonException json) {
        String member = member(json.getPath());
        if (json instanceof InvalidFormatException format) {
            return GatewayException.badMember(
                    ProblemCode.MALFORMED_REQUEST, member, format.getValue(), kind(format.getTargetType()));
        }
        if (json instanceof MismatchedInputException mismatch) {
            return GatewayException.badMember(
                    ProblemCode.MALFORMED_REQUEST, member, "a value of another type", kind(mismatch.getTargetType()));
        }
        String where = json.getLocation() == null
                ? ""
                : " at line " + json.getLocation().getLineNr() + ", column "
                        + json.getLocation().getColumnNr();
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, "no JSON" + where, "a JSON object");
    }

    private static String member(List<Reference> path) {
        StringBuilder member = new StringBuilder();
        for (Reference step : path) {
            String name = step.getPropertyName();
            if (name == null) {
                member.append('[').append(step.getIndex()).append(']');
            } else {
                member.append(member.isEmpty() ? "" : ".").append(name);
            }
        }
        return member.isEmpty() ? "body" : member.toString();
    }

    private static String kind(@Nullable Class<?> type) {
        if (type == null) {
            return "a JSON value of the documented type";
        }
        if (type.isEnum()) {
            return "one of " + enumNames(type);
        }
        if (List.class.isAssignableFrom(type)) {
            return "an array";
        }
        if (CharSequence.class.isAssignableFrom(type)) {
            return "a string";
        }
        if (Number.class.isAssignableFrom(type) || type.isPrimitive()) {
            return "a number";
        }
        return "an object";
    }

    private static List<String> enumNames(Class<?> type) {
        return Arrays.stream(type.getFields())
                .filter(Field::isEnumConstant)
                .map(constant -> {
                    JsonProperty name = constant.getAnnotation(JsonProperty.class);
                    return name == null ? constant.getName() : name.value();
                })
                .toList();
    }

    private static GatewayException ofStatus(ErrorResponse response, Throwable error) {
        HttpStatusCode status = response.getStatusCode();
        String detail = response.getBody().getDetail();
        for (ProblemCode code : ProblemCode.values()) {
            if (code.status().isSameCodeAs(status)) {
                return new GatewayException(code, detail == null ? code.title() : detail, error);
            }
        }
        return status.is4xxClientError()
                ? new GatewayException(ProblemCode.MALFORMED_REQUEST, detail == null ? "Bad request." : detail, error)
                : new GatewayException(ProblemCode.INTERNAL_ERROR, "The gateway failed.", error);
    }
}
