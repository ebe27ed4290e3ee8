"""A gallery of many photographs in a browser.

    python3 large_gallery.py make DIRECTORY           photographs, of which a gallery is imported
    python3 large_gallery.py measure GATEWAY TOKEN    a line of Markdown for each run, and one of interactions

Opens the gallery in Debian's Chromium at 10 Mbit/s and 40 ms, with an empty cache: seconds until the pictures of the first row are shown.
Then, with a processor of a quarter of its speed, does what people do there, and prints how long it is from each of their actions to what
they see of it, as the browser tells (Event Timing: input to next paint). SLOW=1 opens it at that speed too. "make" needs what make_pictures.py does, "measure" playwright.
"""

import os
import pathlib
import sys
import time

RUNS = 5
PHOTOS = 50
BITS_PER_SECOND = 10_000_000
LATENCY_MS = 40
SLOWER = 4
BROWSER_START_SECONDS = 4
WANTED_FIRST_SECONDS, WANTED_PAINT_MS = 1.0, 100

WATCH = """
globalThis.rowSeen = null;
globalThis.actions = new Map();
new PerformanceObserver((list) => list.getEntries().filter((entry) => entry.interactionId).forEach((entry) => {
  const before = actions.get(entry.interactionId);
  if (!before || before.duration < entry.duration) {
    actions.set(entry.interactionId, {name: entry.name, duration: entry.duration, start: entry.startTime,
      work: entry.processingEnd - entry.processingStart, delay: entry.processingStart - entry.startTime});
  }
})).observe({type: 'event', durationThreshold: 16, buffered: true});
const look = () => {
  const pictures = [...document.querySelectorAll('.grid .tile')];
  const top = pictures.length && pictures[0].getBoundingClientRect().top;
  const row = pictures.filter((one) => Math.abs(one.getBoundingClientRect().top - top) < 4)
    .map((one) => one.querySelector('img'));
  if (row.length > 1 && row.every((one) => one && one.complete && one.naturalWidth > 0)) {
    requestAnimationFrame(() => setTimeout(() => { globalThis.rowSeen = performance.now(); }));
  } else {
    requestAnimationFrame(look);
  }
};
requestAnimationFrame(look);
"""


def make(directory):
    from make_pictures import photograph
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(PHOTOS):
        width, height = ((1600, 1200), (1200, 1600), (1800, 1200))[number % 3]
        photograph(width, height, number).save(directory / f"photo-{number:02}.jpg", quality=85)


def actions(page):
    """What people do in a gallery; how many of each."""
    keyboard, wheel = page.keyboard, page.mouse.wheel
    page.mouse.move(640, 500)
    for _ in range(6):
        wheel(0, 700)
        page.wait_for_timeout(150)
    page.mouse.move(640, 400)
    for _ in range(4):
        page.wait_for_function("() => document.elementFromPoint(640, 400)?.closest('.tile[data-id]')")
        page.mouse.click(640, 400)
        page.locator(".viewer").wait_for()
        for _ in range(5):
            keyboard.press("ArrowRight")
            page.wait_for_timeout(300)
        keyboard.press("Escape")
        page.locator(".viewer").wait_for(state="hidden")
        page.wait_for_timeout(200)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    page.locator(".tile-open").first.focus()
    for _ in range(12):
        keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
    for _ in range(3):
        keyboard.press("Space")
        page.wait_for_timeout(150)
        keyboard.press("Shift+ArrowRight")
        page.wait_for_timeout(150)
    page.get_by_label("Clear the selection").click()
    page.wait_for_timeout(200)
    for number in range(4):
        page.locator(".tile-check").nth(number).click()
        page.wait_for_timeout(150)
    page.get_by_label("Clear the selection").click()
    search = page.get_by_placeholder("Search")
    search.click()
    search.press_sequentially("photo-0", delay=200)
    page.wait_for_timeout(500)
    for _ in range(7):
        search.press("Backspace")
        page.wait_for_timeout(150)
    page.wait_for_timeout(1500)


def measure(gateway, token):
    from playwright.sync_api import sync_playwright
    seen, firsts = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        time.sleep(BROWSER_START_SECONDS)
        for run in range(RUNS):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": "sluice_session", "value": token, "url": gateway}])
            page = context.new_page()
            page.add_init_script(WATCH)
            tools = context.new_cdp_session(page)
            tools.send("Network.enable")
            tools.send("Network.emulateNetworkConditions", {
                "offline": False, "latency": LATENCY_MS, "downloadThroughput": BITS_PER_SECOND / 8, "uploadThroughput": BITS_PER_SECOND / 8})
            tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER if os.environ.get("SLOW") else 1})
            received = [0]
            tools.on("Network.dataReceived", lambda event: received.__setitem__(0, received[0] + event["encodedDataLength"]))
            page.goto(gateway + "/gallery", wait_until="commit")
            page.wait_for_function("() => rowSeen !== null", timeout=60_000)
            first = page.evaluate("() => rowSeen") / 1000
            firsts.append(first)
            tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            actions(page)
            found = page.evaluate("() => [...actions.values()]")
            seen += found
            tiles, total = page.evaluate("() => [document.querySelectorAll('.tile').length, document.querySelector('.page-head [role=status]').textContent]")
            print(f"| run {run + 1}: {total}, {tiles} tiles | first row {first:.2f} s | {received[0] / 1e6:.1f} MB in all | {len(found)} actions |", flush=True)
            context.close()
        browser.close()
    times = sorted(action["duration"] for action in seen)
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
    middle = sorted(firsts)[len(firsts) // 2]
    print(f"\n{len(times)} actions: p50 {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, longest {times[-1]:.0f} ms (wanted: p95 {WANTED_PAINT_MS});"
          f" first row, middle of {RUNS}: {middle:.2f} s (wanted: {WANTED_FIRST_SECONDS})")
    for action in sorted(seen, key=lambda one: -one["duration"])[:8]:
        print(f"- {action['name']} {action['duration']:.0f} ms, of it {action['work']:.0f} in handlers, {action['delay']:.0f} before")
    sys.exit(0 if middle <= WANTED_FIRST_SECONDS and at(0.95) <= WANTED_PAINT_MS else 1)


if sys.argv[1] == "make":
    make(pathlib.Path(sys.argv[2]))
else:
    measure(*sys.argv[2:])
