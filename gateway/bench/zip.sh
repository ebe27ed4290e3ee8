#!/usr/bin/env bash
# Measures the archive route against nginx proxy_pass and a plain WebFlux pass-through of the same bytes, on this
# machine, in one run; prints a Markdown table. Needs nginx, curl, unzip and a JDK 25; touches loopback only.
#
#   gateway/bench/zip.sh            20 images of 1 MB, 20 s to warm up and 10 s a cell
#   IMAGE_KB=5000 SECONDS_EACH=20 CLIENTS="1 50" gateway/bench/zip.sh
#   BASELINE_JAR=old.jar CONTESTANTS="gateway baseline" CLIENTS="10 10 10 50 50 50" gateway/bench/zip.sh
#                                   two gateways in turns; a number of clients that is named again is another round
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
image_kb=${IMAGE_KB:-1000}
seconds=${SECONDS_EACH:-10}
warm_seconds=${WARM_SECONDS:-20}
clients=${CLIENTS:-1 10 50}
java_options=${JAVA_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m}
gateway_options=${GATEWAY_OPTIONS:-}
contestants=${CONTESTANTS:-gateway passthrough nginx}

for tool in nginx curl unzip; do
  command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 1; }
done
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}

cd "$root"
if [ -z "${SKIP_BUILD:-}" ]; then
  ./mvnw -q -B -DskipTests -Dmdep.outputFile=target/test-classpath package dependency:build-classpath
fi
classpath=gateway/target/test-classes:$(cat gateway/target/test-classpath)

work=$(mktemp -d)
chmod 755 "$work" # nginx gives up root
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

mkdir -p "$work/files" "$work/origin" "$work/proxy"
for n in $(seq -w 1 20); do
  { printf '\xff\xd8\xff\xe0\x00\x10JFIF\x00'; head -c $((image_kb * 1000)) /dev/urandom; } > "$work/files/$n.jpg"
done
{
  printf '{"images":['
  for n in $(seq -w 1 20); do
    [ "$n" = 01 ] || printf ','
    printf '{"url":"http://127.0.0.2:18180/%s.jpg"}' "$n"
  done
  printf ']}'
} > "$work/request.json"

nginx_conf() { # folder, server block
  cat > "$work/$1/nginx.conf" <<CONF
daemon off; pid $work/$1/pid; error_log $work/$1/error.log; worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path $work/$1/b; proxy_temp_path $work/$1/p; fastcgi_temp_path $work/$1/f; uwsgi_temp_path $work/$1/u; scgi_temp_path $work/$1/s;
  types { image/jpeg jpg; application/zip zip; }
  $2
}
CONF
  nginx -e "$work/$1/error.log" -c "$work/$1/nginx.conf" &
}
nginx_conf origin "server { listen 127.0.0.2:18180; root $work/files; }"
nginx_conf proxy "upstream o { server 127.0.0.2:18180; keepalive 64; } server { listen 127.0.0.1:18181; location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; } }"

up() { for _ in $(seq 300); do curl -s -m 5 -o /dev/null "$1" && return 0; sleep 0.1; done; echo "$1 did not come up" >&2; exit 1; }

# shellcheck disable=SC2086
$java $java_options $gateway_options -jar gateway/target/gateway.jar --server.port=18182 --sluice.samples.enabled=false --sluice.limits.definitions.{ip,user,zip-slots,zip-bytes}.shadow=true \
  --sluice.fetch.allow-networks=127.0.0.2:18180 > "$work/gateway.log" 2>&1 &
gateway_pid=$!
if [[ " $contestants " == *" baseline "* ]]; then
# shellcheck disable=SC2086
$java $java_options $gateway_options -jar "$BASELINE_JAR" --server.port=18184 --sluice.samples.enabled=false --sluice.limits.definitions.{ip,user,zip-slots,zip-bytes}.shadow=true \
  --sluice.zip.spool-directory="$work/baseline-spool" --sluice.image-proxy.cache.directory="$work/baseline-cache" \
  --sluice.database.directory="$work/baseline-db" --sluice.storage.directory="$work/baseline-store" \
  --sluice.training.spool-directory="$work/baseline-training" \
  --sluice.fetch.allow-networks=127.0.0.2:18180 > "$work/baseline.log" 2>&1 &
baseline_pid=$!
up http://127.0.0.1:18184/actuator/health
fi
if [[ " $contestants " == *" passthrough "* ]]; then
# shellcheck disable=SC2086
$java $java_options -Dreactor.netty.send.maxPrefetchSize=16 -cp "$classpath" \
  dev.sluice.gateway.bench.PassThrough 18183 http://127.0.0.2:18180 > "$work/passthrough.log" 2>&1 &
passthrough_pid=$!
up http://127.0.0.1:18183/01.jpg
fi
up http://127.0.0.2:18180/01.jpg
up http://127.0.0.1:18182/actuator/health

curl -sS -m 60 -X POST -H 'Content-Type: application/json' --data-binary "@$work/request.json" -o "$work/files/archive.zip" http://127.0.0.1:18182/api/zip || exit 1
if ! unzip -tqq "$work/files/archive.zip"; then head -c 2000 "$work/files/archive.zip" >&2; exit 1; fi
nginx_pids=$(pgrep -d, -P "$(cat "$work/proxy/pid")")

target() {
  case $1 in
    gateway) echo "http://127.0.0.1:18182/api/zip $work/request.json" ;;
    baseline) echo "http://127.0.0.1:18184/api/zip $work/request.json" ;;
    passthrough) echo "http://127.0.0.1:18183/archive.zip -" ;;
    nginx) echo "http://127.0.0.1:18181/archive.zip -" ;;
  esac
}
pids() { case $1 in gateway) echo "$gateway_pid" ;; baseline) echo "$baseline_pid" ;; passthrough) echo "$passthrough_pid" ;; nginx) echo "$nginx_pids" ;; esac; }
load() { # contestant, clients, seconds
  # shellcheck disable=SC2046
  $java -Xmx128m -XX:TieredStopAtLevel=4 "$root/gateway/bench/Load.java" $(target "$1") "$2" "$3" "$(pids "$1")"
}

echo "20 images of $image_kb KB; $(date -u +%F); $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $("$java" -version 2>&1 | sed -n 2p); $(nginx -v 2>&1)"
echo
# Until compilers have done their work, at the last number of clients.
for contestant in $contestants; do load "$contestant" "${clients##* }" "$warm_seconds" >/dev/null; done
echo "| clients | server | MB/s | CPU s/GB | resident MB | first byte p50 ms | p99 ms | archives | errors |"
echo "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for n in $clients; do
  for contestant in $contestants; do
    echo "| $n | $contestant | $(load "$contestant" "$n" "$seconds" | sed 's/ / | /g') |"
  done
done
if [ -n "${KEEP_LOGS:-}" ]; then cp "$work"/*.log "$KEEP_LOGS"; fi
