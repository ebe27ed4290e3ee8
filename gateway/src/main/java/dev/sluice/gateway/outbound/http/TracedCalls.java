package dev.sluice.gateway.outbound.http;

import dev.sluice.gateway.contract.trace.TraceSpan;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import java.net.URI;
import org.springframework.http.HttpMethod;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Mono;

/**
 * Shows each call in the trace of the request that it is made for, to the head of its answer. Nothing of the trace goes
 * out with it: whoever provides a model is none of the operator's own services.
 */
final class TracedCalls implements ExchangeFilterFunction {
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> SCHEME = AttributeKey.stringKey("url.scheme");
    private static final AttributeKey<String> HOST = AttributeKey.stringKey("server.address");
    private static final AttributeKey<Long> PORT = AttributeKey.longKey("server.port");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final int FIRST_ERROR = 400;

    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        HttpMethod method = request.method();
        return TraceSpan.mono(new TraceSpan.Operation(method.name(), SpanKind.CLIENT), span -> {
            Mono<ClientResponse> response = next.exchange(request);
            if (!span.isRecorded()) {
                return response;
            }
            describe(span, method, request.url());
            return response.doOnNext(
                    answer -> answered(span, answer.statusCode().value()));
        });
    }

    private static void describe(TraceSpan span, HttpMethod method, URI url) {
        String scheme = String.valueOf(url.getScheme());
        long known = "https".equals(scheme) ? 443 : 80;
        span.set(METHOD, method.name())
                .set(SCHEME, scheme)
                .set(HOST, String.valueOf(url.getHost()))
                .set(PORT, url.getPort() < 0 ? known : (long) url.getPort());
    }

    private static void answered(TraceSpan span, int status) {
        span.set(STATUS, (long) status);
        if (status >= FIRST_ERROR) {
            span.fail(Integer.toString(status));
        }
    }
}
