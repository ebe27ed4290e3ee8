package dev.sluice.gateway.testing;

import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A PNG that its origin can replace, and that it confirms to who has it. */
public final class VersionedImage implements Behaviour {
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger confirmed = new AtomicInteger();
    private volatile byte[] bytes;
    private volatile @Nullable String etag;
    private volatile String confirmation = "";

    /** @param etag null: there is nothing to ask by */
    public VersionedImage(byte[] bytes, @Nullable String etag) {
        this.bytes = bytes;
        this.etag = etag;
    }

    /** From now on it has these bytes, under this name. */
    public void become(byte[] newBytes, @Nullable String newEtag) {
        bytes = newBytes;
        etag = newEtag;
    }

    /** From now on a 304 has this line in its head too, if it is not empty. */
    public void confirmWith(String line) {
        confirmation = line;
    }

    /** How often its bytes were sent. */
    public int sent() {
        return sent.get();
    }

    /** How often it was confirmed. */
    public int confirmed() {
        return confirmed.get();
    }

    @Override
    public void answer(OriginExchange exchange) throws IOException {
        String named = etag;
        if (named != null && exchange.header("If-None-Match").contains(named)) {
            confirmed.incrementAndGet();
            exchange.head(304, confirmation.isEmpty() ? new String[] {"ETag: " + named} : new String[] {confirmation});
            return;
        }
        sent.incrementAndGet();
        byte[] body = bytes;
        String length = "Content-Length: " + body.length;
        if (named == null) {
            exchange.head(200, "Content-Type: image/png", length);
        } else {
            exchange.head(200, "Content-Type: image/png", length, "ETag: " + named);
        }
        exchange.write(body);
    }
}
