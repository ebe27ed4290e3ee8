#!/bin/bash
# Starts compose.cluster.yaml, puts it under load from outside and breaks it, part by part; prints a row an event. Exit 1 if a
# limit was exceeded, an acknowledged image or job lost, an archive whole only by its looks, or a request failed while all was there:
#     docker/chaos.sh [event…]             images come from a registry; the gateway's own is built
#     docker/chaos.sh --debian [event…]    for an engine that reaches no registry, after `docker/build.sh --debian`: Debian's
#                                          packages in their place; needs their mirror, and versitygw in the PATH
# Events: nothing gateway-1 gateway-2 primary replica frozen thawed primary-cut connected sentinel postgres s3 postgres-frozen
# s3-frozen postgres-cut s3-cut nginx roll cut; all of them take some fourteen minutes.
# It needs a Docker engine on this machine, Compose 2.24.4 or later, openssl and python3; k6, if it is in the PATH, adds its load.
# Nothing of it stays but images.
#     KEEP=1       leaves it running
#     LOGS=DIR     keeps each service's log there
set -euo pipefail
cd "$(dirname "$0")"
debian=
if [ "${1:-}" = --debian ]; then
    debian=1
    shift
fi
work=$(mktemp -d)
compose=(docker compose)
docker compose version > /dev/null 2>&1 || compose=(docker-compose)
export SLUICE_CLUSTER_NET=${SLUICE_CLUSTER_NET:-172.30.94} SLUICE_CLUSTER_ADDRESS=${SLUICE_CLUSTER_ADDRESS:-127.0.0.94}
export CHAOS_KEYS="$work/keys" PYTHONDONTWRITEBYTECODE=1
compose+=(--progress quiet -p sluice-chaos --env-file "$work/env" -f compose.cluster.yaml -f chaos/compose.yaml)
[ -z "$debian" ] || compose+=(-f chaos/compose.debian.yaml)

# shellcheck disable=SC2317
cleanup() {
    if [ -n "${LOGS:-}" ]; then
        mkdir -p "$LOGS"
        for service in $("${compose[@]}" config --services); do
            "${compose[@]}" logs --no-color --no-log-prefix "$service" > "$LOGS/$service.log" 2>&1 || true
        done
    fi
    if [ -z "${KEEP:-}" ]; then
        docker ps -q --filter status=paused --filter label=com.docker.compose.project=sluice-chaos | xargs -r docker unpause > /dev/null
        "${compose[@]}" down -v -t 5 > /dev/null 2>&1 || true
        rm -rf "$work"
    else
        echo "still running: ${compose[*]}" >&2
    fi
}
trap cleanup EXIT

secret() { openssl rand -hex 32; }
issuer=http://$SLUICE_CLUSTER_NET.13:8000
cat > "$work/env" << ENV
REDIS_PASSWORD=$(secret)
POSTGRES_PASSWORD=$(secret)
SLUICE_SIGNING_SECRET=$(secret)
SLUICE_ALLOWED_ORIGINS=http://$SLUICE_CLUSTER_ADDRESS:8080
SLUICE_ISSUER_URI=$issuer
SLUICE_AUDIENCE=chaos
GRAFANA_PASSWORD=unused
REPLICATE_API_TOKEN=chaos
GEMINI_API_KEY=chaos
AWS_ACCESS_KEY_ID=chaos
AWS_SECRET_ACCESS_KEY=$(secret)
ENV
mkdir "$CHAOS_KEYS"
openssl genrsa -out "$work/key.pem" 2048 2> /dev/null
python3 -c 'import base64, json, sys
modulus = bytes.fromhex(sys.argv[1].split("=")[1])
key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "chaos", "e": "AQAB", "n": base64.urlsafe_b64encode(modulus).rstrip(b"=").decode()}
print(json.dumps({"keys": [key]}))' "$(openssl rsa -in "$work/key.pem" -noout -modulus)" > "$CHAOS_KEYS/jwks.json"
chmod 755 "$work" "$CHAOS_KEYS"

build=--build
if [ -n "$debian" ]; then
    build=--no-build
    docker image inspect sluice sluice-base:jre > /dev/null || { echo "run docker/build.sh --debian first" >&2; exit 1; }
    mkdir "$work/standins"
    cp chaos/standin-postgres "$(command -v versitygw)" "$work/standins/"
    for target in redis postgres nginx python s3; do
        DOCKER_BUILDKIT=1 docker build -q -f chaos/standins.Dockerfile --target $target -t "sluice-standin:$target" \
            "$work/standins" > /dev/null
    done
fi
"${compose[@]}" up -d "$build" --wait --wait-timeout 300 >&2

echo "$(date +%F), $(docker version -f 'Docker {{.Server.Version}}'), $(nproc) cores${debian:+, Debian packages for published images}"
echo
python3 chaos/chaos.py --address "$SLUICE_CLUSTER_ADDRESS" --key "$work/key.pem" --issuer "$issuer" --audience chaos \
    ${1:+--events "$(IFS=,; echo "$*")"} --compose "${compose[@]}"
