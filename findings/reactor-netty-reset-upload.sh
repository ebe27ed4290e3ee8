#!/usr/bin/env bash
# Reactor Netty 1.3.8 (on Netty 4.2.18) takes a client that closes its connection in the middle of an upload for one that left, and logs no
# error; one that resets it (TCP's RST: what a browser that is ended, or a proxy that gives up, may send) is two events at
# the level error, each with an exception, of a handler that only sums up the bytes it receives. Seen on 2026-12-01 with
# JDK 25 on Linux: of 50 clients that close none, of 50 that reset 100. Whoever counts errors in a log, or is woken by
# them, ends such a connection in a channel handler before the server sees the exception.
#
# Needs a JDK and Maven (`mvn`, or MVN=path); downloads into a temporary repository. Fails when it is no longer so.
set -euo pipefail
mvn="${MVN:-mvn}"
case "$mvn" in */*) mvn=$(cd "$(dirname "$mvn")" && pwd)/$(basename "$mvn") ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>io.netty</groupId>
        <artifactId>netty-bom</artifactId>
        <version>4.2.18.Final</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>io.projectreactor.netty</groupId>
      <artifactId>reactor-netty-http</artifactId>
      <version>1.3.8</version>
    </dependency>
    <dependency>
      <groupId>ch.qos.logback</groupId>
      <artifactId>logback-classic</artifactId>
      <version>1.5.38</version>
    </dependency>
  </dependencies>
</project>
POM
"$mvn" -q -B -Dmaven.repo.local="$work/repository" org.apache.maven.plugins:maven-dependency-plugin:3.10.0:build-classpath \
    -Dmdep.outputFile=classpath > maven.log 2>&1 || { tail -5 maven.log; exit 1; }
cat > Uploads.java <<'JAVA'
import io.netty.buffer.ByteBuf;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import reactor.netty.http.server.HttpServer;

public class Uploads {
    public static void main(String[] arguments) throws Exception {
        var server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, answer) -> answer.sendString(request.receive()
                        .map(ByteBuf::readableBytes)
                        .reduce(0, Integer::sum)
                        .map(String::valueOf)))
                .bindNow();
        String head = "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n";
        for (int i = 0; i < 50; i++) {
            try (var client = new Socket("127.0.0.1", server.port())) {
                client.setSoLinger(arguments[0].equals("reset"), 0);
                client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                client.getOutputStream().write(new byte[100_000]);
                client.getOutputStream().flush();
            }
        }
        Thread.sleep(2000); // all of them have ended
        server.disposeNow(Duration.ofSeconds(5));
    }
}
JAVA
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
for end in close reset; do
    "$java" -cp "$(cat classpath)" Uploads.java $end > log 2>&1
    echo "50 clients that $end: $(grep -c ' ERROR ' log || true) errors"
    grep -oE '^io.netty[a-zA-Z.$]*Exception.*Connection reset by peer' log | sort -u || true
done > seen

diff - seen <<'SEEN' && echo "As described."
50 clients that close: 0 errors
50 clients that reset: 100 errors
io.netty.channel.unix.Errors$NativeIoException: recvAddress(..) failed with error(-104): Connection reset by peer
SEEN
