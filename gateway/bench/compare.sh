#!/usr/bin/env bash
# Compares two builds of the gateway on this machine, side by side in one run: archives of 20 images, and cache hits of
# the image proxy. Both run all the time and take turns, the order changing with each round, so that noise hits both
# alike; shown are medians and the ratio. Needs nginx, curl and a JDK 25; touches loopback only.
#
#   gateway/bench/compare.sh OLD.jar NEW.jar           50 clients; 20 x 5 MB, and hits of 20 KB
#
#   WHAT           default "zip hit"
#   CLIENTS        default 50
#   IMAGE_KB       of an archive's images, default 5000
#   HIT_KB         of a hit, default 20
#   SECONDS_EACH   a cell of one round, default 6
#   ROUNDS         default 5
#   WARM_SECONDS   each cell once before the first round, default 8
#   JAVA_OPTIONS   default -Xmx256m -XX:MaxDirectMemorySize=256m
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
old=${1:?OLD.jar NEW.jar}
new=${2:?OLD.jar NEW.jar}
clients=${CLIENTS:-50}
image_kb=${IMAGE_KB:-5000}
hit_kb=${HIT_KB:-20}
seconds=${SECONDS_EACH:-6}
rounds=${ROUNDS:-5}
warm=${WARM_SECONDS:-8}
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

declare -A port pid hit
start() { # name, jar
  port[$1]=$(free_port)
  # shellcheck disable=SC2086
  "$java" $java_options -jar "$2" --server.port="${port[$1]}" --sluice.samples.enabled=false \
    --sluice.limits.enabled=false --sluice.fetch.allow-networks="127.0.0.1:$origin" \
    --sluice.database.directory="$work/$1-db" --sluice.storage.directory="$work/$1-store" \
    --sluice.zip.spool-directory="$work/$1-spool" --sluice.image-proxy.cache.directory="$work/$1-cache" \
    --logging.level.root=warn > "$work/$1.log" 2>&1 &
  pid[$1]=$!
  for _ in $(seq 120); do
    ! curl -fsS "http://127.0.0.1:${port[$1]}/actuator/health/liveness" > "$work/health" 2>&1 || break
    sleep 0.5
  done
  local at=http://127.0.0.1:${port[$1]} token
  token=$(curl -fsS "$at/api/session" -H 'Content-Type: application/json' -d '{"user":"bench"}' \
    | sed 's/.*"token":"\([^"]*\).*/\1/')
  hit[$1]=$at$(curl -fsS "$at/api/image-proxy/urls" -H 'Content-Type: application/json' \
    -H "Authorization: Bearer $token" -d '{"urls":["http://127.0.0.1:'"$origin"'/hit.jpg"]}' \
    | sed 's/.*"proxyUrl":"\([^"]*\).*/\1/')
}
start old "$old"
start new "$new"

cell() { # name, what, seconds: prints MB/s ... as Load does
  case $2 in
    zip) "$java" -Xmx256m "$bench/Load.java" "http://127.0.0.1:${port[$1]}/api/zip" "$work/zip.json" "$clients" "$3" "${pid[$1]}" ;;
    hit) "$java" -Xmx256m "$bench/Load.java" "${hit[$1]}" - "$clients" "$3" "${pid[$1]}" ;;
  esac
}
median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

echo "| $clients clients | old | new | new / old | errors |"
echo "| --- | ---: | ---: | ---: | ---: |"
for what in ${WHAT:-zip hit}; do
  for name in old new; do cell "$name" "$what" "$warm" > "$work/warm"; done
  for round in $(seq "$rounds"); do
    order="old new"
    [ $((round % 2)) = 1 ] || order="new old"
    for name in $order; do cell "$name" "$what" "$seconds" >> "$work/$what-$name"; done
  done
  o=$(awk '{ print $1 }' "$work/$what-old" | median)
  n=$(awk '{ print $1 }' "$work/$what-new" | median)
  errors=$(cat "$work/$what-old" "$work/$what-new" | awk '{ sum += $NF } END { print sum + 0 }')
  title="20 x $image_kb KB, MB/s"
  [ "$what" = zip ] || title="hits of $hit_kb KB, MB/s"
  awk -v t="$title" -v o="$o" -v n="$n" -v e="$errors" 'BEGIN { printf "| %s | %.0f | %.0f | %.3f | %d |\n", t, o, n, n / o, e }'
done
