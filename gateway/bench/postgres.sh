#!/usr/bin/env bash
# What callers see while the PostgreSQL behind a running gateway is restarted, silent, killed, taken over by its standby, or made
# a standby itself. For each fault a primary and a streaming standby are made anew, and a gateway with both in its
# DATABASE_URL; light work goes on meanwhile: reads of the gallery, imports of a sample, uploads. Prints a row of the table in
# gateway/README.md each. Fails if an answer is neither what was asked for nor a 503 as application/problem+json, if work does
# not go on in the end, if an image that was acknowledged after the fault is lost, if health did not tell, or if the log has
# not one line an outage.
#
#   gateway/bench/postgres.sh
#
#   FAULTS       of "restart silent killed frozen demoted returned", default all
#   KEEP_LOG     a file for the gateway's log where something is not as it has to be
#   SKIP_BUILD   set: takes JAR, or gateway/target/gateway.jar, as it is
#
# Needs PostgreSQL's server programs (in the PATH, or as Debian has them), python3 and a JDK 25; as root also
# runuser and a user postgres. Touches loopback only, on free ports, and leaves nothing behind.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
[ "$java" = java ] || export JAVA_HOME=${java%/bin/java}
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
PATH=$PATH:${programs:-}
for tool in initdb pg_ctl pg_rewind pg_basebackup psql; do
  command -v "$tool" > /dev/null || { echo "needs $tool (in Debian: apt-get install postgresql)" >&2; exit 1; }
done

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
export JAVA=$java PYTHONDONTWRITEBYTECODE=1
exec python3 gateway/bench/postgres.py "${JAR:-gateway/target/gateway.jar}"
