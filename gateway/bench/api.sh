#!/usr/bin/env bash
# Has schemathesis make requests of the gateway's document, all phases, once without credentials and once signed in, against a
# gateway that it starts on a free port, without limits. Fails for a stack trace in the log, for an answer of 5xx other than
# 502, 503 and 504, which tell of things outside, and for any status that the document does not tell of at that operation.
# Needs python3 with pip, curl and a JDK 25; the gateway's traffic is loopback only.
#
#   gateway/bench/api.sh
#
#   EXAMPLES       of each operation and phase, default 20
#   MAX_SECONDS    for each of the two runs, default 240
#   RUNS           of "anonymous signed-in"
#   PHASES         of "examples,coverage,fuzzing,stateful"
#   SCHEMATHESIS   its version, default 4.32.5
#   CHECKS         default "not_a_server_error,status_code_conformance"; "all" tells where else document and gateway differ
#   SKIP_BUILD     set: takes gateway/target/gateway.jar as it is
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
version=${SCHEMATHESIS:-4.32.5}
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
work=$(mktemp -d)
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "schemathesis==$version"

"$java" -Xmx256m -jar gateway/target/gateway.jar --server.port=0 --sluice.samples.port=0 --sluice.limits.enabled=false \
  --sluice.assistant.provider=echo --sluice.database.directory="$work/db" --sluice.storage.directory="$work/store" \
  --sluice.image-proxy.cache.directory="$work/cache" \
  --logging.level.org.springframework.boot.reactor.netty=info > "$work/gateway.log" 2>&1 &
for _ in $(seq 120); do
  port=$(sed -n 's/.*Netty started on port \([0-9]*\).*/\1/p' "$work/gateway.log" | head -1)
  [ -z "$port" ] || break
  sleep 0.5
done
url=http://127.0.0.1:${port:?the gateway did not start}
token=$(curl -fsS "$url/api/session" -H 'Content-Type: application/json' \
  -d '{"user":"alice","roles":["user","super-admin"],"projects":["p1"]}' | sed 's/.*"token":"\([^"]*\).*/\1/')

run() { # further arguments
  (cd "$work" && venv/bin/schemathesis --config-file schemathesis.toml run "$url/v3/api-docs" --url "$url" \
    --phases="${PHASES:-examples,coverage,fuzzing,stateful}" --checks="${CHECKS:-not_a_server_error,status_code_conformance}" \
    --max-examples="${EXAMPLES:-20}" --seed=1 --no-color --suppress-health-check=all --generation-deterministic \
    --max-time "${MAX_SECONDS:-240}" --warnings=off "$@")
}
cat > "$work/schemathesis.toml" <<'CONF'
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504]
CONF
failed=0
for as in ${RUNS:-anonymous signed-in}; do
  echo "== $as"
  if [ "$as" = anonymous ]; then run || failed=1; else run --header "Authorization: Bearer $token" || failed=1; fi
done
if grep -n -m 5 -E '^\s+at [a-z.]+\(' "$work/gateway.log"; then
  echo "a stack trace in the log" >&2
  failed=1
fi
exit $failed
