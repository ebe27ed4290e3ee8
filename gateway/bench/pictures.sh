#!/usr/bin/env bash
# Measures what pictures cost: a gallery page of 24 photographs in a browser, imports and uploads of large pictures in a
# small JVM, thumbnails a second beside vipsthumbnail and imagor, and the memory that decoding adds. Prints Markdown
# tables. Touches loopback only.
#
#   gateway/bench/pictures.sh                         everything, some ten minutes
#   PARTS="intake" DECODERS="vips" gateway/bench/pictures.sh
#
#   PARTS         of page, intake, rate; default all
#   DECODERS      of vips, in_process; default both where libvips is installed
#   PICTURES      a directory made by make_pictures.py; default: made anew, which takes minutes
#   OLD_JAR       another gateway's jar, measured beside this one where it can be
#   IMAGOR        the imagor program, measured beside `?w=` of the image proxy; default none
#   JAVA_OPTIONS  default -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC
#   SKIP_BUILD    set: takes gateway/target/gateway.jar as it is
#
# Needs curl and a JDK 25; libvips-tools for the peer; python3 with Pillow, numpy and pillow-heif for the pictures, and
# with playwright, beside a Chromium, for the page.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
parts=${PARTS:-page intake rate}
java_options=${JAVA_OPTIONS:--Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC}
decoders=${DECODERS:-$(command -v vips >/dev/null && echo vips) in_process}
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
jar=$root/gateway/target/gateway.jar

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests -pl gateway -am package
work=$(mktemp -d)
origin_pid='' gateway_pid='' peer_pid=''
cleanup() { kill $origin_pid $gateway_pid $peer_pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

pictures=${PICTURES:-$work/pictures}
[ -d "$pictures" ] || python3 "$here/make_pictures.py" "$pictures"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
origin_port=$(free_port)
python3 -m http.server --bind 127.0.0.2 --directory "$pictures" "$origin_port" >/dev/null 2>&1 &
origin_pid=$!
origin=http://127.0.0.2:$origin_port

start() { # jar, further arguments: sets gateway and gateway_pid
  local port started
  port=$(free_port)
  gateway=http://localhost:$port
  started=$work/run-$port
  mkdir -p "$started"
  # shellcheck disable=SC2086
  (cd "$started" && exec "$java" $java_options -Djava.io.tmpdir="$started" -jar "$@" --server.port="$port" \
    --sluice.samples.enabled=false --sluice.limits.enabled=false --sluice.fetch.allow-networks="127.0.0.2:$origin_port" \
    --sluice.fetch.allow-ports="$origin_port" --sluice.gallery.max-image-size=60MB --sluice.uploads.max-image-size=60MB \
    --sluice.pictures.disk-budget-per-owner=400MB --sluice.image-proxy.max-image-size=20MB > "$work/gateway.log" 2>&1) &
  gateway_pid=$!
  for _ in $(seq 600); do
    curl -s -m 5 -o /dev/null "$gateway/actuator/health/readiness" && return
    sleep 0.1
  done
  echo "the gateway did not come up:" >&2
  tail -20 "$work/gateway.log" >&2
  exit 1
}
stop() { kill "$gateway_pid" 2>/dev/null || true; wait "$gateway_pid" 2>/dev/null || true; gateway_pid=''; }
load() { "$java" -Xmx128m "$here/PictureLoad.java" "$1" "$gateway" "$origin" "$2" "$3" "$4" "$gateway_pid"; }
token() { curl -sS "$gateway/api/session" -H 'Content-Type: application/json' -d '{"user":"alice"}' | sed 's/.*"token":"\([^"]*\).*/\1/'; }

echo "$(date -u +%F); $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $("$java" -version 2>&1 | sed -n 2p); $(vips --version 2>/dev/null || echo 'no libvips'); JVM $java_options"

if [[ " $parts " == *" page "* ]]; then
  echo
  echo "| a page of 24 photographs | pictures MB | everything MB | first screen s | whole page s |"
  echo "| --- | ---: | ---: | ---: | ---: |"
  page() { # name, jar and arguments
    local name=$1 bearer
    shift
    start "$@"
    bearer=$(token)
    for photo in "$pictures"/photo-*.jpg; do
      curl -sS -f -m 120 -o /dev/null "$gateway/api/images/imports" -H "Authorization: Bearer $bearer" \
        -H 'Content-Type: application/json' -d "{\"url\":\"$origin/$(basename "$photo")\",\"altText\":\"$(basename "$photo")\"}"
    done
    python3 "$here/gallery_page.py" "$gateway" "$bearer" \
      | awk -v name="$name" '{ printf "| %s | %.2f | %.2f | %s | %s |\n", name, $1 / 1e6, $2 / 1e6, $3, $4 }'
    stop
  }
  [ -z "${OLD_JAR:-}" ] || page "before" "$OLD_JAR"
  for decoder in $decoders; do page "$decoder" "$jar" --sluice.pictures.decoder="$decoder"; done
fi

if [[ " $parts " == *" intake "* ]]; then
  echo
  echo "| decoder | way | picture, four at once | statuses | longest s | heap MB | memory added MB | longest \`/api/session\` ms |"
  echo "| --- | --- | --- | --- | ---: | ---: | ---: | ---: |"
  intake() { # name, jar and arguments
    local name=$1 way file
    shift
    start "$@"
    load import "$pictures/photo-00.jpg" 4 2 >/dev/null || true # classes and code
    for way in import complete; do
      for file in "$pictures"/{12,24}mp*; do
        [[ $file == *.heic && $name == in_process ]] && continue
        load "$way" "$file" 4 4 | awk -v name="$name" -v way="$way" -v file="$(basename "$file")" \
          '{ printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", name, way, file, $1, $2, $5, $6, $7 }' || echo "| $name | $way | $(basename "$file") | no answer | | | | |"
        kill -0 "$gateway_pid" 2>/dev/null || { echo "| $name | | | the process has ended | | | | |"; return; }
      done
    done
    stop
  }
  [ -z "${OLD_JAR:-}" ] || intake "before" "$OLD_JAR"
  for decoder in $decoders; do intake "$decoder" "$jar" --sluice.pictures.decoder="$decoder"; done
fi

if [[ " $parts " == *" rate "* ]]; then
  echo
  echo "| 12 MP JPEG | thumbnails/s |"
  echo "| --- | ---: |"
  photo=$pictures/photo-00.jpg
  if command -v vipsthumbnail >/dev/null; then
    mkdir -p "$work/by-hand"
    by_hand() { # widths
      local times=12 began ended
      began=$(date +%s.%N)
      for n in $(seq $times); do for w in $1; do echo "$n $w"; done; done \
        | xargs -P "$(nproc)" -L 1 sh -c 'vipsthumbnail "$0" --size "$3x" -o "$1/$2-$3.webp[strip]"' "$photo" "$work/by-hand" \
        || true
      ended=$(date +%s.%N)
      awk -v b="$began" -v e="$ended" -v n="$((times * $(wc -w <<< "$1")))" 'BEGIN { printf "%.1f", n / (e - b) }'
    }
    echo "| \`vipsthumbnail\` by hand, $(nproc) at a time, the four widths | $(by_hand "160 320 640 1280") |"
    echo "| \`vipsthumbnail\` by hand, $(nproc) at a time, 320 alone | $(by_hand 320) |"
  fi
  if [ -n "${IMAGOR:-}" ]; then
    peer_port=$(free_port)
    "$IMAGOR" -port "$peer_port" -imagor-unsafe -http-loader-block-loopback-networks=false >"$work/imagor.log" 2>&1 &
    peer_pid=$!
    peer() {
      "$java" -Xmx128m "$here/PictureLoad.java" peer "http://localhost:$peer_port/unsafe/320x0/filters:format(webp)" "$origin" "$photo" "$1" 4 "$peer_pid"
    }
    sleep 2
    peer 40 >/dev/null
    echo "| imagor, 320 | $(peer 40 | awk '{ printf "%.1f", $4 }') |"
    kill "$peer_pid"
    peer_pid=''
  fi
  for decoder in $decoders; do
    start "$jar" --sluice.pictures.decoder="$decoder"
    load import "$photo" 40 4 >/dev/null # until its code is compiled
    echo "| $decoder, imports, the four widths each | $(load import "$photo" 40 4 | awk '{ printf "%.1f", 4 * $4 }') |"
    load proxy "$photo" 40 4 >/dev/null
    echo "| $decoder, image proxy \`?w=320\`, first time | $(load proxy "$photo" 40 4 | awk '{ printf "%.1f", $4 }') |"
    stop
  done
fi
