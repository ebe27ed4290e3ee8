package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses what a server has to refuse by RFC 9112 and Netty's decoder lets pass: a {@code Host} that is missing, there
 * twice or none (section 3.2), transfer codings that leave open where a body ends (sections 6.1 and 6.3), targets of no
 * form (section 3.2), and methods that nobody knows (RFC 9110 section 9.1). A target in absolute form says which host
 * is meant, whatever {@code Host} says. What is refused goes on as a message that could not be decoded, so that its
 * answer comes in its turn and the connection ends with it.
 */
@Sharable
final class RequestHeadCheck extends ChannelInboundHandlerAdapter {
    /** The registry of methods: <a href="https://www.iana.org/assignments/http-methods">IANA</a>. */
    private static final Set<String> METHODS = Set.of(
            ("ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY"
                            + " MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND"
                            + " PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE"
                            + " UPDATEREDIRECTREF VERSION-CONTROL")
                    .split(" "));

    private static final String CHUNKED = "chunked";

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request && request.decoderResult().isSuccess()) {
            GatewayException fault = fault(request);
            if (fault != null) {
                request.setDecoderResult(DecoderResult.failure(new RefusedMessageException(fault)));
            }
        }
        context.fireChannelRead(message);
    }

    private static @Nullable GatewayException fault(HttpRequest request) {
        if (!METHODS.contains(request.method().name())) {
            return GatewayException.badMember(
                    ProblemCode.NOT_IMPLEMENTED, "method", request.method().name(), "a method of HTTP");
        }
        // Also with a target that says which host is meant: it takes the field's place.
        GatewayException host = host(request);
        if (host != null) {
            return host;
        }
        if (request.uri().startsWith("/")) {
            return coding(request);
        }
        if (!isSettled(request)) {
            return malformed("request target", request.uri(), "a path, or a URL with http or https");
        }
        GatewayException target = host(request);
        return target == null ? coding(request) : target;
    }

    /** Brings a target of another form into origin form (RFC 9112 section 3.2); false if it has none of the four. */
    private static boolean isSettled(HttpRequest request) {
        String target = request.uri();
        boolean serverWide = request.method().equals(HttpMethod.OPTIONS) && target.equals("*");
        if (serverWide || request.method().equals(HttpMethod.CONNECT)) {
            request.setUri("/");
            return true;
        }
        String scheme = target.toLowerCase(Locale.ROOT);
        int start = scheme.startsWith("http://") ? "http://".length() : "https://".length();
        if (!scheme.startsWith("http://") && !scheme.startsWith("https://")) {
            return false;
        }
        int end = start;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        request.headers().set(HttpHeaderNames.HOST, target.substring(start, end));
        String path = target.substring(end);
        request.setUri(path.startsWith("/") ? path : "/" + path);
        return true;
    }

    private static @Nullable GatewayException host(HttpRequest request) {
        List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
        if (hosts.isEmpty()) {
            return isOld(request) ? null : malformed("Host", "none", "one field");
        }
        if (hosts.size() > 1) {
            return malformed("Host", hosts.size() + " fields", "one field");
        }
        String host = hosts.getFirst();
        return Authority.isOne(host) ? null : malformed("Host", host, "a host, with a port if need be");
    }

    /** HTTP/1.0 or before. */
    static boolean isOld(HttpRequest request) {
        return request.protocolVersion().compareTo(HttpVersion.HTTP_1_1) < 0;
    }

    private static @Nullable GatewayException coding(HttpRequest request) {
        HttpHeaders headers = request.headers();
        if (!headers.contains(HttpHeaderNames.TRANSFER_ENCODING)) {
            return null;
        }
        String value = String.join(", ", headers.getAll(HttpHeaderNames.TRANSFER_ENCODING));
        List<String> codings = codings(value);
        boolean ends = !codings.isEmpty() && codings.indexOf(CHUNKED) == codings.size() - 1;
        if (isOld(request) || !ends) {
            return malformed("Transfer-Encoding", value, isOld(request) ? "none in HTTP/1.0" : CHUNKED);
        }
        return codings.size() == 1
                ? null
                : GatewayException.badMember(
                        ProblemCode.NOT_IMPLEMENTED, "Transfer-Encoding", value, CHUNKED + " and no other coding");
    }

    private static List<String> codings(String value) {
        List<String> codings = new ArrayList<>();
        for (String coding : value.split(",", -1)) {
            if (!coding.isBlank()) { // RFC 9110 section 5.6.1.2: empty elements of a list count for nothing
                codings.add(coding.strip().toLowerCase(Locale.ROOT));
            }
        }
        return codings;
    }

    private static GatewayException malformed(String what, String value, String expected) {
        return GatewayException.badMember(ProblemCode.MALFORMED_REQUEST, what, value, expected);
    }
}
