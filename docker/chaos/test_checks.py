"""That what chaos.py looks for is found: python3 -m unittest test_checks, in this folder."""

import contextlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from chaos import Cluster, Event, GivenUp, Judgement, happen
from client import K6, Callers, Seen, clock
from world import picture


def archive(names, skipped=0):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        for name in names:
            writer.writestr(name, picture(name, 5))
        if skipped:
            writer.writestr("manifest.json", json.dumps({"skipped": [{}] * skipped}))
    return file.getvalue()


class ArchivesTest(unittest.TestCase):
    def test_all_entries_are_whole(self):
        self.assertEqual(Callers.whole(archive("ab"), 2)[0], "ok")
        self.assertEqual(Callers.whole(archive("a", skipped=1), 2), ("ok", "1 skipped"))

    def test_entry_that_is_missing_is_found(self):
        self.assertEqual(Callers.whole(archive("ab"), 3)[0], "wrong")

    def test_byte_that_changed_is_found(self):
        body = bytearray(archive("ab"))
        body[len(body) // 2] ^= 1
        self.assertEqual(Callers.whole(bytes(body), 2)[0], "wrong")

    def test_archive_without_its_end_is_found(self):
        self.assertEqual(Callers.whole(archive("ab")[:-1], 2)[0], "wrong")


class K6Test(unittest.TestCase):
    def seen(self, status, **tags):
        data = {"time": "2026-12-01T12:00:01.123456789Z", "value": 500.0, "tags": {"status": status, "route": "zip", **tags}}
        return K6.seen(data, -1780000000)

    def test_answers_are_judged(self):
        self.assertEqual([self.seen(status).verdict for status in ("200", "429", "503", "0", "404")],
                         ["ok", "limited", "failed", "failed", "wrong"])
        broken = self.seen("200", code="1000")
        self.assertEqual((broken.verdict, broken.detail), ("failed", "no whole answer: 1000"))
        self.assertEqual(self.seen("503", code="limits_unavailable").detail, "503 limits_unavailable")

    def test_its_time_of_day_is_the_clock_of_the_rest(self):
        seen = self.seen("200")
        self.assertEqual(seen.kind, "k6 zip")
        self.assertAlmostEqual(seen.ended - seen.began, 0.5, 3)
        self.assertAlmostEqual(seen.ended, 1796126401.123456 - 1780000000, 3)

    @contextlib.contextmanager
    def running(self, port=1, script=None):
        """A K6 that has started: that of the PATH, or a script in its place, which knows as $file where its points belong."""
        client = mock.Mock(address="127.0.0.1", port=port, issuer="http://127.0.0.1:1")
        client.token.return_value = "token"
        k6 = K6(client, "test")
        with tempfile.TemporaryDirectory() as folder:
            path = os.environ["PATH"]
            if script:
                stub = Path(folder) / "k6"
                stub.write_text(f'#!/bin/sh\nfor word; do case $word in json=*) file=${{word#json=}};; esac; done\n{script}\n')
                stub.chmod(0o755)
                path = f"{folder}:{path}"
            with mock.patch.dict(os.environ, PATH=path):
                try:
                    self.assertTrue(k6.start())
                    yield k6
                finally:
                    k6.close()
        self.assertIsNotNone(k6.process.returncode)
        self.assertFalse(os.path.exists(k6.folder.name))

    def until(self, condition):
        end = clock() + 30
        while not condition():
            self.assertLess(clock(), end)
            time.sleep(0.05)

    def test_k6_that_ended_by_itself_is_a_fault(self):
        with self.running(script="echo unknown flag >&2; exit 107") as k6:
            k6.process.wait(30)
            self.assertEqual(k6.stop(), [])
            self.assertEqual(k6.fault, "k6 ended by itself with 107: unknown flag")

    def test_k6_without_requests_is_a_fault(self):
        with self.running(script="exec sleep 60") as k6:
            self.assertEqual(k6.stop(), [])
            self.assertEqual(k6.fault, "k6 made no requests")

    def test_k6_that_does_not_end_is_killed_and_read(self):
        point = json.dumps({"metric": "answered", "type": "Point", "data": {
            "time": "2026-12-01T12:00:01Z", "value": 5, "tags": {"status": "200"}}}, separators=(",", ":"))
        with self.running(script=f"trap '' INT TERM; printf '%s\\n%s' '{point}' '{point[:-9]}' > $file; exec sleep 60") as k6:
            k6.ENDING = 0.2
            self.until(lambda: k6.file("requests.json").exists() and k6.file("requests.json").stat().st_size > len(point) + 1)
            self.assertEqual([seen.verdict for seen in k6.stop()], ["ok"])
            self.assertEqual(k6.fault, "")

    def test_nothing_of_k6_stays_when_chaos_py_is_told_to_end(self):
        with tempfile.TemporaryDirectory() as folder:
            keys, temporary = Path(folder) / "key.pem", Path(folder) / "tmp"
            subprocess.run(["openssl", "genrsa", "-out", keys, "2048"], capture_output=True, check=True)
            temporary.mkdir()
            stub = Path(folder) / "k6"
            stub.write_text(f"#!/bin/sh\necho $$ > {folder}/pid.new; mv {folder}/pid.new {folder}/pid; exec sleep 60\n")
            stub.chmod(0o755)
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(temporary)}
            chaos = subprocess.Popen([sys.executable, "chaos.py", "--address", "127.0.0.1", "--port", "1", "--key", keys, "--issuer", "i",
                                      "--audience", "a", "--compose", "false"], cwd=Path(__file__).parent, env=environment)
            self.until((Path(folder) / "pid").exists)
            chaos.terminate()
            self.assertEqual(chaos.wait(60), 128 + 15)
            self.assertEqual(list(temporary.iterdir()), [])
            with self.assertRaises(ProcessLookupError):
                os.kill(int((Path(folder) / "pid").read_text()), 0)

    @unittest.skipUnless(shutil.which("k6"), "no k6")
    def test_k6_tells_codes_broken_transfers_and_the_whole_time(self):
        class Gateway(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body, missing=0):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + missing))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(200, b"half", missing=4)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/api/zip":
                    self.answer(503, json.dumps({"code": "limits_unavailable"}).encode())
                else:
                    time.sleep(0.3)
                    self.answer(429, json.dumps({"code": "rate_limited"}).encode())

            def log_message(self, *_):
                pass

            def handle(self):
                # k6 leaves what it waits for when it is told to end.
                with contextlib.suppress(ConnectionError):
                    super().handle()

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            began = clock()
            with self.running(server.server_port) as k6:
                requests = k6.file("requests.json")
                self.until(lambda: requests.exists() and {"limits_unavailable", "rate_limited"} <= set(requests.read_text().split('"')))
                seen = k6.stop()
            server.shutdown()
        self.assertEqual(k6.fault, "")
        self.assertEqual({(one.kind, one.verdict, one.detail) for one in seen}, {
            ("k6 warm-up", "failed", "no whole answer: 1000"), ("k6 proxy", "failed", "no whole answer: 1000"),
            ("k6 zip", "failed", "503 limits_unavailable"), ("k6 ai", "limited", "429 rate_limited")})
        self.assertTrue(all(began < one.began <= one.ended < clock() for one in seen))
        self.assertTrue(all(one.ended - one.began > 0.29 for one in seen if one.kind == "k6 ai"))


