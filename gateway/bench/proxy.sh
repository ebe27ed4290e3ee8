#!/usr/bin/env bash
# Measures cache hits of the image proxy against nginx proxy_cache with the same files, on this machine, in one run;
# prints a Markdown table and the ratios that are wanted. Needs nginx, wrk, curl and a JDK 25; touches loopback only, on
# free ports, and leaves nothing behind.
#
#   gateway/bench/proxy.sh                     20 KB and 1 MB, 32 connections, 3 rounds of 8 s a cell: some 4 minutes
#   SIZES=20 SECONDS_EACH=20 gateway/bench/proxy.sh
#   PROFILE=1 gateway/bench/proxy.sh           afterwards records 20 KB hits with JFR and says where
#
#   SIZES              in KB, default "20 1000"
#   CONTESTANTS        default "bearer signed nginx": the gateway by token, the gateway by signed URL, nginx
#   CONNECTIONS        kept open by one thread of wrk, default 32
#   SECONDS_EACH       a cell of one round, default 8
#   ROUNDS             in which the contestants take turns, so that noise hits all alike, default 3; shown are medians
#   WARM_SECONDS       each cell once before the first round, default 8; the gateway wants some 30 s in all until its
#                      compilers are done, so give more where there are fewer cells
#   JAVA_OPTIONS       default -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC
#   GATEWAY_OPTIONS    further options of the JVM, for example -XX:+PreserveFramePointer
#   GATEWAY_ARGUMENTS  further arguments of the gateway, for example --sluice.image-proxy.cache.memory=0
#   ACCESS_LOG         level of the gateway's access log, default warn: off, as in nginx; info writes it to a file
#   SKIP_BUILD         set: takes gateway/target/gateway.jar as it is
#   PROFILE            set: one more cell of 20 KB for each way into the gateway, recorded with JFR's profile settings
#   PROFILE_DIR        where the recordings go, default a new temporary directory
#   KEEP_LOGS          an existing directory for the servers' logs
#
# What is compared: both serve a whole image to a client that is admitted. The gateway verifies the token or the
# signature, counts a limit in memory (high enough never to refuse) and canonicalizes the image's URL for every request;
# nginx does none of that. The origin, both servers and wrk share the machine's cores.
#
# What is counted: errors are connections that failed, timeouts (2 s) and answers other than 2xx. Processor time is user
# and system time of all threads (of nginx: of all workers) from /proc. Resident memory is the largest sum seen after a
# cell; what nginx's workers share is counted once for each. Heap bytes a hit are the growth of
# jvm_gc_memory_allocated_bytes_total, brought up to date by a forced collection before and after each cell, outside of
# its time: all threads, all that happens meanwhile.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
sizes=${SIZES:-20 1000}
contestants=${CONTESTANTS:-bearer signed nginx}
connections=${CONNECTIONS:-32}
seconds=${SECONDS_EACH:-8}
rounds=${ROUNDS:-3}
warm_seconds=${WARM_SECONDS:-8}
java_options=${JAVA_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC}
gateway_options=${GATEWAY_OPTIONS:-}
gateway_arguments=${GATEWAY_ARGUMENTS:-}
access_log=${ACCESS_LOG:-warn}

[ -z "${PROFILE:-}" ] || [[ " $sizes " == *" 20 "* ]] || { echo "PROFILE needs 20 among SIZES" >&2; exit 1; }
for tool in nginx wrk curl; do
  command -v "$tool" >/dev/null || { echo "needs $tool (in Debian: apt-get install $tool)" >&2; exit 1; }
done
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
jcmd=$(dirname "$(readlink -f "$(command -v "$java")")")/jcmd
[ -x "$jcmd" ] || { echo "needs jcmd, which a JDK has: no $jcmd" >&2; exit 1; }

cd "$root"
if [ -z "${SKIP_BUILD:-}" ]; then ./mvnw -q -B -DskipTests -pl gateway -am package; fi

