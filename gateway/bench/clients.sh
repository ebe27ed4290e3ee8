#!/usr/bin/env bash
# Has openapi-generator make clients of the gateway's document in Python, TypeScript (fetch) and Java, compiles them, and
# lets each zip, read an error's code, upload, and page through a gallery, against a gateway that it starts on a free port.
# Prints a line each. Needs python3, node, npm, Maven (./mvnw) and a JDK 25, and their packages; the gateway's traffic is
# loopback only.
#
#   gateway/bench/clients.sh                     all three
#   CLIENTS="python java" SKIP_BUILD=1 gateway/bench/clients.sh
#
#   CLIENTS      of "python typescript-fetch java"
#   WORK         an existing directory to keep what is generated, default a new temporary one
#   GENERATOR    version of openapi-generator-cli, default 7.26.0
#   SKIP_BUILD   set: takes gateway/target/gateway.jar as it is
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
clients=${CLIENTS:-python typescript-fetch java}
generator=${GENERATOR:-7.26.0}
programs=$root/gateway/src/test/client
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
[ "$java" = java ] || export JAVA_HOME=${java%/bin/java}

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
work=${WORK:-$(mktemp -d)}
gateway=
cleanup() {
  [ -z "$gateway" ] || { kill "$gateway" && wait "$gateway"; } 2>/dev/null || true
  [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap cleanup EXIT

"$java" -Xmx256m -jar gateway/target/gateway.jar --server.port=0 --sluice.samples.port=0 --sluice.limits.enabled=false \
  --sluice.database.directory="$work/db" --sluice.storage.directory="$work/store" \
  --sluice.image-proxy.cache.directory="$work/cache" \
  --logging.level.org.springframework.boot.reactor.netty=info > "$work/gateway.log" 2>&1 &
gateway=$!
for _ in $(seq 120); do
  port=$(sed -n 's/.*Netty started on port \([0-9]*\).*/\1/p' "$work/gateway.log" | head -1)
  [ -z "$port" ] || break
  sleep 0.5
done
url=http://127.0.0.1:${port:?"the gateway did not start: $work/gateway.log"}
curl -fsS "$url/v3/api-docs" -o "$work/api.json"
picture=$(curl -fsS "$url/samples" | grep -o 'http[^"]*\.png' | head -1)

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "openapi-generator-cli==$generator"
generate() { # generator, its options
  PATH="$(dirname "$java"):$PATH" "$work/venv/bin/openapi-generator-cli" generate -g "$1" -i "$work/api.json" \
    -o "$work/$1" ${2:+$2} > "$work/$1.log" 2>&1
}

for client in $clients; do
  case $client in
    python)
      generate python
      "$work/venv/bin/pip" install -q "$work/python"
      "$work/venv/bin/python" "$programs/client.py" "$url" "$picture"
      ;;
    typescript-fetch)
      generate typescript-fetch
      cp "$programs/fetch.ts" "$work/typescript-fetch/"
      (cd "$work/typescript-fetch"
        echo '{"private":true,"type":"module"}' > package.json
        npm install --no-audit --no-fund --no-package-lock -s typescript@5.9.3 @types/node@20.19.25 esbuild@0.25.12
        npx tsc --noEmit --strict --target ES2022 --module ESNext --moduleResolution bundler --skipLibCheck fetch.ts
        npx esbuild --bundle --platform=node --format=esm --log-level=warning --outfile=fetch.mjs fetch.ts
        node fetch.mjs "$url" "$picture")
      ;;
    java)
      generate java "--library native"
      mkdir -p "$work/java/src/main/java/program"
      cp "$programs/Client.java" "$work/java/src/main/java/program/"
      (cd "$work/java"
        "$root/mvnw" -q -B -f pom.xml -DskipTests -Dmaven.javadoc.skip -Dmdep.outputFile=classpath compile \
          dependency:build-classpath
        "$java" -cp "target/classes:$(cat classpath)" program.Client "$url" "$picture")
      ;;
  esac
  echo "$client: generated, compiled, and done"
done
