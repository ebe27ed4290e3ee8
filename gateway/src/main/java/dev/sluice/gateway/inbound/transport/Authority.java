package dev.sluice.gateway.inbound.transport;

import java.util.regex.Pattern;

/**
 * A host with a port if need be, as {@code Host} and a target have them: RFC 3986 section 3.2, without user
 * information.
 */
final class Authority {
    private static final int LONGEST_PORT = 5;
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*]");
    private static final String BESIDE_LETTERS_AND_DIGITS = "-._~!$&'()*+,;=";
    private static final int LONGEST_NAME = 255;
    private static final int LARGEST_PORT = 65_535;

    private Authority() {}

    /** Whether {@code text} is one. */
    static boolean isOne(String text) {
        int end = endOfHost(text);
        return isHost(text, end) && (end == text.length() || isPort(text, end + 1));
    }

    /** The host of an authority, with its brackets if it is an IPv6 address. */
    static String host(String authority) {
        return authority.substring(0, endOfHost(authority));
    }

    /** The port of an authority; -1 without one. */
    static int port(String authority) {
        int end = endOfHost(authority);
        return end == authority.length() ? -1 : Integer.parseInt(authority.substring(end + 1));
    }

    private static int endOfHost(String text) {
        int colon = text.lastIndexOf(':');
        return colon > text.lastIndexOf(']') ? colon : text.length();
    }

    /** Whether {@code text} is a port's number. */
    static boolean isPort(String text) {
        return isPort(text, 0);
    }

    private static boolean isPort(String text, int start) {
        int digits = text.length() - start;
        if (digits == 0 || digits > LONGEST_PORT) {
            return false;
        }
        int port = 0;
        for (int at = start; at < text.length(); at++) {
            int digit = text.charAt(at) - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            port = 10 * port + digit;
        }
        return port <= LARGEST_PORT;
    }

    private static boolean isHost(String text, int end) {
        return end <= LONGEST_NAME
                && (text.startsWith("[") ? IPV6.matcher(text).region(0, end).matches() : isName(text, end));
    }

    /** Not by a pattern: one with alternatives takes stack for each character. */
    private static boolean isName(String text, int end) {
        for (int at = 0; at < end; at++) {
            char c = text.charAt(at);
            if (c == '%' && at + 2 < end && isHex(text, at + 1) && isHex(text, at + 2)) {
                at += 2;
            } else if (!isAsciiLetterOrDigit(c) && BESIDE_LETTERS_AND_DIGITS.indexOf(c) < 0) {
                return false;
            }
        }
        return end > 0;
    }

    private static boolean isAsciiLetterOrDigit(char c) {
        return c < 0x80 && Character.isLetterOrDigit(c);
    }

    private static boolean isHex(String text, int at) {
        return text.charAt(at) < 0x80 && Character.digit(text.charAt(at), 16) >= 0;
    }
}
