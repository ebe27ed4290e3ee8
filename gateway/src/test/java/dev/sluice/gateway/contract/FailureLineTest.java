package dev.sluice.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

class FailureLineTest {

    @Test
    void failureIsToldWithItsCauses() {
        assertThat(FailureLine.of(new IllegalStateException(
                        "no answer", new IOException("broken", new ConnectException("Connection refused")))))
                .isEqualTo(
                        "IllegalStateException: no answer, caused by IOException: broken, caused by ConnectException:"
                                + " Connection refused");
    }

    @Test
    void whatRepeatsItsCauseIsToldOnce() {
        assertThat(FailureLine.of(new UncheckedIOException(new IOException("disk full"))))
                .isEqualTo("UncheckedIOException, caused by IOException: disk full");
    }

    @Test
    void failureWithoutAMessageIsItsName() {
        assertThat(FailureLine.of(new IOException())).isEqualTo("IOException");
    }

    @Test
    void causesThatGoRoundInACircleComeToAnEnd() {
        IOException one = new IOException("one");
        IOException other = new IOException("other", one);
        one.initCause(other);

        assertThat(FailureLine.of(one)).startsWith("IOException: one, caused by IOException: other");
    }
}