work=$(mktemp -d)
chmod 755 "$work" # nginx gives up root
cleanup() {
  local status=$?
  trap - EXIT
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null || true
  wait 2>/dev/null || true
  if [ -n "${KEEP_LOGS:-}" ]; then cp "$work"/*.log "$work"/*/*.log "$KEEP_LOGS" 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
fail() { echo "$*" >&2; exit 1; }

taken=" "
port() { # sets $free; below the range from which the system takes ports for outgoing connections
  while :; do
    free=$((20000 + RANDOM % 12000))
    [[ $taken == *" $free "* ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$free") 2>/dev/null && continue
    taken="$taken$free "
    return
  done
}
port; origin=127.0.0.1:$free
port; nginx=127.0.0.1:$free
port; gateway=127.0.0.1:$free; gateway_port=$free

mkdir -p "$work/files" "$work/origin" "$work/nginx"
for size in $sizes; do
  { printf '\xff\xd8\xff\xe0\x00\x10JFIF\x00'; head -c $((size * 1000 - 11)) /dev/urandom; } > "$work/files/$size.jpg"
done

serve() { # folder, configuration within http
  cat > "$work/$1/nginx.conf" <<CONF
daemon off; pid $work/$1/pid; error_log $work/$1/error.log; worker_processes auto; worker_rlimit_nofile 4096;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 300s; keepalive_requests 100000000;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path $work/$1/b; proxy_temp_path $work/$1/p; fastcgi_temp_path $work/$1/f; uwsgi_temp_path $work/$1/u; scgi_temp_path $work/$1/s;
  types { image/jpeg jpg; }
  $2
}
CONF
  nginx -e "$work/$1/error.log" -c "$work/$1/nginx.conf" &
}
serve origin "server { listen $origin; root $work/files; }"
serve nginx "proxy_cache_path $work/nginx/cache levels=1:2 keys_zone=images:10m max_size=500m inactive=1h use_temp_path=off;
  upstream origin { server $origin; keepalive 16; }
  server { listen $nginx; location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection '';
    proxy_cache images; proxy_cache_valid 200 1h; proxy_cache_lock on; add_header X-Cache-Status \$upstream_cache_status; } }"

# shellcheck disable=SC2086
"$java" $java_options $gateway_options -jar gateway/target/gateway.jar --server.address=127.0.0.1 --server.port="$gateway_port" \
  --sluice.samples.enabled=false --sluice.fetch.allow-networks="$origin" --sluice.redis.url= \
  --sluice.image-proxy.cache.directory="$work/cache" --sluice.zip.spool-directory="$work/spool" \
  --sluice.limits.definitions.image-proxy.units=1000000000 --sluice.limits.definitions.anonymous-images.units=1000000000 \
  --logging.level.dev.sluice.access="$access_log" \
  $gateway_arguments > "$work/gateway.log" 2>&1 &
gateway_pid=$!

up() {
  for _ in $(seq 300); do curl -sf -m 5 -o /dev/null "$1" && return 0; sleep 0.2; done
  tail -5 "$work/gateway.log" >&2
  fail "$1 did not come up"
}
up "http://$origin/${sizes%% *}.jpg"
up "http://$nginx/${sizes%% *}.jpg"
up "http://$gateway/actuator/health"
nginx_pids=$(pgrep -f -P "$(cat "$work/nginx/pid")" 'nginx: worker process' | tr '\n' ' ')
[ -n "$nginx_pids" ] || fail "nginx has no worker"

between() { sed "s/.*$1//; s/$2.*//"; }
post() { curl -sS -m 30 -f -H 'Content-Type: application/json' "$@"; }
token=$(post "http://$gateway/api/session" -d '{"user":"bench"}' | between '"token":"' '"')
image() { echo "http://$origin/$1.jpg"; }
signed() { # size
  post "http://$gateway/api/image-proxy/urls" -H "Authorization: Bearer $token" -d "{\"urls\":[\"$(image "$1")\"]}" \
    | between '"proxyUrl":"' '"' | sed 's/\\u0026/\&/g'
}
declare -A url
for size in $sizes; do
  encoded=$(image "$size" | sed 's/:/%3A/g; s,/,%2F,g')
  url[bearer$size]="http://$gateway/api/image-proxy?url=$encoded"
  url[signed$size]="http://$gateway$(signed "$size")"
  url[nginx$size]="http://$nginx/$size.jpg"
done
identify() { if [ "$1" = bearer ]; then echo "Authorization: Bearer $token"; else echo "X-Nobody: nobody"; fi; }
hit_field() { if [ "$1" = nginx ]; then echo '^X-Cache-Status: HIT'; else echo '^Cache-Status: sluice; hit'; fi; }
check() { # contestant, size: it is a hit, and the very image
  curl -sS -m 30 -D "$work/head" -o "$work/body" -H "$(identify "$1")" "${url[$1$2]}"
  cmp -s "$work/body" "$work/files/$2.jpg" || { cat "$work/head" >&2; fail "$1, $2 KB: another body than the origin's"; }
  grep -qi "$(hit_field "$1")" "$work/head"
}
check_hit() { check "$@" || { cat "$work/head" >&2; fail "$1, $2 KB: no hit"; }; }
# The first asks fill the caches; nothing is stored before a cache has read its directory.
for size in $sizes; do
  for contestant in $contestants; do
    for _ in $(seq 50); do if check "$contestant" "$size"; then break; fi; sleep 0.1; done
    check_hit "$contestant" "$size"
  done
done

cat > "$work/report.lua" <<'LUA'
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %.3f %.3f %d\n", summary.requests, summary.bytes, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
LUA
load() { # contestant, size, seconds: requests, bytes, microseconds, p50 and p99 in ms, errors
  wrk -t1 -c"$connections" -d"$3s" --timeout 2s --latency -s "$work/report.lua" -H "$(identify "$1")" "${url[$1$2]}" \
    | sed -n 's/^RESULT //p'
}
pids() { if [ "$1" = nginx ]; then echo "$nginx_pids"; else echo "$gateway_pid"; fi; }
ticks() { local sum=0 pid stat; for pid in "$@"; do stat=$(sed 's/.*) //' "/proc/$pid/stat"); set -- $stat; sum=$((sum + ${12} + ${13})); done; echo "$sum"; }
resident() { local pid; for pid in "$@"; do sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; done | awk '{ sum += $1 } END { print int(sum / 1024) }'; }
allocated() {
  if [ "$1" = nginx ]; then echo 0; return; fi
  "$jcmd" "$gateway_pid" GC.run >/dev/null
  sleep 0.3 # the notification that brings the counter up to date comes on a thread of its own
  curl -sS -m 30 "http://$gateway/actuator/prometheus" | awk '/^jvm_gc_memory_allocated_bytes_total/ { printf "%.0f\n", $NF }'
}
hertz=$(getconf CLK_TCK)
cell() { # contestant, size: a line of size, contestant, requests/s, MB/s, p50, p99, resident MB, CPU ms/1000, heap bytes, errors
  local heap cpu result
  heap=$(allocated "$1")
  # shellcheck disable=SC2046
  cpu=$(ticks $(pids "$1"))
  result=$(load "$1" "$2" "$seconds")
  # shellcheck disable=SC2046
  cpu=$(($(ticks $(pids "$1")) - cpu))
  # shellcheck disable=SC2046
  set -- "$1" "$2" $result "$(resident $(pids "$1"))"
  heap=$(($(allocated "$1") - heap))
  awk -v size="$2" -v who="$1" -v n="$3" -v bytes="$4" -v us="$5" -v p50="$6" -v p99="$7" -v errors="$8" -v rss="$9" \
    -v cpu="$cpu" -v hertz="$hertz" -v heap="$heap" 'BEGIN {
      if (n == 0) n = 1e-9
      print size, who, n / us * 1e6, bytes / us, p50, p99, rss, cpu / hertz * 1e6 / n, heap / n, errors }'
}

