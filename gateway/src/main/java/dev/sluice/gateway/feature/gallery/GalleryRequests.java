package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageCursor;
import dev.sluice.gateway.outbound.database.image.ImageDescription;
import dev.sluice.gateway.outbound.database.image.ImageFilter;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.reactive.function.server.ServerRequest;

/** Reads what requests about images say, and says precisely what is wrong with them. */
final class GalleryRequests {
    static final int LONGEST_ALT = 500;
    static final int MOST_IN_ARCHIVE = 500;
    private static final int LARGEST_PAGE = 100;
    private static final int DEFAULT_PAGE = 20;
    private static final int MOST_PAGES = 1_000_000;
    private static final int LONGEST_TEXT = 200;
    static final int LONGEST_NAME = 255;
    private static final Set<String> LISTING = Set.of("status", "projectId", "q", "page", "after", "size");
    private static final Pattern UUID_TEXT = Pattern.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}");

    private GalleryRequests() {}

    /**
     * Which part of a listing.
     *
     * @param filter what it is narrowed to
     * @param page from 1; 1 beside a cursor
     * @param after the cursor that it follows; null for the page
     * @param size 1 to 100
     */
    record Listing(ImageFilter filter, int page, @Nullable ImageCursor after, int size) {}

    /**
     * {@code status}, {@code projectId}, {@code q}, {@code page} or {@code after}, and {@code size}, and nothing else.
     */
    static Listing listing(ServerRequest request) {
        MultiValueMap<String, String> given = request.queryParams();
        given.forEach((name, values) -> {
            if (!LISTING.contains(name)) {
                throw bad(
                        name,
                        values.getFirst(),
                        "one of " + LISTING.stream().sorted().toList());
            }
            if (values.size() != 1) {
                throw bad(name, values.size() + " of them", "one");
            }
        });
        String status = given.getFirst("status");
        String text = given.getFirst("q");
        ImageFilter filter = new ImageFilter(
                status == null ? null : status(status),
                text("projectId", given.getFirst("projectId"), LONGEST_NAME),
                text("q", text, LONGEST_TEXT));
        ImageCursor after = cursor(given);
        if (after != null && given.containsKey("page")) {
            throw bad("page", given.getFirst("page"), "none beside after");
        }
        return new Listing(
                filter, number(given, "page", 1, MOST_PAGES), after, number(given, "size", DEFAULT_PAGE, LARGEST_PAGE));
    }

    private static @Nullable ImageCursor cursor(MultiValueMap<String, String> given) {
        if (!given.containsKey("after")) {
            return null;
        }
        String text = given.getFirst("after");
        ImageCursor cursor = text == null ? null : ImageCursor.parse(text);
        if (cursor == null) {
            throw bad("after", text, "the next of a page of this list");
        }
        return cursor;
    }

    private static Image.Status status(String given) {
        return Arrays.stream(Image.Status.values())
                .filter(status -> status.code().equals(given))
                .findFirst()
                .orElseThrow(() -> bad(
                        "status",
                        given,
                        Arrays.stream(Image.Status.values())
                                .map(Image.Status::code)
                                .collect(Collectors.joining(", "))));
    }

    private static int number(MultiValueMap<String, String> given, String name, int byDefault, int most) {
        String value = given.getFirst(name);
        if (value == null) {
            return byDefault;
        }
        int number = value.matches("[0-9]{1,7}") ? Integer.parseInt(value) : 0;
        if (number < 1 || number > most) {
            throw bad(name, value, "1 to " + most);
        }
        return number;
    }

    /** {@code w}: the width of a smaller copy; null for the image itself. */
    static @Nullable Integer width(ServerRequest request) {
        List<String> given = request.queryParams().getOrDefault("w", List.of());
        if (given.isEmpty()) {
            return null;
        }
        String value = given.size() == 1 ? given.getFirst() : given.size() + " of them";
        return Pictures.WIDTHS.stream()
                .filter(width -> width.toString().equals(value))
                .findFirst()
                .orElseThrow(() -> bad(
                        "w",
                        value,
                        Pictures.WIDTHS.stream().map(String::valueOf).collect(Collectors.joining(", "))));
    }

    /** The path's {@code id}. */
    static UUID id(ServerRequest request) {
        return uuid("id", request.pathVariable("id"));
    }

    /** An id in its usual spelling alone: {@link UUID#fromString} takes half of one. */
    static UUID uuid(String member, @Nullable String value) {
        if (value != null && UUID_TEXT.matcher(value).matches()) {
            return UUID.fromString(value);
        }
        throw bad(member, value, "a UUID");
    }

    /** {@code ids=a,b&ids=c}, 1 to 500 of them. */
    static List<UUID> ids(ServerRequest request) {
        List<UUID> ids = new ArrayList<>();
        for (String field : request.queryParams().getOrDefault("ids", List.of())) {
            for (String id : field.split(",", -1)) {
                ids.add(uuid("ids[" + ids.size() + "]", id));
                if (ids.size() > MOST_IN_ARCHIVE) {
                    throw bad("ids", "more than " + MOST_IN_ARCHIVE, "1 to " + MOST_IN_ARCHIVE);
                }
            }
        }
        if (ids.isEmpty()) {
            throw bad("ids", "none", "1 to " + MOST_IN_ARCHIVE + ", with commas between them");
        }
        return ids;
    }

    /** {@code ids} of a body, 1 to 500 of them. */
    static List<UUID> ids(@Nullable List<@Nullable String> given) {
        if (given == null || given.isEmpty() || given.size() > MOST_IN_ARCHIVE) {
            throw bad("ids", given == null ? null : given.size() + " ids", "1 to " + MOST_IN_ARCHIVE);
        }
        List<UUID> ids = new ArrayList<>();
        for (String id : given) {
            ids.add(uuid("ids[" + ids.size() + "]", id));
        }
        return ids;
    }

    /** What something that uses an image is called. */
    static String name(ServerRequest request, String variable) {
        return name(variable, request.pathVariable(variable));
    }

    static String name(String member, @Nullable String value) {
        if (value == null || !NAME.matcher(value).matches()) {
            throw bad(member, value, "1 to 64 letters, digits and . _ : -, the first a letter or digit");
        }
        return value;
    }

    /** A text that may be absent; an empty one is absent. */
    static @Nullable String text(String member, @Nullable String value, int longest) {
        if (value == null || value.isBlank()) {
            return null;
        }
        if (value.length() > longest) {
            throw bad(member, value, "at most " + longest + " characters");
        }
        if (value.indexOf('\0') >= 0) {
            throw bad(member, "a text with U+0000 in it", "a text without");
        }
        return value;
    }

    /** A change of a name, of an alternative text, or of both. */
    static ImageDescription description(@Nullable String name, @Nullable String altText) {
        return new ImageDescription(value("name", name, LONGEST_NAME), value("altText", altText, LONGEST_ALT));
    }

    private static ImageDescription.@Nullable Value value(String member, @Nullable String given, int longest) {
        return given == null ? null : new ImageDescription.Value(text(member, given, longest));
    }

    /** A project that is the caller's, or none. */
    static @Nullable String project(Caller caller, @Nullable String projectId) {
        String project = text("projectId", projectId, LONGEST_NAME);
        if (project != null
                && !caller.projects().contains(project)
                && !caller.roles().contains("super-admin")) {
            throw GatewayException.badMember(
                    ProblemCode.FORBIDDEN, "projectId", project, "one of the caller's projects");
        }
        return project;
    }

    static GatewayException bad(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
