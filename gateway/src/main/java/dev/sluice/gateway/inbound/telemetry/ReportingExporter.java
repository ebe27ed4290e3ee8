package dev.sluice.gateway.inbound.telemetry;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once that traces do not arrive, and once that they do again, whatever is lost in between. */
final class ReportingExporter implements SpanExporter {
    private static final Logger LOG = LoggerFactory.getLogger(ReportingExporter.class);

    private final SpanExporter next;
    private final AtomicBoolean failing = new AtomicBoolean();

    ReportingExporter(SpanExporter next) {
        this.next = next;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        CompletableResultCode result = next.export(spans);
        return result.whenComplete(() -> report(result));
    }

    private void report(CompletableResultCode result) {
        if (result.isSuccess()) {
            if (failing.compareAndSet(true, false)) {
                LOG.info("The collector takes traces again");
            }
        } else if (failing.compareAndSet(false, true)) {
            LOG.warn("The collector does not take traces, which are dropped until it does: {}", reason(result));
        }
    }

    /** What kept them from being sent; an answer that refuses them has no cause. */
    private static String reason(CompletableResultCode result) {
        Throwable failure = result.getFailureThrowable();
        Throwable cause = failure == null ? null : failure.getCause();
        return cause == null ? "it refuses them" : LoggedPath.printable(cause.toString());
    }

    @Override
    public CompletableResultCode flush() {
        return next.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return next.shutdown();
    }
}
