package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.CidrBlock;
import dev.sluice.gateway.contract.SettingCheck;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Checks that values of {@code sluice.fetch.*} alone need. */
final class Setting {
    static final SettingCheck CHECK = new SettingCheck("sluice.fetch.");

    private static final Pattern LINK = Pattern.compile("https?://[\\x21-\\x7e&&[^()<>]]+");

    private Setting() {}

    /**
     * {@code parser} says in its own message what it expected of {@code value}. It is not kept as a cause: what a
     * failed start shows is the innermost message, and that would be the one without the name.
     */
    @SuppressWarnings("UnusedException")
    static void parses(String name, String value, Consumer<String> parser) {
        try {
            parser.accept(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(CHECK.prefix() + name + ": " + e.getMessage());
        }
    }

    static void header(String name, String value) {
        if (!value.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
            throw CHECK.bad(name, value, "printable ASCII");
        }
    }

    /** What may stand in a header for people to follow, or nothing. */
    static void link(String name, String value) {
        if (!value.isEmpty() && !LINK.matcher(value).matches()) {
            throw CHECK.bad(name, value, "an http or https URL without blanks and brackets");
        }
    }

    /** Reads {@code address:port} or {@code [address]:port}; names are not resolved here, so they are not taken. */
    static InetSocketAddress endpoint(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        InetAddress address = CidrBlock.literal(bracketed ? host.substring(1, host.length() - 1) : host);
        String port = text.substring(colon + 1);
        if (colon < 0 || address == null || !port.matches("[1-9]\\d{0,4}") || Integer.parseInt(port) > 65_535) {
            throw new IllegalArgumentException(text + " (expected: an address and port such as 192.0.2.53:53)");
        }
        return new InetSocketAddress(address, Integer.parseInt(port));
    }
}
