package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.inbound.identity.TrustedProxies.ForwardedField;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;

class TrustedProxiesTest {
    private static final InetSocketAddress PROXY = new InetSocketAddress("10.0.0.5", 4711);
    private static final InetSocketAddress STRANGER = new InetSocketAddress("198.51.100.9", 4711);

    private final TrustedProxies proxies =
            new TrustedProxies(List.of("10.0.0.0/8", "fd00::/8"), ForwardedField.X_FORWARDED_FOR);

    private static HttpHeaders forwardedFor(String... lines) {
        HttpHeaders headers = new HttpHeaders();
        headers.put("X-Forwarded-For", List.of(lines));
        return headers;
    }

    private static HttpHeaders forwarded(String... lines) {
        HttpHeaders headers = new HttpHeaders();
        headers.put("Forwarded", List.of(lines));
        return headers;
    }

    @Test
    void strangersWordAboutItsAddressChangesNothing() {
        assertThat(proxies.client(STRANGER, forwardedFor("203.0.113.7"))).isEqualTo("198.51.100.9");
    }

    @Test
    void withoutTrustedProxiesThePeerIsTheClient() {
        TrustedProxies none = new TrustedProxies(List.of(), ForwardedField.X_FORWARDED_FOR);
        assertThat(none.client(PROXY, forwardedFor("203.0.113.7"))).isEqualTo("10.0.0.5");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                203.0.113.7                            | 203.0.113.7
                1.1.1.1, 203.0.113.7                   | 203.0.113.7
                1.1.1.1, 203.0.113.7, 10.1.2.3         | 203.0.113.7
                203.0.113.7:5555                       | 203.0.113.7
                [2001:db8:1:2:3::9]:5555               | 2001:db8:1:2::/64
                2001:db8:1:2:ffff:ffff:ffff:ffff       | 2001:db8:1:2::/64
                ::ffff:203.0.113.7                     | 203.0.113.7
                203.0.113.7, garbage                   | 10.0.0.5
                203.0.113.7, unknown, 10.1.2.3         | 10.1.2.3
                203.0.113.7, localhost                 | 10.0.0.5
                203.0.113.7,                           | 10.0.0.5
                10.1.1.1, 10.2.2.2                     | 10.1.1.1
                """)
    void firstHopFromTheRightThatIsNoProxyIsTheClient(String field, String client) {
        assertThat(proxies.client(PROXY, forwardedFor(field))).isEqualTo(client);
    }

    @Test
    void severalLinesAreOneList() {
        assertThat(proxies.client(PROXY, forwardedFor("1.1.1.1", "203.0.113.7", "10.9.9.9")))
                .isEqualTo("203.0.113.7");
    }

    @Test
    void fieldThatTheProxyDoesNotWriteIsTheClientsOwnWord() {
        assertThat(proxies.client(PROXY, forwarded("for=203.0.113.7"))).isEqualTo("10.0.0.5");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                for=203.0.113.7                                       | 203.0.113.7
                for=1.1.1.1;proto=https, For="203.0.113.7:80";by=x    | 203.0.113.7
                proto=http;for="[2001:db8:1:2::5]:99"                 | 2001:db8:1:2::/64
                for=_hidden                                           | 10.0.0.5
                proto=https                                           | 10.0.0.5
                """)
    void forwardedFieldIsReadAsRfc7239HasIt(String field, String client) {
        TrustedProxies standard = new TrustedProxies(List.of("10.0.0.0/8"), ForwardedField.FORWARDED);
        assertThat(standard.client(PROXY, forwarded(field))).isEqualTo(client);
    }

