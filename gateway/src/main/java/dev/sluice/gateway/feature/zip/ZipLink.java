package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.RemoteImage;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A request kept behind a link, with the board of its latest download in this process. */
final class ZipLink {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TOKEN_BYTES = 24;
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{32}");
    private static final int FIXED_WEIGHT = 512;
    private static final int WEIGHT_PER_IMAGE = 256;

    private final String token;
    private final ZipRequest request;
    private final Instant expiresAt;
    private final AtomicReference<ZipProgress> latest;
    private final AtomicInteger listeners = new AtomicInteger();

    ZipLink(String token, ZipRequest request, Instant expiresAt) {
        this.token = token;
        this.request = request;
        this.expiresAt = expiresAt;
        this.latest = new AtomicReference<>(new ZipProgress(request));
    }

    /** A link with a new token: 192 random bits, so that nobody finds another's by trying. */
    static ZipLink create(ZipRequest request, Instant expiresAt) {
        byte[] bytes = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(bytes);
        return new ZipLink(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes), request, expiresAt);
    }

    /** Whether {@code text} could be a token at all. */
    static boolean isToken(String text) {
        return TOKEN.matcher(text).matches();
    }

    String token() {
        return token;
    }

    ZipRequest request() {
        return request;
    }

    Instant expiresAt() {
        return expiresAt;
    }

    /** About the bytes that the request takes on the heap: two per character, and its objects. */
    int weight() {
        int weight = FIXED_WEIGHT + 2 * length(request.filename());
        for (RemoteImage image : request.images()) {
            weight += WEIGHT_PER_IMAGE + 2 * (length(image.url()) + length(image.name()));
        }
        return weight;
    }

    /** The board of the download that began last, or an untouched one. */
    ZipProgress progress() {
        return latest.get();
    }

    /** A fresh board for a download that begins now. */
    ZipProgress begin() {
        ZipProgress fresh = new ZipProgress(request);
        latest.set(fresh);
        return fresh;
    }

    /** Takes one of {@code most} seats, or none. */
    boolean addListener(int most) {
        return listeners.getAndUpdate(count -> Math.min(most, count + 1)) < most;
    }

    void removeListener() {
        listeners.decrementAndGet();
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }
}
