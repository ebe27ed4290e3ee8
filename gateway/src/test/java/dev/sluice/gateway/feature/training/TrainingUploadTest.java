package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.refused;
import static dev.sluice.gateway.feature.training.TrainingRig.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.FalStub;
import dev.sluice.gateway.testing.TestDns;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens to an upload: it is made again once, from its start, and never goes elsewhere. */
class TrainingUploadTest extends TrainingFaults {
    @Test
    void storageThatHangsEndsTheTryAndThenTheRequest() {
        TrainingRig rig = rig("sluice.training.try-timeout", "1s");
        rig.fal.initiate(Behaviours.silent());

        refused(rig.start(), 504, "upstream_timeout");

        assertThat(rig.fal.initiations()).as("one try and one repetition").isEqualTo(2);
        assertThat(rig.fal.queueings()).isZero();
    }

    @Test
    void uploadThatHangsEndsTheTryAndThenTheRequest() {
        TrainingRig rig = rig("sluice.training.upload-timeout", "1s");
        rig.fal.putUnread(Behaviours.silent());

        refused(rig.start(), 504, "upstream_timeout");

        assertThat(rig.fal.puts()).as("one try and one repetition").hasSize(2);
        assertThat(rig.fal.queueings()).isZero();
        rig.fal.awaitPutsClosed();
    }

    @Test
    void failuresThatPassAreNone() {
        TrainingRig rig = rig();
        rig.fal.initiate(FalStub.error(500, "Something"), FalStub.slot(rig.fal.slotUrl(), rig.fal.fileUrl()));

        assertThat(rig.start().statusCode()).isEqualTo(202);

        assertThat(rig.fal.initiations()).isEqualTo(2);
        assertThat(rig.fal.orders()).hasSize(1);
    }

    @Test
    void uploadThatFailsOnceIsMadeAgainFromItsStart() {
        TrainingRig rig = rig();
        rig.fal.put(Behaviours.status(503), Behaviours.status(200));

        assertThat(rig.start().statusCode()).isEqualTo(202);

        assertThat(rig.fal.archives())
                .hasSize(2)
                .allSatisfy(archive -> assertThat(Archives.read(archive)).hasSize(4));
        assertThat(rig.fal.orders()).hasSize(1);
    }

    @Test
    void uploadThatBreaksHalfWayOnceIsMadeAgainFromItsStart() {
        TrainingRig rig = rig();
        rig.fal.putUnread(FalStub.brokenAfter(2_000_000), rig.fal.kept(Behaviours.status(200)));

        HttpResponse<byte[]> answer = rig.start();

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        assertThat(rig.fal.puts()).hasSize(2);
        assertThat(rig.fal.archives())
                .singleElement()
                .satisfies(archive -> assertThat(Archives.read(archive)).hasSize(4));
        assertThat(rig.fal.orders()).hasSize(1);
    }

    @Test
    void archiveOverTheLimitGoesUpInPartsEachAgainWhenItFailed() throws IOException {
        TrainingRig rig = rig("sluice.training.archive.largest-put", "4MB", "sluice.training.archive.part", "2MB");
        rig.fal.part(1, FalStub.taken("one"));
        rig.fal.part(2, Behaviours.status(503), FalStub.taken("two"));
        rig.fal.part(3, FalStub.taken("three"));

        HttpResponse<byte[]> answer = rig.start("alice", TrainingRig.request(rig.pictures(5)));

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        List<byte[]> parts = rig.fal.archives();
        assertThat(parts)
                .extracting(part -> part.length)
                .startsWith(2 << 20, 2 << 20, 2 << 20)
                .hasSize(4);
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (int part : List.of(0, 2, 3)) {
            joined.write(parts.get(part));
        }
        assertThat(Archives.read(joined.toByteArray())).hasSize(5);
        assertThat(rig.fal.completions())
                .singleElement()
                .hasToString("{\"parts\":[{\"partNumber\":1,\"etag\":\"one\"},{\"partNumber\":2,\"etag\":\"two\"},"
                        + "{\"partNumber\":3,\"etag\":\"three\"}]}");
        assertThat(rig.fal.orders().getLast().path("images_data_url").asString())
                .isEqualTo(rig.fal.fileUrl());
    }

    @Test
    void partIsNotSentAgainBeforeTheStorageAllowsIt() {
        TrainingRig rig = rig("sluice.training.archive.largest-put", "2MB", "sluice.training.archive.part", "100MB");
        rig.fal.part(1, Behaviours.status(429, "Retry-After: 3600"), FalStub.taken("one"));

        HttpResponse<byte[]> answer = rig.start();

        refused(answer, 503, "provider_busy");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("3600");
        assertThat(rig.fal.archives()).as("parts that were put").hasSize(1);
        assertThat(rig.fal.queueings()).isZero();
    }

    @Test
    void partThatIsNeverTakenIsTheEndOfTheUpload() {
        TrainingRig rig = rig("sluice.training.archive.largest-put", "2MB", "sluice.training.archive.part", "2MB");
        rig.fal.part(1, FalStub.taken("one"));
        rig.fal.part(2, FalStub.json(200, "{}"));

        refused(rig.start(), 502, "upstream_failed");

        assertThat(rig.fal.completions()).isEmpty();
        assertThat(rig.fal.queueings()).isZero();
    }

