#!/usr/bin/env bash
# Compares two builds of the gateway on this machine in one run: cache hits of the image proxy, and archives of 20 images.
# One gateway runs at a time, started anew and warmed up for each measurement, old and new in turns and the first of a
# pair changing, since of two that run together the first to start is the faster, whatever its build. Shown are medians of
# throughput and of processor time, and their ratios with the smallest and largest of the pairs'. Needs nginx, curl and a
# JDK 25; touches loopback only.
#
#   gateway/bench/compare.sh OLD.jar NEW.jar           50 clients; 20 x 5 MB, and hits of 20 KB; ten minutes
#
#   WHAT           default "hit zip"
#   CLIENTS        default 50
#   IMAGE_KB       of an archive's images, default 5000
#   HIT_KB         of a hit, default 20
#   SECONDS_EACH   a measurement, default 10
#   WARM_SECONDS   before it, default 20
#   PAIRS          default 5
#   JAVA_OPTIONS   default -Xmx256m -XX:MaxDirectMemorySize=256m
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
old=${1:?OLD.jar NEW.jar}
new=${2:?OLD.jar NEW.jar}
clients=${CLIENTS:-50}
image_kb=${IMAGE_KB:-5000}
hit_kb=${HIT_KB:-20}
seconds=${SECONDS_EACH:-10}
warm=${WARM_SECONDS:-20}
pairs=${PAIRS:-5}
java_options=${JAVA_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m}
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}

work=$(mktemp -d)
chmod 755 "$work" # nginx gives up root
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

mkdir -p "$work/files"
for n in $(seq -w 1 20); do
  { printf '\xff\xd8\xff\xe0\x00\x10JFIF\x00'; head -c $((image_kb * 1000)) /dev/urandom; } > "$work/files/$n.jpg"
done
{ printf '\xff\xd8\xff\xe0\x00\x10JFIF\x00'; head -c $((hit_kb * 1000)) /dev/urandom; } > "$work/files/hit.jpg"
origin=$(free_port)
cat > "$work/nginx.conf" <<CONF
daemon off; error_log stderr; pid $work/nginx.pid; worker_processes 1;
events { worker_connections 4096; }
http { access_log off; sendfile on; types { image/jpeg jpg; }
  server { listen 127.0.0.1:$origin; root $work/files; } }
CONF
nginx -c "$work/nginx.conf" 2> "$work/nginx.log" &
printf '{"images":[' > "$work/zip.json"
for n in $(seq -w 1 20); do
  printf '%s{"url":"http://127.0.0.1:%s/%s.jpg"}' "$([ "$n" = 01 ] || echo ,)" "$origin" "$n" >> "$work/zip.json"
done
printf ']}' >> "$work/zip.json"

start() { # jar: sets at, pid and hit
  local port token
  port=$(free_port)
  at=http://127.0.0.1:$port
  rm -rf "$work/run"
  mkdir "$work/run"
  # shellcheck disable=SC2086
  # Every archive is fetched, by a gateway with an image store too.
  SLUICE_ZIP_REUSE=off "$java" $java_options -Djava.io.tmpdir="$work/run" -jar "$1" --server.port="$port" --sluice.samples.enabled=false \
    --sluice.limits.enabled=false --sluice.fetch.allow-networks="127.0.0.1:$origin" \
    --sluice.database.directory="$work/run/db" --sluice.storage.directory="$work/run/store" \
    --sluice.zip.spool-directory="$work/run/spool" --sluice.image-proxy.cache.directory="$work/run/cache" \
    --logging.level.root=warn > "$work/gateway.log" 2>&1 &
  pid=$!
  for _ in $(seq 120); do
    ! curl -fsS "$at/actuator/health/liveness" > "$work/health" 2>&1 || break
    sleep 0.5
  done
  token=$(curl -fsS "$at/api/session" -H 'Content-Type: application/json' -d '{"user":"bench"}' \
    | sed 's/.*"token":"\([^"]*\).*/\1/')
  hit=$at$(curl -fsS "$at/api/image-proxy/urls" -H 'Content-Type: application/json' \
    -H "Authorization: Bearer $token" -d '{"urls":["http://127.0.0.1:'"$origin"'/hit.jpg"]}' \
    | sed 's/.*"proxyUrl":"\([^"]*\).*/\1/')
}

load() { # what, seconds: prints MB/s, processor seconds per GB ... as Load does
  case $1 in
    zip) "$java" -Xmx256m "$bench/Load.java" "$at/api/zip" "$work/zip.json" "$clients" "$2" "$pid" ;;
    hit) "$java" -Xmx256m "$bench/Load.java" "$hit" - "$clients" "$2" "$pid" ;;
  esac
}

measure() { # name, jar
  start "$2"
  for what in ${WHAT:-hit zip}; do
    load "$what" "$warm" > "$work/warm"
    load "$what" "$seconds" >> "$work/$what-$1"
  done
  kill "$pid"
  wait "$pid" || true
}

for pair in $(seq "$pairs"); do
  if [ $((pair % 2)) = 1 ]; then
    measure old "$old"
    measure new "$new"
  else
    measure new "$new"
    measure old "$old"
  fi
done

echo "| $clients clients, $pairs pairs | old | new | new / old | of the pairs | errors |"
echo "| --- | ---: | ---: | ---: | ---: | ---: |"
for what in ${WHAT:-hit zip}; do
  title="hits of $hit_kb KB"
  [ "$what" = hit ] || title="20 x $image_kb KB"
  paste -d' ' "$work/$what-old" "$work/$what-new" | python3 -c '
import statistics, sys
title = sys.argv[1]
rows = [[float(x) for x in line.split()] for line in sys.stdin]
half = len(rows[0]) // 2
errors = sum(row[half - 1] + row[-1] for row in rows)
for column, unit, form in ((0, "MB/s", ".0f"), (1, "processor s/GB", ".2f")):
    old, new = (statistics.median(row[at] for row in rows) for at in (column, half + column))
    ratios = [row[half + column] / row[column] for row in rows]
    print(f"| {title}, {unit} | {old:{form}} | {new:{form}} | {statistics.median(ratios):.3f} "
          f"| {min(ratios):.2f} to {max(ratios):.2f} | {errors:.0f} |")' "$title"
done
