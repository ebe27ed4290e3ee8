#!/usr/bin/env bash
# Compares requests that do little else than pass the way in, in two builds of the gateway on this machine in one run:
#
#   signed    a 20 KB hit of the image proxy by signed URL       bearer   the same by token
#   session   GET /api/session by token, limits in memory        ai       POST /api/ai/proxy against a stub, limits in Redis
#
# One gateway runs at a time, started anew and warmed up for each measurement, old and new in turns, the first of a pair
# changing. Limits are counted and refuse nothing: all are in shadow mode. Shown are medians. Needs nginx, redis-server, wrk,
# unzip, curl and a JDK 25; touches loopback only, on free ports, and leaves nothing behind.
#
#   gateway/bench/requests.sh OLD.jar NEW.jar
#
#   WHAT           default "signed bearer session ai"
#   CONNECTIONS    of one thread of wrk, default 32
#   SECONDS_EACH   a measurement, default 8
#   WARM_SECONDS   before it, default 15
#   PAIRS          default 3
#   NEW_ARGUMENTS  further arguments of the new one alone, for example what its setting costs when both are the same file
#   JAVA_OPTIONS   default -Xmx256m -XX:MaxDirectMemorySize=256m
#   LITELLM        its version, for example 1.110.2: measures its /chat/completions against the same stub, with two workers;
#                  needs python3 with venv, and a while to install
set -euo pipefail
old=${1:?OLD.jar NEW.jar}
new=${2:?OLD.jar NEW.jar}
connections=${CONNECTIONS:-32}
seconds=${SECONDS_EACH:-8}
warm=${WARM_SECONDS:-15}
pairs=${PAIRS:-3}
java_options=${JAVA_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m}
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}

work=$(mktemp -d)
chmod 755 "$work" # nginx gives up root
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

mkdir "$work/files"
{ printf '\xff\xd8\xff\xe0\x00\x10JFIF\x00'; head -c 20000 /dev/urandom; } > "$work/files/hit.jpg"
origin=$(free_port)
stub=$(free_port)
redis=$(free_port)
cat > "$work/nginx.conf" <<CONF
daemon off; error_log stderr; pid $work/nginx.pid; worker_processes 1;
events { worker_connections 4096; }
http { access_log off; types { image/jpeg jpg; } default_type application/json;
  server { listen 127.0.0.1:$origin; root $work/files; }
  server { listen 127.0.0.1:$stub; keepalive_requests 1000000;
    location / { return 200 '{"candidates":[{"content":{"parts":[{"text":"Hello."}]},"finishReason":"STOP"}],"modelVersion":"stub","usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}'; }
    location /v1/chat/completions { return 200 '{"id":"1","object":"chat.completion","created":1,"model":"stub","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'; } } }
CONF
nginx -c "$work/nginx.conf" 2> "$work/nginx.log" &
redis-server --port "$redis" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" > "$work/redis.log" 2>&1 &
cat > "$work/ai.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
LUA
{ cat "$work/ai.lua"; echo "wrk.body = '{\"message\":\"Hello\"}'"; } > "$work/gateway.lua"
{ cat "$work/ai.lua"; echo "wrk.body = '{\"model\":\"stub\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"; } > "$work/litellm.lua"

start() { # jar, what, further arguments: sets at, pid, token
  local port shadows="" limits=""
  port=$(free_port)
  at=http://127.0.0.1:$port
  rm -rf "$work/run"
  mkdir "$work/run"
  for name in $(unzip -p "$1" BOOT-INF/classes/application.yml | sed -n 's/^ *\([a-z-]*\): *{kind:.*/\1/p'); do
    shadows="$shadows --sluice.limits.definitions.$name.shadow=true"
  done
  [ "$2" != ai ] || limits=--sluice.redis.url=redis://127.0.0.1:$redis
  # shellcheck disable=SC2086
  "$java" $java_options -Djava.io.tmpdir="$work/run" -jar "$1" --server.port="$port" --sluice.samples.enabled=false \
    --sluice.fetch.allow-networks="127.0.0.1:$origin" --sluice.assistant.api-key=none \
    --sluice.assistant.base-url="http://127.0.0.1:$stub" --sluice.database.directory="$work/run/db" \
    --sluice.storage.directory="$work/run/store" --sluice.image-proxy.cache.directory="$work/run/cache" \
    --logging.level.root=warn $shadows $limits ${3:-} > "$work/gateway.log" 2>&1 &
  pid=$!
  for _ in $(seq 120); do
    ! curl -fsS "$at/actuator/health/liveness" > "$work/health" 2>&1 || break
    sleep 0.5
  done
  token=$(curl -fsS "$at/api/session" -H 'Content-Type: application/json' -d '{"user":"bench"}' \
    | sed 's/.*"token":"\([^"]*\).*/\1/')
}

