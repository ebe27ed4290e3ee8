package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.link.Links;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An archive that its owner has a link to.
 *
 * @param owner whom it is served to, as {@link dev.sluice.gateway.contract.Caller#subject} names them
 * @param ids what is in it
 * @param filename what it is called
 */
record LinkedArchive(String owner, List<UUID> ids, String filename) {

    LinkedArchive {
        ids = List.copyOf(ids);
    }

    /**
     *
     *
     * <pre>
     *   file name, owner   each its length in bytes (2) and its bytes, as DataOutput writes them
     *   ids                16 bytes each, to the end
     * </pre>
     */
    static final class Format implements Links.Format<LinkedArchive> {
        private static final Logger LOG = LoggerFactory.getLogger(LinkedArchive.class);
        private static final int FIXED_WEIGHT = 512;
        private static final int WEIGHT_PER_ID = 64;

        @Override
        public byte[] write(LinkedArchive content) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                out.writeUTF(content.filename());
                out.writeUTF(content.owner());
                for (UUID id : content.ids()) {
                    out.writeLong(id.getMostSignificantBits());
                    out.writeLong(id.getLeastSignificantBits());
                }
            } catch (IOException tooLong) {
                throw new IllegalArgumentException(tooLong);
            }
            return bytes.toByteArray();
        }

        @Override
        public @Nullable LinkedArchive read(byte[] bytes) {
            try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
                String filename = in.readUTF();
                String owner = in.readUTF();
                List<UUID> ids = new ArrayList<>();
                while (in.available() > 0) {
                    ids.add(new UUID(in.readLong(), in.readLong()));
                }
                return ids.isEmpty() ? null : new LinkedArchive(owner, ids, filename);
            } catch (IOException ofAnotherRelease) {
                LOG.warn("A link cannot be read: {}", ofAnotherRelease.toString());
                return null;
            }
        }

        @Override
        public int weight(LinkedArchive content) {
            return FIXED_WEIGHT
                    + 2 * (content.owner().length() + content.filename().length())
                    + WEIGHT_PER_ID * content.ids().size();
        }
    }
}
