package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.InstantiationAwareBeanPostProcessor;
import org.springframework.context.support.GenericApplicationContext;

/**
 * Tells each further gateway of a JVM of tests what the first has found out of the libvips of this machine. A gateway
 * asks that in five processes, which take half as much processor time as the rest of its start, and the answers stay
 * the same. One that is to decode otherwise than by default asks for itself.
 */
public final class KnownVips implements InstantiationAwareBeanPostProcessor {
    private static final String NAME = "libvips ";
    private static final List<String> SETTINGS = List.of(
            "sluice.pictures.decoder", "sluice.pictures.vips", "sluice.pictures.timeout", "sluice.pictures.cpu-time");
    private static final VipsDecoder.Settings DEFAULTS =
            new VipsDecoder.Settings("vips", Duration.ofSeconds(20), Duration.ofSeconds(20));

    private static volatile @Nullable VipsFormats known;

    private final GenericApplicationContext context;

    private KnownVips(GenericApplicationContext context) {
        this.context = context;
    }

    /** Adds it, unless the gateway is to decode otherwise than by default. */
    public static void addTo(GenericApplicationContext context) {
        if (SETTINGS.stream().noneMatch(context.getEnvironment()::containsProperty)) {
            context.getBeanFactory().addBeanPostProcessor(new KnownVips(context));
        }
    }

    @Override
    public @Nullable Object postProcessBeforeInstantiation(Class<?> type, String name) {
        VipsFormats formats = known;
        if (type != PictureDecoder.class || formats == null) {
            return null;
        }
        NetworklessLauncher launcher = new NetworklessLauncher();
        VipsTool tool =
                new VipsTool(new ChildProcess(launcher), DEFAULTS.command(), DEFAULTS.wall(), DEFAULTS.processor());
        VipsDecoder decoder = new VipsDecoder(launcher, tool, formats, new VipsSelfTest(tool));
        // A bean that comes from here is not closed by itself.
        context.getDefaultListableBeanFactory().registerDisposableBean(name, decoder::close);
        return decoder;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (known == null && bean instanceof VipsDecoder first) {
            known = new VipsFormats(first.name().substring(NAME.length()), first.mediaTypes());
        }
        return bean;
    }
}
