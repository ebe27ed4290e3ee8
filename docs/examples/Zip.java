import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;

/** Has three remote images zipped: {@code java docs/examples/Zip.java [gateway [archive]]}. */
public class Zip {
    private static final Pattern PICTURE = Pattern.compile("http://[^\"]*/samples/picture-[^\"]*");

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
        String gateway = arguments.length > 0 ? arguments[0] : "http://localhost:8080";
        Path archive = Path.of(arguments.length > 1 ? arguments[1] : "java.zip");
        HttpClient client = HttpClient.newHttpClient();

        String samples = client.send(
                        HttpRequest.newBuilder(URI.create(gateway + "/samples")).build(), BodyHandlers.ofString())
                .body();
        List<String> urls = PICTURE.matcher(samples).results().map(found -> found.group()).limit(3).toList();
        String body = urls.stream()
                .map(url -> "{\"url\":\"" + url + "\"}")
                .collect(Collectors.joining(",", "{\"images\":[", "]}"));

        HttpRequest request = HttpRequest.newBuilder(URI.create(gateway + "/api/zip"))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofMinutes(1))
                .POST(BodyPublishers.ofString(body))
                .build();
        // The body comes as the images do, and goes to the file as it comes.
        HttpResponse<Path> answer = client.send(request, BodyHandlers.ofFile(archive));
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("The gateway answers " + answer.statusCode());
        }
        try (ZipFile read = new ZipFile(archive.toFile())) {
            System.out.println("java: " + read.size() + " images");
        }
    }
}
