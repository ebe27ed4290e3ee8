package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.archive.RemoteImage;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a download in this process. The archive's pipeline writes it, and any number of listeners read it at
 * their own pace. Bytes are counted where they come in, and read there when a listener asks.
 */
final class LocalProgress implements DownloadProgress {

    /** What is known of one image; how much of it has come is asked for when somebody wants to know. */
    private record Entry(
            String url,
            State state,
            LongSupplier bytes,
            @Nullable String code) {

        Entry as(State state, LongSupplier bytes, @Nullable String code) {
            return new Entry(url, state, bytes, code);
        }
    }

    private final AtomicReferenceArray<Entry> entries;
    private volatile boolean ended;
    private volatile long number;

    LocalProgress(ZipRequest request) {
        List<RemoteImage> images = request.images();
        entries = new AtomicReferenceArray<>(images.size());
        for (int index = 0; index < images.size(); index++) {
            entries.set(index, new Entry(images.get(index).url(), State.QUEUED, LocalProgress::none, null));
        }
    }

    /**
     * It is being downloaded now, from its first byte: for the first time, or again because it broke off.
     *
     * @param bytes tells how many of its bytes have come, on any thread
     */
    void begun(int index, LongSupplier bytes) {
        entries.updateAndGet(
                index, entry -> entry.state().isFinal() ? entry : entry.as(State.DOWNLOADING, bytes, null));
    }

    void done(int index) {
        entries.updateAndGet(index, entry -> {
            long all = entry.bytes().getAsLong();
            return entry.as(State.DONE, () -> all, null);
        });
    }

    void skipped(int index, String code) {
        entries.updateAndGet(index, entry -> entry.as(State.SKIPPED, LocalProgress::none, code));
    }

    private static long none() {
        return 0;
    }

    /** Says which of its link's downloads this is, on all gateways. */
    void numbered(long number) {
        this.number = number;
    }

    /** Which of its link's downloads this is, from 1; 0 while that is not known. */
    long number() {
        return number;
    }

    /** No image's progress changes any more: the archive was sent, or was given up. */
    void end() {
        ended = true;
    }

    @Override
    public boolean hasEnded() {
        return ended;
    }

    @Override
    public int size() {
        return entries.length();
    }

    @Override
    public ImageProgress image(int index) {
        Entry entry = entries.get(index);
        return new ImageProgress(
                index, entry.url(), entry.state(), entry.bytes().getAsLong(), entry.code());
    }
}
