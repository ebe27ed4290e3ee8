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
        return isHost(text.substring(0, end)) && (end == text.length() || isPort(text.substring(end + 1)));
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
        return !text.isEmpty()
                && text.length() <= LONGEST_PORT
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9')
                && Integer.parseInt(text) <= LARGEST_PORT;
    }

    private static boolean isHost(String text) {
        return text.length() <= LONGEST_NAME
                && (text.startsWith("[") ? IPV6.matcher(text).matches() : isName(text));
    }

    /** Not by a pattern: one with alternatives takes stack for each character. */
    private static boolean isName(String text) {
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '%' && isHex(text, at + 1) && isHex(text, at + 2)) {
                at += 2;
            } else if (!isAsciiLetterOrDigit(c) && BESIDE_LETTERS_AND_DIGITS.indexOf(c) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static boolean isAsciiLetterOrDigit(char c) {
        return c < 0x80 && Character.isLetterOrDigit(c);
    }

    private static boolean isHex(String text, int at) {
        return at < text.length() && text.charAt(at) < 0x80 && Character.digit(text.charAt(at), 16) >= 0;
    }
}
