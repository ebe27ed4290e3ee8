package dev.sluice.gateway.outbound.imagecache.disk;

/**
 * How much of the disk is used, and by what. Space is used from its reservation on, before there is a file, and until
 * after the file is deleted; so this is never less than what the files take. Not for two threads at once:
 * {@link CacheIndex} asks under its lock.
 */
final class CacheSpace {
    private final long max;
    private long used;
    private long evictable; // of used: live files that nobody reads
    private long foreign; // of used: files that are not the cache's

    CacheSpace(long max) {
        this.max = max;
    }

    /** Space for one new file, which becomes whole bit by bit, as older entries make room. */
    static final class Reservation {
        private final CacheEntry.Name name;
        private final long bytes;
        private long held;
        private boolean undeletable;

        Reservation(CacheEntry.Name name, long fileLength) {
            this.name = name;
            this.bytes = EntryFile.blocks(fileLength);
        }

        /** Under which the new file is written. */
        CacheEntry.Name name() {
            return name;
        }

        boolean isWhole() {
            return held == bytes;
        }

        /** Its temporary file resists deletion. */
        void markUndeletable() {
            undeletable = true;
        }

        boolean isUndeletable() {
            return undeletable;
        }
    }

    /** Whether evicting all that nobody reads would make room for so many bytes. */
    boolean canHold(long fileLength) {
        return max - used + evictable >= EntryFile.blocks(fileLength);
    }

    /** Whether there is room for so many bytes as it is. */
    boolean isFree(long fileLength) {
        return max - used >= EntryFile.blocks(fileLength);
    }

    /** What a file takes of it all: its blocks, or one of so many equal parts where that is more. */
    long share(long fileLength, int parts) {
        return Math.max(EntryFile.blocks(fileLength), max / parts);
    }

    /** Gives the reservation what is free, if it needs it. */
    void give(Reservation reservation) {
        long part = Math.clamp(max - used, 0, reservation.bytes - reservation.held);
        reservation.held += part;
        used += part;
    }

    void takeBack(Reservation reservation) {
        used -= reservation.held;
        reservation.held = 0;
    }

    /** A file was found. */
    void found(CacheEntry entry) {
        used += entry.blocks();
    }

    /** A file was deleted. */
    void deleted(CacheEntry entry) {
        used -= entry.blocks();
    }

    /** Nobody reads the live entry any more. */
    void idle(CacheEntry entry) {
        evictable += entry.blocks();
    }

    /** The entry, which was idle, has a reader or has left. */
    void busy(CacheEntry entry) {
        evictable -= entry.blocks();
    }

    /** How much is taken by files that are not the cache's. */
    void foreign(long bytes) {
        used += bytes - foreign;
        foreign = bytes;
    }

    boolean isOver(long bytes) {
        return bytes > max;
    }

    long used() {
        return used;
    }
}
