#!/bin/bash
# Runs the programs against a gateway in development, and says which it had no tool for:
#     docs/examples/run.sh [gateway]
# Exit 1 if one fails.
set -euo pipefail
cd "$(dirname "$0")"
gateway="${1:-http://localhost:8080}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if command -v python3 > /dev/null; then
    python3 zip.py "$gateway" "$work/python.zip"
else
    echo "python: skipped, no python3"
fi
"${JAVA_HOME:+$JAVA_HOME/bin/}java" Zip.java "$gateway" "$work/java.zip"