    @Test
    void archiveIsToldToBeDeletedAfterADay() {
        TrainingRig rig = rig("sluice.training.archive.largest-put", "2MB", "sluice.training.archive.part", "100MB");
        rig.fal.part(1, FalStub.taken("one"));
        assertThat(rig.start().statusCode()).isEqualTo(202);
        rig.fal
                .uploadRequests()
                .forEach(request -> assertThat(request.header("X-Fal-Object-Lifecycle"))
                        .containsExactly("{\"expiration_duration_seconds\":86400}"));
        assertThat(rig.fal.uploadRequests()).hasSize(1);
    }

    @Test
    void archiveInOnePieceIsToldToBeDeletedToo() {
        TrainingRig rig = rig("sluice.training.archive.expiry", "2h");
        assertThat(rig.start().statusCode()).isEqualTo(202);
        assertThat(rig.fal.uploadRequests().getLast().header("X-Fal-Object-Lifecycle"))
                .containsExactly("{\"expiration_duration_seconds\":7200}");
    }

    @Test
    void operatorMayLeaveTheEndOfAnArchiveToTheStorage() {
        TrainingRig rig = rig("sluice.training.archive.expiry", "0s");
        assertThat(rig.start().statusCode()).isEqualTo(202);
        assertThat(rig.fal.uploadRequests().getLast().header("X-Fal-Object-Lifecycle"))
                .isEmpty();
    }

    @Test
    void uploadThatBreaksHalfWayTwiceIsTheEnd() {
        TrainingRig rig = rig();
        rig.fal.putUnread(FalStub.brokenAfter(2_000_000));

        refused(rig.start(), 502, "upstream_failed");

        assertThat(rig.fal.puts()).hasSize(2);
        assertThat(rig.fal.queueings()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.3:%d/upload",
                "http://127.0.0.2.evil.example/upload",
                "http://evil.example/127.0.0.2",
                "http://127.0.0.2@127.0.0.3:%d/upload",
                "https://127.0.0.2/upload",
                "file:///etc/passwd",
                "/upload",
                ""
            })
    void placeElsewhereIsNotGone(String url) {
        TrainingRig rig = rig();
        try (Canary canary = Canary.start()) {
            String elsewhere = url.replace("%d", Integer.toString(canary.port()));
            rig.fal.initiate(FalStub.slot(elsewhere, rig.fal.fileUrl()));

            refused(rig.start(), 502, "upstream_failed");

            assertThat(canary.connections()).isZero();
            assertThat(rig.fal.requests())
                    .as("it was asked for an upload URL, no more")
                    .isEqualTo(1);
        }
    }

    @Test
    void placeWhoseNameLeadsInsideIsNotGone() {
        try (Canary canary = Canary.start();
                TestDns dns = TestDns.start().answer("uploads.test", "127.0.0.1")) {
            TrainingRig rig = rig(
                    "sluice.training.upload-domains", "uploads.test",
                    "sluice.fetch.allow-ports", Integer.toString(canary.port()),
                    "sluice.fetch.dns.servers", dns.addressAndPort());
            String place = "http://uploads.test:" + canary.port() + "/";
            rig.fal.initiate(FalStub.slot(place + "upload", place + "file"));

            refused(rig.start(), 502, "upstream_failed");

            assertThat(dns.queries("uploads.test")).as("it was looked up").isPositive();
            assertThat(canary.connections()).isZero();
            assertThat(rig.fal.queueings()).isZero();
        }
    }

    @Test
    void placeMayBeNamed() {
        try (TestDns dns = TestDns.start().answer("uploads.test", "127.0.0.2")) {
            TrainingRig rig = rig(
                    "sluice.training.upload-domains", "uploads.test", "sluice.fetch.dns.servers", dns.addressAndPort());
            String named = rig.fal.slotUrl().replace("127.0.0.2", "uploads.test");
            rig.fal.initiate(FalStub.slot(named, named));

            HttpResponse<byte[]> answer = rig.start();

            assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
            assertThat(rig.fal.archives()).hasSize(1);
        }
    }

    @Test
    void fileElsewhereIsNotTrainedOn() {
        TrainingRig rig = rig();
        rig.fal.initiate(FalStub.slot(rig.fal.slotUrl(), "http://evil.example/images.zip"));

        refused(rig.start(), 502, "upstream_failed");

        assertThat(rig.fal.requests()).isEqualTo(1);
    }

    @Test
    void httpIsNoWayToUploadUnlessAllowed() {
        TrainingRig rig = rig("sluice.training.upload-schemes", "https");

        refused(rig.start(), 502, "upstream_failed");

        assertThat(rig.fal.puts()).isEmpty();
    }

    @Test
    void redirectIsNotFollowed() {
        TrainingRig rig = rig();
        try (Canary canary = Canary.start()) {
            rig.fal.putUnread(Behaviours.redirect(307, "http://127.0.0.1:" + canary.port() + "/"));

            refused(rig.start(), 502, "upstream_failed");

            assertThat(canary.connections()).isZero();
        }
    }
}
