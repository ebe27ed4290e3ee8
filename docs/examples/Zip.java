import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A service that has remote images zipped: {@code java Zip.java [gateway [port]]}, then {@code GET /images.zip}. */
public class Zip {
    private static final Pattern PICTURE = Pattern.compile("http://[^\"]*/samples/picture-[^\"]*");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** Runs it. */
    public static void main(String[] arguments) throws IOException {
        URI gateway = URI.create(arguments.length > 0 ? arguments[0] : "http://localhost:8080");
        int port = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8092;
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/images.zip", exchange -> answer(exchange, gateway));
        server.start();
        System.out.println("java: http://127.0.0.1:" + server.getAddress().getPort() + "/images.zip");
    }

    private static void answer(HttpExchange exchange, URI gateway) throws IOException {
        try {
            // A real service takes the URLs from its own data.
            HttpRequest samples = HttpRequest.newBuilder(gateway.resolve("/samples")).build();
            String body = PICTURE.matcher(CLIENT.send(samples, BodyHandlers.ofString()).body()).results()
                    .limit(3)
                    .map(url -> "{\"url\":\"" + url.group() + "\"}")
                    .collect(Collectors.joining(",", "{\"images\":[", "]}"));
            HttpRequest.Builder order = HttpRequest.newBuilder(gateway.resolve("/api/zip"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(body));
            var reply = CLIENT.send(order.build(), BodyHandlers.ofInputStream());
            try (InputStream archive = reply.body()) {
                // An archive, or the gateway's own words about why there is none.
                exchange.getResponseHeaders().set("Content-Type", reply.headers().firstValue("Content-Type").orElseThrow());
                exchange.sendResponseHeaders(reply.statusCode(), 0);
                // Piece by piece as the images come, never whole in memory.
                archive.transferTo(exchange.getResponseBody());
            }
            // Not in a `finally`: where the gateway breaks off, the server closes the connection without the last chunk,
            // so that the client knows that its archive is not whole.
            exchange.close();
        } catch (ConnectException | InterruptedException unavailable) {
            exchange.sendResponseHeaders(502, -1);
        }
    }
}
