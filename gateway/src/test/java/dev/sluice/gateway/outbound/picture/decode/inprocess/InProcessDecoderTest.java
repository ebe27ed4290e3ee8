package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoderContract;
import java.time.Duration;

class InProcessDecoderTest extends PictureDecoderContract {

    @Override
    protected PictureDecoder decoder() {
        assumeTrue(LibWebp.library() != null, "libwebp is not there for this platform");
        return new InProcessDecoder(Duration.ofMinutes(1));
    }
}
