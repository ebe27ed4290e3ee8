package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class MessagePackTest {

    @Test
    void numbersOfEverySizeAreReadAsTheyWereWritten() {
        long[] numbers = {0, 127, 128, 255, 65_535, 65_536, 0xffff_ffffL, 1L << 32, 1L << 53, -1, -33, -(1L << 53)};
        MessagePack.Writer first = new MessagePack.Writer();
        MessagePack.Writer others = new MessagePack.Writer();
        for (int i = 0; i < 100; i++) {
            for (long number : numbers) {
                (i == 0 ? first : others).add(number);
            }
        }

        MessagePack.Reader reader = new MessagePack.Reader(MessagePack.Writer.array(first, others));

        assertThat(reader.left()).isEqualTo(100 * numbers.length);
        for (int i = 0; i < 100; i++) {
            for (long number : numbers) {
                assertThat(reader.next()).isEqualTo(number);
            }
        }
        assertThat(reader.left()).isZero();
        assertThatThrownBy(reader::next).isInstanceOf(IllegalStateException.class);
    }

    /** The bytes are those of the specification's table of formats. */
    @Test
    void everyFormatOfAWholeNumberIsRead() {
        MessagePack.Reader reader = reader(
                "dc000b",
                "7f",
                "ff",
                "cc80",
                "cdffff",
                "ceffffffff",
                "cf001fffffffffffff",
                "d080",
                "d18000",
                "d280000000",
                "d3ffffffffffffffff",
                "00");

        long[] expected = {127, -1, 128, 65_535, 0xffff_ffffL, (1L << 53) - 1, -128, -32_768, -2_147_483_648L, -1, 0};
        for (long number : expected) {
            assertThat(reader.next()).isEqualTo(number);
        }
    }

    @Test
    void anythingButAnArrayOfWholeNumbersIsRefused() {
        assertThatThrownBy(() -> reader("c0")).hasMessage("answer: type 192 (expected: an array)");
        assertThatThrownBy(() -> reader("91", "a161").next()).hasMessage("answer: type 161 (expected: a whole number)");
    }

    private static MessagePack.Reader reader(String... hex) {
        return new MessagePack.Reader(HexFormat.of().parseHex(String.join("", hex)));
    }
}
