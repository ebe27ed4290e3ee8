package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.env.MockEnvironment;

/** What the console ends with when the gateway has started, and who can reach it then. */
@ExtendWith(OutputCaptureExtension.class)
class StartMessageTest {

    @Test
    void lastLinesSayWhereItIsWhoOneIsWhereDataIsKeptAndHowToStop(CapturedOutput output, @TempDir Path data) {
        try (RunningGateway gateway = RunningGateway.start(Map.of(
                "sluice.storage.directory",
                data.toString(),
                "logging.level.dev.sluice.gateway.StartMessage",
                "info"))) {
            List<String> lines = output.getOut().lines().toList();
            assertThat(lines.subList(lines.size() - 4, lines.size()))
                    .satisfiesExactly(
                            where -> assertThat(where)
                                    .contains("Sluice is ready: its web app at http://localhost:"
                                            + gateway.address().getPort() + "/"),
                            you -> assertThat(you)
                                    .contains(
                                            ": You:  nobody yet; anybody signs in as anybody, at /sign-in. Only this machine"),
                            kept -> assertThat(kept).contains(": Data: ", "images in " + data),
                            stop -> assertThat(stop).contains(": Stop: Ctrl-C"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    void everyAddressIsNoAddressToReachItBy(String address) {
        MockEnvironment open = new MockEnvironment().withProperty("server.address", address);

        assertThat(StartMessage.you(open)).doesNotContain(address).contains("every address", "-p 127.0.0.1:8080:8080");
    }

    @Test
    void developmentListensOnThisMachineAloneAndProductionOnAllAddresses() throws Exception {
        assertThat(address(new MockEnvironment(), null)).isEqualTo(InetAddress.getLoopbackAddress());
        MockEnvironment production = new MockEnvironment();
        production.setActiveProfiles("prod");
        assertThat(address(production, null)).isNull();
    }

    @Test
    void settingOpensDevelopmentToAllAddressesOfBothKinds() throws Exception {
        assertThat(address(new MockEnvironment(), InetAddress.getByName("0.0.0.0")))
                .isNull();
        InetAddress one = InetAddress.getByName("192.0.2.1");
        assertThat(address(new MockEnvironment(), one)).isEqualTo(one);
    }

    private static @Nullable InetAddress address(MockEnvironment environment, @Nullable InetAddress given) {
        var server = new NettyReactiveWebServerFactory();
        server.setAddress(given);
        new ListenAddress(environment).customize(server);
        return server.getAddress();
    }
}
