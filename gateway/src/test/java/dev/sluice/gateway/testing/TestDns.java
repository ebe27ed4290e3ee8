package dev.sluice.gateway.testing;

import io.netty.util.NetUtil;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A name server over UDP on 127.0.0.1 (RFC 1035, A, AAAA and CNAME only). Names it was not told about do not exist.
 * Addresses with a colon are answered as AAAA records, byte by byte as written, so {@code ::ffff:127.0.0.1} stays
 * sixteen bytes.
 */
public final class TestDns implements AutoCloseable {
    private static final int TYPE_A = 1;
    private static final int TYPE_CNAME = 5;
    private static final int TYPE_AAAA = 28;
    private static final int NXDOMAIN = 3;
    private static final int TTL_SECONDS = 60;

    /** What a name answers: records in order, after a delay. */
    private record Zone(List<String> records, Duration delay) {}

    private final DatagramSocket socket;
    private final Map<String, List<Zone>> zones = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> queries = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> rounds = new ConcurrentHashMap<>();
    private final CountDownLatch stopped = new CountDownLatch(1);

    private TestDns(DatagramSocket socket) {
        this.socket = socket;
        Thread.ofVirtual().name("test-dns").start(this::serve);
    }

    /** Starts on a free port of 127.0.0.1. */
    public static TestDns start() {
        try {
            return new TestDns(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** {@code address:port}, as configuration takes it. */
    public String addressAndPort() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    /** {@code name} has these addresses, in this order. */
    public TestDns answer(String name, String... addresses) {
        zones.put(key(name), List.of(new Zone(List.of(addresses), Duration.ZERO)));
        return this;
    }

    /** {@code name} has {@code addresses}, told after {@code delay}. */
    public TestDns delayed(String name, Duration delay, String... addresses) {
        zones.put(key(name), List.of(new Zone(List.of(addresses), delay)));
        return this;
    }

    /** {@code name} has {@code first} when asked for the first time (once for each record type), then {@code then}. */
    public TestDns rebinding(String name, String first, String then) {
        zones.put(key(name), List.of(new Zone(List.of(first), Duration.ZERO), new Zone(List.of(then), Duration.ZERO)));
        return this;
    }

    /** {@code name} is another name for {@code target}, which must be known here too to have addresses. */
    public TestDns cname(String name, String target) {
        zones.put(key(name), List.of(new Zone(List.of("cname " + target), Duration.ZERO)));
        return this;
    }

    /** Questions about {@code name} are never answered. */
    public TestDns never(String name) {
        zones.put(key(name), List.of(new Zone(List.of(), Duration.ofDays(1))));
        return this;
    }

    /** How many questions about {@code name} came, of every type. */
    public int queries(String name) {
        AtomicInteger count = queries.get(key(name));
        return count == null ? 0 : count.get();
    }

    private static String key(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    private void serve() {
        while (!socket.isClosed()) {
            try {
                var packet = new DatagramPacket(new byte[4096], 4096);
                socket.receive(packet);
                byte[] query = Arrays.copyOf(packet.getData(), packet.getLength());
                Thread.ofVirtual().name("test-dns-answer").start(() -> reply(query, packet));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void reply(byte[] query, DatagramPacket from) {
        try {
            Question question = Question.read(query);
            queries.computeIfAbsent(question.name(), n -> new AtomicInteger()).incrementAndGet();
            Zone zone = zone(question);
            if (zone != null && stopped.await(zone.delay().toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
            byte[] answer = answer(query, question, zone);
            socket.send(new DatagramPacket(answer, answer.length, from.getSocketAddress()));
        } catch (IOException e) {
            // The socket was closed under it: the test is over.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Zone zone(Question question) {
        List<Zone> turns = zones.get(question.name());
        if (turns == null) {
            return null;
        }
        int round = rounds.computeIfAbsent(question.name() + "/" + question.type(), n -> new AtomicInteger())
                .getAndIncrement();
        return turns.get(Math.min(round, turns.size() - 1));
    }

    private byte[] answer(byte[] query, Question question, @Nullable Zone zone) throws IOException {
        var records = new ByteArrayOutputStream();
        int count = zone == null ? 0 : write(question.name(), question.type(), zone.records(), records);
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.write(query, 0, 2);
        out.writeShort(0x8180 | (zone == null ? NXDOMAIN : 0));
        out.writeShort(1);
        out.writeShort(count);
        out.writeInt(0);
        out.write(query, 12, question.length());
        out.write(records.toByteArray());
        return bytes.toByteArray();
    }

    private int write(String name, int type, List<String> records, ByteArrayOutputStream to) throws IOException {
        int count = 0;
        for (String record : records) {
            if (record.startsWith("cname ")) {
                String target = record.substring("cname ".length());
                record(name, TYPE_CNAME, name(target), to);
                Zone next = zones.getOrDefault(key(target), List.of(new Zone(List.of(), Duration.ZERO)))
                        .getFirst();
                count += 1 + write(key(target), type, next.records(), to);
            } else if (type == (record.contains(":") ? TYPE_AAAA : TYPE_A)) {
                record(name, type, Objects.requireNonNull(NetUtil.createByteArrayFromIpAddressString(record)), to);
                count++;
            }
        }
        return count;
    }

    private static void record(String name, int type, byte[] data, ByteArrayOutputStream to) throws IOException {
        var out = new DataOutputStream(to);
        out.write(name(name));
        out.writeShort(type);
        out.writeShort(1);
        out.writeInt(TTL_SECONDS);
        out.writeShort(data.length);
        out.write(data);
    }

    private static byte[] name(String name) {
        var bytes = new ByteArrayOutputStream();
        for (String label : key(name).split("\\.", -1)) {
            bytes.write(label.length());
            bytes.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        bytes.write(0);
        return bytes.toByteArray();
    }

    /** The one question of a query: its name in lower case, its type, and its length in the packet. */
    private record Question(String name, int type, int length) {
        static Question read(byte[] query) {
            ByteBuffer in = ByteBuffer.wrap(query).position(12);
            var name = new StringBuilder();
            for (int length = in.get(); length > 0; length = in.get()) {
                byte[] label = new byte[length];
                in.get(label);
                name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.US_ASCII));
            }
            int type = in.getShort();
            return new Question(name.toString().toLowerCase(Locale.ROOT), type, in.position() + 2 - 12);
        }
    }

    @Override
    public void close() {
        stopped.countDown();
        socket.close();
    }
}
