package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureFormats;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UploadTypesTest {
    private static final Set<ImageType> WITHOUT_LIBVIPS = Set.of(
            new ImageType("image/webp", "webp"),
            new ImageType("image/gif", "gif"),
            new ImageType("image/png", "png"),
            new ImageType("image/jpeg", "jpg"));

    @Test
    void typesAreToldInTheDocumentsOrderWithWhatElseIsReadBehindThem() {
        assertThat(new UploadTypes(PictureFormats.TYPES).names())
                .isEqualTo(
                        "image/jpeg, image/jpg, image/png, image/webp, image/heic, image/heif, image/gif, image/avif,"
                                + " image/svg+xml, image/tiff, image/jxl");
    }

    @Test
    void whatTheDecoderDoesNotReadIsNotTaken() {
        UploadTypes types = new UploadTypes(WITHOUT_LIBVIPS);

        assertThat(types.names()).isEqualTo("image/jpeg, image/jpg, image/png, image/webp, image/gif");
        assertThat(types.of("image/jpg")).isEqualTo(UploadType.JPG);
        assertThat(types.of("image/heic")).isNull();
        assertThat(types.of("image/bmp")).isNull();
        assertThat(types.of("IMAGE/PNG")).isNull();
    }

    @Test
    void everyFormatThatIsReadCanBeAnnounced() {
        assertThat(Arrays.stream(UploadType.values()).map(UploadType::found))
                .containsAll(
                        PictureFormats.TYPES.stream().map(ImageType::mediaType).toList());
    }
}
