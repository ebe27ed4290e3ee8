package dev.sluice.zipstream;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** {@link ArchiveLayout#fingerprint}: of the very bytes, so that no version has to be raised when they change. */
final class Fingerprint {

    private Fingerprint() {}

    static String of(List<ArchiveSegment> segments) {
        MessageDigest digest = sha256();
        for (ArchiveSegment segment : segments) {
            if (segment instanceof ArchiveSegment.Bytes known) {
                digest.update(known.bytes());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every Java platform has it
        }
    }
}
