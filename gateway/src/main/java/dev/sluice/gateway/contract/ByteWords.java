package dev.sluice.gateway.contract;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Sizes as people say them, for sentences that people read. */
public final class ByteWords {
    private static final long KILO = 1024;
    private static final String[] UNITS = {"bytes", "KB", "MB", "GB", "TB"};

    private ByteWords() {}

    /** For example {@code 512 bytes}, {@code 1.5 MB}, {@code 5 GB}: units of 1024, to a tenth. */
    public static String of(long bytes) {
        int unit = 0;
        long divisor = 1;
        while (unit < UNITS.length - 1 && bytes / divisor >= KILO) {
            divisor *= KILO;
            unit++;
        }
        BigDecimal size = BigDecimal.valueOf(bytes).divide(BigDecimal.valueOf(divisor), 1, RoundingMode.HALF_UP);
        return size.stripTrailingZeros().toPlainString() + " " + UNITS[unit];
    }
}
