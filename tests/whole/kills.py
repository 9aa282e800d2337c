"""kill -9 at random moments under load: what the log called stored is in the store, once and for ever.

kills.py [--rounds 60] [--seed N]   The issue's figure is 200 rounds.
"""
import argparse
import collections
import csv
import io
import json
import random
import time
import unittest

from stage import Case, figure, instant, within
from web import Answer, Web, from_paths

given = None
STEP_MS = {"fast": 100, "big": 500, "same": 200, "gone": 250}


class Kills(Case):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(given.seed)
        count = iter(range(10 ** 9))

        def fresh(size):
            def answer(_):
                text = "%x" % self.dice.getrandbits(4 * size)
                return Answer(200, json.dumps([{"n": next(count), "text": text}]).encode())
            return answer
        self.web = self.use(Web(from_paths(fast=fresh(1500), big=fresh(150000), same=b'{"a":1}')))
        self.stage.settings(defaults={"host_limit": 64}, max_requests=128)
        for kind, number in (("fast", 20), ("big", 2), ("same", 4), ("gone", 3)):
            for place in range(number):
                self.stage.feed(f"{kind}-{place}", f"{self.web.url}/{kind}", retry=False,
                                backoff=False, interval=f"{STEP_MS[kind]}ms")
        self.reported = {}  # (feed, slot) → outcome, by the log
        self.lines = set()  # of `pollard polls`
        self.kills_in_start = 0

    def round(self):
        service = self.stage.start("--log-level", "debug")
        wait = self.dice.uniform(0, 0.9)
        if self.dice.random() < 0.8:
            service.ready()
        time.sleep(wait)
        service.kill()
        self.kills_in_start += "info ready" not in service.log()
        self.note(service.log())
        self.stage.services.remove(service)
        service.log_path.unlink()

    def note(self, log):
        whole = log[:log.rfind("\n") + 1]
        for line in whole.splitlines():
            words = line.split(" ")
            if words[1:2] != ["stored"]:
                continue
            fields = dict(word.split("=", 1) for word in words[2:])
            feed, first = fields["feed"], round(instant(fields["slot"]) * 1000)
            for place in range(int(fields["count"])):
                key = feed, first + place * STEP_MS[feed.partition("-")[0]]
                self.assertNotIn(key, self.reported, "reported twice")
                self.reported[key] = fields["outcome"]

    def check(self):
        text = self.stage.ask("polls")
        lines = text.splitlines()
        self.assertEqual(len(lines), len(set(lines)))
        changed = self.lines - set(lines)
        self.assertEqual(changed, set(), "polls that changed or went")
        self.lines = set(lines)
        polls = {}
        for poll in csv.DictReader(io.StringIO(text)):
            key = poll["feed"], round(instant(poll["slot"]) * 1000)
            self.assertNotIn(key, polls, "a slot has two polls")
            polls[key] = poll
        lost = [key for key, outcome in self.reported.items()
                if key not in polls or polls[key]["outcome"] != outcome]
        self.assertEqual(lost, [], "reported and not stored so")
        return polls

    def test_nothing_reported_is_lost_doubled_or_changed(self):
        print(f"seed {given.seed}, {given.rounds} rounds", flush=True)
        for number in range(given.rounds):
            self.round()
            if number:
                self.check()
            if number % 20 == 19:
                self.stage.verify()
        # A last run that ends cleanly accounts for the last down time too.
        service = self.stage.start("--log-level", "debug").ready()
        within(20, lambda: len({e["feed"] for e in service.events("stored")}) >= 29)
        self.assertEqual(service.end(), 0)
        self.note(service.log())
        polls = self.check()
        self.stage.verify()
        self.check_accounts(polls)
        figure("kills", given.rounds)
        figure("kills_before_ready", self.kills_in_start)
        figure("reported", len(self.reported))
        figure("stored_polls", len(polls))

    def check_accounts(self, polls):
        slots, missed = collections.defaultdict(list), collections.Counter()
        for (feed, slot), poll in polls.items():
            slots[feed].append(slot)
            if poll["outcome"] == "missed":
                missed[poll["detail"]] += 1
        for feed, own in slots.items():
            step = STEP_MS[feed.partition("-")[0]]
            self.assertEqual({b - a for a, b in zip(own, own[1:])}, {step}, feed)
        # Late on a crowded machine is not what is tested here; most of all it is the down time.
        figure("missed", dict(missed))
        self.assertGreater(missed["down"], given.rounds)
        self.assertLessEqual(set(missed), {"down", "overrun", "busy", "host_busy"})
        self.assertLess(sum(missed.values()) - missed["down"], len(polls) / 20)


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=60)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    given, rest = words.parse_known_args()
    unittest.main(argv=["kills.py", *rest], verbosity=2)
