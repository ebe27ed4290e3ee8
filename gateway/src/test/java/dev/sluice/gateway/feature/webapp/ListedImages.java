package dev.sluice.gateway.feature.webapp;

import com.microsoft.playwright.Route;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A gallery of images that come and go while it is listed, as its API tells of them: in the order of their numbers, by
 * page or after a cursor. For the test's own thread.
 */
final class ListedImages {
    private static final byte[] DOT = Base64.getDecoder().decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==");

    private final NavigableSet<Integer> numbers = new TreeSet<>();
    private final List<String> asked = new ArrayList<>();
    private int miscounted;

    /** Numbered from 0. */
    ListedImages(int count) {
        add(0, count);
    }

    /** Answers for them, and for their files. */
    void play(Visit visit) {
        visit.page().route("**/api/images?*", route -> {
            asked.add(route.request().url());
            route.fulfill(new Route.FulfillOptions()
                    .setContentType("application/json")
                    .setBodyBytes(listing(route.request().url()).getBytes(StandardCharsets.UTF_8)));
        });
        visit.page()
                .route(
                        "**/api/images/*/file**",
                        route -> route.fulfill(new Route.FulfillOptions()
                                .setContentType("image/gif")
                                .setBodyBytes(DOT)));
    }

    void add(int from, int end) {
        IntStream.range(from, end).forEach(numbers::add);
    }

    void delete(int from, int end) {
        IntStream.range(from, end).forEach(numbers::remove);
    }

    /** The total is told as so many more. */
    void miscount(int more) {
        miscounted = more;
    }

    List<String> ids() {
        return numbers.stream().map(ListedImages::id).toList();
    }

    /** The URLs of the listings that were asked for. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    static String id(int number) {
        return new UUID(0, number).toString();
    }

    private String listing(String url) {
        int size = number(url, "size", 20);
        int page = number(url, "page", 1);
        int after = number(url, "after", Integer.MIN_VALUE);
        List<Integer> following = List.copyOf(numbers.tailSet(after, false));
        int from = Math.min(following.size(), (page - 1) * size);
        int end = Math.min(following.size(), from + size);
        String images =
                following.subList(from, end).stream().map(ListedImages::json).collect(Collectors.joining(","));
        String next = end == following.size() ? "" : ",\"next\":\"" + following.get(end - 1) + "\"";
        int total = numbers.size() + miscounted;
        return "{\"images\":[" + images + "],\"page\":" + page + ",\"size\":" + size + ",\"total\":" + total
                + ",\"pages\":" + Math.ceilDiv(total, size) + next + "}";
    }

    private static int number(String url, String parameter, int byDefault) {
        Matcher given = Pattern.compile("[?&]" + parameter + "=(-?\\d+)").matcher(url);
        return given.find() ? Integer.parseInt(given.group(1)) : byDefault;
    }

    private static String json(int number) {
        String id = id(number);
        return """
                {"id":"%s","status":"completed","source":"imported","altText":"Image %d","width":640,\
                "height":480,"contentType":"image/jpeg","size":90000,"url":"/api/images/%s/file",\
                "blurhash":"LEHV6nWB2yk8pyo0adR*.7kCMdnj","thumbnails":[{"width":320,"height":240,\
                "url":"/api/images/%s/file?w=320","contentType":"image/webp","size":9000}],\
                "createdAt":"2026-11-21T00:00:00Z"}""".formatted(id, number, id, id);
    }
}
