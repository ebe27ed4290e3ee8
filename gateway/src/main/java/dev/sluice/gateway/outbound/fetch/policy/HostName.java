package dev.sluice.gateway.outbound.fetch.policy;

import com.ibm.icu.text.IDNA;
import dev.sluice.gateway.contract.http.CidrBlock;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the host of a URL as browsers do, and spells it in one way only: UTS 46, non-transitional, so that {@code ß}
 * stays a letter of its own and no other host is asked than the one that a browser would ask.
 *
 * <p>Underscores and hyphens may stand anywhere in a label: they name buckets and CDN nodes, and DNS has always had
 * them. What looks like a number and is not four decimal ones is refused, for readers differ on what it means.
 */
public final class HostName {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9_-]{1,63}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");
    private static final Pattern DECIMAL_QUAD = Pattern.compile("(?:(?:0|[1-9][0-9]{0,2})\\.){3}(?:0|[1-9][0-9]{0,2})");
    private static final int LONGEST = 253;

    /**
     * As it is written, in characters, some of which stand for none in ASCII. What it takes to translate a host grows
     * with the square of that.
     */
    private static final int LONGEST_WRITTEN = 2 * LONGEST;

    private HostName() {}

    /**
     * A name in ASCII and lower case without its final dot, or an address literal without brackets.
     *
     * @param text as it stands in a URL, without the port
     * @return null when it is neither a name nor an address as it is usual
     */
    public static @Nullable String canonical(String text) {
        if (text.length() > LONGEST_WRITTEN) {
            return null;
        }
        if (text.startsWith("[")) {
            InetAddress address = text.endsWith("]") ? CidrBlock.literal(text.substring(1, text.length() - 1)) : null;
            return address == null || text.indexOf(':') < 0 ? null : NetUtil.toAddressString(address);
        }
        String ascii = isPlain(text) ? text.toLowerCase(Locale.ROOT) : Unicode.ascii(text);
        if (ascii == null) {
            return null;
        }
        String host = ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
        String lastLabel = host.substring(host.lastIndexOf('.') + 1);
        boolean sound = NUMBER.matcher(lastLabel).matches()
                ? DECIMAL_QUAD.matcher(host).matches() && NetUtil.isValidIpV4Address(host)
                : isName(host);
        return sound ? host : null;
    }

    /** Whether {@code host}, in its canonical spelling, is one that RFC 1123 section 2.1 does not know. */
    public static boolean isUnusual(String host) {
        return host.indexOf('_') >= 0
                || host.startsWith("-")
                || host.endsWith("-")
                || host.contains(".-")
                || host.contains("-.");
    }

    /** Makes later calls quick: the tables of Unicode are large, and no event loop should have to read them. */
    public static void prepare() {
        Unicode.ascii("ß");
    }

    /** Whether {@code text} says nothing that UTS 46 would have to translate or to check. */
    private static boolean isPlain(String text) {
        return text.chars().allMatch(c -> c < 0x80)
                && !text.toLowerCase(Locale.ROOT).contains("xn--");
    }

    private static boolean isName(String host) {
        if (host.isEmpty() || host.length() > LONGEST) {
            return false;
        }
        for (String label : host.split("\\.", -1)) {
            if (!LABEL.matcher(label).matches()) {
                return false;
            }
        }
        return true;
    }

    /** Holds the tables of Unicode once they are needed. */
    private static final class Unicode {
        private static final IDNA UTS46 = IDNA.getUTS46Instance(IDNA.CHECK_BIDI
                | IDNA.CHECK_CONTEXTJ
                | IDNA.NONTRANSITIONAL_TO_ASCII
                | IDNA.NONTRANSITIONAL_TO_UNICODE);

        /** What browsers let pass (CheckHyphens and VerifyDnsLength are false); lengths are checked afterwards. */
        private static final Set<IDNA.Error> HARMLESS = EnumSet.of(
                IDNA.Error.LEADING_HYPHEN,
                IDNA.Error.TRAILING_HYPHEN,
                IDNA.Error.HYPHEN_3_4,
                IDNA.Error.EMPTY_LABEL,
                IDNA.Error.LABEL_TOO_LONG,
                IDNA.Error.DOMAIN_NAME_TOO_LONG);

        private Unicode() {}

        static @Nullable String ascii(String host) {
            var result = new StringBuilder();
            var findings = new IDNA.Info();
            UTS46.nameToASCII(host, result, findings);
            return HARMLESS.containsAll(findings.getErrors()) ? result.toString() : null;
        }
    }
}
