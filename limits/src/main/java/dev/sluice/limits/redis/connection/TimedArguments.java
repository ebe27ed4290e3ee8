package dev.sluice.limits.redis.connection;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandArgs;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Arguments that know when they were written; of a command that is sent again, when they were written first. */
public final class TimedArguments extends CommandArgs<byte[], byte[]> {
    private final Runnable written;
    private boolean isWritten;
    private volatile @Nullable Long writtenAt;

    /** {@code written} is run once, by the thread that writes them. */
    public TimedArguments(Runnable written) {
        super(ByteArrayCodec.INSTANCE);
        this.written = written;
    }

    @Override
    public void encode(ByteBuf buffer) {
        super.encode(buffer);
        if (!isWritten) {
            isWritten = true;
            writtenAt = System.nanoTime();
            written.run();
        }
    }

    /** By {@link System#nanoTime}; null if they were not, as of a command that found no connection. */
    public @Nullable Long writtenAt() {
        return writtenAt;
    }
}
