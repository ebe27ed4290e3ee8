#!/usr/bin/env bash
# Measures the archive route against its peers with the same bytes, on this machine, in one run; prints a Markdown table.
# Needs nginx, curl, unzip and a JDK 25; touches loopback only.
#
#   gateway/bench/zip.sh            20 images of 5 MB, 20 s to warm up and 10 s a cell
#   IMAGE_KB=1000 SECONDS_EACH=20 CLIENTS="1 50" gateway/bench/zip.sh
#   BASELINE_JAR=old.jar CLIENTS="10 10 10 50 50 50" gateway/bench/zip.sh
#                                   two gateways in turns; a number of clients that is named again is another round
#
# Contestants, each started for its own cells alone (CONTESTANTS chooses):
#   gateway      this tree's jar (JAR names another), with the documented JVM options; every image is fetched each time
#   again        the same, where the images are in its store and their origin confirms them
#   baseline     BASELINE_JAR, where it is given
#   zipstreamer  ZIPSTREAMER, a binary of that program, where it is given; it listens on PORT
#   modzip       NGINX_WITH_MOD_ZIP, an nginx with that module, where it is given; it is told every CRC-32
#   nginx        proxy_pass of the finished archive
#   file         nginx sending the finished archive from disk
#   passthrough  a plain WebFlux server that hands the finished archive on (asked for by name only)
#
# Resident is the highest from the start of a process to its end, its child processes included.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
image_kb=${IMAGE_KB:-5000}
seconds=${SECONDS_EACH:-10}
warm_seconds=${WARM_SECONDS:-20}
clients=${CLIENTS:-1 10 50}
# As the README documents them.
java_options=${JAVA_OPTIONS:--Xms24m -Xmx128m -Xmn16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=20 -XX:MaxDirectMemorySize=128m -Xss512k -XX:+UseSerialGC -XX:TrimNativeHeapInterval=3000 -XX:+UseCompactObjectHeaders -XX:ReservedCodeCacheSize=64m -Djdk.reflect.useNativeAccessorOnly=true}
baseline_options=${BASELINE_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC}
jar=${JAR:-gateway/target/gateway.jar}
gateway_options=${GATEWAY_OPTIONS:-}
contestants=${CONTESTANTS:-gateway again ${BASELINE_JAR:+baseline} ${ZIPSTREAMER:+zipstreamer} ${NGINX_WITH_MOD_ZIP:+modzip} nginx file}

for tool in nginx curl unzip; do
  command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 1; }
done
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}

cd "$root"
if [ -z "${SKIP_BUILD:-}" ]; then
  ./mvnw -q -B -DskipTests -Dmdep.outputFile=target/test-classpath package dependency:build-classpath
fi

work=$(mktemp -d)
chmod 755 "$work" # nginx gives up root
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

mkdir -p "$work/files" "$work/origin" "$work/proxy" "$work/modzip" "$work/run"
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

urls() { for n in $(seq -w 1 20); do echo "http://127.0.0.2:18180/$n.jpg"; done; }
urls | sed 's|.*/\(.*\)|{"url":"&","zipPath":"\1"}|' | paste -sd, | sed 's|.*|{"files":[&]}|' > "$work/zipstreamer.json"

nginx_conf() { # folder, server block, program
  cat > "$work/$1/nginx.conf" <<CONF
daemon off; pid $work/$1/pid; error_log $work/$1/error.log; worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path $work/$1/b; proxy_temp_path $work/$1/p; fastcgi_temp_path $work/$1/f; uwsgi_temp_path $work/$1/u; scgi_temp_path $work/$1/s;
  types { image/jpeg jpg; application/zip zip; text/plain list; }
  $2
}
CONF
  "${3:-nginx}" -e "$work/$1/error.log" -c "$work/$1/nginx.conf" &
}
nginx_conf origin "server { listen 127.0.0.2:18180; root $work/files; }"
nginx_conf proxy "upstream o { server 127.0.0.2:18180; keepalive 64; } server { listen 127.0.0.1:18181; location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; } }"

up() { for _ in $(seq 300); do curl -s -m 5 -o /dev/null "$1" && return 0; sleep 0.1; done; echo "$1 did not come up" >&2; exit 1; }

workers() { pgrep -d, -P "$(cat "$work/$1/pid")"; }

