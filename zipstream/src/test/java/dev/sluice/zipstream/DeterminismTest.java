package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.HexFormat;
import java.util.Locale;
import java.util.TimeZone;
import java.util.zip.CRC32;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** The same entries give the same bytes, everywhere and for ever. */
class DeterminismTest {

    /** Berlin's clocks went from 02:00 to 03:00 that night: there, this wall-clock time does not exist. */
    private static final Instant IN_BERLINS_GAP = Instant.parse("2026-03-29T02:30:00Z");

    private static final String EXPECTED = String.join(
                    "",
                    // Local header: version 1.0, names in UTF-8, stored, 02:30:00 on 2026-03-29, CRC, sizes, lengths,
                    // name.
                    "504b0304 0a00 0008 0000 c013 7d5c 32495908 06000000 06000000 0600 0000 c3bc2e6a7067",
                    "736c75696365",
                    "504b0102 1403 0a00 0008 0000 c013 7d5c 32495908 06000000 06000000 0600 0000 0000 0000 0000 0000a481 00000000",
                    "c3bc2e6a7067",
                    "504b0506 0000 0000 0100 0100 34000000 2a000000 0000")
            .replace(" ", "");

    private final TimeZone zone = TimeZone.getDefault();
    private final Locale locale = Locale.getDefault();

    @AfterEach
    void restore() {
        TimeZone.setDefault(zone);
        Locale.setDefault(locale);
    }

    @ParameterizedTest
    @CsvSource({
        "UTC, en-US",
        "Europe/Berlin, de-DE",
        "America/New_York, tr-TR",
        "Asia/Kathmandu, ar-EG-u-nu-arab",
        "Pacific/Kiritimati, th-TH-u-ca-buddhist-nu-thai",
        "Etc/GMT+12, hi-IN-u-nu-deva"
    })
    void bytesDependOnNeitherTimeZoneNorLocale(String zoneId, String languageTag) {
        TimeZone.setDefault(TimeZone.getTimeZone(zoneId));
        Locale.setDefault(Locale.forLanguageTag(languageTag));

        assertThat(HexFormat.of().formatHex(archive(IN_BERLINS_GAP))).isEqualTo(EXPECTED);
    }

    @Test
    void readersFindTheTimeInUtc(@TempDir Path directory) throws IOException {
        TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
        Path file = Files.write(directory.resolve("a.zip"), archive(IN_BERLINS_GAP));
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.entries().nextElement().getTimeLocal()).isEqualTo(LocalDateTime.of(2026, 3, 29, 2, 30));
        }
    }

    private static byte[] archive(Instant modified) {
        DataBufferFactory heap = new DefaultDataBufferFactory();
        byte[] bytes = "sluice".getBytes(StandardCharsets.UTF_8);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        Flux<DataBuffer> content = Flux.just(heap.wrap(bytes));
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        StepVerifier.create(ZipStream.of(
                        Flux.just(new ArchiveEntry(
                                "\u00FC.jpg", bytes.length, crc.getValue(), modified, content, Disposables.disposed())),
                        heap))
                .thenConsumeWhile(buffer -> true, buffer -> archive.writeBytes(bytes(buffer)))
                .verifyComplete();
        return archive.toByteArray();
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        return bytes;
    }
}
