#!/bin/bash
# Starts compose.yaml in production mode with a made-up .env and says what was seen; exit 1 if anything is not as that says:
#     docker/composed.sh              the gateway's image is there (build.sh), the others come from a registry
#     docker/composed.sh --debian     after `docker/build.sh --debian`, for an engine that reaches no registry: Debian's packages in
#                                     the place of Redis and PostgreSQL, without Prometheus and Grafana
# It needs a Docker engine on this machine, Compose 2.24.4 or later, curl and openssl. Nothing of it stays but images.
#     SLUICE_IMAGE=…    another image of the gateway than `sluice`
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
net=${SLUICE_COMPOSED_NET:-172.30.95}
image=${SLUICE_IMAGE:-sluice}
url=http://127.0.0.95:8080
failed=0
compose=(docker compose)
docker compose version > /dev/null 2>&1 || compose=(docker-compose)
compose+=(--progress quiet -p sluice-composed --env-file "$work/env" -f compose.yaml)
services=()

# shellcheck disable=SC2317
cleanup() {
    "${compose[@]}" down -v -t 5 > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

is() { # what, seen, expected
    local verdict=ok
    if [ "$2" != "$3" ]; then verdict="WRONG, expected $3" failed=1; fi
    printf '| %s | %s | %s |\n' "$1" "$2" "$verdict"
}

secret() { openssl rand -hex 32; }
# Each of .env.example's, filled in; sizes other than the image's own. No token is ever checked, so nobody has to issue one.
{
    cat .env.example
    cat << ENV
REDIS_PASSWORD=$(secret)
POSTGRES_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
SLUICE_SIGNING_SECRET=$(secret)
SLUICE_ALLOWED_ORIGINS=$url
SLUICE_ISSUER_URI=https://issuer.invalid
SLUICE_AUDIENCE=composed
SLUICE_LISTEN=${url#http://}
SLUICE_SUBNET=$net.0/24
SLUICE_TRUSTED_PROXIES=$net.1
SLUICE_HEAP=160m
SLUICE_DIRECT_MEMORY=96m
SLUICE_MEMORY=912m
ENV
} > "$work/env"

if [ "${1:-}" = --debian ]; then
    services=(gateway)
    cp chaos/standin-postgres "$work/"
    for target in redis postgres; do
        DOCKER_BUILDKIT=1 docker build -q -f chaos/standins.Dockerfile --target $target -t "sluice-standin:$target" "$work" > /dev/null
    done
    cat > "$work/debian.yaml" << OVER
services:
  redis: {image: "sluice-standin:redis"}
  postgres: {image: "sluice-standin:postgres"}
OVER
    compose+=(-f "$work/debian.yaml")
fi
# On a busy machine a start takes longer than the image's health check allows.
printf 'services:\n  gateway:\n    image: "%s"\n    healthcheck: {start_period: 240s}\n' "$image" > "$work/gateway.yaml"
compose+=(-f "$work/gateway.yaml")
"${compose[@]}" up -d --no-build --wait --wait-timeout 300 "${services[@]}" >&2

inside() { # service, command of bash
    "${compose[@]}" exec -T "$1" bash -c "$2"
}

open() { # address, port; within a container
    echo "(exec 3<>/dev/tcp/$1/$2) 2> /dev/null && echo open || echo closed"
}

status() { # options of curl
    curl -s -o /dev/null -w '%{http_code} ' "$@" "$url/api/uploads"
}

meter() { # its line, as Prometheus would be told
    inside gateway "exec 3<>/dev/tcp/\$MANAGEMENT_SERVER_ADDRESS/\$MANAGEMENT_SERVER_PORT
        printf 'GET /actuator/prometheus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3; cat <&3" \
        | tr -d '\r' | sed -n "s/^$1[^ ]* //p" | head -1 | awk '{ printf "%d", $1 }'
}

gateway=$("${compose[@]}" ps -q gateway)
"${compose[@]}" logs --no-color --no-log-prefix gateway > "$work/log" 2>&1

echo "$(date +%F), $(docker version -f 'Docker {{.Server.Version}}'), compose.yaml${1:+ $1}"
echo
echo '| | seen | |'
echo '| --- | --- | --- |'
is "health, as the engine sees it" "$(docker inspect -f '{{.State.Health.Status}}' "$gateway")" healthy
is "callers' port, from this machine" "$(curl -s -o /dev/null -w '%{http_code}' "$url/")" 200
is "operations on that port" "$(curl -s -o /dev/null -w '%{http_code}' "$url/actuator/health")" 404
is "a page of another origin; of the one that a proxy on this machine says it is" \
    "$(status -H 'Origin: https://a.example'; status -H 'Origin: https://a.example' -H 'X-Forwarded-For: 192.0.2.1' \
        -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: a.example')" "403 401 "
is "memory of the container, MB" "$(($(docker inspect -f '{{.HostConfig.Memory}}' "$gateway") / 1048576))" 912
# What -Xmn16m leaves of 160 MB.
is "heap for what lives long, MB" "$(($(meter 'jvm_memory_max_bytes{area="heap",id="Tenured Gen"') / 1048576))" 144
is "memory for images, MB: a quarter of the direct memory" \
    "$(($(meter 'sluice_zip_budget_free_bytes{kind="memory"') / 1048576))" 24
is "its AOT cache is mapped" "$(inside gateway 'grep -q gateway.aot /proc/1/maps && echo yes || echo no')" yes
is "exit status of a JVM of these sizes that insists on it" \
    "$(inside gateway 'java @java-options -XX:AOTMode=on -XX:AOTCache=gateway.aot -cp gateway.jar -version > /dev/null 2>&1; echo $?')" 0
is "warnings of the JVM in its log" "$(grep -cE '^\[.*\]\[(warning|error) *\]|^WARNING' "$work/log" || true)" 0
is "callers' port, from Redis" "$(inside redis "$(open gateway 8080)")" open
is "port 9000, from Redis" "$(inside redis "$(open gateway 9000)")" closed
is "port 9000, from the network that Prometheus is in" "$(docker run --rm --network sluice-composed_watch --entrypoint bash "$image" \
    -c "$(open gateway 9000)")" open
if [ "${#services[@]}" = 0 ]; then
    seen=0
    for _ in $(seq 30); do
        seen=$(curl -sG --data-urlencode 'query=up{job="gateway"} == 1' http://127.0.0.1:9090/api/v1/query | grep -c '"value"' || true)
        [ "$seen" = 0 ] || break
        sleep 2
    done
    is "gateways that Prometheus scrapes" "$seen" 1
fi
"${compose[@]}" stop gateway > /dev/null 2>&1
is "ends by SIGTERM with" "$(docker inspect -f '{{.State.ExitCode}}' "$gateway")" 143
exit $failed