echo "$connections connections; $(date -u +%F); $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $("$java" -version 2>&1 | sed -n 2p); $(nginx -v 2>&1); $java_options${gateway_options:+ $gateway_options}; access log $access_log"
echo
for size in $sizes; do for contestant in $contestants; do load "$contestant" "$size" "$warm_seconds" >/dev/null; done; done
for _ in $(seq "$rounds"); do
  for size in $sizes; do for contestant in $contestants; do cell "$contestant" "$size" >> "$work/results"; done; done
done
for size in $sizes; do for contestant in $contestants; do check_hit "$contestant" "$size"; done; done

medians() { # of each number over the rounds; the largest resident memory; the sum of errors
  awk '
    function median(list, count,    sorted, i, j, held) {
      split(list, sorted, " ")
      for (i = 2; i <= count; i++) {
        held = sorted[i] + 0
        for (j = i - 1; j >= 1 && sorted[j] + 0 > held; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = held
      }
      return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
    }
    { row = $1 " " $2
      if (!(row in seen)) { order[++rows] = row }
      seen[row]++
      for (i = 3; i <= 9; i++) values[row, i] = values[row, i] " " $i
      if ($7 > most[row]) most[row] = $7
      errors[row] += $10 }
    END {
      for (r = 1; r <= rows; r++) {
        row = order[r]
        printf "%s", row
        for (i = 3; i <= 9; i++) printf " %s", i == 7 ? most[row] : median(values[row, i], seen[row])
        printf " %d\n", errors[row]
      } }' "$work/results"
}
medians > "$work/medians"
echo "| size | server | requests/s | MB/s | p50 ms | p99 ms | resident MB | CPU ms per 1000 | heap bytes a hit | errors |"
echo "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
awk '{ printf "| %s KB | %s | %.0f | %.0f | %.2f | %.2f | %d | %.1f | %s | %d |\n", $1,
  $2 == "nginx" ? "nginx" : "gateway, " $2, $3, $4, $5, $6, $7, $8, $2 == "nginx" ? "" : sprintf("%.0f", $9), $10 }' "$work/medians"
