"""Recorded feeds, served one file after another, come out as they went in.

Every slot is accounted, every stored body is byte for byte the file served, and `pollard dump` gives
cell for cell what rows.py makes of the same files.
"""
import csv
import io
import os
import pathlib
import subprocess
import unittest

from stage import BIN, Case, figure, instant, skip_all, within
from web import Answer, Web

DATA = pathlib.Path(os.environ.get("POLLARD_DATA") or "/nowhere")
SEQUENCES = {"quakes-day": ("earthquakes-usgs/all_day", "json"),
             "quakes-hour": ("earthquakes-usgs/all_hour", "json"),
             "aircraft": ("adsb-dump1090", "json"),
             "subway": ("gtfsrt-nyct-sequence", "pb")}
TYPES = {"json": "application/json", "pb": "application/x-protobuf"}


class Sequence:
    """Gives the next file at each request, and the last one from then on."""

    def __init__(self, feed):
        folder, ending = SEQUENCES[feed]
        self.type = TYPES[ending]
        self.files = sorted(p for p in (DATA / folder).glob(f"*.{ending}") if p.stem.isdigit())
        self.bodies = [path.read_bytes() for path in self.files]
        self.served = []

    def answer(self):
        body = self.bodies[min(len(self.served), len(self.bodies) - 1)]
        self.served.append(body)
        return Answer(200, body, {"Content-Type": self.type})

    def is_over(self):
        return len(self.served) > len(self.bodies)


class Recorded(Case):
    def test_sequences_come_out_as_they_were_served(self):
        sequences = {feed: Sequence(feed) for feed in SEQUENCES}
        for sequence in sequences.values():
            self.assertGreater(len(sequence.bodies), 15)
        web = self.use(Web(lambda request: sequences[request.path[1:]].answer()))
        self.stage.settings(defaults={"host_limit": 8})
        for feed in sequences:
            self.stage.feed(feed, f"{web.url}/{feed}", timezone="America/Los_Angeles")
        service = self.stage.start().ready()
        within(120, lambda: all(s.is_over() for s in sequences.values()), "the sequences to end")
        self.assertEqual(service.end(), 0)
        polls = {feed: self.stage.polls(feed) for feed in sequences}
        for feed, sequence in sequences.items():
            self.check_slots(polls[feed], sequence)
        self.check_bodies(polls, sequences)
        for feeds in (["aircraft"], ["quakes-day"], ["quakes-hour"],
                      ["aircraft", "quakes-day", "quakes-hour"]):
            self.check_dump(feeds, polls, sequences)
        figure("polls", sum(len(p) for p in polls.values()))
        self.stage.verify()

    def check_slots(self, polls, sequence):
        previous = None
        self.assertEqual(len(polls), len(sequence.served))
        for poll, body in zip(polls, sequence.served):
            self.assertEqual((poll["outcome"], poll["detail"], poll["flags"], poll["attempts"]),
                             ("same" if body == previous else "new", "", "", "1"), poll)
            self.assertEqual(int(poll["body_bytes"]), len(body))
            previous = body
        slots = [round(instant(poll["slot"]) * 1000) for poll in polls]
        self.assertEqual({b - a for a, b in zip(slots, slots[1:])}, {1000})

    def check_bodies(self, polls, sequences):
        target = self.stage.dir / "bodies"
        target.mkdir()
        done = subprocess.run([BIN / "tests/whole/read_bodies", self.stage.store, target],
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for feed, sequence in sequences.items():
            kept = sorted((target / feed).iterdir(), key=lambda path: int(path.name))
            slots = [round(instant(poll["slot"]) * 1000000) for poll in polls[feed]]
            self.assertEqual([int(path.name) for path in kept], slots)
            for path, body in zip(kept, sequence.served):
                self.assertEqual(path.read_bytes(), body, path)
        figure("bodies", done.stdout.decode().strip())

    def check_dump(self, feeds, polls, sequences):
        from rows import table_of
        calls = [(feed, [(milliseconds(poll["started"]), body) for poll, body in
                         zip(polls[feed], sequences[feed].served)]) for feed in feeds]
        header, lines = table_of(calls)
        text = self.stage.ask("dump", *feeds)
        self.assertNotIn("\r", text)
        got = list(csv.reader(io.StringIO(text, newline="")))
        self.assertEqual(got[0], header)
        self.assertEqual(len(got) - 1, len(lines))
        for number, (line, expected) in enumerate(zip(got[1:], lines)):
            self.assertEqual(line, expected, f"line {number + 2}")
        figure("cells_" + "+".join(feeds), len(header) * len(lines))


def milliseconds(text):
    """2026-11-23T15:04:05.678901-08:00 without its microseconds."""
    return text[:23] + text[26:]


if __name__ == "__main__":
    if not os.environ.get("POLLARD_DATA"):
        skip_all("POLLARD_DATA does not name the recorded feeds")
    unittest.main(verbosity=2)
