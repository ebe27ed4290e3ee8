#!/usr/bin/env bash
# Spring Boot 4.1.2 with `logging.structured.format.console=ecs` loses an event whole if it has a cause and a key-value
# pair whose name begins with `error.`: nothing of it is on the console, not even its message; standard error has an
# exception that says "The name 'error' has already been written". The pair alone, the cause alone, and both as plain
# text are all written. Seen on 2026-11-29 and 2026-12-01 with JDK 25: of four events the third is missing. Whoever
# counts on "an error is in the log, whatever else fails" names such pairs otherwise (`failure.code`).
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
  <dependencies>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter</artifactId>
      <version>4.1.2</version>
    </dependency>
  </dependencies>
</project>
POM
"$mvn" -q -B -Dmaven.repo.local="$work/repository" org.apache.maven.plugins:maven-dependency-plugin:3.10.0:build-classpath \
    -Dmdep.outputFile=classpath > maven.log 2>&1 || { tail -5 maven.log; exit 1; }
cat > Events.java <<'JAVA'
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;

public class Events {
    public static void main(String[] arguments) {
        SpringApplication.run(Events.class, arguments);
        var log = LoggerFactory.getLogger("finding");
        var cause = new IllegalStateException("cause");
        log.atInfo().addKeyValue("error.code", "x").log("first: the pair alone");
        log.atInfo().setCause(cause).log("second: the cause alone");
        log.atInfo().setCause(cause).addKeyValue("error.code", "x").log("third: both");
        log.atInfo().setCause(cause).addKeyValue("failure.code", "x").log("fourth: both, by another name");
    }
}
JAVA
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
for format in "" ecs; do
    echo "format ${format:-text}"
    "$java" -cp "$(cat classpath)" Events.java --spring.main.banner-mode=off --logging.structured.format.console=$format 2> errors \
        | grep -oE '(first|second|third|fourth): [a-z, ]+[a-z]' || true
    grep -oE "The name '[a-z]+' has already been written" errors | sort -u || true
done > seen

diff - seen <<'SEEN' && echo "As described."
format text
first: the pair alone
second: the cause alone
third: both
fourth: both, by another name
format ecs
first: the pair alone
second: the cause alone
fourth: both, by another name
The name 'error' has already been written
SEEN
