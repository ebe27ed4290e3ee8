package dev.sluice.gateway.outbound.ai.text;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;

/**
 * The data of server-sent events as their bytes come in. A line ends with CR, LF or both, and a byte order mark may
 * precede the first one: Spring's reader knows neither, and would drop an event for it. An event at the very end counts
 * without its blank line; whoever reads it sees whether it is whole. The source bounds the bytes.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream">HTML, parsing
 *     an event stream</a>
 */
final class ServerSentEvents {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    private static final byte[] FIELD = {'d', 'a', 't', 'a'};

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private @Nullable ByteArrayOutputStream data;
    private boolean isFirstLine = true;
    private boolean wasCarriageReturn;

    private ServerSentEvents() {}

    /** The data of each event that has some. Releases the buffers. */
    static Flux<byte[]> of(Flux<DataBuffer> body) {
        return Flux.defer(() -> {
            ServerSentEvents events = new ServerSentEvents();
            return body.concatMapIterable(events::read).concatWith(Flux.defer(() -> Flux.fromIterable(events.last())));
        });
    }

    private List<byte[]> read(DataBuffer buffer) {
        List<byte[]> events = new ArrayList<>();
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        for (byte b : bytes) {
            boolean isSecondOfPair = wasCarriageReturn && b == '\n';
            wasCarriageReturn = b == '\r';
            if (b != '\r' && b != '\n') {
                line.write(b);
            } else if (!isSecondOfPair) {
                endLine(events);
            }
        }
        return events;
    }

    private List<byte[]> last() {
        List<byte[]> events = new ArrayList<>();
        endLine(events);
        dispatch(events);
        return events;
    }

    private void endLine(List<byte[]> events) {
        byte[] whole = line.toByteArray();
        line.reset();
        int start = isFirstLine && startsWith(whole, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
        isFirstLine = false;
        if (start == whole.length) {
            dispatch(events);
            return;
        }
        byte[] text = Arrays.copyOfRange(whole, start, whole.length);
        if (startsWith(text, FIELD) && (text.length == FIELD.length || text[FIELD.length] == ':')) {
            add(text);
        }
    }

    private void add(byte[] text) {
        ByteArrayOutputStream joined = data;
        if (joined == null) {
            joined = new ByteArrayOutputStream();
            data = joined;
        } else {
            joined.write('\n');
        }
        int from = Math.min(text.length, FIELD.length + 1);
        int value = from < text.length && text[from] == ' ' ? from + 1 : from;
        joined.write(text, value, text.length - value);
    }

    private void dispatch(List<byte[]> events) {
        if (data != null) {
            events.add(data.toByteArray());
            data = null;
        }
    }

    private static boolean startsWith(byte[] text, byte[] prefix) {
        return text.length >= prefix.length && Arrays.equals(text, 0, prefix.length, prefix, 0, prefix.length);
    }
}
