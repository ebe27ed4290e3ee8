package dev.sluice.gateway.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** URLs that lead, or try to lead, where nobody may go: those of {@code ssrf.tsv} and some more. */
public final class HostileUrls {
    private static final String ZONE = "dns.test";

    /** Classes of the list that are no URLs but what an origin does. */
    private static final Set<String> BEHAVIOURS = Set.of("redirect", "size", "time", "type");

    private static final List<String> FURTHER = List.of(
            "http://127.0.0.1\u3002:{P}/",
            "http://127\u30020\u30020\u30021:{P}/",
            "http://\uff11\uff12\uff17.0.0.1:{P}/",
            "http://\u2460\u2461\u2466.0.0.1:{P}/",
            "http://loc\u00adalhost:{P}/",
            "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{P}/",
            "http://LOCALHOST:{P}/",
            "http://%6cocalhost:{P}/",
            "http://127%2e0.0.1:{P}/",
            "http://127.0.0.1%00.example.com:{P}/",
            "http://127.0.0.1%2f.example.com:{P}/",
            "http://[::1%25lo]:{P}/",
            "http://[::1%lo]:{P}/",
            "http://[fe80::1%25eth0]:{P}/",
            "http://[::127.0.0.1]:{P}/",
            "http://[::ffff:127.0.0.1]:{P}/",
            "http://[::ffff:0:127.0.0.1]:{P}/",
            "http://[64:ff9b::127.0.0.1]:{P}/",
            "http://[64:ff9b:1::7f00:1]:{P}/",
            "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
            "http://[2a00:1450:4001:80b:0:5efe:7f00:1]:{P}/",
            "http://[2a00:1450:4001:80b:200:5efe:a00:1]:{P}/",
            "http://[5f00::1]/",
            "http://[::1:{P}/",
            "http://::1:{P}/",
            "http://0177.0.0.01:{P}/",
            "http://0x7f.1:{P}/",
            "http://127.0.0.0x1:{P}/",
            "http://127.0.0.256:{P}/",
            "http://1.2.3.4.5:{P}/",
            "http://0x:{P}/",
            "http://127.0.0.1..:{P}/",
            "http://127..0.1:{P}/",
            "http:127.0.0.1:{P}/",
            "http:/127.0.0.1:{P}/",
            "http:///127.0.0.1:{P}/",
            "http:\\\\127.0.0.1:{P}\\",
            "http://example.com\\@127.0.0.1:{P}/",
            "http://127.0.0.1:{P}\\@example.com/",
            "http://127.0.0.1\t:{P}/",
            "http://127.0.0.1\r\nHost: x:{P}/",
            " http://127.0.0.1:{P}/",
            "http ://127.0.0.1:{P}/",
            "http://127.0.0.1 :{P}/",
            "http://127.0.0.1:{P} /",
            "http://168.63.129.16/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/latest/meta-data/",
            "http://metadata_server/",
            "http:////localhost:{P}/",
            "ws://127.0.0.1:{P}/",
            "unix:///var/run/docker.sock",
            "");

    private HostileUrls() {}

    /** All of them, with the port of a canary where one can be named. */
    public static Stream<String> at(int canaryPort) {
        return Stream.concat(listed(), FURTHER.stream()).map(url -> url.replace("{P}", String.valueOf(canaryPort)));
    }

    /** Names the private addresses that some of the URLs name. */
    public static void nameThem(TestDns dns) {
        dns.answer("a-127-0-0-1." + ZONE, "127.0.0.1")
                .answer("mixed." + ZONE, "93.184.216.34", "127.0.0.1")
                .answer("aaaa-mapped." + ZONE, "::ffff:127.0.0.1")
                .answer("localhost", "127.0.0.1")
                .answer("metadata_server", "169.254.169.254");
    }

    /** As the value of a header field, which has a character for each byte. */
    public static String inHeader(String url) {
        return new String(url.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static Stream<String> listed() {
        var list = Objects.requireNonNull(HostileUrls.class.getResourceAsStream("/ssrf.tsv"));
        try (var lines = new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
            return lines
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split("\t", -1))
                    .filter(row -> row[1].contains("//") || row[1].contains(":"))
                    .filter(row -> !BEHAVIOURS.contains(row[0]))
                    .map(row -> row[1].replaceAll(" \\(.*\\)", "").replace("{A}", ZONE))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
