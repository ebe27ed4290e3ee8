package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the widths that callers name. They are a closed set, so that nobody can fill the cache with variants. */
final class RequestedWidths {
    private static final String EXPECTED =
            Pictures.WIDTHS.stream().map(String::valueOf).collect(Collectors.joining(", "));

    private RequestedWidths() {}

    /**
     * The one width of a query; null if it names none.
     *
     * @param values of {@code w}
     * @throws GatewayException {@code malformed_request}
     */
    static @Nullable Integer one(List<String> values) {
        if (values.isEmpty()) {
            return null;
        }
        if (values.size() > 1) {
            throw bad("w", values.size() + " of them", "one");
        }
        String value = values.getFirst();
        for (Integer width : Pictures.WIDTHS) {
            if (width.toString().equals(value)) {
                return width;
            }
        }
        throw bad("w", value.isEmpty() ? "an empty text" : value, "one of " + EXPECTED);
    }

    /**
     * The widths of a JSON array, in its order.
     *
     * @throws GatewayException {@code malformed_request}
     */
    static List<Integer> all(List<? extends @Nullable Number> values) {
        if (values.isEmpty() || values.size() > Pictures.WIDTHS.size()) {
            throw bad("widths", values.size() + " widths", "1 to " + Pictures.WIDTHS.size() + " of " + EXPECTED);
        }
        List<Integer> widths = new ArrayList<>();
        for (int index = 0; index < values.size(); index++) {
            Number value = values.get(index);
            if (!(value instanceof Integer width) || !Pictures.WIDTHS.contains(width)) {
                throw bad("widths[" + index + "]", value, "one of " + EXPECTED);
            }
            if (widths.contains(width)) {
                throw bad("widths[" + index + "]", value, "each width once");
            }
            widths.add(width);
        }
        return widths;
    }

    private static GatewayException bad(String member, @Nullable Object value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, member, value, expected);
    }
}
