package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Operators;
import reactor.netty.channel.AbortedException;
import reactor.util.context.Context;

@ExtendWith(OutputCaptureExtension.class)
class DroppedErrorsTest {
    private static Stream<Throwable> endsOfConnections() {
        return Stream.of(
                new ClosedChannelException(),
                new IOException("Connection reset by peer"),
                new AbortedException("Connection has been closed"),
                new GatewayException(
                        ProblemCode.MALFORMED_REQUEST, "broken off", new IOException("Connection reset by peer")));
    }

    @ParameterizedTest
    @MethodSource("endsOfConnections")
    void clientThatLeftSaysNothing(Throwable error, CapturedOutput output) {
        DroppedErrors.watch();

        Operators.onErrorDropped(error, Context.empty());

        assertThat(output.getAll()).isEmpty();
    }

    @Test
    void whatNobodyWaitedForIsLogged(CapturedOutput output) {
        DroppedErrors.watch();

        Operators.onErrorDropped(new GatewayException(ProblemCode.INTERNAL_ERROR, "a fault of ours"), Context.empty());

        assertThat(output.getAll()).contains("an error that nobody waited for", "a fault of ours");
    }
}
