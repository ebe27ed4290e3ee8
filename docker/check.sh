#!/bin/bash
# Checks this folder as far as the tools at hand allow, and says what it could not check:
#     docker/check.sh [base URL of a running gateway's actuator, for example http://127.0.0.1:8080 [base URL of its callers]]
# With a URL, every meter in the dashboard and the alerts must be one that the gateway tells of, and where there is a
# Prometheus, it scrapes the gateway under a little traffic and answers every query of both. Exit 1 if anything is wrong.
set -u
cd "$(dirname "$0")" || exit 1
actuator="${1:-}"
gateway="${2:-$actuator}"
failed=0

check() { # title, command...
    local title="$1" output
    shift
    if output=$("$@" 2>&1); then echo "ok       $title"; else echo "WRONG    $title"; echo "$output"; failed=1; fi
}

skip() { echo "skipped  $1 ($2)"; }

compose() {
    if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

config() { # files
    local values files=()
    for file; do files+=(-f "$file"); done
    values=$(mktemp) && sed 's/=$/=x/' .env.example > "$values" \
        && CHAOS_KEYS=/nowhere compose "${files[@]}" --env-file "$values" config --quiet
    local result=$?
    rm -f "$values"
    return $result
}

published() { # what the cluster publishes: nginx alone, to this machine
    local values seen
    values=$(mktemp) && sed 's/=$/=x/' .env.example > "$values" \
        && seen=$(compose -f compose.cluster.yaml --env-file "$values" config --format json | python3 -c 'import json, sys
for name, service in json.load(sys.stdin)["services"].items():
    for port in service.get("ports", []):
        print(name, port["host_ip"], port["published"])')
    rm -f "$values"
    echo "$seen"
    [ "$seen" = "nginx 127.0.0.1 8080" ]
}

# nginx wants to look its upstreams up, so a name is put where they are; the rest of the file stays as it is.
entry() {
    local home result
    home=$(mktemp -d) && sed -E "s/server (gateway-[12]|s3):/server 127.0.0.1:/; s#/tmp/#$home/#" cluster/nginx.conf > "$home/nginx.conf" \
        && nginx -t -q -c "$home/nginx.conf" -g "user $(id -un);"
    result=$?
    rm -rf "$home"
    return $result
}

meters() { # what is named in dashboard and alerts
    { grep -o '"expr": ".*"' grafana/dashboards/gateway.json; sed -n '/expr:/,/for:/p' prometheus/alerts.yml; } \
        | grep -oE '\b(sluice|http|jvm|process|system|disk|r2dbc)_[a-z0-9_]+' | sort -u
}

# Told only once there has been a request, a fetch, a decision, a call or a collection.
LATE='^(jvm_gc_pause_seconds|http_server_requests_seconds|sluice_(fetch|limits_decision|ai_call)_seconds)_(count|sum|max)$'
LATE+='|^sluice_(fetch_refusals|limits_decisions|limits_would_refuse|ai_calls|ai_tokens)_total$'
LATE+='|^sluice_storage_operations_seconds_count$'

known() {
    local told unknown
    told=$(curl -sf "$actuator/actuator/prometheus" | grep -oE '^[a-z0-9_]+' | sort -u) || return 1
    unknown=$(comm -23 <(meters) <(echo "$told") | grep -vE "$LATE")
    echo "unknown: $unknown"
    [ -z "$unknown" ]
}

queries() { # a line each: D or A, whether it is the dashboard's or an alert's, and the query
    python3 - <<'QUERIES'
import json
import re

for panel in json.load(open("grafana/dashboards/gateway.json"))["panels"]:
    for target in panel.get("targets", []):
        print("D", target["expr"].replace("$instance", ".*").replace("$__rate_interval", "15s"))
for rule in re.split(r"\n +- alert: ", open("prometheus/alerts.yml").read())[1:]:
    expression = re.search(r"\n +expr: (\|\n(?:(?! +(?:for|annotations):).*\n)+|.*)", rule).group(1)
    print("A", " ".join(expression.lstrip("|").split()))
QUERIES
}

ask() { # query
    curl -sf -G --data-urlencode "query=$1" "$prometheus/api/v1/query"
}

# An alert that does not fire answers nothing; a query of the dashboard answers something, but for what is told late.
answered() {
    local kind query answer wrong=0
    while read -r kind query; do
        answer=$(ask "$query") || { echo "refused: $query"; wrong=1; continue; }
        if [ "$kind" = D ] && grep -q '"result":\[\]' <<< "$answer" \
                && grep -oE '\b(sluice|http|jvm|process|system|disk)_[a-z0-9_]+' <<< "$query" | grep -qvE "$LATE"; then
            echo "no answer: $query"
            wrong=1
        fi
    done < <(queries)
    [ "$(queries | wc -l)" -gt 30 ] && return $wrong
}

scraped() { # runs what follows beside a Prometheus that has scraped the gateway for 20 seconds
    local home result=1 port
    home=$(mktemp -d)
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    prometheus="http://127.0.0.1:$port"
    cat > "$home/prometheus.yml" <<SCRAPE
global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
rule_files: [$PWD/prometheus/alerts.yml]
scrape_configs:
  - job_name: gateway
    metrics_path: /actuator/prometheus
    static_configs: [{targets: ["${actuator#*://}"]}]
SCRAPE
    prometheus --config.file="$home/prometheus.yml" --storage.tsdb.path="$home/data" \
        --web.listen-address="127.0.0.1:$port" > "$home/log" 2>&1 &
    local pid=$!
    for _ in $(seq 10); do
        curl -s -o "$home/answer" "$gateway/api/session"
        curl -s -o "$home/answer" "$gateway/nowhere"
        sleep 2
    done
    if ask 'up{job="gateway"} == 1' | grep -q '"value"'; then "$@"; result=$?; else echo "not scraped"; tail -n 3 "$home/log"; fi
    kill "$pid"
    wait "$pid"
    rm -rf "$home"
    return $result
}

check "health check is bash" bash -n healthy
check "dashboard is JSON" python3 -m json.tool grafana/dashboards/gateway.json /dev/null
check "meters are named" test "$(meters | wc -l)" -gt 20
if compose version --short 2>/dev/null | grep -qE '^v?([2-9]|[0-9]{2})\.'; then
    check "compose.yaml" config compose.yaml
    check "compose.cluster.yaml" config compose.cluster.yaml
    check "compose.cluster.yaml publishes nginx alone" published
    check "what chaos.sh adds to it" config compose.cluster.yaml chaos/compose.yaml chaos/compose.debian.yaml
else
    skip "compose.yaml and compose.cluster.yaml" "no docker compose 2 or newer"
fi
for script in build.sh composed.sh prune libvips/packages libvips/build chaos.sh chaos/standin-postgres load/run.sh; do check "$script is bash" bash -n "$script"; done
for script in cluster/redis-node cluster/sentinel; do check "$script is sh" sh -n "$script"; done
check "load/summary.py is Python" python3 -c 'import ast; ast.parse(open("load/summary.py").read())'
check "what chaos.py looks for is found" env -C chaos PYTHONDONTWRITEBYTECODE=1 python3 -m unittest test_checks
if command -v nginx > /dev/null; then check "nginx.conf of the cluster" entry; else skip "nginx.conf of the cluster" "no nginx"; fi
if command -v k6 > /dev/null; then
    for script in zip proxy ai mixed; do check "load/$script.js" k6 inspect "load/$script.js"; done
else
    skip "scenarios of k6" "no k6"
fi
if command -v promtool >/dev/null; then
    check "prometheus.yml and alerts.yml" promtool check config prometheus/prometheus.yml
else
    skip "prometheus.yml and alerts.yml" "no promtool"
fi
if [ -z "$actuator" ]; then
    skip "answers of Prometheus" "no URL given"
elif command -v prometheus >/dev/null; then
    check "every query is answered" scraped answered
else
    skip "answers of Prometheus" "no prometheus"
fi
if [ -n "$actuator" ]; then check "every meter is known" known; else skip "meters of a running gateway" "no URL given"; fi
exit $failed
