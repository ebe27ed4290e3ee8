package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import org.jspecify.annotations.Nullable;

/**
 * A picture that is about to come.
 *
 * @param owner whose it is to be, and whose share of the disk it takes meanwhile; null if it is nobody's
 * @param mostBytes that its source gives
 */
public record Arrival(@Nullable String owner, long mostBytes) {
    /** What the smaller copies of one picture may take beside it. */
    private static final long COPIES = 4L << 20;

    /** One that takes nobody's share. */
    public static Arrival ofNobody(long mostBytes) {
        return new Arrival(null, mostBytes);
    }

    /**
     * Room for it and its copies, before a byte has come.
     *
     * @throws DecoderException if there is none: busy
     */
    DiskBudget.Share reserve(DiskBudget room) {
        try {
            return room.reserve(owner, mostBytes + COPIES);
        } catch (DiskBudget.FullException full) {
            String why = switch (full.whose()) {
                case OWNERS -> "You have as many pictures on their way as one user may have";
                case ALL -> "There is no room for another picture at present";
            };
            throw new DecoderException(DecoderException.Kind.BUSY, why, full);
        }
    }

    /** Gives back what was reserved beyond so many bytes, now that all have come. */
    static void arrived(DiskBudget.Share share, long bytes) {
        share.shrinkTo(bytes + COPIES);
    }
}