gateway() { # jar, options, arguments
  local folder
  folder=$(mktemp -d "$work/run/XXXX")
  # shellcheck disable=SC2086
  (cd "$folder" && MALLOC_ARENA_MAX=2 exec $java $2 $gateway_options -Djava.io.tmpdir="$folder" -jar "$1" --server.port=18182 \
    --sluice.samples.enabled=false --sluice.limits.enabled=false --sluice.fetch.allow-networks=127.0.0.2:18180 ${3:-} \
    > "$work/gateway.log" 2>&1) &
}

# Starts a contestant; afterwards url, body and pids say how to ask it, and started what to end.
start() {
  body=- started=
  case $1 in
    gateway | again | baseline)
      case $1 in
        gateway) gateway "$(realpath "$jar")" "$java_options" --sluice.zip.reuse=off ;;
        again) gateway "$(realpath "$jar")" "$java_options" ;;
        baseline) gateway "$(realpath "$BASELINE_JAR")" "$baseline_options" ;;
      esac
      started=$! pids=$! url=http://127.0.0.1:18182/api/zip body=$work/request.json
      up http://127.0.0.1:18182/actuator/health ;;
    passthrough)
      # shellcheck disable=SC2086
      $java $java_options -cp "gateway/target/test-classes:$(cat gateway/target/test-classpath)" \
        dev.sluice.gateway.bench.PassThrough 18183 http://127.0.0.2:18180 > "$work/passthrough.log" 2>&1 &
      started=$! pids=$! url=http://127.0.0.1:18183/archive.zip
      up http://127.0.0.1:18183/01.jpg ;;
    zipstreamer)
      PORT=18184 "$ZIPSTREAMER" > "$work/zipstreamer.log" 2>&1 &
      started=$! pids=$! url=http://127.0.0.1:18184/download body=$work/zipstreamer.json
      up http://127.0.0.1:18184/ ;;
    modzip)
      for n in $(seq -w 1 20); do
        crc=$(gzip -c1 < "$work/files/$n.jpg" | tail -c8 | od -An -tx4 -N4 | tr -d ' ')
        echo "$crc $(stat -c %s "$work/files/$n.jpg") /origin/$n.jpg $n.jpg"
      done > "$work/files/archive.list"
      nginx_conf modzip "upstream o { server 127.0.0.2:18180; keepalive 64; } server { listen 127.0.0.1:18185;
        location = /archive.zip { add_header X-Archive-Files zip; alias $work/files/archive.list; }
        location /origin/ { proxy_pass http://o/; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; } }" "$NGINX_WITH_MOD_ZIP"
      started=$! url=http://127.0.0.1:18185/archive.zip
      up http://127.0.0.1:18185/archive.zip
      pids=$(workers modzip) ;;
    nginx) url=http://127.0.0.1:18181/archive.zip pids=$(workers proxy) ;;
    file) url=http://127.0.0.2:18180/archive.zip pids=$(workers origin) ;;
  esac
}

stop() { if [ -n "$started" ]; then kill "$started"; wait "$started" 2>/dev/null || true; fi; }
load() { $java -Xmx128m "$root/gateway/bench/Load.java" "$url" "$body" "$1" "$2" "$pids"; } # clients, seconds

up http://127.0.0.2:18180/01.jpg
start gateway
curl -sS -m 60 -X POST -H 'Content-Type: application/json' --data-binary "@$body" -o "$work/files/archive.zip" "$url" || exit 1
if ! unzip -tqq "$work/files/archive.zip"; then head -c 2000 "$work/files/archive.zip" >&2; exit 1; fi
stop

echo "20 images of $image_kb KB; $(date -u +%F); $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $("$java" -version 2>&1 | sed -n 2p); $(nginx -v 2>&1)"
echo
echo "| server | clients | MB/s | CPU s/GB | of it kernel | resident MB | first byte p50 ms | p99 ms | archives | errors |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for contestant in $contestants; do
  start "$contestant"
  load "${clients##* }" "$warm_seconds" > /dev/null # until compilers have done their work
  for n in $clients; do
    echo "| $contestant | $n | $(load "$n" "$seconds" | sed 's/ / | /g') |"
  done
  stop
done
if [ -n "${KEEP_LOGS:-}" ]; then cp "$work"/*.log "$KEEP_LOGS"; fi