if [[ " $contestants " == *" nginx "* ]]; then
  echo
  echo "| size | server | requests/s, of nginx's | wanted | p99, of nginx's | wanted | CPU, of nginx's |"
  echo "| ---: | --- | ---: | --- | ---: | --- | ---: |"
  awk '
    NR == FNR { if ($2 == "nginx") { rate[$1] = $3; late[$1] = $6; cpu[$1] = $8 } next }
    $2 != "nginx" {
      wanted = $1 >= 1000 ? 0.8 : 0.5
      fast = $3 / rate[$1]; slow = $6 / late[$1]
      printf "| %s KB | gateway, %s | %.2f | ≥ %.1f: %s | %.2f | ≤ 3: %s | %.1f |\n", $1, $2, fast, wanted,
        (fast >= wanted ? "yes" : "**no**"), slow, (slow <= 3 ? "yes" : "**no**"), $8 / cpu[$1] }' "$work/medians" "$work/medians"
fi

if [ -n "${PROFILE:-}" ]; then
  directory=${PROFILE_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/sluice-proxy-profile.XXXXXX")}
  mkdir -p "$directory"
  echo
  for contestant in bearer signed; do
    recording=$(realpath "$directory")/$contestant-20.jfr
    "$jcmd" "$gateway_pid" JFR.start name=hits settings=profile >/dev/null
    result=$(load "$contestant" 20 "$seconds")
    "$jcmd" "$gateway_pid" JFR.stop name=hits filename="$recording" >/dev/null
    echo "$recording: $(echo "$result" | cut -d' ' -f1) hits of 20 KB, gateway, $contestant"
  done
fi
