package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.outbound.spool.SpooledBytes;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An image that waits in a file, because memory was short. */
record ImageOnDisk(SpooledBytes file) implements ImageBytes {

    @Override
    public void expect(long bytes) {
        file.expect(bytes);
    }

    @Override
    public Mono<Void> receive(Flux<DataBuffer> body) {
        return file.receive(body);
    }

    @Override
    public Flux<DataBuffer> content() {
        return file.content();
    }

    @Override
    public void dispose() {
        file.dispose();
    }

    @Override
    public boolean isDisposed() {
        return file.isDisposed();
    }
}
