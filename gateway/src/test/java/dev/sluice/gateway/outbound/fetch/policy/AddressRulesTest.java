package dev.sluice.gateway.outbound.fetch.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRulesTest {
    private final AddressRules rules = new AddressRules(List.of(), new AddressRules.OwnAddresses());

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByAddress(Objects.requireNonNull(NetUtil.createByteArrayFromIpAddressString(text)));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Each closed block: an address before it, its first, its last, one after it. */
    @ParameterizedTest
    @CsvSource({
        "-, 0.0.0.0, 0.255.255.255, 1.0.0.0",
        "9.255.255.255, 10.0.0.0, 10.255.255.255, 11.0.0.0",
        "100.63.255.255, 100.64.0.0, 100.127.255.255, 100.128.0.0",
        "126.255.255.255, 127.0.0.0, 127.255.255.255, 128.0.0.0",
        "168.63.129.15, 168.63.129.16, 168.63.129.16, 168.63.129.17",
        "169.253.255.255, 169.254.0.0, 169.254.255.255, 169.255.0.0",
        "172.15.255.255, 172.16.0.0, 172.31.255.255, 172.32.0.0",
        "191.255.255.255, 192.0.0.0, 192.0.0.255, 192.0.1.0",
        "192.0.1.255, 192.0.2.0, 192.0.2.255, 192.0.3.0",
        "192.31.195.255, 192.31.196.0, 192.31.196.255, 192.31.197.0",
        "192.52.192.255, 192.52.193.0, 192.52.193.255, 192.52.194.0",
        "192.88.98.255, 192.88.99.0, 192.88.99.255, 192.88.100.0",
        "192.167.255.255, 192.168.0.0, 192.168.255.255, 192.169.0.0",
        "192.175.47.255, 192.175.48.0, 192.175.48.255, 192.175.49.0",
        "198.17.255.255, 198.18.0.0, 198.19.255.255, 198.20.0.0",
        "198.51.99.255, 198.51.100.0, 198.51.100.255, 198.51.101.0",
        "203.0.112.255, 203.0.113.0, 203.0.113.255, 203.0.114.0",
        "223.255.255.255, 224.0.0.0, 255.255.255.255, -",
        "-, ::, 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 2000::",
        "2000:ffff::, 2001::, 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff, 2001:200::",
        "2001:db7:ffff::, 2001:db8::, 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff, 2001:db9::",
        "2001:ffff::, 2002::, 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff, 2003::",
        "2620:4f:7fff::, 2620:4f:8000::, 2620:4f:8000:ffff:ffff:ffff:ffff:ffff, 2620:4f:8001::",
        "3ffe:ffff::, 3fff::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, -"
    })
    void blockIsClosedFromItsFirstToItsLast(String before, String first, String last, String after) {
        assertThat(rules.permits(address(first), 80)).isFalse();
        assertThat(rules.permits(address(last), 80)).isFalse();
        assertThat(before.equals("-") || rules.permits(address(before), 80)).isTrue();
        assertThat(after.equals("-") || rules.permits(address(after), 80)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::ffff:10.0.0.1",
                "::a00:1",
                "::808:808",
                "64:ff9b::808:808",
                "100::1",
                "fc00::1",
                "fe80::1",
                "fec0::1",
                "ff0e::1",
                "2a00:1450::5efe:808:808",
                "2a00:1450::200:5efe:808:808"
            })
    void otherFormsAreClosed(String text) {
        assertThat(rules.permits(address(text), 80)).isFalse();
    }

    @Test
    void mappedPublicAddressIsTheAddressThatItMaps() {
        assertThat(rules.permits(address("::ffff:8.8.8.8"), 80)).isTrue();
    }

    @Test
    void everyAddressOfTheMachineIsClosed() throws SocketException {
        List<InetAddress> own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .toList();

        assertThat(own).isNotEmpty().noneMatch(address -> rules.permits(address, 80));
    }

    @Test
    void openedNetworkIsOpenOnEveryPort() {
        var opened = new AddressRules(
                List.of(AllowedNetwork.parse("10.1.0.0/16"), AllowedNetwork.parse("fd00::/8")),
                new AddressRules.OwnAddresses());

        assertThat(opened.permits(address("10.1.2.3"), 80)).isTrue();
        assertThat(opened.permits(address("::ffff:10.1.2.3"), 8080)).isTrue();
        assertThat(opened.permits(address("fd12::1"), 443)).isTrue();
        assertThat(opened.permits(address("10.2.0.0"), 80)).isFalse();
        assertThat(opened.permits(address("fc12::1"), 443)).isFalse();
        assertThat(opened.opensPort(address("10.1.2.3"), 8080)).isFalse();
    }

    @Test
    void openedEndpointIsOpenOnItsPortAlone() {
        var opened = new AddressRules(
                List.of(AllowedNetwork.parse("127.0.0.2:9000"), AllowedNetwork.parse("[::1]:9001")),
                new AddressRules.OwnAddresses());

        assertThat(opened.permits(address("127.0.0.2"), 9000)).isTrue();
        assertThat(opened.opensPort(address("127.0.0.2"), 9000)).isTrue();
        assertThat(opened.permits(address("::1"), 9001)).isTrue();
        assertThat(opened.permits(address("127.0.0.2"), 9001)).isFalse();
        assertThat(opened.permits(address("127.0.0.3"), 9000)).isFalse();
        assertThat(opened.permits(address("::1"), 9000)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8", "::/0", "127.0.0.2:9000", "[::1]:9000"})
    void allowedNetworkIsWrittenAsItIsRead(String text) {
        assertThat(AllowedNetwork.parse(text)).hasToString(text).isEqualTo(AllowedNetwork.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "10.0.0.0",
                "10.0.0.1/8",
                "10.0.0.0/33",
                "10.0.0/8",
                "10.0.0.0/-1",
                "10.0.0.0/",
                "/8",
                "fd00::/129",
                "fd00::1/8",
                "::1:9000",
                "[127.0.0.1]:9000",
                "127.0.0.1:0",
                "127.0.0.1:65536",
                "127.0.0.1:",
                "localhost:9000",
                "0x7f000001:9000",
                "fe80::1%eth0/128"
            })
    void anythingElseIsNoAllowedNetwork(String text) {
        assertThatThrownBy(() -> AllowedNetwork.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(text + " (expected: ");
    }
}
