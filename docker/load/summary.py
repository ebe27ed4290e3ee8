"""Cells of a row from a summary of k6: summary.py FILE SCENARIO. k6 says `true` of a threshold that was crossed."""

import json
import sys

metrics = json.load(open(sys.argv[1]))["metrics"]
routes = {name.split("route:")[1].rstrip("}"): values for name, values in metrics.items() if name.startswith("http_req_duration{route:")}
crossed = [f"`{name}` {threshold}" for name, values in metrics.items() for threshold, is_crossed in values.get("thresholds", {}).items() if is_crossed]
requests, checks = metrics["http_reqs"], metrics["checks"]
cells = [
    requests["count"],
    f"{requests['rate']:.0f}",
    metrics["http_req_failed"]["passes"],
    f"{checks['passes']} of {checks['passes'] + checks['fails']}",
    "; ".join(f"{route} {values['p(95)']:.0f}" for route, values in routes.items()),
    "; ".join(crossed) or "none",
]
print(" | ".join(str(cell) for cell in cells))
