package dev.sluice.gateway.feature.zip;

import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/**
 * An archive all of whose images are in.
 *
 * @param length of the archive in bytes
 * @param bytes all of them, once; the subscriber owns each buffer
 * @param resources what holds the images; to be disposed of if the bytes are not read, and harmless if they are
 */
record WholeArchive(long length, Flux<DataBuffer> bytes, Disposable resources) {}
