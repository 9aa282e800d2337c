"""Dumps while something happens to them: ended by signals, and following two hundred feeds."""
import json
import os
import signal
import subprocess
import time
import unittest

from stage import BIN, Case, figure, instant, within
from web import Answer, Web

ROWS = 100
TIMES = 4000
FEEDS = 200
LAG_MOST_S = 5  # of a row, from its call to our reading it: with sanitizers, beside other tests


class Ended(Case):
    """What a dump was to write is there whole, or as it was before."""

    def setUp(self):
        super().setUp()
        body = self.stage.dir / "body.json"
        body.write_text(json.dumps([{"id": n, "text": "x" * 100} for n in range(ROWS)]))
        self.stage.store.mkdir()
        subprocess.run([BIN / "tests/fill_store", self.stage.store, "bus", str(TIMES), body],
                       check=True, stdout=subprocess.DEVNULL)
        self.out = self.stage.dir / "out"
        self.out.mkdir()

    def end(self, number, *words):
        """Ends a dump while it writes; what is left in the directory."""
        words = ["dump", "--store", self.stage.store, "--columns", "id,text", *words]
        with subprocess.Popen([BIN / "pollard", *words], stderr=subprocess.PIPE) as process:
            while process.poll() is None and not self.is_writing():
                time.sleep(0.001)
            self.assertIsNone(process.poll(), "it was done before it could be ended")
            process.send_signal(number)
            process.wait(20)
        self.assertNotEqual(process.returncode, 0)
        return sorted(os.listdir(self.out))

    def is_writing(self):
        for path in self.out.rglob("*"):
            try:
                if path.relative_to(self.out).parts[0].startswith(".") and path.is_file() and \
                        path.stat().st_size:
                    return True
            except FileNotFoundError:
                pass
        return False

    def test_a_file_is_whole_or_as_before(self):
        path = self.out / "bus.csv"
        for before in (None, "as before\n"):
            if before:
                path.write_text(before)
            names = ["bus.csv"] if before else []
            for number in (signal.SIGTERM, signal.SIGINT):
                self.assertEqual(self.end(number, "-o", path), names)
            left = self.end(signal.SIGKILL, "-o", path)
            self.assertEqual([name for name in left if not name.startswith(".")], names)
            for name in left:
                if name.startswith("."):
                    (self.out / name).unlink()
            if before:
                self.assertEqual(path.read_text(), before)
        self.stage.ask("dump", "-o", path)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(sum(1 for _ in file), 1 + ROWS * TIMES)

    def test_files_are_whole_or_not_there(self):
        for words in (["--split", "hour"], ["--split", "feed"]):
            for number in (signal.SIGTERM, signal.SIGKILL):
                left = self.end(number, *words, "-o", self.out)
                self.assertEqual([name for name in left if not name.startswith(".")], [])
                if number == signal.SIGTERM:
                    self.assertEqual(left, [])
                subprocess.run(["rm", "-r", "--", *(self.out / name for name in left)], check=False,
                               stderr=subprocess.DEVNULL)


class Followed(Case):
    def test_two_hundred_feeds_are_followed_without_much_lag(self):
        web = self.use(Web(lambda request: Answer(
            200, b'[{"at":%d}]' % time.time_ns(), {"Content-Type": "application/json"})))
        self.stage.settings(defaults={"host_limit": 100})
        for number in range(FEEDS):
            self.stage.feed(f"bus-{number:03}", f"{web.url}/{number}", interval="1s")
        service = self.stage.start().ready()
        within(20, lambda: len(web.requests) > FEEDS, "a first round")
        with subprocess.Popen([BIN / "pollard", "dump", "--store", self.stage.store, "--follow",
                               "--columns", "at", "--from", "-1s"], stdout=subprocess.PIPE,
                              text=True) as follower:
            self.addCleanup(follower.kill)
            self.assertEqual(follower.stdout.readline(), "feed,call_time,at\n")
            lags, seen, end = [], set(), time.monotonic() + 8
            while time.monotonic() < end:
                feed, call_time, _ = follower.stdout.readline().split(",")
                lags.append(time.time() - instant(call_time))
                seen.add(feed)
            follower.send_signal(signal.SIGINT)
            rest = follower.stdout.read()
            self.assertEqual(follower.wait(20), 0)
        self.assertEqual(rest[-1:] if rest else "\n", "\n")
        self.assertEqual(len(seen), FEEDS)
        late = sorted(lags)
        figure("follow_lag_p50_ms", round(1000 * late[len(late) // 2]))
        figure("follow_lag_p99_ms", round(1000 * late[len(late) * 99 // 100]))
        figure("follow_rows_a_second", round(len(late) / 8))
        self.assertLess(late[len(late) * 99 // 100], LAG_MOST_S)
        self.assertEqual(service.end(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
