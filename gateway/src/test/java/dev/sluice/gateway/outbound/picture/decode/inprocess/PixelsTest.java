package dev.sluice.gateway.outbound.picture.decode.inprocess;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PixelsTest {

    /** Rows of letters, a letter a pixel. */
    private static Pixels letters(String rows) {
        String[] lines = rows.split("/");
        return new Pixels(
                lines[0].length(),
                lines.length,
                Layout.GRAY,
                String.join("", lines).getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @CsvSource({
        "1, abc/def",
        "2, cba/fed",
        "3, fed/cba",
        "4, def/abc",
        "5, ad/be/cf",
        "6, da/eb/fc",
        "7, fc/eb/da",
        "8, cf/be/ad"
    })
    void pictureIsTurnedAsItsOrientationSays(int orientation, String upright) {
        Pixels turned = letters("abc/def").upright(orientation);

        assertThat(turned.width()).isEqualTo(letters(upright).width());
        assertThat(turned.height()).isEqualTo(letters(upright).height());
        assertThat(turned.samples()).isEqualTo(letters(upright).samples());
    }

    @Test
    void alphaIsDroppedWhereNothingIsTransparent() {
        Pixels opaque = new Pixels(2, 1, Layout.RGBA, new byte[] {1, 2, 3, -1, 4, 5, 6, -1});
        Pixels sheer = new Pixels(2, 1, Layout.RGBA, new byte[] {1, 2, 3, -1, 4, 5, 6, -2});

        assertThat(opaque.withoutNeedlessAlpha().layout()).isEqualTo(Layout.RGB);
        assertThat(opaque.withoutNeedlessAlpha().samples()).isEqualTo(new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(sheer.withoutNeedlessAlpha()).isSameAs(sheer);
    }

    @Test
    void partOfACanvasLiesWhereItBelongsAndIsCutAtTheEdge() {
        Pixels part = new Pixels(2, 1, Layout.RGB, new byte[] {1, 2, 3, 4, 5, 6});

        Pixels canvas = part.placed(1, 1, 2, 2);

        assertThat(canvas.samples()).isEqualTo(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, -1});
    }
}
