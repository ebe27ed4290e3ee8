package dev.sluice.gateway.feature.samples;

import dev.sluice.gateway.contract.Access;
import dev.sluice.gateway.contract.Endpoint;
import dev.sluice.gateway.contract.FeatureRoutes;
import java.util.Arrays;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Says where the sample pictures are. */
final class SampleRoutes implements FeatureRoutes {

    /**
     * A picture that misbehaves.
     *
     * @param url where it is
     * @param what what is wrong with it
     * @param code what the gateway will say of it
     */
    record Misbehaving(String url, String what, String code) {}

    /**
     * What there is to try.
     *
     * @param pictures URLs of decent pictures
     * @param misbehaving pictures that must not get into an archive
     */
    record Samples(List<String> pictures, List<Misbehaving> misbehaving) {}

    private final Samples samples;

    SampleRoutes(SampleOrigin origin) {
        this.samples = new Samples(
                SamplePicture.all().stream()
                        .map(picture -> origin.url(picture.fileName()))
                        .toList(),
                Arrays.stream(Misbehaviour.values())
                        .map(bad -> new Misbehaving(origin.url(bad.fileName()), bad.what(), bad.code()))
                        .toList());
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of(Endpoint.get("samples.list", "/samples", MediaType.APPLICATION_JSON, this::list)
                .openTo(Access.PUBLIC));
    }

    private Mono<ServerResponse> list(ServerRequest request) {
        return ServerResponse.ok().bodyValue(samples);
    }
}
