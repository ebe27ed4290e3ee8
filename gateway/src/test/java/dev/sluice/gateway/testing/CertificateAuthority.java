package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority that signs certificates of servers, made anew by the JDK's keytool. */
public final class CertificateAuthority {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String PASSWORD = "loopback";
    private static final String SELF = "authority";

    private final Path directory;
    private final Path store;
    private int signed;

    /** Keeps its files in {@code directory}. */
    public CertificateAuthority(Path directory) {
        this.directory = directory;
        this.store = directory.resolve("authority.p12");
        keytool(SELF, "CN=authority", "-ext", "bc:c");
    }

    /** Its own certificate, for clients, as PEM. */
    public Path certificate() {
        return pem(SELF + ".pem", "CERTIFICATE", encoded(SELF));
    }

    /**
     * A certificate that it has signed, and its private key, as PEM.
     *
     * @param certificate of the server
     * @param key readable for this user alone, as servers want it
     */
    public record Signed(Path certificate, Path key) {}

    /** Signs one for {@code subject}, in keytool's words: {@code dns:example.org} or {@code ip:127.0.0.1}. */
    public Signed sign(String subject) {
        String name = "server" + signed++;
        keytool(name, "CN=server", "-signer", SELF, "-signerkeypass", PASSWORD, "-ext", "san=" + subject);
        try {
            Path key = pem(
                    name + "-key.pem",
                    "PRIVATE KEY",
                    open().getKey(name, PASSWORD.toCharArray()).getEncoded());
            Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
            return new Signed(pem(name + ".pem", "CERTIFICATE", encoded(name)), key);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (GeneralSecurityException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private byte[] encoded(String name) {
        try {
            return open().getCertificate(name).getEncoded();
        } catch (GeneralSecurityException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private KeyStore open() {
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore all = KeyStore.getInstance("PKCS12");
            all.load(in, PASSWORD.toCharArray());
            return all;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (GeneralSecurityException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private Path pem(String file, String what, byte[] content) {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        try {
            return Files.writeString(
                    directory.resolve(file),
                    "-----BEGIN " + what + "-----\n" + lines + "\n-----END " + what + "-----\n");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void keytool(String name, String subject, String... more) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-dname",
                subject,
                "-keyalg",
                "EC",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store.toString()));
        command.addAll(List.of(more));
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("keytool did not make a certificate");
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }
}
