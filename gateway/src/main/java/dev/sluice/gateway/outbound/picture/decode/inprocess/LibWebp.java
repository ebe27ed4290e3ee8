package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.inprocess.Pixels.Layout;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is needed of libwebp (its {@code decode.h} and {@code encode.h}), called where it is: in the library that
 * {@code com.github.usefulness:webp-imageio} ships. That artifact's own classes are not used. They pin the heap as long
 * as a picture is decoded, so that some collectors wait for it and with them everybody who allocates, and they have
 * pixels on the heap only. All memory here is native. Thread-safe.
 */
@SuppressWarnings("restricted")
final class LibWebp {
    private static final Logger LOG = LoggerFactory.getLogger(LibWebp.class);

    /** What {@code WEBP_DECODER_ABI_VERSION} is compared by: its high byte. */
    private static final int ABI = 0x0200;

    private static final int MODE_RGB = 0;
    private static final int MODE_RGBA = 1;
    private static final int OK = 0;
    private static final int OUT_OF_MEMORY = 1;
    private static final int UNSUPPORTED_FEATURE = 4;

    // struct WebPDecoderConfig, where pointers have 8 bytes: WebPBitstreamFeatures, WebPDecBuffer, WebPDecoderOptions.
    private static final long CONFIG_SIZE = 240;
    private static final long INPUT_WIDTH = 0;
    private static final long INPUT_HEIGHT = 4;
    private static final long INPUT_HAS_ALPHA = 8;
    private static final long OUTPUT_COLORSPACE = 40;
    private static final long OUTPUT_IS_EXTERNAL_MEMORY = 52;
    private static final long OUTPUT_RGBA = 56;
    private static final long OUTPUT_STRIDE = 64;
    private static final long OUTPUT_SIZE = 72;
    private static final long OPTIONS_USE_SCALING = 188;
    private static final long OPTIONS_SCALED_WIDTH = 192;
    private static final long OPTIONS_SCALED_HEIGHT = 196;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    /** Directories of the artifact, by Java's names of systems and processors. */
    private static final Map<String, String> PLATFORMS = Map.of(
            "Linux/amd64", "Linux/x86_64",
            "Linux/aarch64", "Linux/aarch64",
            "Mac OS X/aarch64", "Mac/aarch64");

    private final int version;
    private final MethodHandle initConfig;
    private final MethodHandle getFeatures;
    private final MethodHandle decode;
    private final MethodHandle encodeRgb;
    private final MethodHandle encodeRgba;
    private final MethodHandle free;

    private LibWebp(SymbolLookup library) {
        this.version = (int) call(function(library, "WebPGetDecoderVersion", INT));
        this.initConfig = function(library, "WebPInitDecoderConfigInternal", INT, POINTER, INT);
        this.getFeatures = function(library, "WebPGetFeaturesInternal", INT, POINTER, SIZE, POINTER, INT);
        this.decode = function(library, "WebPDecode", INT, POINTER, SIZE, POINTER);
        FunctionDescriptor encoder =
                FunctionDescriptor.of(SIZE, POINTER, INT, INT, INT, ValueLayout.JAVA_FLOAT, POINTER);
        this.encodeRgb = function(library, "WebPEncodeRGB", encoder);
        this.encodeRgba = function(library, "WebPEncodeRGBA", encoder);
        this.free = function(library, "WebPFree", FunctionDescriptor.ofVoid(POINTER));
    }

    private static final class Loaded {
        private static final @Nullable LibWebp LIBRARY = load();
    }

    /** The library, loaded once; null where there is none for this platform, or it cannot be loaded. */
    static @Nullable LibWebp library() {
        return Loaded.LIBRARY;
    }

    private static @Nullable LibWebp load() {
        String platform = PLATFORMS.get(System.getProperty("os.name") + '/' + System.getProperty("os.arch"));
        if (platform == null) {
            return null;
        }
        try {
            Path copy = Files.createTempFile("libwebp", ".lib");
            try (InputStream library = LibWebp.class.getResourceAsStream(
                    "/native/" + platform + '/' + System.mapLibraryName("webp-imageio"))) {
                if (library == null) {
                    throw new FileNotFoundException("no libwebp for " + platform);
                }
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
                return new LibWebp(SymbolLookup.libraryLookup(copy, Arena.global()));
            } finally {
                Files.delete(copy); // what is loaded stays
            }
        } catch (IOException | RuntimeException | LinkageError failed) {
            LOG.warn("libwebp cannot be loaded, so WebP is not decoded in process: {}", failed.toString());
            return null;
        }
    }

