#!/bin/bash
# Builds the jar of HEAD twice, in two directories one after the other, and compares the bytes:
#     gateway/bench/reproducible.sh
# Prints their digest, or the files that differ and exit status 1. Needs git, unzip where they differ, and a JDK 25.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for build in one another; do
    git clone -q "$repository" "$work/$build"
    (cd "$work/$build" && ./mvnw -q -B -ntp -DskipChecks package)
done
jar=gateway/target/unchecked/gateway.jar
if cmp -s "$work/one/$jar" "$work/another/$jar"; then
    echo "The same: $({ sha256sum "$work/one/$jar" 2> /dev/null || shasum -a 256 "$work/one/$jar"; } | cut -d ' ' -f 1)"
else
    diff <(unzip -v "$work/one/$jar") <(unzip -v "$work/another/$jar") || true
    exit 1
fi
