package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** A decoder of PNG, JPEG, GIF and TIFF that counts its work, and waits or fails when it is told to. */
final class TestDecoder implements PictureDecoder {
    private final AtomicInteger calls = new AtomicInteger();
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile @Nullable RuntimeException failure;

    /** Puts it in the place of the gateway's own. */
    @Configuration(proxyBeanMethods = false)
    static class Wiring {
        @Bean
        @Primary
        TestDecoder testDecoder() {
            return new TestDecoder();
        }
    }

    /** How often it was asked. */
    int calls() {
        return calls.get();
    }

    /** Lets nobody through until {@link #open}. */
    void shut() {
        gate = new CountDownLatch(1);
    }

    void open() {
        gate.countDown();
    }

    /** Fails from now on; null: works again. */
    void failWith(@Nullable RuntimeException with) {
        failure = with;
    }

    @Override
    public String name() {
        return "test";
    }

    @Override
    public Set<String> mediaTypes() {
        return Set.of("image/png", "image/jpeg", "image/gif", "image/tiff");
    }

    @Override
    public long memoryFor(PictureHeader header) {
        return 1 << 20;
    }

    @Override
    public Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException {
        calls.incrementAndGet();
        await();
        RuntimeException told = failure;
        if (told != null) {
            throw told;
        }
        BufferedImage picture = read(file);
        List<Thumbnail> thumbnails = new ArrayList<>();
        for (int width : widths) {
            thumbnails.add(thumbnail(picture, width, directory));
        }
        return new Decoded(picture.getWidth(), picture.getHeight(), null, thumbnails);
    }

    private void await() throws IOException {
        try {
            if (!gate.await(ProxyRig.SOON.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("nobody opened the gate");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
    }

    private static BufferedImage read(Path file) {
        try {
            BufferedImage picture = ImageIO.read(file.toFile());
            if (picture != null) {
                return picture;
            }
        } catch (IOException | RuntimeException damaged) {
            throw new PictureException(Kind.DAMAGED, "The image cannot be decoded", damaged);
        }
        throw new PictureException(Kind.UNSUPPORTED, "The image is of a type that is not supported", null);
    }

    private static Thumbnail thumbnail(BufferedImage picture, int width, Path directory) throws IOException {
        int height = Math.max(1, Math.round((float) picture.getHeight() * width / picture.getWidth()));
        BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = small.createGraphics();
        canvas.drawImage(picture, 0, 0, width, height, Color.WHITE, null);
        canvas.dispose();
        Path file = directory.resolve("w" + width + ".jpg");
        ImageIO.write(small, "jpeg", file.toFile());
        byte[] bytes = Files.readAllBytes(file);
        return new Thumbnail(
                file,
                new ImageType("image/jpeg", "jpg"),
                width,
                height,
                bytes.length,
                StrongTag.of(StrongTag.digest().digest(bytes)));
    }
}
