package dev.sluice.gateway.contract;

import java.util.Locale;
import org.springframework.http.HttpStatus;

/**
 * Every error code a caller may meet, with its HTTP status and title. Codes are stable: clients match on them.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457, problem details</a>
 */
public enum ProblemCode {
    /** The request cannot be read, or a member of it is missing, of the wrong type or out of bounds. */
    MALFORMED_REQUEST(HttpStatus.BAD_REQUEST, "The request cannot be read"),
    /** More images than one request may name. */
    TOO_MANY_IMAGES(HttpStatus.BAD_REQUEST, "Too many images"),
    /** An image is announced as of a type that is not taken. */
    UNSUPPORTED_IMAGE_TYPE(HttpStatus.BAD_REQUEST, "The image type is not supported"),
    /** An image is announced as larger than one may be. */
    IMAGE_TOO_LARGE(HttpStatus.BAD_REQUEST, "The image is too large"),
    /** The URL to fetch is not an absolute http or https URL, or names a port that may not be reached. */
    INVALID_URL(HttpStatus.BAD_REQUEST, "Not a URL that can be fetched"),
    /** The URL to fetch is neither http nor https. */
    UNSUPPORTED_SCHEME(HttpStatus.BAD_REQUEST, "The scheme is not supported"),
    /** No credentials, or none that are valid. */
    UNAUTHENTICATED(HttpStatus.UNAUTHORIZED, "Not signed in"),
    /** The caller is known and may not do this. */
    FORBIDDEN(HttpStatus.FORBIDDEN, "Forbidden"),
    /** The page that sends the request has an origin that is not allowed. */
    INVALID_ORIGIN(HttpStatus.FORBIDDEN, "The origin is not allowed"),
    /** No such resource, or not for this caller. */
    NOT_FOUND(HttpStatus.NOT_FOUND, "Not found"),
    /** What the origin answered is no image. */
    NOT_AN_IMAGE(HttpStatus.NOT_FOUND, "Not an image"),
    /** The resource exists and does not support the method. */
    METHOD_NOT_ALLOWED(HttpStatus.METHOD_NOT_ALLOWED, "Method not allowed"),
    /** None of the representations that the caller accepts exists. */
    NOT_ACCEPTABLE(HttpStatus.NOT_ACCEPTABLE, "Not acceptable"),
    /** Something uses the image, so it is not deleted. */
    IMAGE_IN_USE(HttpStatus.CONFLICT, "The image is in use"),
    /** The resource is not in a state in which that can be done. */
    CONFLICT(HttpStatus.CONFLICT, "Conflict"),
    /** The body did not arrive in time. */
    REQUEST_TIMEOUT(HttpStatus.REQUEST_TIMEOUT, "The request took too long"),
    /** The body is larger than the route admits. */
    PAYLOAD_TOO_LARGE(HttpStatus.CONTENT_TOO_LARGE, "The body is too large"),
    /** The request line is longer than the server reads. */
    URI_TOO_LONG(HttpStatus.URI_TOO_LONG, "The request line is too long"),
    /** The body is of a type that the route does not read. */
    UNSUPPORTED_MEDIA_TYPE(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
    /** The resource is shorter than the range that is asked for. */
    RANGE_NOT_SATISFIABLE(HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "The range is beyond the end"),
    /** What was sent or fetched as an image is none that can be kept. */
    INVALID_IMAGE(HttpStatus.UNPROCESSABLE_CONTENT, "Not an image that can be kept"),
    /** A provider read the prompt, or its own answer, and will not have it; the same prompt will fare no better. */
    PROMPT_REJECTED(HttpStatus.UNPROCESSABLE_CONTENT, "The prompt was rejected"),
    /** Too many requests from one address or caller. */
    RATE_LIMITED(HttpStatus.TOO_MANY_REQUESTS, "Too many requests"),
    /** The caller's quota is used up. */
    QUOTA_EXCEEDED(HttpStatus.TOO_MANY_REQUESTS, "The quota is used up"),
    /** Too many requests to this one endpoint. */
    ENDPOINT_THROTTLED(HttpStatus.TOO_MANY_REQUESTS, "Too many requests to this endpoint"),
    /** The caller has as many requests under way as it may have. */
    TOO_MANY_CONCURRENT(HttpStatus.TOO_MANY_REQUESTS, "Too many requests at once"),
    /** The header fields together are larger than the server reads. */
    HEADER_FIELDS_TOO_LARGE(HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too large"),
    /** A fault of the gateway's own. */
    INTERNAL_ERROR(HttpStatus.INTERNAL_SERVER_ERROR, "Internal error"),
    /** No resource here knows such a method, nor the server such a coding. */
    NOT_IMPLEMENTED(HttpStatus.NOT_IMPLEMENTED, "Not implemented"),
    /** Not one of the images named could be fetched, or the request wanted all and one failed. */
    NO_IMAGE_AVAILABLE(HttpStatus.BAD_GATEWAY, "No image available"),
    /** One of the images failed and the request wants all or nothing. */
    UPSTREAM_FAILED(HttpStatus.BAD_GATEWAY, "An upstream failed"),
    /** A provider ended its answer before it was whole; what it wrote until then is told. */
    ANSWER_INCOMPLETE(HttpStatus.BAD_GATEWAY, "The answer is not complete"),
    /** The store did not do what was asked of it. */
    STORAGE_FAILED(HttpStatus.BAD_GATEWAY, "The store failed"),
    /** The store of all images is not there: its bucket was deleted, or its directory is not mounted. */
    STORAGE_MISSING(HttpStatus.SERVICE_UNAVAILABLE, "The store is not there"),
    /** The database did not do what was asked of it. */
    DATABASE_FAILED(HttpStatus.SERVICE_UNAVAILABLE, "The database failed"),
    /** No room at present; nothing was started. */
    OVERLOADED(HttpStatus.SERVICE_UNAVAILABLE, "Overloaded"),
    /** What everybody together may spend for now is spent. */
    BUDGET_EXCEEDED(HttpStatus.SERVICE_UNAVAILABLE, "The budget is used up"),
    /** What is left of a quota or budget cannot be known at present, so nothing is spent. */
    LIMITS_UNAVAILABLE(HttpStatus.SERVICE_UNAVAILABLE, "Limits are unavailable"),
    /** The provider that would do this has no key. */
    PROVIDER_NOT_CONFIGURED(HttpStatus.SERVICE_UNAVAILABLE, "The provider is not configured"),
    /** A provider refuses for now and says when to come back. */
    PROVIDER_BUSY(HttpStatus.SERVICE_UNAVAILABLE, "The provider is busy"),
    /** The caller's images would take more of the store than they may; RFC 4331 section 6 answers so. */
    STORAGE_QUOTA_EXCEEDED(HttpStatus.INSUFFICIENT_STORAGE, "No room left for your images"),
    /** An origin or provider did not answer in time. */
    UPSTREAM_TIMEOUT(HttpStatus.GATEWAY_TIMEOUT, "The upstream did not answer in time");

    private final HttpStatus status;
    private final String title;

    ProblemCode(HttpStatus status, String title) {
        this.status = status;
        this.title = title;
    }

    /** The code as it stands in the body, for example {@code too_many_images}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The HTTP status that goes with the code. */
    public HttpStatus status() {
        return status;
    }

    /** A short summary for people, the same at every occurrence. */
    public String title() {
        return title;
    }
}
