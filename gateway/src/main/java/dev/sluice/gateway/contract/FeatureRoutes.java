package dev.sluice.gateway.contract;

import java.util.List;

/** What a feature offers over HTTP. The pipeline mounts it behind the guards; a feature mounts nothing itself. */
@FunctionalInterface
public interface FeatureRoutes {

    /** The feature's endpoints; no two of the gateway share a method and path. */
    List<Endpoint> endpoints();
}
