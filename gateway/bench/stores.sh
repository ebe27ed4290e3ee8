#!/usr/bin/env bash
# Has the running gateway go round with the stores that are installed: announce, PUT, complete, file, range, thumbnail, a second
# PUT, an archive and its rest, an upload that breaks off, delete. Starts each store with an empty directory and a gateway
# before it, on free ports of loopback, one after the other, and prints a row of the table in gateway/README.md each. Fails if
# anything but what a store may leave out is not as it has to be. Needs python3, curl and a JDK 25.
#
#   gateway/bench/stores.sh
#
#   STORES       of "minio weed garage versitygw rclone", default those that are found in the PATH
#   SKIP_BUILD   set: takes gateway/target/gateway.jar as it is
#
# They can be had as Go modules (github.com/minio/minio, github.com/versity/versitygw/cmd/versitygw, github.com/rclone/rclone
# with `go install`; github.com/seaweedfs/seaweedfs/weed as a dependency of a module of one's own, with its `replace`), and
# Garage as a crate; how that is started here is by its documentation, and was not run. The s3proxy of the tests is in
# `S3StartupCheckTest` and `S3UploadTest`.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
[ "$java" = java ] || export JAVA_HOME=${java%/bin/java}
if [ -z "${STORES:-}" ]; then
  STORES=$(for store in minio weed garage versitygw rclone; do command -v "$store" > /dev/null && echo "$store" || true; done)
  [ -n "$STORES" ] || { echo "no store is in the PATH" >&2; exit 1; }
fi

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
work=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  pids=()
}
trap 'stop; rm -rf "$work"' EXIT
export S3_ACCESS_KEY=local-identity S3_SECRET_KEY=local-credential-0123456789 S3_REGION=us-east-1
bucket=pictures

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { # URL: anything, within a minute
  for _ in $(seq 120); do
    ! curl -s -o /dev/null "$1" || return 0
    sleep 0.5
  done
  echo "no answer from $1" >&2
  return 1
}
run() { # log, command
  local log=$1
  shift
  "$@" > "$log" 2>&1 &
  pids+=($!)
}

start() { # store, port, directory
  local port=$2 at=$3
  case $1 in
    minio)
      MINIO_ROOT_USER=$S3_ACCESS_KEY MINIO_ROOT_PASSWORD=$S3_SECRET_KEY MINIO_BROWSER=off \
        run "$at.log" minio server --address "127.0.0.1:$port" "$at"
      ;;
    versitygw)
      ROOT_ACCESS_KEY=$S3_ACCESS_KEY ROOT_SECRET_KEY=$S3_SECRET_KEY \
        run "$at.log" versitygw --port "127.0.0.1:$port" posix "$at"
      ;;
    rclone)
      run "$at.log" rclone serve s3 --config "$at.conf" --addr "127.0.0.1:$port" --auth-key "$S3_ACCESS_KEY,$S3_SECRET_KEY" "$at"
      ;;
    weed)
      cat > "$at.json" << JSON
{"identities": [{"name": "sluice", "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}],
  "actions": ["Admin", "Read", "Write", "List"]}]}
JSON
      run "$at.log" weed server -dir="$at" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.port="$(free_port)" \
        -volume.port="$(free_port)" -filer -filer.port="$(free_port)" -master.port.grpc="$(free_port)" \
        -volume.port.grpc="$(free_port)" -filer.port.grpc="$(free_port)" -s3 -s3.port="$port" \
        -s3.port.grpc="$(free_port)" -s3.config="$at.json" -master.volumeSizeLimitMB=64
      ;;
    garage)
      local admin
      cat > "$at.toml" << TOML
metadata_dir = "$at/meta"
data_dir = "$at/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$(free_port)"
rpc_secret = "0000000000000000000000000000000000000000000000000000000000000001"
[s3_api]
s3_region = "$S3_REGION"
api_bind_addr = "127.0.0.1:$port"
root_domain = ".s3.local"
TOML
      run "$at.log" garage -c "$at.toml" server
      answers "http://127.0.0.1:$port"
      admin="garage -c $at.toml"
      $admin layout assign -z local -c 1G "$($admin node id -q | cut -d@ -f1)" > /dev/null 2>&1
      $admin layout apply --version 1 > /dev/null 2>&1
      # Its keys have a form of their own.
      export S3_ACCESS_KEY=GK000000000000000000000001
      export S3_SECRET_KEY=0000000000000000000000000000000000000000000000000000000000000002
      $admin key import --yes -n sluice "$S3_ACCESS_KEY" "$S3_SECRET_KEY" > /dev/null 2>&1
      $admin bucket create "$bucket" > /dev/null 2>&1
      $admin bucket allow --read --write --owner "$bucket" --key "$S3_ACCESS_KEY" > /dev/null 2>&1
      ;;
    *)
      echo "$1: no such store here (expected: minio, weed, garage, versitygw or rclone)" >&2
      return 1
      ;;
  esac
  answers "http://127.0.0.1:$port"
  if [ "$1" != garage ]; then
    for _ in $(seq 60); do # one that has just started may refuse for a moment
      ! python3 gateway/bench/stores.py bucket "http://127.0.0.1:$port" "$bucket" 2> "$at.bucket" || return 0
      sleep 0.5
    done
    cat "$at.bucket" >&2
    return 1
  fi
}

failed=0
echo '| store | lacks, as tried at start | second PUT | PUT cut in the midst | round trip |'
echo '| --- | --- | --- | --- | --- |'
for store in $STORES; do
  (
    port=$(free_port)
    mkdir -p "$work/$store"
    start "$store" "$port" "$work/$store"
    # shellcheck disable=SC2030
    run "$work/$store.gateway.log" "$java" -Xmx256m -jar gateway/target/gateway.jar --server.address=127.0.0.1 --server.port=0 \
      --sluice.samples.port=0 --sluice.limits.enabled=false --sluice.database.directory="$work/$store.db" \
      --sluice.pictures.work-directory="$work/$store.work" --sluice.image-proxy.cache.directory="$work/$store.cache" \
      --sluice.storage.s3.bucket="$bucket" --sluice.storage.s3.endpoint="http://127.0.0.1:$port" \
      --sluice.storage.s3.region="$S3_REGION" --sluice.storage.s3.access-key="$S3_ACCESS_KEY" \
      --sluice.storage.s3.secret-key="$S3_SECRET_KEY" --logging.level.org.springframework.boot.reactor.netty=info
    for _ in $(seq 180); do
      gateway=$(sed -n 's/.*Netty started on port \([0-9]*\).*/\1/p' "$work/$store.gateway.log" | head -1)
      [ -z "$gateway" ] || break
      sleep 0.5
    done
    trap stop EXIT
    python3 gateway/bench/stores.py rounds "http://127.0.0.1:${gateway:?"the gateway did not start: $(tail -5 "$work/$store.gateway.log")"}" "$store"
  ) || { echo "$store: not as it has to be" >&2; failed=1; }
done
exit $failed
