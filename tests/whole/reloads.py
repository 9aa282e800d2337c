"""Reloads while polling: steady feeds lose no request and skip no slot, whatever happens to others.

reloads.py [--reloads 200] [--seed N]   Three of four by SIGHUP, the others by what the watch of the
directory sees.
"""
import argparse
import collections
import json
import random
import signal
import time
import unittest

from stage import Case, figure, instant, within
from web import Answer, Web

STEADY, STEP_MS = 12, 250
BROKEN = ["{", '{"url":5}', '{"url":"http://h/","intervall":"1s"}', "", '{"url":"http://h/"}',
          '{"url":"http://h/","interval":"1s","timezone":"Mars/Olympus"}']
given = None


class Reloads(Case):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(given.seed)
        self.answered = collections.Counter()
        self.web = self.use(Web(self.answer))
        self.service = None
        self.wild = {}  # name → how it stands: fine, broken, gone
        self.doings = collections.Counter()

    def answer(self, request):
        self.answered[request.path[1:]] += 1
        return Answer(200, json.dumps({"n": self.answered[request.path[1:]]}).encode())

    def steady(self, place):
        return f"steady-{place}", f"{self.web.url}/steady-{place}"

    def write_steady(self, place):
        name, url = self.steady(place)
        self.stage.feed(name, url, interval=f"{STEP_MS}ms", retry=False, host_limit=64,
                        catch_up=False)

    def disturb(self):
        """Adds, changes, breaks, mends or removes a feed that is not steady."""
        name = f"wild-{self.dice.randrange(8)}"
        stands = self.wild.get(name, "gone")
        doing = self.dice.choice({"gone": ["add"], "fine": ["change", "break", "remove", "touch"],
                                  "broken": ["mend", "remove", "break"]}[stands])
        self.doings[doing] += 1
        if doing in ("add", "change", "mend"):
            self.stage.feed(name, f"{self.web.url}/{name}?{self.dice.randrange(100)}",
                            interval=f"{self.dice.choice([200, 300, 500, 1000])}ms")
            self.wild[name] = "fine"
        elif doing == "break":
            self.stage.write(f"feeds/{name}.json", self.dice.choice(BROKEN))
            self.wild[name] = "broken"
        elif doing == "remove":
            self.stage.remove(name)
            self.wild[name] = "gone"
        else:  # a steady feed's file is written anew as it was
            self.write_steady(self.dice.randrange(STEADY))

    def count_reloads(self):
        return int(self.service.status()["reloads"])

    def test_no_request_is_lost_and_no_slot_of_an_unchanged_feed_skipped(self):
        print(f"seed {given.seed}, {given.reloads} reloads", flush=True)
        self.stage.settings(max_requests=128)
        for place in range(STEADY):
            self.write_steady(place)
        self.service = self.stage.start("--log-level", "debug").ready()
        within(10, lambda: len(self.answered) >= STEADY)
        for _ in range(given.reloads * 3 // 4):  # many at a time, racing the watch
            self.disturb()
            self.service.send(signal.SIGHUP)
            time.sleep(self.dice.uniform(0, 0.08))
        time.sleep(1)
        by_signal = self.count_reloads()
        self.assertGreaterEqual(by_signal, given.reloads // 2)  # signals may fall together
        end = time.monotonic() + 90
        while self.count_reloads() < given.reloads and time.monotonic() < end:
            before = self.count_reloads()
            self.disturb()
            within(5, lambda: self.count_reloads() > before, "the watch to see a change")
        reloads = self.count_reloads()
        self.assertGreaterEqual(reloads, given.reloads)
        # Everything mended: the wild ones must poll again.
        for name in [f"wild-{place}" for place in range(8)]:
            self.stage.feed(name, f"{self.web.url}/{name}?mended", interval="200ms")
        within(10, lambda: all(self.answered[f"wild-{n}?mended"] > 1 for n in range(8)))
        self.assertEqual(self.service.end(), 0)
        self.check_steady()
        self.check_wild()
        self.stage.verify()
        figure("reloads", reloads)
        figure("reloads_by_signal", by_signal)
        figure("doings", dict(self.doings))

    def check_steady(self):
        total = 0
        for place in range(STEADY):
            name, _ = self.steady(place)
            polls = self.stage.polls(name)
            self.assertEqual({p["outcome"] for p in polls}, {"new"}, name)
            self.assertEqual({p["definition"] for p in polls}, {"1"}, name)
            slots = [round(instant(p["slot"]) * 1000) for p in polls]
            self.assertEqual({b - a for a, b in zip(slots, slots[1:])}, {STEP_MS}, name)
            self.assertEqual(len(polls), self.answered[name], name)
            total += len(polls)
        figure("steady_polls", total)

    def check_wild(self):
        """Every answer that a wild feed got is a poll too, unless its slot was given up."""
        polls = self.stage.polls("wild-*")
        asked = sum(n for path, n in self.answered.items() if path.startswith("wild"))
        stored = sum(p["outcome"] in ("new", "same") for p in polls)
        self.assertEqual(stored, asked)
        self.assertEqual([p for p in polls if p["outcome"] == "failed"], [])
        keys = collections.Counter((p["feed"], p["slot"]) for p in polls)
        self.assertEqual([key for key, n in keys.items() if n > 1], [])
        figure("wild_polls", len(polls))


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--reloads", type=int, default=200)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    given, rest = words.parse_known_args()
    unittest.main(argv=["reloads.py", *rest], verbosity=2)
