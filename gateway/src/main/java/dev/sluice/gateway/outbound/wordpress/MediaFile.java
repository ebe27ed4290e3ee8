package dev.sluice.gateway.outbound.wordpress;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.MediaType;
import reactor.core.publisher.Flux;

/**
 * A file on its way to a media library.
 *
 * @param name as people write it; the library is given a harmless form of it
 * @param mediaType for example {@code image/png}
 * @param length of the body, in bytes, exactly
 * @param altText what the picture shows, for those who do not see it; empty leaves it out
 * @param body subscribed to once for each time that it is sent, one after the other; whoever does owns its buffers
 */
public record MediaFile(String name, MediaType mediaType, long length, String altText, Flux<DataBuffer> body) {}
