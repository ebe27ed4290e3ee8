package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.ImageArchives;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.contract.archive.SkippedImage;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;

/** The archives of this feature for other features. What failed is told apart, so there is no manifest in them. */
final class ZipArchives implements ImageArchives {
    /** Two headers with a name of 200 bytes at most, and what may follow a name. */
    private static final long PER_ENTRY = 1024;

    private static final long ENDING = 1024;

    private final ZipTools tools;

    ZipArchives(ZipTools tools) {
        this.tools = tools;
    }

    @Override
    public long mostBytes(int images) {
        return ENDING + images * (PER_ENTRY + tools.properties().maxImageSize().toBytes());
    }

    @Override
    public Archive of(List<RemoteImage> images, OnError onError, DataBufferFactory buffers) {
        ZipRequest request = new ZipRequest(images, null, onError);
        ZipDownload download = new ZipDownload(
                tools,
                request,
                tools.stored(request, StoredImages.Admission.SECOND_REQUEST),
                new LocalProgress(request),
                buffers,
                tools.silence(),
                ZipDownload.Manifest.OMITTED);
        return new Archive() {
            @Override
            public Flux<DataBuffer> bytes() {
                return download.spooled();
            }

            @Override
            public List<SkippedImage> skipped() {
                return download.skipped();
            }
        };
    }
}