    private static TrustedProxies.Forwarded forwarded(ForwardedField field, InetSocketAddress peer, String... lines) {
        TrustedProxies trusting = new TrustedProxies(List.of("10.0.0.0/8"), field);
        return trusting.forwarded(
                peer,
                name -> Stream.of(lines)
                        .filter(line -> line.startsWith(name + ": "))
                        .map(line -> line.substring(name.length() + 2))
                        .toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
                X-Forwarded-For: 203.0.113.7                     | b | http
                X-Forwarded-For: 1.1.1.1, 203.0.113.7            | b | http
                X-Forwarded-For: 203.0.113.7, 10.1.2.3           | a | https
                X-Forwarded-For: 203.0.113.7, 10.1.1.1, 10.2.2.2 | a | https
                X-Forwarded-For: garbage                         | b | http
                X-Other: none                                    | b | http
                """)
    void wordOfTheOutermostTrustedProxyCounts(String hops, String host, String scheme) {
        var forwarded = forwarded(
                ForwardedField.X_FORWARDED_FOR,
                PROXY,
                hops,
                "X-Forwarded-Host: a, b",
                "X-Forwarded-Proto: https, http");
        assertThat(forwarded.host()).isEqualTo(host);
        assertThat(forwarded.scheme()).isEqualTo(scheme);
        assertThat(forwarded.port()).isNull();
    }

    @Test
    void strangersWordAboutWhatItAskedChangesNothing() {
        var forwarded =
                forwarded(ForwardedField.X_FORWARDED_FOR, STRANGER, "X-Forwarded-Host: a", "X-Forwarded-Proto: https");
        assertThat(forwarded).isEqualTo(new TrustedProxies.Forwarded(null, null, null));
        assertThat(forwarded(ForwardedField.FORWARDED, STRANGER, "Forwarded: host=a;proto=https"))
                .isEqualTo(forwarded);
        assertThat(forwarded(ForwardedField.FORWARDED, PROXY, "X-Forwarded-Host: a"))
                .isEqualTo(forwarded);
        assertThat(forwarded(ForwardedField.X_FORWARDED_FOR, PROXY, "Forwarded: host=a"))
                .isEqualTo(forwarded);
    }

    @Test
    void forwardedFieldTellsOfEachProxy() {
        String first = "for=203.0.113.7;proto=https;host=\"zip.example:8443\"";
        assertThat(forwarded(ForwardedField.FORWARDED, PROXY, "Forwarded: " + first))
                .isEqualTo(new TrustedProxies.Forwarded("https", "zip.example:8443", null));
        assertThat(forwarded(ForwardedField.FORWARDED, PROXY, "Forwarded: " + first + ", for=10.1.1.1;proto=http"))
                .isEqualTo(new TrustedProxies.Forwarded("https", "zip.example:8443", null));
        assertThat(forwarded(ForwardedField.FORWARDED, PROXY, "Forwarded: " + first + ", for=1.1.1.1;PROTO=http"))
                .isEqualTo(new TrustedProxies.Forwarded("http", null, null));
    }

    @Test
    void parameterThatIsThereTwiceCountsAsNotSaid() {
        assertThat(forwarded(ForwardedField.FORWARDED, PROXY, "Forwarded: for=1.1.1.1;proto=https;proto=http;host=a"))
                .isEqualTo(new TrustedProxies.Forwarded(null, "a", null));
    }

    @Test
    void addressesOfOneSiteAreOneClient() {
        var one = new InetSocketAddress("2001:db8:1:2:aaaa::1", 1);
        var other = new InetSocketAddress("2001:db8:1:2:bbbb::2", 2);
        var elsewhere = new InetSocketAddress("2001:db8:1:3::1", 3);
        HttpHeaders none = new HttpHeaders();
        assertThat(proxies.client(one, none)).isEqualTo(proxies.client(other, none));
        assertThat(proxies.client(one, none)).isNotEqualTo(proxies.client(elsewhere, none));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0.1/8", "proxy.example", "10.0.0.0/x", ""})
    void badBlockIsNamed(String block) {
        assertThatThrownBy(() -> TrustedProxies.check(block))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sluice.trusted-proxies: " + block);
    }
}
