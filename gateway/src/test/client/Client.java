package program;

import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ArchivesApi;
import org.openapitools.client.api.GalleryApi;
import org.openapitools.client.api.SessionApi;
import org.openapitools.client.api.UploadsApi;
import org.openapitools.client.model.ImagePage;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.SignIn;
import org.openapitools.client.model.UploadIntent;
import org.openapitools.client.model.UploadUrls;
import org.openapitools.client.model.UploadWish;
import org.openapitools.client.model.ZipImage;
import org.openapitools.client.model.ZipRequest;

/** What a service does with the API, by openapi-generator's Java client: see bench/clients.sh. */
final class Client {
    private Client() {}

    public static void main(String[] args) throws Exception {
        URI picture = URI.create(args[1]);
        ApiClient client = new ApiClient();
        client.updateBaseUri(args[0]);
        String token = new SessionApi(client)
                .sessionBegin(new SignIn().user("jack").roles(List.of(SignIn.RolesEnum.USER)))
                .getToken();
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));

        ArchivesApi archives = new ArchivesApi(client);
        ZipImage image = new ZipImage().url(picture);
        File zip = archives.zipCreate(new ZipRequest().images(List.of(image, image)));
        byte[] bytes = Files.readAllBytes(zip.toPath());
        check(bytes[0] == 'P' && bytes[1] == 'K', "an archive is zipped");

        ZipImage gone = new ZipImage().url(URI.create(picture + ".gone"));
        try {
            archives.zipCreate(new ZipRequest().images(List.of(image, gone)).onError(ZipRequest.OnErrorEnum.FAIL));
            check(false, "an archive of an image that is gone");
        } catch (ApiException error) {
            Problem problem = client.getObjectMapper().readValue(error.getResponseBody(), Problem.class);
            check(
                    problem.getCode() == Problem.CodeEnum.UPSTREAM_FAILED
                            && problem.getImages().getFirst().getIndex() == 1,
                    "an error has a code");
        }

        HttpClient http = HttpClient.newHttpClient();
        byte[] data = http.send(HttpRequest.newBuilder(picture).build(), BodyHandlers.ofByteArray())
                .body();
        UploadsApi uploads = new UploadsApi(client);
        for (String id : List.of("front", "back", "side")) {
            UploadWish wish = new UploadWish()
                    .imageId(id)
                    .contentType(UploadWish.ContentTypeEnum.IMAGE_PNG)
                    .fileSize(data.length);
            UploadUrls intent = uploads.uploadIntent("jack", new UploadIntent().images(List.of(wish)));
            HttpRequest put = HttpRequest.newBuilder(
                            intent.getImageUploadUrls().getFirst().getUploadUrl())
                    .header("Content-Type", "image/png")
                    .PUT(BodyPublishers.ofByteArray(data))
                    .build();
            check(http.send(put, BodyHandlers.discarding()).statusCode() == 200, "an image is uploaded");
            check(
                    uploads.uploadComplete("jack", intent.getListingId(), id).getSize() == data.length,
                    "an upload is complete");
        }

        Set<Object> seen = new HashSet<>();
        int pages = 1;
        for (int page = 1; page <= pages; page++) {
            ImagePage shown = new GalleryApi(client).galleryList(null, null, null, page, 2, null);
            pages = shown.getPages();
            shown.getImages().forEach(kept -> seen.add(kept.getId()));
        }
        check(seen.size() == 3, "a gallery is paged through");
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("not so: " + what);
        }
    }
}
