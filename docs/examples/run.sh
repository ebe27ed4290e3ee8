#!/bin/bash
# Starts the services before a gateway in development, has each zip some images, and says which it had no tool for:
#     docs/examples/run.sh [gateway]
# Exit 1 if one fails.
set -euo pipefail
cd "$(dirname "$0")"
gateway="${1:-http://localhost:8080}"
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT

# A service says its URL in its first line; the rest of its output is kept from that pipe's end by file 3.
zipped() {
    local name="$1" said
    shift
    mkfifo "$work/$name"
    "$@" "$gateway" 0 > "$work/$name" &
    service=$!
    exec 3< "$work/$name"
    read -r said <&3
    curl -fsS -o "$work/$name.zip" "${said#"$name: "}"
    kill "$service"
    wait "$service" 2> /dev/null || true
    service=
    exec 3<&-
    echo "$name: $("$jar" tf "$work/$name.zip" | wc -l | tr -d ' ') entries"
}

jar="${JAVA_HOME:+$JAVA_HOME/bin/}jar"
if command -v python3 > /dev/null; then
    zipped python python3 zip.py
else
    echo "python: skipped, no python3"
fi
zipped java "${JAVA_HOME:+$JAVA_HOME/bin/}java" Zip.java
