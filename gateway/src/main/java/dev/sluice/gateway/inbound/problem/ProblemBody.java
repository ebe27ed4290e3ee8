package dev.sluice.gateway.inbound.problem;

import dev.sluice.gateway.contract.ErrorMember;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The members of a problem's body, in order (RFC 9457 section 3). */
public final class ProblemBody {

    private ProblemBody() {}

    /**
     * The body of {@code problem}.
     *
     * @param instance the path that was asked for
     * @param error what the member {@code error} repeats
     * @param traceId null where nothing is traced
     */
    public static SequencedMap<String, Object> of(
            GatewayException problem, String instance, ErrorMember error, String requestId, @Nullable String traceId) {
        ProblemCode code = problem.code();
        SequencedMap<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", code.title());
        body.put("status", code.status().value());
        body.put("detail", problem.detail());
        body.put("instance", instance);
        body.put("code", code.code());
        body.put("error", error == ErrorMember.DETAIL ? problem.detail() : code.code());
        body.put("requestId", requestId);
        if (traceId != null) {
            body.put("traceId", traceId);
        }
        problem.members().forEach(body::putIfAbsent);
        return body;
    }
}
