"""That what chaos.py looks for is found: python3 -m unittest test_checks, in this folder."""

import contextlib
import io
import json
import unittest
import zipfile

from chaos import Cluster, Event, GivenUp, Judgement, happen
from client import K6, Callers, Seen
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
        broken = self.seen("200", error_code="1000")
        self.assertEqual((broken.verdict, broken.detail), ("failed", "200 broke off: 1000"))

    def test_its_time_of_day_is_the_clock_of_the_rest(self):
        seen = self.seen("200")
        self.assertEqual(seen.kind, "k6 zip")
        self.assertAlmostEqual(seen.ended - seen.began, 0.5, 3)
        self.assertAlmostEqual(seen.ended, 1796126401.123456 - 1780000000, 3)


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
