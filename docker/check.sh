#!/bin/bash
# Checks this folder as far as the tools at hand allow, and says what it could not check:
#     docker/check.sh [base URL of a running gateway's actuator, for example http://127.0.0.1:8080]
# With a URL, every meter in the dashboard and the alerts must be one that the gateway tells of. Exit 1 if anything is wrong.
set -u
cd "$(dirname "$0")" || exit 1
actuator="${1:-}"
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

config() {
    local values
    values=$(mktemp) && sed 's/=$/=x/' .env.example > "$values" \
        && compose -f compose.yaml --env-file "$values" config --quiet
    local result=$?
    rm -f "$values"
    return $result
}

meters() { # what is named in dashboard and alerts
    { grep -o '"expr": ".*"' grafana/dashboards/gateway.json; sed -n '/expr:/,/for:/p' prometheus/alerts.yml; } \
        | grep -oE '\b(sluice|http|jvm|process|system)_[a-z0-9_]+' | sort -u
}

# Told only once there has been a request, a fetch, a decision, a call or a collection.
LATE='^(jvm_gc_pause_seconds|http_server_requests_seconds|sluice_(fetch|limits_decision|ai_call)_seconds)_(count|sum|max)$'
LATE+='|^sluice_(fetch_refusals|limits_decisions|limits_would_refuse|ai_calls|ai_tokens)_total$'

known() {
    local told unknown
    told=$(curl -sf "$actuator/actuator/prometheus" | grep -oE '^[a-z0-9_]+' | sort -u) || return 1
    unknown=$(comm -23 <(meters) <(echo "$told") | grep -vE "$LATE")
    echo "unknown: $unknown"
    [ -z "$unknown" ]
}

check "health check is bash" bash -n healthy
check "dashboard is JSON" python3 -m json.tool grafana/dashboards/gateway.json /dev/null
check "meters are named" test "$(meters | wc -l)" -gt 20
if compose version --short 2>/dev/null | grep -qE '^v?([2-9]|[0-9]{2})\.'; then
    check "compose.yaml" config
else
    skip "compose.yaml" "no docker compose 2 or newer"
fi
if command -v promtool >/dev/null; then
    check "prometheus.yml and alerts.yml" promtool check config prometheus/prometheus.yml
else
    skip "prometheus.yml and alerts.yml" "no promtool"
fi
if [ -n "$actuator" ]; then check "every meter is known" known; else skip "meters of a running gateway" "no URL given"; fi
exit $failed