load() { # what, seconds: prints requests, seconds, errors
  local url="" header="Authorization: Bearer $token" script=()
  case $1 in
    signed) url=$at$(curl -fsS "$at/api/image-proxy/urls" -H 'Content-Type: application/json' -H "$header" \
        -d '{"urls":["http://127.0.0.1:'"$origin"'/hit.jpg"]}' | sed 's/.*"proxyUrl":"\([^"]*\).*/\1/')
      header="X-None: none" ;;
    bearer) url="$at/api/image-proxy?url=http%3A%2F%2F127.0.0.1%3A$origin%2Fhit.jpg" ;;
    session) url=$at/api/session ;;
    ai) url=$at/api/ai/proxy; script=(-s "$work/gateway.lua") ;;
    litellm) url=$at/chat/completions; script=(-s "$work/litellm.lua") ;;
  esac
  wrk -t1 -c"$connections" -d"$2" --timeout 10 -H "$header" ${script[@]+"${script[@]}"} "$url" > "$work/wrk"
  awk '/requests in/ {n = $1} /Requests\/sec/ {rate = $2} /Non-2xx/ {e += $NF} /Socket errors/ {gsub(",", ""); e += $4 + $6 + $8 + $10}
    END {print n, rate, e + 0}' "$work/wrk"
}

processes() { # one and its children
  echo "$1"
  pgrep -P "$1" || true
}
ticks() {
  local process
  for process in $(processes "$1"); do cat "/proc/$process/stat"; done | sed 's/.*) //' | awk '{s += $12 + $13} END {print s}'
}
resident() {
  local process
  for process in $(processes "$1"); do cat "/proc/$process/status"; done | awk '/VmRSS/ {s += $2} END {print s / 1024}'
}

measured() { # what, file: appends requests/s, microseconds of processor time a request, resident MB, errors
  load "$1" "$warm" > "$work/warm"
  local before after
  before=$(ticks "$pid")
  load "$1" "$seconds" > "$work/numbers"
  after=$(ticks "$pid")
  awk -v t=$((after - before)) -v m="$(resident "$pid")" '{print $2, t * 10000 / $1, m, $3}' "$work/numbers" >> "$2"
  kill "$pid"
  wait "$pid" || true
}

measure() { # name, jar, what
  local further=""
  [ "$1" != new ] || further=${NEW_ARGUMENTS:-}
  start "$2" "$3" "$further"
  measured "$3" "$work/$3-$1"
}

for what in ${WHAT:-signed bearer session ai}; do
  for pair in $(seq "$pairs"); do
    if [ $((pair % 2)) = 1 ]; then measure old "$old" "$what"; measure new "$new" "$what"
    else measure new "$new" "$what"; measure old "$old" "$what"; fi
  done
done

if [ -n "${LITELLM:-}" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q "litellm[proxy]==$LITELLM"
  cat > "$work/litellm.yaml" <<CONF
model_list: [{model_name: stub, litellm_params: {model: openai/stub, api_base: "http://127.0.0.1:$stub/v1", api_key: none}}]
CONF
  port=$(free_port)
  at=http://127.0.0.1:$port
  token=none
  (cd "$work" && exec venv/bin/litellm --config litellm.yaml --host 127.0.0.1 --port "$port" --num_workers 2) \
    > "$work/litellm.log" 2>&1 &
  pid=$!
  for _ in $(seq 240); do
    ! curl -fsS "$at/health/liveliness" > "$work/health" 2>&1 || break
    sleep 0.5
  done
  measured litellm "$work/litellm-peer"
fi

echo "| $connections connections, $pairs pairs | requests/s | µs of processor time a request | resident MB | errors |"
echo "| --- | ---: | ---: | ---: | ---: |"
python3 - "$work" ${WHAT:-signed bearer session ai} <<'PY'
import os, statistics, sys
work, whats = sys.argv[1], sys.argv[2:]
def rows(name):
    return [[float(x) for x in line.split()] for line in open(os.path.join(work, name))]
def shown(title, found):
    median = [statistics.median(column) for column in zip(*found)]
    print(f"| {title} | {median[0]:,.0f} | {median[1]:.0f} | {median[2]:.0f} | {sum(row[3] for row in found):.0f} |")
    return median
for what in whats:
    old, new = rows(what + "-old"), rows(what + "-new")
    a, b = shown(what + ", old", old), shown(what + ", new", new)
    ratios = [n[0] / o[0] for o, n in zip(old, new)]
    print(f"| {what}, new / old | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {b[1] / a[1]:.2f} | {b[2] / a[2]:.2f} | |")
if os.path.exists(os.path.join(work, "litellm-peer")):
    shown("LiteLLM " + os.environ["LITELLM"], rows("litellm-peer"))
PY
