#!/usr/bin/env bash
# Spring Boot's configuration processor 4.1.2 takes the description of a record's component from the first `@param` in the
# Javadoc whose name begins with the component's name: of `@param units how many` and then `@param unit of what`, `unit` is
# described as "s how many". In the other order both are right. Seen on 2026-12-01 with JDK 25. Whoever makes documents of
# that metadata, or reads it in an editor, is told the wrong thing, and the build says nothing.
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
      <artifactId>spring-boot</artifactId>
      <version>4.1.2</version>
    </dependency>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-configuration-processor</artifactId>
      <version>4.1.2</version>
    </dependency>
  </dependencies>
</project>
POM
"$mvn" -q -B -Dmaven.repo.local="$work/repository" org.apache.maven.plugins:maven-dependency-plugin:3.10.0:build-classpath \
    -Dmdep.outputFile=classpath > maven.log 2>&1 || { tail -5 maven.log; exit 1; }
for order in Before After; do
    {
        echo 'import org.springframework.boot.context.properties.ConfigurationProperties;'
        echo '/** Settings.'
        echo ' *'
        [ $order = After ] || echo ' * @param unit of what'
        echo ' * @param units how many'
        [ $order = Before ] || echo ' * @param unit of what'
        echo ' */'
        echo "@ConfigurationProperties(\"${order,}\") record $order(int units, String unit) {}"
    } > $order.java
done
"${JAVA_HOME:+$JAVA_HOME/bin/}javac" -proc:full -cp "$(cat classpath)" -d classes Before.java After.java
grep -E '"name": ".*\.|description' classes/META-INF/spring-configuration-metadata.json | sed 's/^ *//' > seen

diff - seen <<'SEEN' && echo "As described."
"name": "after.unit",
"description": "s how many",
"name": "after.units",
"description": "how many",
"name": "before.unit",
"description": "of what",
"name": "before.units",
"description": "how many",
SEEN
