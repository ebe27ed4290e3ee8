package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The formats that are taken here: those of {@link UploadType} that the decoder in use reads. */
final class UploadTypes {
    private final List<UploadType> types;

    UploadTypes(Collection<ImageType> accepted) {
        Set<String> found = accepted.stream().map(ImageType::mediaType).collect(Collectors.toSet());
        this.types = Arrays.stream(UploadType.values())
                .filter(type -> found.contains(type.found()))
                .toList();
    }

    /** The type of that name, exactly as clients may write it; null if it is none of these. */
    @Nullable UploadType of(String contentType) {
        UploadType type = UploadType.of(contentType);
        return types.contains(type) ? type : null;
    }

    /** All of them, as they are to be announced. */
    List<String> announced() {
        return types.stream().map(UploadType::announced).toList();
    }

    /** All of them, with commas between. */
    String names() {
        return String.join(", ", announced());
    }
}
