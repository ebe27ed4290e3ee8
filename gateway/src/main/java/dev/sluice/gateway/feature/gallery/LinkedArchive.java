package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.link.LinkFormat;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An archive that its owner has a link to.
 *
 * @param owner whom it is served to, as {@link dev.sluice.gateway.contract.Caller#subject} names them
 * @param ids what is in it
 * @param filename what it is called, without line feeds
 */
record LinkedArchive(String owner, List<UUID> ids, String filename) {

    LinkedArchive {
        ids = List.copyOf(ids);
    }

    /** The file name, the owner and each id, a line each. An owner has no line feed: it is a token's name. */
    static final class Format implements LinkFormat<LinkedArchive> {
        private static final int FIXED_WEIGHT = 512;
        private static final int WEIGHT_PER_ID = 64;
        private static final int FIXED_LINES = 2;
        private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

        @Override
        public String write(LinkedArchive content) {
            StringBuilder text =
                    new StringBuilder(content.filename()).append('\n').append(content.owner());
            content.ids().forEach(id -> text.append('\n').append(id));
            return text.toString();
        }

        @Override
        public @Nullable LinkedArchive read(String text) {
            List<String> lines = List.of(text.split("\n", -1));
            if (lines.size() <= FIXED_LINES) {
                return null;
            }
            List<String> ids = lines.subList(FIXED_LINES, lines.size());
            return ids.stream().allMatch(id -> ID.matcher(id).matches())
                    ? new LinkedArchive(
                            lines.get(1), ids.stream().map(UUID::fromString).toList(), lines.getFirst())
                    : null;
        }

        @Override
        public int weight(LinkedArchive content) {
            return FIXED_WEIGHT
                    + 2 * (content.owner().length() + content.filename().length())
                    + WEIGHT_PER_ID * content.ids().size();
        }
    }
}
