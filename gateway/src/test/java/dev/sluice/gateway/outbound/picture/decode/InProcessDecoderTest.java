package dev.sluice.gateway.outbound.picture.decode;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;

class InProcessDecoderTest extends PictureDecoderContract {

    @Override
    PictureDecoder decoder() {
        assumeTrue(LibWebp.library() != null, "libwebp is not there for this platform");
        return new InProcessDecoder(Duration.ofMinutes(1));
    }
}
