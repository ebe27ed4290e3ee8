#!/bin/bash
# Starts a gateway of its own in development mode, with a stub for the AI provider, and runs the scenarios against it; then two of
# them with thresholds that cannot be held, which have to fail. Prints a row each; exit 1 if anything is not as it should be:
#     docker/load/run.sh [scenario…]       zip proxy ai mixed
# It needs k6, curl, python3 and a JDK 25.
#     DURATION     of each, default 20s
#     JAR          of the gateway, default gateway/target/gateway.jar (./mvnw package -DskipTests)
set -euo pipefail
cd "$(dirname "$0")"
scenarios=("$@")
[ $# -gt 0 ] || scenarios=(zip proxy ai mixed)
work=$(mktemp -d)
pids=()
failed=0
# shellcheck disable=SC2317
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2> /dev/null | head -1)
java=${java:-java}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

stub=$(free_port) port=$(free_port)
python3 ../chaos/world.py "$stub" &
pids+=($!)
# All callers come from one address here, and images of one caller are counted too: those limits are not looked at. The limit of
# `ai-endpoint` is the one that ai.js looks at, and stays.
REDIS_URL='' GEMINI_API_KEY=stub GEMINI_BASE_URL="http://127.0.0.1:$stub" SERVER_ADDRESS=127.0.0.1 SERVER_PORT=$port \
    SLUICE_LIMITS_DEFINITIONS_IP_UNITS=1000000 SLUICE_LIMITS_DEFINITIONS_IP_BURST=1000000 \
    SLUICE_LIMITS_DEFINITIONS_USER_UNITS=1000000 SLUICE_LIMITS_DEFINITIONS_USER_BURST=1000000 \
    SLUICE_LIMITS_DEFINITIONS_IMAGE_PROXY_UNITS=1000000 SLUICE_LIMITS_DEFINITIONS_ZIP_SLOTS_UNITS=100 \
    "$java" -Xmx128m -Xmn16m -XX:MaxDirectMemorySize=128m -XX:+UseSerialGC -jar "${JAR:-../../gateway/target/gateway.jar}" \
    --sluice.samples.port=0 --sluice.database.directory="$work/db" --sluice.storage.directory="$work/store" \
    --sluice.image-proxy.cache.directory="$work/cache" --sluice.pictures.work-directory="$work/work" \
    --sluice.zip.spool-directory="$work/spool" > "$work/log" 2>&1 &
pids+=($!)
for _ in $(seq 240); do
    ! curl -sf -o /dev/null "http://127.0.0.1:$port/actuator/health/readiness" || break
    kill -0 "${pids[1]}" 2> /dev/null || { tail "$work/log"; exit 1; }
    sleep 0.5
done

run() { # scenario, expected exit status of k6, what is said of it, variables
    local scenario=$1 expected=$2 said=$3 status=0 seen
    shift 3
    env "$@" BASE="http://127.0.0.1:$port" ${DURATION:+DURATION=$DURATION SECONDS=${DURATION%s}} \
        k6 run --quiet --no-usage-report --summary-export "$work/summary.json" "$scenario.js" > "$work/k6.log" 2>&1 || status=$?
    seen=$(python3 summary.py "$work/summary.json" "$scenario" || true)
    [ -n "$seen" ] || tail -n 20 "$work/k6.log" >&2
    if [ "$status" = "$expected" ]; then verdict=ok; else verdict=WRONG failed=1; tail -n 40 "$work/k6.log" >&2; fi
    echo "| $scenario$said | $seen | $status | $verdict |"
}

echo "$(date +%F), $(nproc) cores, $(k6 version | head -1 | cut -d' ' -f1,2), $("$java" -version 2>&1 | head -1)"
echo
echo '| scenario | requests | a second | failed | checks | p95 ms by route | thresholds not held | exit status of k6 | |'
echo '| --- | ---: | ---: | ---: | ---: | --- | --- | ---: | --- |'
# A JVM that has just begun is slow, which says nothing.
BASE="http://127.0.0.1:$port" k6 run --quiet --no-usage-report --no-thresholds mixed.js > /dev/null 2>&1
for scenario in "${scenarios[@]}"; do run "$scenario" 0 ''; done
run "${scenarios[0]}" 99 ', with a threshold that cannot be held' P95=0.01 P95_ZIP=0.01
# A limit that lets more through than it should is what this scenario is for: five a minute are not three.
[[ " ${scenarios[*]} " != *' ai '* ]] || run ai 99 ', as if three a minute were allowed' PER_MINUTE=3
exit $failed
