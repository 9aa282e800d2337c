"""A dump of everything beside a service that writes at full rate: it takes little memory, however
much there is to dump, and the file of the store grows hardly more than without it.

beside.py --mb 2000 is the same with so many MB of JSON; without it there are few, for every build.
"""
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
import unittest

from hostile_feeds import is_sanitized, memory_kib
from stage import BIN, Case, figure

MB = 64
FEEDS, SECONDS = 100, 4
INTERVAL = "1s" if is_sanitized() else "100ms"  # a slow service shall not spend its time on timeouts
RSS_MOST_KIB = 32 * 1024
GROWTH_MOST = 1.05
# A reader keeps at most 200 ms of what the writer would have used again: once, not again and again.
GROWTH_ONCE = 4 * 1024 * 1024


def make_documents(folder):
    dice, paths = random.Random(4), []
    for number in range(20):
        entities = [{"id": str(5000 + i), "vehicle": {
            "trip": {"trip_id": str(60000000 + 7 * i + number), "route_id": "720"},
            "position": {"latitude": round(34 + dice.random() / 4, 5), "bearing": i},
            "timestamp": 1795435200 + number}} for i in range(400)]
        paths.append(folder / f"{number:02}.json")
        paths[-1].write_text(json.dumps({"entity": entities}, separators=(",", ":")))
    return paths


class Dump:
    """A dump under way; of what it prints the hash is kept, and of its memory every sight."""

    def __init__(self, stage):
        self.process = subprocess.Popen([BIN / "pollard", "dump", "--store", stage.store, "bus"],
                                        stdout=subprocess.PIPE)
        self.hash, self.bytes, self.rss_kib = hashlib.sha256(), 0, []
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()

    def watch(self):
        while self.process.poll() is None:
            try:
                self.rss_kib.append(memory_kib(self.process.pid, "RssAnon"))
            except OSError:
                pass  # it has just ended
            time.sleep(0.02)

    def finish(self):
        while block := self.process.stdout.read1(1 << 20):
            self.hash.update(block)
            self.bytes += len(block)
        self.process.stdout.close()
        code = self.process.wait()
        self.watcher.join()
        return code, self.bytes, self.hash.hexdigest()


class Beside(Case):
    def fill(self):
        paths = make_documents(self.stage.dir)
        times = max(1, MB * 1000000 // sum(path.stat().st_size for path in paths))
        self.stage.store.mkdir()
        subprocess.run([BIN / "tests/fill_store", self.stage.store, "bus", str(times), *paths],
                       check=True, stdout=subprocess.DEVNULL)

    def feed(self):
        server = subprocess.Popen([BIN / "tests/payload_server"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdin.close)
        self.addCleanup(server.stdout.close)
        port = int(server.stdout.readline())
        self.stage.settings(max_requests=256, defaults={"host_limit": 256})
        self.stage.feed("live", f"http://127.0.0.1:{port}/{{n}}", interval=INTERVAL,
                        name="live-{n}", for_each={"n": list(range(FEEDS))}, retry=False)

    def written(self):
        """What the store has: bodies, and bytes of its file."""
        stat = dict(line.split() for line in self.stage.ask("stat").splitlines())
        return int(stat["bodies"]), int(stat["disk_bytes"])

    def growth(self, work):
        """Bytes that the file grows by per body while `work` goes on, and how many bodies."""
        bodies, size = self.written()
        work()
        bodies_then, size_then = self.written()
        return size_then - size, bodies_then - bodies

    def dump_for_a_while(self, expected, dumps):
        until = time.monotonic() + SECONDS
        while not dumps or time.monotonic() < until:
            dumps.append(Dump(self.stage))
            self.assertEqual(dumps[-1].finish(), expected)

    def test_a_dump_beside_a_service_at_full_rate(self):
        self.fill()
        expected = Dump(self.stage).finish()
        self.assertEqual(expected[0], 0)
        self.feed()
        service = self.stage.start().ready()
        dumps = []
        time.sleep(SECONDS / 2)
        begun = time.monotonic()
        beside = self.growth(lambda: self.dump_for_a_while(expected, dumps))
        took = time.monotonic() - begun
        alone = self.growth(lambda: time.sleep(max(took, SECONDS)))
        self.assertEqual(service.end(), 0)
        self.stage.verify()
        self.check_memory(dumps)
        self.check_growth(alone, beside, took)

    def check_memory(self, dumps):
        rss_kib = max(max(dump.rss_kib) for dump in dumps)
        halves = [(max(dump.rss_kib[:len(dump.rss_kib) // 2], default=0), max(dump.rss_kib))
                  for dump in dumps]
        figure("dump_rss_anon_kib", {"first half": halves[0][0], "all": rss_kib, "dumps":
                                     len(dumps), "csv_mb": dumps[0].bytes // 1000000})
        if not is_sanitized():
            self.assertLessEqual(rss_kib, RSS_MOST_KIB)
            self.assertTrue(all(whole <= first + 2048 for first, whole in halves[:1] if first))

    def check_growth(self, alone, beside, took):
        per_body = [grown / max(1, bodies) for grown, bodies in (alone, beside)]
        figure("growth", {"seconds": round(took, 1), "bodies a second": round(beside[1] / took),
                          "bytes a body alone": round(per_body[0]),
                          "beside": round(per_body[1]),
                          "ratio": round(per_body[1] / per_body[0], 3)})
        self.assertGreater(alone[1], 100)
        self.assertLess(beside[0], GROWTH_MOST * per_body[0] * beside[1] + GROWTH_ONCE)


if __name__ == "__main__":
    if "--mb" in sys.argv:
        place = sys.argv.index("--mb")
        MB = int(sys.argv[place + 1])
        del sys.argv[place:place + 2]
    unittest.main(verbosity=2)