    private static MethodHandle function(
            SymbolLookup library, String name, MemoryLayout result, MemoryLayout... arguments) {
        return function(library, name, FunctionDescriptor.of(result, arguments));
    }

    private static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor signature) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), signature);
    }

    private static Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible); // C throws nothing
        }
    }

    /** For example {@code 1.6.0}. */
    String version() {
        return (version >> 16) + "." + (version >> 8 & 0xff) + "." + (version & 0xff);
    }

    /** The size of a still picture, as coded. */
    record Size(int width, int height) {}

    /** @throws PictureException if {@code webp} is damaged */
    Size size(MemorySegment webp) {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment config = config(webp, memory);
            return new Size(config.get(INT, INPUT_WIDTH), config.get(INT, INPUT_HEIGHT));
        }
    }

    private MemorySegment config(MemorySegment webp, Arena memory) {
        MemorySegment config = memory.allocate(CONFIG_SIZE, 8);
        if ((int) call(initConfig, config, ABI) == 0) {
            throw new IllegalStateException("libwebp has another interface");
        }
        check((int) call(getFeatures, webp, webp.byteSize(), config, ABI));
        return config;
    }

    /**
     * Decodes every pixel of a still picture into a smaller one, in RGB or RGBA.
     *
     * <p>libwebp holds some rows of a lossy picture, 4 bytes a pixel of a lossless one and 5 of a lossy one with alpha.
     *
     * @param webp a whole file in native memory
     * @throws PictureException if it is damaged
     * @throws DecoderException if there is not enough memory
     */
    Pixels decode(MemorySegment webp, int toWidth, int toHeight) {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment config = config(webp, memory);
            Layout layout = config.get(INT, INPUT_HAS_ALPHA) == 0 ? Layout.RGB : Layout.RGBA;
            MemorySegment pixels = memory.allocate((long) toWidth * toHeight * layout.bands);
            config.set(INT, OUTPUT_COLORSPACE, layout == Layout.RGB ? MODE_RGB : MODE_RGBA);
            config.set(INT, OUTPUT_IS_EXTERNAL_MEMORY, 1);
            config.set(POINTER, OUTPUT_RGBA, pixels);
            config.set(INT, OUTPUT_STRIDE, toWidth * layout.bands);
            config.set(SIZE, OUTPUT_SIZE, pixels.byteSize());
            if (toWidth != config.get(INT, INPUT_WIDTH) || toHeight != config.get(INT, INPUT_HEIGHT)) {
                config.set(INT, OPTIONS_USE_SCALING, 1);
                config.set(INT, OPTIONS_SCALED_WIDTH, toWidth);
                config.set(INT, OPTIONS_SCALED_HEIGHT, toHeight);
            }
            check((int) call(decode, webp, webp.byteSize(), config));
            return new Pixels(toWidth, toHeight, layout, pixels.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static void check(int status) {
        switch (status) {
            case OK -> {}
            case OUT_OF_MEMORY ->
                throw new DecoderException(
                        DecoderException.Kind.LIMIT, "The image takes more memory than there is", null);
            case UNSUPPORTED_FEATURE ->
                throw new PictureException(Kind.UNSUPPORTED, "This kind of WebP is not supported", null);
            default -> throw PictureException.damaged("image", "libwebp ends with status " + status);
        }
    }

    /**
     * Encodes a picture in RGB or RGBA, lossy.
     *
     * @param quality 0 to 100
     * @throws DecoderException if it cannot be encoded: there is not enough memory, or a side is longer than 16,383
     */
    byte[] encode(Pixels picture, float quality) {
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment pixels = memory.allocateFrom(ValueLayout.JAVA_BYTE, picture.samples());
            MemorySegment output = memory.allocate(POINTER);
            Layout layout = picture.layout();
            MethodHandle encoder = layout == Layout.RGB ? encodeRgb : encodeRgba;
            int stride = picture.width() * layout.bands;
            long size = (long) call(encoder, pixels, picture.width(), picture.height(), stride, quality, output);
            MemorySegment webp = output.get(POINTER, 0);
            try {
                if (size == 0) {
                    throw new DecoderException(
                            DecoderException.Kind.LIMIT, "The thumbnail cannot be encoded as WebP", null);
                }
                return webp.reinterpret(size).toArray(ValueLayout.JAVA_BYTE);
            } finally {
                call(free, webp);
            }
        }
    }
}
