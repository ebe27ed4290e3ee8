import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A load client that costs little: blocking sockets and reads of 256 KB. Each client asks again and again until time
 * is up; an answer counts when it is a 200 that ends as its framing says.
 *
 * <p>{@code java Load.java URL BODY-FILE|- CLIENTS SECONDS PIDS} prints one line: MB/s, CPU seconds of the processes
 * per GB, which part of them is the kernel's, the resident MB of the processes and their children at most since they were started, median and
 * 99th percentile of the time to the first body byte in ms, answers, errors.
 */
public final class Load {
    private static final AtomicLong BYTES = new AtomicLong();
    private static final AtomicInteger ERRORS = new AtomicInteger();
    private static final List<Long> FIRST_BYTE = new ArrayList<>();
    private static volatile boolean over;
    private static volatile long peakKilobytes;

    private static String host;
    private static int port;
    private static byte[] request;

    public static void main(String[] args) throws Exception {
        String[] url = args[0].replace("http://", "").split("/", 2);
        host = url[0].split(":")[0];
        port = Integer.parseInt(url[0].split(":")[1]);
        byte[] body = args[1].equals("-") ? new byte[0] : Files.readAllBytes(Path.of(args[1]));
        String head = (body.length == 0 ? "GET /" : "POST /") + url[1] + " HTTP/1.1\r\nHost: " + url[0] + "\r\n"
                + (body.length == 0 ? "" : "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n")
                + "\r\n";
        byte[] headBytes = head.getBytes(StandardCharsets.US_ASCII);
        request = new byte[headBytes.length + body.length];
        System.arraycopy(headBytes, 0, request, 0, headBytes.length);
        System.arraycopy(body, 0, request, headBytes.length, body.length);
        int clients = Integer.parseInt(args[2]);
        long seconds = Long.parseLong(args[3]);
        List<String> pids = List.of(args[4].split(","));

        double cpuBefore = cpuSeconds(pids, USER) + cpuSeconds(pids, KERNEL);
        double kernelBefore = cpuSeconds(pids, KERNEL);
        long start = System.nanoTime();
        List<Thread> threads = Stream.generate(() -> Thread.ofPlatform().unstarted(Load::client))
                .limit(clients)
                .toList();
        threads.forEach(Thread::start);
        while (System.nanoTime() - start < seconds * 1_000_000_000L) {
            peakKilobytes = Math.max(peakKilobytes, residentKilobytes(pids));
            LockSupport.parkNanos(100_000_000L);
        }
        long bytes = BYTES.get();
        double elapsed = (System.nanoTime() - start) / 1e9;
        double cpu = cpuSeconds(pids, USER) + cpuSeconds(pids, KERNEL) - cpuBefore;
        double kernel = cpuSeconds(pids, KERNEL) - kernelBefore;
        over = true;
        List<Long> first;
        synchronized (FIRST_BYTE) {
            first = FIRST_BYTE.stream().sorted().toList();
        }
        System.out.printf(
                Locale.ROOT,
                "%.0f %.2f %.2f %d %.1f %.1f %d %d%n",
                bytes / elapsed / 1e6,
                cpu / (bytes / 1e9),
                kernel / cpu,
                peakKilobytes / 1024,
                percentile(first, 0.5),
                percentile(first, 0.99),
                first.size(),
                ERRORS.get());
        System.exit(0);
    }

    private static double percentile(List<Long> sorted, double part) {
        return sorted.isEmpty() ? -1 : sorted.get((int) Math.min(sorted.size() - 1, sorted.size() * part)) / 1e6;
    }

    private static void client() {
        byte[] buffer = new byte[256 * 1024];
        while (!over) {
            try (Socket socket = new Socket()) {
                socket.setReceiveBufferSize(512 * 1024);
                socket.connect(new InetSocketAddress(host, port), 5000);
                socket.setSoTimeout(60_000);
                while (!over) {
                    exchange(socket, buffer);
                }
            } catch (IOException failed) {
                if (!over) {
                    ERRORS.incrementAndGet();
                    LockSupport.parkNanos(20_000_000L);
                }
            }
        }
    }

