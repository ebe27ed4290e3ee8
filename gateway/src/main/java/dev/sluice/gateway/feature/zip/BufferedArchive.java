package dev.sluice.gateway.feature.zip;

import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/**
 * An archive that was collected before its first byte is sent: all its images have arrived.
 *
 * @param length of the archive in bytes
 * @param bytes all of them, once; the subscriber owns each buffer
 * @param resources of its images; to be disposed of if the bytes are not read, and harmless if they are
 */
record BufferedArchive(long length, Flux<DataBuffer> bytes, Disposable resources) {}
