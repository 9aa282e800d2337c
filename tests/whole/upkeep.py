"""keep, prune, store_limit, backup: what is forgotten, what stays, and what a kill leaves.

upkeep.py [--rounds 12] [--seed N]   Of 100 rounds each kill has met every moment.
"""
import argparse
import csv
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

from stage import BIN, Case, figure, free_port, instant, within
from web import Answer, Web, from_paths

given = None
FILL = pathlib.Path(os.environ.get("FILL_HISTORY", BIN / "tests/whole/fill_history"))


def counted(text):
    """What "name value" lines say."""
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines()
            if len(line.split()) == 2 and line.split()[1].isdigit()}


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Upkeep(Case):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(given.seed)

    def fill(self, feeds=4, polls=600, size=2000):
        self.now = time.time()
        subprocess.run([FILL, self.stage.store, str(feeds), str(polls), str(size)], check=True)

    def refuse(self, code, *args, says=(), **options):
        done = self.stage.run(*args, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr.decode())
        self.assertEqual(len(done.stderr.decode().strip().splitlines()), 1, done.stderr)
        return done

    def command(self, *args):
        return subprocess.Popen([BIN / "pollard", *args, "--store", self.stage.store],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def rows(self, feed):
        """Of a feed that the store may not know yet."""
        return [row for row in self.stage.polls() if row["feed"] == feed]

    def slots(self, *args):
        return {(row["feed"], row["slot"]) for row in self.stage.polls(*args)}

    # prune

    def test_prune_takes_what_is_before_and_nothing_else(self):
        self.fill()
        before = self.stage.polls()
        cut = self.now - 3000
        gone = counted(self.stage.ask("prune", "--before", iso(cut), "feed-1", "feed-[23]"))
        after = self.stage.polls()
        kept = [row for row in before
                if row["feed"] == "feed-4" or instant(row["slot"]) >= int(cut)]
        self.assertEqual([(row["feed"], row["slot"]) for row in after],
                         [(row["feed"], row["slot"]) for row in kept])
        self.assertEqual(gone["polls"], len(before) - len(after))
        self.assertGreater(gone["bodies"], 0)
        self.assertGreater(gone["bytes"], gone["bodies"] * 1000)
        for feed in ("feed-1", "feed-4"):
            first = next(row for row in after if row["feed"] == feed
                         and row["outcome"] in ("new", "same"))
            self.assertEqual(first["outcome"], "new")
        self.stage.verify()
        self.assertEqual(counted(self.stage.ask("prune", "--before", iso(cut), "feed-[123]")),
                         {"polls": 0, "bodies": 0, "bytes": 0})
        self.stage.ask("prune", "--before", "2999-01-01")
        self.assertEqual(self.stage.polls(), [])
        self.stage.verify()

    def test_stat_tells_what_each_feed_takes(self):
        self.fill(feeds=3)
        every = counted(self.stage.ask("stat"))
        rows = list(csv.DictReader(io.StringIO(self.stage.ask("stat", "feed-*"))))
        self.assertEqual([row["feed"] for row in rows], ["feed-1", "feed-2", "feed-3"])
        for key in ("polls", "missed", "bodies", "raw_bytes"):
            self.assertEqual(sum(int(row[key]) for row in rows), every[key])
        self.assertAlmostEqual(sum(int(row["used_bytes"]) for row in rows), every["used_bytes"],
                               delta=len(rows))
        told = json.loads(self.stage.ask("stat", "--json", "feed-2"))
        self.assertEqual([feed["feed"] for feed in told["per_feed"]], ["feed-2"])
        self.assertEqual(told["polls"], every["polls"])
        self.assertEqual(told["disk_bytes_per_day"], every["disk_bytes_per_day"])
        self.refuse(1, "stat", "nope", says=["nope"])

    def test_bad_words_change_nothing(self):
        self.fill(feeds=1, polls=50)
        size = (self.stage.store / "data.mdb").read_bytes()
        self.refuse(2, "prune", says=["--before is missing"])
        self.refuse(2, "prune", "--before", "yesterday", says=["--before", "yesterday"])
        self.refuse(2, "prune", "--before", "-1h", "--tz", "Nowhere/Land", says=["Nowhere/Land"])
        self.refuse(1, "prune", "--before", "-1h", "feed-9", says=["feed-9"])
        self.refuse(1, "prune", "--before", "-1h", store=self.stage.dir / "none", says=["none"])
        self.refuse(2, "backup", says=["DEST is missing"])
        self.refuse(2, "backup", "a", "b", says=["one word too many"])
        self.refuse(1, "backup", self.stage.dir / "copy", store=self.stage.dir / "none",
                    says=["none"])
        self.refuse(1, "backup", self.stage.dir / "no" / "such", says=["no/such"])
        self.assertEqual((self.stage.store / "data.mdb").read_bytes(), size)

    def test_a_kill_in_prune_leaves_a_whole_store(self):
        self.fill(feeds=3, polls=2500, size=300)
        left = self.slots()
        for _ in range(given.rounds):
            prune = self.command("prune", "--before", iso(self.now - self.dice.uniform(0, 25000)))
            time.sleep(self.dice.uniform(0, 0.25))
            prune.kill()
            prune.communicate()
            self.stage.verify()
            now = self.slots()
            self.assertLessEqual(now, left)
            left = now
        self.stage.ask("prune", "--before", "2999-01-01")
        self.assertEqual(self.slots(), set())

    def test_two_prunes_and_dumps_at_once(self):
        self.fill(feeds=6, polls=2000, size=500)
        first = self.command("prune", "--before", iso(self.now - 9000))
        second = self.command("prune", "--before", iso(self.now - 9000))
        dumps = [self.command("dump", "feed-6", "--format", "raw", "-o", self.stage.dir / "raw"),
                 self.command("polls")]
        for process in (first, second, *dumps):
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, errors)
        self.stage.verify()
        self.assertTrue(all(instant(row["slot"]) >= self.now - 9010 for row in self.stage.polls()))

    def test_prune_beside_a_service(self):
        body = [b'{"a":1}']

        def answer(request):
            if request.headers.get("if-none-match") == '"1"':
                return Answer(304)
            return Answer(200, body[0], {"ETag": '"1"'})
        web = self.use(Web(from_paths(etag=answer, same=b'{"b":1}',
                                      fresh=lambda _: json.dumps({"n": time.time()}).encode())))
        for name in ("etag", "same", "fresh"):
            self.stage.feed(name, f"{web.url}/{name}", interval="100ms", retry=False, backoff=False)
        service = self.stage.start().ready()
        within(10, lambda: len(self.rows("same")) > 5)
        for _ in range(10):
            self.stage.ask("prune", "--before", iso(time.time() + 3600))
            time.sleep(0.2)
        end = time.time()
        within(10, lambda: instant(self.rows("same")[-1]["slot"]) > end + 1)
        self.assertEqual(service.end(), 0)
        self.stage.verify()
        for feed in ("etag", "same", "fresh"):
            rows = self.stage.polls(feed)
            slots = [round(instant(row["slot"]) * 10) for row in rows]
            self.assertEqual(slots, list(range(slots[0], slots[-1] + 1)), feed)
            answered = [row for row in rows if row["outcome"] in ("new", "same")]
            self.assertEqual(answered[0]["outcome"], "new")
            self.stage.ask("dump", feed)

    # keep

    def test_keep_forgets_by_age_and_the_account_goes_on(self):
        web = self.use(Web(from_paths(
            kept=lambda _: json.dumps([{"n": time.time()}]).encode(), all=b"[1]")))
        self.stage.feed("kept", f"{web.url}/kept", interval="100ms", keep="2s")
        self.stage.feed("all", f"{web.url}/all", interval="100ms")
        service = self.stage.start().ready()
        within(30, lambda: len(self.rows("all")) > 70)
        rows = self.stage.polls("kept")
        self.assertLess(len(rows), 50)
        self.assertGreater(instant(rows[0]["slot"]), time.time() - 6)
        self.assertEqual(service.end(), 0)
        self.stage.verify()
        service = self.stage.start().ready()
        within(10, lambda: len(self.rows("all")) > 100)
        self.assertEqual(service.end(), 0)
        self.stage.verify()
        everything = [round(instant(row["slot"]) * 10) for row in self.stage.polls("all")]
        self.assertEqual(everything, list(range(everything[0], everything[-1] + 1)))
        kept = [round(instant(row["slot"]) * 10) for row in self.stage.polls("kept")]
        self.assertEqual(kept, list(range(kept[0], kept[-1] + 1)))

    # store_limit

    def run_status(self, page):
        return self.stage.run("status", "--listen", page).stdout.decode()

    def test_polling_pauses_at_the_limit_and_goes_on(self):
        noise = random.Random(1)
        web = self.use(Web(from_paths(big=lambda _: noise.randbytes(50000))))
        self.stage.settings(store_limit="1MiB")
        self.stage.feed("big", f"{web.url}/big", interval="100ms", format="binary")
        page = f"127.0.0.1:{free_port()}"
        service = self.stage.start("--listen", page).ready()
        service.wait_for("store_limit state=full")
        # At once, not with the minute: it may have begun just now.
        within(10, lambda: "store is full" in self.run_status(page), "the alert")
        time.sleep(0.3)
        asked = len(web.requests)
        time.sleep(1)
        self.assertEqual(len(web.requests), asked)
        self.assertLess(counted(self.stage.ask("stat"))["used_bytes"], 4 << 20)
        self.stage.settings(store_limit="64MiB")
        service.wait_for("store_limit state=free")
        within(10, lambda: len(web.requests) > asked)
        within(10, lambda: "disk" in [row["detail"] for row in self.stage.polls()])
        self.stage.settings(store_limit="1MiB")
        within(20, lambda: service.log().count("state=full") == 2)
        self.stage.ask("prune", "--before", "2999-01-01")
        within(20, lambda: service.log().count("state=free") == 2)
        self.assertEqual(service.end(), 0)
        self.stage.verify()

    def test_the_oldest_of_feeds_that_keep_make_room(self):
        noise = random.Random(1)
        web = self.use(Web(from_paths(big=lambda _: noise.randbytes(20000))))
        self.stage.settings(store_limit="3MiB")
        for place in range(3):
            self.stage.feed(f"big-{place}", f"{web.url}/big", interval="200ms", format="binary",
                            keep="10d")
        self.stage.feed("ever", f"{web.url}/big", interval="1s", format="binary")
        service = self.stage.start().ready()
        service.wait_for("store_limit state=short")
        time.sleep(5)
        self.assertNotIn("state=full", service.log())
        self.assertEqual(service.end(), 0)
        figure("used_at_limit_of_3_mib", counted(self.stage.ask("stat"))["used_bytes"])
        self.assertLess(counted(self.stage.ask("stat"))["used_bytes"], (3 << 20) * 1.2)
        self.stage.verify()
        starts = {feed: instant(self.stage.polls(feed)[0]["slot"])
                  for feed in ("big-0", "big-1", "big-2", "ever")}
        self.assertLess(starts["ever"] + 1, min(starts["big-0"], starts["big-1"], starts["big-2"]))

    # backup

    def check_copy(self, copy):
        self.stage.ask("verify", store=copy)
        self.assertEqual(self.stage.ask("dump", store=copy), self.stage.ask("dump"))
        self.assertEqual(self.stage.ask("polls", store=copy), self.stage.ask("polls"))

    def test_a_backup_is_a_store(self):
        self.fill(feeds=2, polls=300)
        copy, streamed = self.stage.dir / "copy", self.stage.dir / "streamed"
        self.stage.ask("backup", copy)
        self.assertEqual(sorted(entry.name for entry in copy.iterdir()), ["data.mdb"])
        self.assertEqual(copy.stat().st_mode & 0o777, 0o750)
        self.assertEqual((copy / "data.mdb").stat().st_mode & 0o777, 0o640)
        self.check_copy(copy)
        streamed.mkdir()
        (streamed / "data.mdb").write_bytes(self.stage.run("backup", "-").stdout)
        self.check_copy(streamed)
        self.refuse(1, "backup", copy, says=["is there already"])
        empty = self.stage.dir / "empty"
        empty.mkdir()
        self.stage.ask("backup", f"{empty}/")
        self.check_copy(empty)
        (self.stage.dir / "file").write_text("x")
        self.refuse(1, "backup", self.stage.dir / "file", says=["is there already"])
        self.assertEqual([entry.name for entry in self.stage.dir.glob("*.partial")], [])
        # The copy is a store that goes on.
        self.stage.store = copy
        self.stage.ask("prune", "--before", "2999-01-01")
        self.assertEqual(self.stage.polls(), [])

    def test_a_terminal_gets_no_store(self):
        self.fill(feeds=1, polls=20)
        ours, theirs = os.openpty()
        done = subprocess.run([BIN / "pollard", "backup", "-", "--store", self.stage.store],
                              stdout=theirs, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"terminal", done.stderr)
        os.close(theirs)
        os.close(ours)

    def test_a_killed_backup_leaves_nothing_that_looks_like_one(self):
        self.fill(feeds=2, polls=1500, size=4000)
        copy = self.stage.dir / "copy"
        whole = 0
        for _ in range(given.rounds):
            backup = self.command("backup", copy)
            time.sleep(self.dice.uniform(0, 0.3))
            backup.kill()
            backup.communicate()
            if copy.exists():
                self.check_copy(copy)
                shutil.rmtree(copy)
                whole += 1
        figure("backups_that_were_faster_than_the_kill", whole)
        self.stage.ask("backup", copy)
        self.check_copy(copy)
        self.assertFalse((self.stage.dir / "copy.partial").exists())

    def test_a_stopped_backup_leaves_nothing(self):
        self.fill(feeds=2, polls=1500, size=4000)
        copy = self.stage.dir / "copy"
        backup = self.command("backup", copy)
        within(10, lambda: (self.stage.dir / "copy.partial").exists() or copy.exists())
        backup.send_signal(signal.SIGTERM)
        backup.communicate(timeout=60)
        if backup.returncode == 0:
            self.check_copy(copy)
        else:
            self.assertEqual(backup.returncode, -signal.SIGTERM)
            self.assertFalse(copy.exists())
        self.assertFalse((self.stage.dir / "copy.partial").exists())

    def test_a_damaged_store_has_no_backup(self):
        self.fill(feeds=2, polls=300)
        data = self.stage.store / "data.mdb"
        whole = data.read_bytes()
        copy = self.stage.dir / "copy"
        refused = 0
        for _ in range(given.rounds):
            damaged = bytearray(whole)
            place = self.dice.randrange(2 * 4096, len(whole) - 4096)
            for byte in range(place, place + 600):
                damaged[byte] ^= 0xa5
            data.write_bytes(damaged)
            is_sound = self.stage.run("verify").returncode == 0
            done = self.stage.run("backup", copy)
            self.assertEqual(done.returncode, 0 if is_sound else 1, done.stderr)
            self.assertEqual(copy.exists(), is_sound)
            if copy.exists():
                shutil.rmtree(copy)
            else:
                refused += 1
                streamed = self.stage.run("backup", "-")
                self.assertEqual((streamed.returncode, streamed.stdout), (1, b""))
            self.assertFalse((self.stage.dir / "copy.partial").exists())
        self.assertGreater(refused, 0)

    def test_backups_of_a_store_that_is_written(self):
        web = self.use(Web(from_paths(
            fresh=lambda _: json.dumps([{"n": time.time()}] * 50).encode())))
        for place in range(20):
            self.stage.feed(f"fresh-{place}", f"{web.url}/fresh", interval="100ms", keep="3s",
                            retry=False, backoff=False)
        self.stage.settings(defaults={"host_limit": 64})
        service = self.stage.start().ready()
        for place in range(5):
            copy = self.stage.dir / f"copy-{place}"
            self.stage.ask("backup", copy)
            self.stage.ask("verify", store=copy)
            self.stage.ask("dump", store=copy)
        self.assertEqual(service.end(), 0)
        self.stage.verify()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=20261123)
    given, rest = parser.parse_known_args()
    print(f"seed {given.seed}", flush=True)
    unittest.main(argv=["upkeep.py", *rest], verbosity=2)