class JudgementTest(unittest.TestCase):
    def judge(self, requests=(), slots=(), lost=0, alone=None, harmless=False):
        event, before = Event("test", None, harmless), Event("before", None)
        event.began, event.back, event.ended, event.alone = 100, 110, 140, alone or {}
        before.began, before.ended = 50, 100
        return Judgement([before, event], 1, list(requests), list(slots), lost)

    def test_nothing_that_must_not_be_is_no_fault(self):
        seen = [Seen("greedy", 101 + at, 101.1 + at, "ok") for at in range(20)]
        self.assertFalse(self.judge(seen, [(101, 105), (102, 106)]).broken())

    def test_requests_beyond_a_bucket_are_found(self):
        seen = [Seen("greedy", 101, 101.5, "ok") for _ in range(21)]
        self.assertTrue(self.judge(seen).broken())
        self.assertFalse(self.judge(seen, alone={"light": 1}).broken())

    def test_requests_are_counted_since_long_before_an_event(self):
        steadily = [Seen("greedy", 60 + at, 60.1 + at, "ok") for at in range(60)]
        self.assertFalse(self.judge(steadily).broken())
        burst = [Seen("greedy", 60, 60.1, "ok") for _ in range(19)]
        self.assertFalse(self.judge(burst + steadily).broken())
        self.assertTrue(self.judge(burst + steadily + [Seen("greedy", 110, 110.1, "ok")] * 2).broken())

    def test_what_is_decided_alone_is_bounded_too(self):
        seen = [Seen("greedy", 101, 101.5, "ok") for _ in range(61)]
        self.assertTrue(self.judge(seen, alone={"light": 1000}).broken())

    def test_third_archive_at_once_is_found(self):
        self.assertTrue(self.judge(slots=[(101, 105), (102, 106), (104, 108)]).broken())
        self.assertFalse(self.judge(slots=[(101, 104), (102, 106), (104.5, 108)]).broken())

    def test_failure_is_forgiven_while_something_is_gone_and_not_afterwards(self):
        self.assertFalse(self.judge([Seen("archive", 105, 106, "failed", "502")]).broken())
        self.assertFalse(self.judge([Seen("archive", 95, 101, "failed", "200 broke off: short")]).broken())
        self.assertTrue(self.judge([Seen("archive", 121, 122, "failed", "502")]).broken())

    def test_failure_is_never_forgiven_where_nothing_is_gone(self):
        self.assertTrue(self.judge([Seen("archive", 105, 106, "failed", "502")], harmless=True).broken())

    def test_refusal_for_a_late_redis_needs_a_gateway_that_says_so(self):
        seen = [Seen("quota", 130, 131, "failed", "503 limits_unavailable")]
        self.assertTrue(self.judge(seen).broken())
        self.assertFalse(self.judge(seen, alone={"unavailable": 1}).broken())

    def test_wrong_answer_and_lost_image_are_found(self):
        self.assertTrue(self.judge([Seen("proxied", 105, 106, "wrong", "other bytes")]).broken())
        self.assertTrue(self.judge(lost=1).broken())

    def test_part_that_does_not_come_back_ends_the_run_and_keeps_what_was_seen(self):
        class Over(Event):
            def run(self, cluster):
                pass

        def gone(_):
            raise GivenUp("gateway-1: not within 150 s")

        over, after = Over("over", None), Over("after", None)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(happen(Cluster([]), [over, Event("gone", gone), after]), ([over], True))
            self.assertEqual(happen(Cluster([]), [over, after]), ([over, after], False))
        self.assertIn("gateway-1: not within", said.getvalue())


if __name__ == "__main__":
    unittest.main()
