package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.outbound.fetch.policy.AddressRules;
import dev.sluice.gateway.outbound.fetch.policy.AllowedNetwork;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OriginUrlsTest {
    private final OriginUrls guard = new OriginUrls(
            new AddressRules(List.of(AllowedNetwork.parse("127.0.0.2:9000")), new AddressRules.OwnAddresses()),
            Set.of(8080));

    private Target check(String url) {
        return guard.check(url, UrlPolicy.PUBLIC_WEB);
    }

    private FetchFailure refusal(String url, UrlPolicy urlPolicy) {
        return catchThrowableOfType(FetchException.class, () -> guard.check(url, urlPolicy))
                .failure();
    }

    @ParameterizedTest
    @CsvSource({
        "http://example.com, http://example.com/",
        "HTTP://EXAMPLE.com:80/A?b=C#d, http://example.com/A?b=C",
        "https://example.com:443?q, https://example.com/?q",
        "https://example.com:80/, https://example.com:80/",
        "http://example.com:, http://example.com/",
        "http://example.com:8080/x, http://example.com:8080/x",
        "http://example.com./x, http://example.com/x",
        "http://bücher.example/ü?ü, http://xn--bcher-kva.example/%C3%BC?%C3%BC",
        "http://example.com/a b|c^[d]`e, http://example.com/a%20b%7Cc%5E%5Bd%5D%60e",
        "http://example.com/100%/%zz/%41, http://example.com/100%25/%25zz/%41",
        "http://example.com/😀, http://example.com/%F0%9F%98%80",
        "http://8.8.8.8/, http://8.8.8.8/",
        "http://127.0.0.2:9000/x, http://127.0.0.2:9000/x",
        "http://[2606:4700::1111]/, http://[2606:4700::1111]/",
        "http://[2606:4700:0:0::1111]:8080/, http://[2606:4700::1111]:8080/",
        "http://a.b-c.d1/, http://a.b-c.d1/",
        "http://my_bucket.example/, http://my_bucket.example/",
        "http://_/, http://_/",
        "http://-a.b-.example:8080/x, http://-a.b-.example:8080/x",
        "http://r3---sn-x.example/, http://r3---sn-x.example/",
        "http://straße.example/, http://xn--strae-oqa.example/",
        "http://XN--STRAE-OQA.example/, http://xn--strae-oqa.example/",
        "http://FAẞ.example/, http://xn--fa-hia.example/",
        "http://βόλος.example/, http://xn--nxasmm1c.example/",
        "http://\ud83e\udee0.example/, http://xn--129h.example/",
        "http://日本。jp。/, http://xn--wgv71a.jp/",
        "http://８.8.8.8/, http://8.8.8.8/",
        "http://example.com/a/./b/../c/%2e%2E/d, http://example.com/a/d",
        "http://example.com/../../p.jpg?q=/../x, http://example.com/p.jpg?q=/../x",
        "http://example.com/a/.., http://example.com/",
        "http://example.com/a/b/., http://example.com/a/b/",
        "http://example.com/...//.a/..b, http://example.com/...//.a/..b",
        "http://example.com/\ud800x, http://example.com/%EF%BF%BDx",
        "'  http://example.com/a b  ', http://example.com/a%20b"
    })
    void urlIsSpelledInOneWay(String url, String spelled) {
        assertThat(check(url).uri()).hasToString(spelled);
        assertThat(check(spelled)).isEqualTo(check(url));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "example.com/a.png",
                "/a.png",
                "//example.com/a.png",
                "ftp://example.com/",
                "http://",
                "http:///a",
                "http://user@example.com/",
                "http://:@example.com/",
                "http://example.com:8081/",
                "http://example.com:0/",
                "http://example.com:65536/",
                "http://example.com:-80/",
                "http://example.com:8 0/",
                "http://example.com:٨٠/",
                "http://127.0.0.2:9001/",
                "http://example..com/",
                "http://.example.com/",
                "http://exam ple.com/",
                "http://example.com\\/",
                "http://example.com/\n",
                "http://example.com/\u0085",
                "http://example.123/",
                "http://example.0x1f/",
                "http://1.2.3/",
                "http://01.2.3.4/",
                "http://[::1",
                "http://[example.com]/",
                "http://[127.0.0.1]/",
                "http://[2606:4700::1111%25eth0]/",
                "http://xn--a.example/",
                "http://xn--.example/",
                "http://a\u200db.example/",
                "http://\u2100.example/",
                "http://a\uff0fb.example/",
                "http://a\uff20b.example/",
                "http://exam\u3000ple.com/",
                "http://\ud800.example/"
            })
    void whatIsNoPlainWebUrlIsInvalid(String url) {
        assertThat(refusal(url, UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.INVALID_URL);
    }

    @Test
    void urlOfMoreThan8192CharactersIsInvalidAsWrittenAndAsSpelled() {
        String longest = "http://example.com/" + "a".repeat(8192 - 19);

        assertThat(check(longest).uri().toString()).hasSize(8192);
        assertThat(refusal(longest + "a", UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.INVALID_URL);
        assertThat(refusal("http://example.com/" + "ü".repeat(1400), UrlPolicy.PUBLIC_WEB))
                .isEqualTo(FetchFailure.INVALID_URL);
    }

    @Test
    void fragmentOfAnyCharactersIsNoPartOfTheRequest() {
        assertThat(check("http://example.com/a#b\u2028c").uri()).hasToString("http://example.com/a");
    }

    /** Each took a second and a half of an event loop when a pattern tried every way to divide them. */
    @Test
    @Timeout(20)
    void urlsOfTheLongestKindAreReadOnce() {
        String url = "http://" + "a".repeat(8192 - 9) + "#\u2028";

        for (int i = 0; i < 100; i++) {
            assertThat(refusal(url, UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.INVALID_URL);
        }
    }

    @Test
    void hostTooLongToBeTranslatedIsInvalidLikeAnyOther() {
        assertThat(refusal("http://" + "ü".repeat(1500) + "/", UrlPolicy.PUBLIC_WEB))
                .isEqualTo(FetchFailure.INVALID_URL);
        assertThat(check("http://b" + "\u00ad".repeat(300) + "ücher.example/").uri())
                .hasToString("http://xn--bcher-kva.example/");
    }

    @Test
    void hostOfMoreThan253CharactersIsInvalid() {
        assertThat(refusal("http://" + "a.".repeat(126) + "aa/", UrlPolicy.PUBLIC_WEB))
                .isEqualTo(FetchFailure.INVALID_URL);
    }

    @Test
    void portOfAnOpenedEndpointIsOpenForItsAddressAlone() {
        assertThat(refusal("http://example.com:9000/", UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.INVALID_URL);
        assertThat(refusal("http://127.0.0.3:9000/", UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.INVALID_URL);
        assertThat(refusal("http://127.0.0.2/", UrlPolicy.PUBLIC_WEB)).isEqualTo(FetchFailure.BLOCKED_ADDRESS);
    }

    @Test
    void domainsAreMatchedAtLabelBorders() {
        var urlPolicy = new UrlPolicy(Set.of("https"), Set.of("Replicate.delivery", "bücher.example"));

        assertThat(guard.check("https://replicate.delivery/a", urlPolicy).host())
                .isEqualTo("replicate.delivery");
        assertThat(guard.check("https://pbxt.REPLICATE.delivery/a", urlPolicy).host())
                .isEqualTo("pbxt.replicate.delivery");
        assertThat(guard.check("https://xn--bcher-kva.example/a", urlPolicy).host())
                .isEqualTo("xn--bcher-kva.example");
        for (String url : new String[] {
            "http://replicate.delivery/a",
            "https://evilreplicate.delivery/a",
            "https://replicate.delivery.evil.com/a",
            "https://delivery/a",
            "https://8.8.8.8/a"
        }) {
            assertThat(refusal(url, urlPolicy)).isEqualTo(FetchFailure.INVALID_URL);
        }
    }

    @Test
    void requestsWithoutBoundsAreRefusedWhenTheyAreMade() {
        assertThatThrownBy(() -> new UrlPolicy(Set.of(), Set.of()))
                .hasMessageContaining("expected: http, https or both");
        assertThatThrownBy(() -> new UrlPolicy(Set.of("ftp"), Set.of())).hasMessageContaining("[ftp]");
        assertThatThrownBy(() -> new UrlPolicy(Set.of("http"), Set.of(""))).hasMessageContaining("domain");
        assertThatThrownBy(() -> FetchRig.request("http://x/", -1)).hasMessageContaining("maxBytes: -1");
    }
}
