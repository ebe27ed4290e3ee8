#!/bin/bash
# What somebody waits for who has just cloned this: from an empty Maven home to the first page, and the second start.
#     gateway/bench/first-run.sh [COMMIT...]      default HEAD; several are measured one after the other
# Each commit is cloned into a temporary directory and started there by `./mvnw spring-boot:run`, on a free port. Prints a
# row for each: what was downloaded (Maven itself and all that it fetched), how many classes of tests were compiled, seconds
# until the page is there, and seconds of a second start. Needs git, curl, python3, a JDK 25 and a network.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
pid=

cleanup() {
    stop
    rm -rf "$work"
}
trap cleanup EXIT

stop() { # Maven and the gateway that it started: they are one process group
    [ -n "$pid" ] || return 0
    kill -TERM -- "-$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    pid=
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

seconds() { # since a time of `date +%s%N`
    echo $((($(date +%s%N) - $1) / 100000000)) | sed -E 's/(.)$/.\1/; s/^\./0./'
}

start() { # directory, log; sets `took`
    local begun port
    port=$(free_port)
    begun=$(date +%s%N)
    set -m
    (cd "$1" && MAVEN_USER_HOME="$1.m2" SERVER_PORT=$port SLUICE_SAMPLES_PORT=0 \
        SLUICE_IMAGE_PROXY_CACHE_DIRECTORY="$1.cache" \
        exec ./mvnw -B -ntp -Dmaven.repo.local="$1.m2/repository" spring-boot:run) \
        > "$2" 2>&1 &
    pid=$!
    set +m
    until curl -fsS -o "$work/page" -H 'Accept: text/html' "http://127.0.0.1:$port/" 2> /dev/null; do
        if ! kill -0 "$pid" 2> /dev/null || [ $((($(date +%s%N) - begun) / 1000000000)) -gt 900 ]; then
            tail -30 "$2" >&2
            echo "no page" >&2
            exit 1
        fi
        sleep 0.1
    done
    grep -q -i '<!doctype html>' "$work/page"
    took=$(seconds "$begun")
    stop
}

echo "$(date +%F), $(nproc) cores, load before: $(cut -d ' ' -f 1 /proc/loadavg 2> /dev/null || echo unknown)"
echo
echo '| commit | downloaded, MB | test classes | first page after, s | second start, s |'
echo '| --- | --- | --- | --- | --- |'
for commit in "${@:-HEAD}"; do
    name=$(git -C "$repository" rev-parse --short "$commit")
    tree="$work/$name"
    git clone -q "$repository" "$tree"
    git -C "$tree" checkout -q "$name"
    start "$tree" "$work/$name.first"
    first=$took
    downloaded=$(($(du -sk "$tree.m2" | cut -f 1) / 1000))
    classes=$(find "$tree" -path '*test-classes*' -name '*.class' | wc -l)
    start "$tree" "$work/$name.second"
    printf '| %s | %s | %s | %s | %s |\n' "$name" "$downloaded" "$classes" "$first" "$took"
    rm -rf "$tree" "$tree".*
done
