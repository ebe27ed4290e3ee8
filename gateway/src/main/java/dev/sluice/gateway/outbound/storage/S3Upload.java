package dev.sluice.gateway.outbound.storage;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.async.SdkAsyncHttpResponseHandler;
import software.amazon.awssdk.http.async.SdkHttpContentPublisher;

/**
 * A signed upload, sent as a client sends it, without the SDK's signature and retries.
 *
 * @param url the signed one
 * @param headers all that are sent beside {@code Host} and {@code Content-Length}
 * @param length what the latter says
 * @param body what follows them; if it is shorter than it was announced and fails, the connection is closed
 */
record S3Upload(PresignedUploads.SignedPut url, Map<String, String> headers, long length, Flux<ByteBuffer> body) {

    /** The status of the answer. */
    Mono<Integer> send(SdkAsyncHttpClient http) {
        return Mono.fromFuture(() -> {
            StatusOnly answer = new StatusOnly();
            CompletableFuture<Void> sent = http.execute(AsyncExecuteRequest.builder()
                    .request(request())
                    .requestContentPublisher(new Content(length, body))
                    .responseHandler(answer)
                    .build());
            return sent.thenApply(end -> answer.status);
        });
    }

    private SdkHttpRequest request() {
        SdkHttpRequest.Builder request =
                SdkHttpRequest.builder().method(SdkHttpMethod.PUT).uri(url.url());
        headers.forEach(request::putHeader);
        return request.putHeader("Content-Length", Long.toString(length))
                .putHeader("Host", url.url().getRawAuthority())
                .build();
    }

    private record Content(long length, Flux<ByteBuffer> body) implements SdkHttpContentPublisher {
        @Override
        public Optional<Long> contentLength() {
            return Optional.of(length);
        }

        @Override
        public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
            body.subscribe(subscriber);
        }
    }

    private static final class StatusOnly implements SdkAsyncHttpResponseHandler {
        private volatile int status;

        @Override
        public void onHeaders(SdkHttpResponse answer) {
            status = answer.statusCode();
        }

        @Override
        public void onStream(Publisher<ByteBuffer> bytes) {
            Flux.from(bytes).subscribe(_ -> {}, _ -> {});
        }

        @Override
        public void onError(Throwable failure) {
            // The call fails with it, too.
        }
    }
}