    private static void exchange(Socket socket, byte[] buffer) throws IOException {
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream();
        long start = System.nanoTime();
        out.write(request);
        int filled = 0;
        int headEnd = -1;
        while (headEnd < 0) {
            int count = in.read(buffer, filled, buffer.length - filled);
            if (count < 0) {
                throw new IOException("closed");
            }
            filled += count;
            headEnd = end(buffer, filled);
        }
        String head = new String(buffer, 0, headEnd, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
        if (!head.startsWith("http/1.1 200")) {
            throw new IOException(head.lines().findFirst().orElse(""));
        }
        if (filled == headEnd) {
            filled += in.read(buffer, filled, buffer.length - filled);
        }
        long first = System.nanoTime() - start;
        int lengthAt = head.indexOf("content-length: ");
        if (lengthAt >= 0) {
            String length = head.substring(lengthAt + 16, head.indexOf('\r', lengthAt));
            fixed(in, buffer, filled - headEnd, Long.parseLong(length.trim()));
        } else {
            new Chunks(in, buffer, headEnd, filled).readToEnd();
        }
        synchronized (FIRST_BYTE) {
            FIRST_BYTE.add(first);
        }
    }

    private static int end(byte[] buffer, int filled) {
        for (int at = 3; at < filled; at++) {
            if (buffer[at] == '\n' && buffer[at - 1] == '\r' && buffer[at - 2] == '\n' && buffer[at - 3] == '\r') {
                return at + 1;
            }
        }
        return -1;
    }

    private static void fixed(InputStream in, byte[] buffer, long already, long length) throws IOException {
        long left = length - already;
        BYTES.addAndGet(already);
        while (left > 0) {
            int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (count < 0) {
                throw new IOException("short by " + left);
            }
            left -= count;
            BYTES.addAndGet(count);
        }
    }

    /** Chunked framing, RFC 9112 section 7.1, without trailers. */
    private static final class Chunks {
        private final InputStream in;
        private final byte[] buffer;
        private int at;
        private int limit;

        Chunks(InputStream in, byte[] buffer, int at, int limit) {
            this.in = in;
            this.buffer = buffer;
            this.at = at;
            this.limit = limit;
        }

        void readToEnd() throws IOException {
            for (long size = size(); size > 0; size = size()) {
                BYTES.addAndGet(size);
                skip(size + 2);
            }
            skip(2);
        }

        private long size() throws IOException {
            long size = 0;
            for (int digit = next(); digit != '\r'; digit = next()) {
                size = size * 16 + Character.digit(digit, 16);
            }
            next();
            return size;
        }

        private int next() throws IOException {
            if (at == limit) {
                fill();
            }
            return buffer[at++];
        }

        private void skip(long count) throws IOException {
            for (long left = count; left > 0; ) {
                if (at == limit) {
                    fill();
                }
                int step = (int) Math.min(left, limit - at);
                at += step;
                left -= step;
            }
        }

        private void fill() throws IOException {
            limit = in.read(buffer, 0, buffer.length);
            at = 0;
            if (limit < 0) {
                throw new IOException("cut");
            }
        }
    }

    /** Fields of /proc/PID/stat after the name. */
    private static final int USER = 11;

    private static final int KERNEL = 12;

    private static double cpuSeconds(List<String> pids, int field) throws IOException {
        double ticks = 0;
        for (String pid : pids) {
            String stat = Files.readString(Path.of("/proc", pid, "stat"));
            ticks += Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field]);
        }
        return ticks / 100;
    }

    /** At most since the processes were started, and of their children now. */
    private static long residentKilobytes(List<String> pids) throws IOException {
        long sum = 0;
        for (String pid : pids) {
            sum += kilobytes(pid, "VmHWM:");
            for (ProcessHandle child : ProcessHandle.of(Long.parseLong(pid)).stream()
                    .flatMap(ProcessHandle::descendants)
                    .toList()) {
                sum += kilobytes(Long.toString(child.pid()), "VmRSS:");
            }
        }
        return sum;
    }

    private static long kilobytes(String pid, String what) throws IOException {
        try {
            return Files.readAllLines(Path.of("/proc", pid, "status")).stream()
                    .filter(line -> line.startsWith(what))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        } catch (NoSuchFileException ended) {
            return 0;
        }
    }
}
