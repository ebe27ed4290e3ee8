package dev.sluice.gateway.outbound.provider;

import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;

/**
 * The pictures of a training, as a ZIP archive.
 *
 * @param length of the body, in bytes, exactly
 * @param body from its start for each subscriber, one at a time, who owns its buffers
 */
public record TrainingArchive(long length, Flux<DataBuffer> body) {}
