#!/bin/bash
# Builds the image, runs it as an operator would and says what was seen; exit 1 if anything is not as it should be:
#     docker/build.sh              its bases come from a registry
#     docker/build.sh --debian     they are made here, of Debian's packages and the JDK in JAVA_HOME, for an engine that
#                                  reaches no registry; needs root, debootstrap and the packages' mirror
# It needs a Docker engine, Compose 2.24.4 or later, curl, openssl, python3 and git: what is built is what is committed. At the end
# it runs composed.sh. The images stay, containers and volumes are removed.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
names=()
failed=0
# MB that the image may have above its base: 226 on 2026-11-30.
LARGEST=240

cleanup() {
    [ "${#names[@]}" = 0 ] || docker rm -f -v "${names[@]}" > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

row() { # what, seen, whether that is right: 0 or not
    local verdict=ok
    if [ "$3" != 0 ]; then verdict=WRONG failed=1; fi
    printf '| %s | %s | %s |\n' "$1" "$2" "$verdict"
}

seen() { # what, seen: of this machine and its load, so there is nothing that it would have to be
    printf '| %s | %s | |\n' "$1" "$2"
}

is() { # what, seen, expected
    row "$1" "$2" "$([ "$2" = "$3" ] && echo 0 || echo 1)"
}

megabytes() { # of an image
    echo $(($(docker image inspect -f '{{.Size}}' "$1") / 1000000))
}

# The system with bash, certificates and what the Maven wrapper needs, and the JDK, whole and as a runtime.
debian_bases() {
    local java="${JAVA_HOME:?of a JDK 25}" root="$work/root" modules image
    debootstrap --variant=minbase --include=ca-certificates,curl,unzip bookworm "$root" > "$work/log" 2>&1 \
        || { tail "$work/log"; exit 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{man,locale,info}/*
    find "$root/usr/share/doc" ! -type d ! -name copyright -delete
    # As Docker's own Debian and Ubuntu: packages leave nothing of the kind either, but their licences.
    printf 'path-exclude /usr/share/%s/*\n' doc man locale info > "$root/etc/dpkg/dpkg.cfg.d/excludes"
    echo 'path-include /usr/share/doc/*/copyright' >> "$root/etc/dpkg/dpkg.cfg.d/excludes"
    printf '%s\n' 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' \
        'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' > "$root/etc/apt/apt.conf.d/docker-clean"
    # How this machine reaches the mirror.
    cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2> /dev/null \
        && rm -f "$root/etc/apt/sources.list"
    cp /etc/apt/apt.conf.d/*registry* /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/" 2> /dev/null || true
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    modules=$("$java/bin/java" --list-modules | cut -d@ -f1 | grep -vE '^jdk\.(jlink|jpackage)$' | paste -sd,)
    "$java/bin/jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files --output "$work/jre" \
        2> /dev/null
    for image in jre jdk; do
        rm -rf "$root/opt/java" && mkdir -p "$root/opt/java"
        cp -aL "$([ $image = jre ] && echo "$work/jre" || echo "$java")" "$root/opt/java/openjdk"
        tar -C "$root" -c . | docker import \
            -c 'ENV JAVA_HOME=/opt/java/openjdk' -c 'ENV LANG=C.UTF-8' \
            -c 'ENV PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            - "sluice-base:$image" > /dev/null
    done
}

jdk=eclipse-temurin:25-jdk jre=eclipse-temurin:25-jre
if [ "${1:-}" = --debian ]; then
    debian_bases
    jdk=sluice-base:jdk jre=sluice-base:jre
fi

mkdir "$work/source"
git archive HEAD | tar -x -C "$work/source"
if [ "$(docker version -f '{{.Server.Version}}' | cut -d. -f1)" -lt 25 ]; then
    echo "This engine knows no --start-interval: its first probe comes after ten seconds."
    sed -i 's/ --start-interval=1s//' "$work/source/docker/Dockerfile"
fi
if [ "${1:-}" = --debian ]; then # the frontend is an image of the registry, too
    sed -i '/^# syntax=/d' "$work/source/docker/Dockerfile"
fi
DOCKER_BUILDKIT=1 docker build -q -f "$work/source/docker/Dockerfile" --build-arg JDK=$jdk --build-arg JRE=$jre \
    -t sluice "$work/source" > /dev/null

# A picture of each format in a container of its own: libvips writes what the gateway has it write, a pyramid of WebP
# files. Of what is drawn in each SVG something is to be seen: that tells whether fonts and embedded images are found.
formats() {
    tar -C "$work/source/gateway/src/test/resources/pictures" -c lossy.webp quadrants.{tiff,heic,jxl,avif} \
        | docker run --rm -i --network none --user 10001 --entrypoint bash sluice -c '
            cd "$(mktemp -d)" && mkdir in && tar -x -C in && cd in
            vips copy lossy.webp made.jpg && vips copy lossy.webp made.png
            base64 -d <<< R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs= > made.gif
            svg() { echo "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\">$2</svg>" > "$1.svg"; }
            svg shapes "<circle cx=\"32\" cy=\"32\" r=\"30\" fill=\"red\"/>"
            svg text "<text x=\"4\" y=\"40\" font-size=\"30\">Text</text>"
            svg embedded "<image width=\"64\" height=\"64\" href=\"data:image/png;base64,$(base64 -w 0 made.png)\"/>"
            for file in *; do
                vips thumbnail "$file" "../$file.dz[container=fs,strip,suffix=.webp]" 32 || continue
                if [[ $file == *.svg ]]; then
                    vips svgload "$file" drawn.png && [[ $(vips avg drawn.png) =~ [1-9] ]] && echo "$file"
                elif [[ -s ../${file%.*}_files/0/0_0.webp || -s ../${file}_files/0/0_0.webp ]]; then
                    echo "${file##*.}"
                fi
            done | LC_ALL=C sort | paste -sd " "' 2> "$work/log" || true
}

start() { # name, further options of docker run; prints milliseconds until it is ready
    local name="$1" begun at
    shift
    names+=("$name")
    begun=$(date +%s%N)
    docker run -d --name "$name" --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 \
        --tmpfs /tmp:size=64m,mode=1777,exec,nosuid,nodev --memory 912m --memory-swap 912m -p 127.0.0.1::8080 "$@" \
        sluice > /dev/null
    at=$(docker port "$name" 8080/tcp | head -1)
    # Little is started to look: that would take part of what is measured.
    for _ in $(seq 1200); do
        if env -u MANAGEMENT_SERVER_PORT SERVER_PORT="${at##*:}" docker/healthy 2> /dev/null; then
            url=http://$at ready=$((($(date +%s%N) - begun) / 1000000))
            return 0
        fi
        sleep 0.05
    done
    docker logs "$name" | tail -20
    return 1
}

used() { # milliseconds of processors that a container has had
    docker exec "$1" bash -c 'if [ -e /sys/fs/cgroup/cpu.stat ]; then
        awk "/^usage_usec/ { print int(\$2 / 1000) }" /sys/fs/cgroup/cpu.stat
    else echo $(($(cat /sys/fs/cgroup/cpuacct/cpuacct.usage) / 1000000)); fi'
}

echo
echo "$(date +%F), $(docker version -f 'Docker {{.Server.Version}}'), $(nproc) cores, base $jre"
echo
echo '| | seen | |'
echo '| --- | --- | --- |'
added=$(($(megabytes sluice) - $(megabytes $jre)))
row "image, MB; of them above its base, at most $LARGEST" "$(megabytes sluice); $added" "$((added > LARGEST))"

starts=() processor=()
for n in 1 2 3 4; do
    start "sluice-try-$$-$n"
    starts+=("$ready") processor+=("$(used "${names[-1]}")")
    docker rm -f -v "${names[-1]}" > /dev/null
done
names=()
start "sluice-try-$$"
seen "five starts: ready after, ms" "${starts[*]} $ready"
seen "processor time until then, ms" "${processor[*]} $(used "${names[0]}")"
is "user and group" "$(docker exec "${names[0]}" bash -c 'echo $UID:$(grep ^Gid /proc/self/status | cut -f2)')" 10001:10001
is "its AOT cache fits: exit status of a JVM that insists" \
    "$(docker run --rm --entrypoint java sluice @java-options -XX:AOTMode=on -XX:AOTCache=gateway.aot \
        -cp gateway.jar -version > "$work/log" 2>&1; echo $?)" 0
row "warnings of the JVM in its log" "$(docker logs "${names[0]}" 2>&1 | grep -cE '^\[.*\]\[(warning|error) *\]|^WARNING' || true)" \
    "$(docker logs "${names[0]}" 2>&1 | grep -qE '^\[.*\]\[(warning|error) *\]|^WARNING'; echo $((1 - $?)))"
row "lines of its log until it is ready" "$(docker logs "${names[0]}" 2>&1 | wc -l)" \
    "$([ "$(docker logs "${names[0]}" 2>&1 | wc -l)" -lt 60 ] && echo 0 || echo 1)"
decoder=$(curl -s "$url/actuator/health" | python3 -c 'import json,sys; d=json.load(sys.stdin)["components"]["pictures"]["details"]; print(d["decoder"]+":", *[t.split("/")[1] for t in d["types"]])')
row "pictures are decoded by" "$decoder" "$([[ $decoder == libvips*heic* ]] && echo 0 || echo 1)"
is "formats of which a thumbnail is made, by hand" "$(formats)" \
    "avif embedded.svg gif heic jpg jxl png shapes.svg text.svg tiff webp"
body=$(curl -s "$url/samples" | python3 -c '
import json,sys,re
text=sys.stdin.read()
urls=re.findall(r"http://127\.0\.0\.1:\d+/samples/picture-\d+\.\w+", text)[:6]
print(json.dumps({"images":[{"url":u} for u in urls]}))')
curl -s -o "$work/a.zip" -H 'Content-Type: application/json' -d "$body" "$url/api/zip"
is "images of an archive, read by Python" "$(python3 -c 'import sys,zipfile
z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))' "$work/a.zip")" 6
seen "memory of the container then, MB" "$(($(docker exec "${names[0]}" bash -c 'cat /sys/fs/cgroup/memory.current 2> /dev/null || cat /sys/fs/cgroup/memory/memory.usage_in_bytes') / 1000000))"
health=starting
for _ in $(seq 30); do
    health=$(docker inspect -f '{{.State.Health.Status}}' "${names[0]}")
    [ "$health" = starting ] || break
    sleep 1
done
is "health, as the engine sees it" "$health" healthy
docker stop -t 40 "${names[0]}" > /dev/null
is "ends by SIGTERM with" "$(docker inspect -f '{{.State.ExitCode}}' "${names[0]}")" 143

refused() { # what, options of docker run with which the gateway cannot write its volume
    local what="$1" name="sluice-no-$$-${#names[@]}" lines
    shift
    names+=("$name")
    docker run --name "$name" "$@" sluice > "$work/log" 2>&1 || true
    is "$what ends the start with" "$(docker inspect -f '{{.State.ExitCode}}' "$name")" 1
    lines=$(grep -c ' ERROR ' "$work/log" || true)
    row "and in its log there are so many lines of ERROR, and no stack trace" "$lines" \
        "$(if [ "$lines" -gt 0 ] && [ "$lines" -le 8 ] && ! grep -qP '^\s+at ' "$work/log"; then echo 0; else echo 1; fi)"
}

refused "a user that may not write its volume" --user 1000
# Docker makes it, as root.
refused "a directory of root in place of its volume" -v "$work/nowhere:/var/lib/sluice"

echo
docker/composed.sh "$@" || failed=1
exit $failed
