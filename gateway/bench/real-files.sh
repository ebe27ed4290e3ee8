#!/usr/bin/env bash
# Sends the test files of Pillow, pillow-heif and libheif, as PyPI and Debian ship them, through imports of
# a running gateway, and compares what it says with what Pillow says; then one file of each kind, cut at every 5 %. Prints
# Markdown. Fails on a 5xx and on a size that is not Pillow's. Downloads packages, else touches loopback only.
#
#   gateway/bench/real-files.sh
#   DECODER=in_process gateway/bench/real-files.sh
#
#   DECODER      vips or in_process; default: what the gateway chooses
#   SKIP_BUILD   set: takes gateway/target/gateway.jar as it is
#
# Needs python3 with venv, a JDK 25, and Debian's apt, without which libheif's files are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
PILLOW=13.0.0 PILLOW_HEIF=1.8.1

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests -pl gateway -am package
work=$(mktemp -d)
gateway_pid=''
cleanup() { kill $gateway_pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check "pillow==$PILLOW" "pillow-heif==$PILLOW_HEIF"
# Sources by name and version; nothing of them is built or run.
"$work/venv/bin/python" "$here/real_files.py" sources "$work" "pillow==$PILLOW" "pillow-heif==$PILLOW_HEIF"
libheif=none
if command -v apt-get >/dev/null; then
  # The sources of what this machine installs from, in lists of their own.
  mkdir -p "$work/parts" "$work/lists/partial" "$work/libheif"
  sed -n 's/^deb /deb-src /p' /etc/apt/sources.list 2>/dev/null > "$work/src.list" || true
  [ ! -f /etc/apt/sources.list.d/debian.sources ] \
    || sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > "$work/parts/debian.sources"
  apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/src.list" -o Dir::Etc::sourceparts="$work/parts" -o Dir::State::lists="$work/lists")
  if "${apt[@]}" update && (cd "$work/libheif" && "${apt[@]}" source --download-only libheif); then
    (cd "$work/libheif" && for tar in *.orig.tar.*; do tar -xf "$tar"; done)
    libheif=$(basename "$work"/libheif/*.dsc .dsc | cut -d_ -f2)
  fi
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
origin_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.2", 0)); print(s.getsockname()[1])')
mkdir "$work/run"
(cd "$work/run" && exec "$java" -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -jar "$root/gateway/target/gateway.jar" \
  --server.port="$port" --sluice.samples.enabled=false --sluice.limits.enabled=false ${DECODER:+--sluice.pictures.decoder="$DECODER"} \
  --sluice.fetch.allow-networks="127.0.0.2:$origin_port" --sluice.fetch.allow-ports="$origin_port" > "$work/gateway.log" 2>&1) &
gateway_pid=$!
for _ in $(seq 600); do
  curl -s -m 5 -o /dev/null "http://localhost:$port/actuator/health/readiness" && break
  sleep 0.1
done

echo "$(date -u +%F); Pillow $PILLOW, pillow-heif $PILLOW_HEIF, libheif $libheif; $(grep -o 'Pictures are decoded.*' "$work/gateway.log" | head -1)"
status=0
"$work/venv/bin/python" "$here/real_files.py" compare "$work" "http://localhost:$port" "$origin_port" || status=$?
traces=$(grep -c '^\s*at ' "$work/gateway.log" || true)
echo
echo "Lines of stack traces in the log: $traces"
[ "$traces" = 0 ] || { grep -B3 -m3 '^\s*at ' "$work/gateway.log" | head -20; status=1; }
exit "$status"
