package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import dev.sluice.gateway.outbound.http.ProviderFailure;
import io.micrometer.core.instrument.MeterRegistry;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** Puts a model together. */
public final class TextModels {

    private TextModels() {}

    /** Everything around a provider's single try, outermost first. */
    public static TextModel guarded(TextModel provider, TryPolicy patience, MeterRegistry meters, Scheduler timer) {
        TextModel chain = provider;
        chain = new MeteredModel(chain, meters); // each try is seen
        chain = new RetryingModel(chain, patience, timer); // both tries are one call
        chain = new ContinuingModel(chain, timer); // calls that follow on each other are one answer
        return new DeadlineModel(chain, timer); // nothing outlasts it
    }

    /** What stands in for a provider without a key. */
    public static TextModel unconfigured(String detail) {
        return (prompt, delivery, within, account) ->
                Flux.error(() -> new ProviderException(ProviderFailure.NOT_CONFIGURED, detail));
    }
}
