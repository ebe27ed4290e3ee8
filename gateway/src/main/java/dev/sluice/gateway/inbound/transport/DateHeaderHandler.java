package dev.sluice.gateway.inbound.transport;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.AsciiString;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Says on every answer when it was made (RFC 9110 section 6.6.1). The text is made once a second, for all of them. */
@Sharable
final class DateHeaderHandler extends ChannelOutboundHandlerAdapter {
    /** RFC 9110 section 5.6.7; the JDK's own formatter writes days of one digit. */
    private static final DateTimeFormatter IMF_FIXDATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private record Second(long number, AsciiString text) {}

    private final Clock clock;
    private volatile Second latest;

    DateHeaderHandler(Clock clock) {
        this.clock = clock;
        this.latest = made(Math.floorDiv(clock.millis(), 1000));
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response) {
            response.headers().set(HttpHeaderNames.DATE, text());
        }
        var _ = context.write(message, promise);
    }

    /** The present second as the field has it. */
    AsciiString text() {
        long second = Math.floorDiv(clock.millis(), 1000);
        Second known = latest;
        if (known.number() != second) {
            known = made(second);
            latest = known;
        }
        return known.text();
    }

    private static Second made(long second) {
        return new Second(second, AsciiString.of(IMF_FIXDATE.format(Instant.ofEpochSecond(second))));
    }
}
