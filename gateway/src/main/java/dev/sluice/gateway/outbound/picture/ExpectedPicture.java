package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import org.jspecify.annotations.Nullable;

/**
 * A picture that is about to be received.
 *
 * @param owner who will own it, and whose share of the disk it takes meanwhile; null if nobody
 * @param mostBytes that its source sends at most
 */
public record ExpectedPicture(@Nullable String owner, long mostBytes) {
    /** Bytes that the smaller copies of one picture may take beside it. */
    private static final long COPIES = 4L << 20;

    /** One that takes nobody's share. */
    public static ExpectedPicture ofNobody(long mostBytes) {
        return new ExpectedPicture(null, mostBytes);
    }

    /**
     * Reserves room for it and its copies, before a byte has arrived.
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

    /** Releases what was reserved beyond its size, once all bytes have arrived. */
    static void shrinkToSize(DiskBudget.Share share, long bytes) {
        share.shrinkTo(bytes + COPIES);
    }
}
