"""What `pollard dump` writes, in every form, into every place, and who can read it.

Forms, files and words are tested on answers of a server of ours; following beside a service that is
killed; and the CSV of recorded feeds (POLLARD_DATA) is loaded into pandas, DuckDB and SQLite, which
must find the rows and cells that Python's csv finds.
"""
import csv
import datetime
import io
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

from rows import table_of
from stage import BIN, Case, within
from web import Answer, Web

DATA = os.environ.get("POLLARD_DATA")
# A test that finds no library of a reader says so; ctest shows it with -V.
READERS = {}
for name in ("pandas", "duckdb"):
    try:
        READERS[name] = __import__(name)
    except ImportError:
        print(f"SKIP outputs.py: no {name}: its reading of our CSV is not tested", flush=True)
if not shutil.which("sqlite3"):
    print("SKIP outputs.py: no sqlite3: its .import of our CSV is not tested", flush=True)

BODIES = [b'{"v":[{"id":"a","n":1.50,"x":null},{"id":"=b,\\t\\"c","tags":[1, {"k":"\\u00fc"}]}]}',
          b'{"v":[{"id":"a","n":2,"late":true}]}',
          b'{"v":[{"id":"+c","n":-3.0,"at":{"lat":1e400}}]}',
          b'<html>no</html>']
SETS = {"quakes-day": ("earthquakes-usgs/all_day", "*.json"),
        "quakes-hour": ("earthquakes-usgs/all_hour", "*.json"),
        "quakes-2017": ("earthquakes-usgs/raw-2017", "*.geojson"),
        "aircraft": ("adsb-dump1090", "0*.json"),
        "weather": ("weather-boston", "0*.json"),
        "predictions": ("lametro-predictions", "0*.json"),
        "buses": ("gtfsrt-derived-geojson", "*.json"),
        "subway-vehicles": ("gtfsrt-nyct-sequence", "0*.pb"),
        "subway-trips": ("gtfsrt-nyct-sequence", "0*.pb"),
        "alerts": ("gtfsrt-mbta-concentrate", "alerts.pb"),
        "vehicles": ("gtfsrt-mbta-concentrate", "vehiclepositions.pb"),
        "trips": ("gtfsrt-mbta-concentrate", "tripupdates*.pb"),
        "bullrunner": ("gtfsrt-bullrunner", "bullrunner-*"),
        # 2025's and 2017's in one feed.
        "quakes": ("earthquakes-usgs", "*/*.*json")}
KINDS = {"subway-vehicles": "vehicle", "subway-trips": "trip_update", "alerts": "alert"}


def table(text, **how):
    return list(csv.reader(io.StringIO(text, newline=""), **how))


class Forms(Case):
    def setUp(self):
        super().setUp()
        self.served = BODIES[0]
        self.web = self.use(Web(lambda request: Answer(
            200, self.served if request.path == "/bus" else b'[{"t":1}]',
            {"Content-Type": "application/json"})))
        self.stage.settings(listen="off")
        for feed in ("bus", "tram"):
            self.stage.feed(feed, f"{self.web.url}/{feed}", interval="366d", retry=False)
        for self.served in [BODIES[0], *BODIES]:
            self.assertEqual(self.stage.once()[0], 0)
        self.out = self.stage.dir / "out"

    def refuse(self, code, *words):
        done = self.stage.run("dump", *words)
        self.assertEqual((done.returncode, done.stdout), (code, b""), done.stderr)

    def files(self):
        return {str(path.relative_to(self.out)): path.read_bytes()
                for path in self.out.rglob("*") if path.is_file()}

    def test_every_form_has_the_same_cells(self):
        rows = table(self.stage.ask("dump"))
        self.assertEqual(rows[0], ["feed", "call_time", "id", "n", "x", "tags", "late", "at.lat",
                                   "t"])
        self.assertEqual([row[2:4] for row in rows[1:7]],
                         [["a", "1.50"], ['=b,\t"c', ""]] * 2 + [["a", "2"], ["+c", "-3.0"]])
        self.assertEqual(rows[2][5], '[1,{"k":"ü"}]')
        self.assertEqual(table(self.stage.ask("dump", "--format", "tsv"), delimiter="\t"), rows)
        lines = self.stage.ask("dump", "--format", "ndjson").splitlines()
        self.assertEqual(len(lines), len(rows) - 1)
        for line, row in zip(lines, rows[1:]):
            cells = json.loads(line, parse_int=str, parse_float=str)
            self.assertEqual(list(cells)[:2], ["feed", "call_time"])
            # An array is JSON in JSON, and null a cell that is there and empty.
            flat = {name: json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
                    if isinstance(cell, (list, bool)) else cell or ""
                    for name, cell in cells.items()}
            flat = {name: cell.replace('"1"', "1") if name == "tags" else cell
                    for name, cell in flat.items()}
            self.assertEqual([flat.get(name, "") for name in rows[0]], row)
        self.assertIn('"n":-3.0,"at.lat":1e400}', lines[5])
        self.assertIn('"id":"a","n":1.50,"x":null}', lines[0])
        self.assertIn('"tags":[1,{"k":"ü"}]}', lines[1])
        safe = table(self.stage.ask("dump", "--spreadsheet-safe", "bus"))
        self.assertEqual([row[2:4] for row in safe[5:]], [["a", "2"], ["'+c", "-3.0"]])
        self.assertEqual(safe[2][2], '\'=b,\t"c')

    def test_split_by_feed_is_a_dump_of_each(self):
        self.assertEqual(self.stage.ask("dump", "--split", "feed", "-o", self.out), "")
        files = self.files()
        self.assertEqual(sorted(files), ["bus.csv", "tram.csv"])
        for feed in ("bus", "tram"):
            self.assertEqual(files[f"{feed}.csv"].decode(), self.stage.ask("dump", feed))
        # Once more, in another form: beside them; what has the same name is replaced.
        (self.out / "bus.csv").write_text("old")
        self.stage.ask("dump", "--split", "feed", "-o", self.out, "bus")
        self.stage.ask("dump", "--split", "feed", "--format", "tsv", "-o", self.out, "tram")
        self.assertEqual(self.files()["bus.csv"], files["bus.csv"])
        self.assertEqual(sorted(os.listdir(self.out)), ["bus.csv", "tram.csv", "tram.tsv"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual((self.out / "bus.csv").stat().st_mode & 0o777, 0o666 & ~mask)

    def test_split_by_time_has_every_row_once(self):
        whole = table(self.stage.ask("dump", "--tz", "Asia/Kolkata"))
        for by, length in (("day", 10), ("hour", 13)):
            shutil.rmtree(self.out, ignore_errors=True)
            self.stage.ask("dump", "--split", by, "-o", self.out, "--tz", "Asia/Kolkata")
            rows = []
            for name, content in sorted(self.files().items()):
                part = table(content.decode())
                self.assertEqual(part[0], whole[0])
                self.assertEqual({row[1][:length] for row in part[1:]}, {name[:-4]})
                rows += part[1:]
            self.assertEqual(sorted(rows), sorted(whole[1:]))

    def test_raw_gives_the_bodies(self):
        self.stage.ask("dump", "--format", "raw", "-o", self.out, "bus")
        polls = self.stage.polls("bus")
        self.assertEqual([poll["outcome"] for poll in polls], ["new", "same", "new", "new", "new"])
        for poll, body in zip(polls, [BODIES[0], *BODIES]):
            slot = datetime.datetime.fromisoformat(poll["slot"]).astimezone(datetime.timezone.utc)
            name = slot.strftime("%Y-%m-%dT%H%M%S.%fZ") + (".txt" if b"<" in body else ".json")
            path = self.out / "bus" / name
            self.assertEqual(path.read_bytes(), body)
            started = datetime.datetime.fromisoformat(poll["started"])
            self.assertAlmostEqual(path.stat().st_mtime, started.timestamp(), places=5)
        self.assertEqual(len(self.files()), len(polls))
        self.assertEqual(os.listdir(self.out), ["bus"])

    def test_files_appear_whole_or_not_at_all(self):
        self.refuse(1, "--split", "day", "-o", self.out, "nobody")
        self.refuse(1, "--split", "day", "-o", self.stage.dir / "none" / "out")
        self.assertEqual(os.listdir(self.out) if self.out.exists() else [], [])
        # Nothing more fits while the second file is written.
        done = self.stage.run("dump", "--format", "raw", "-o", self.out, preexec_fn=limit_file_size)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"cannot write", done.stderr)
        self.assertEqual(os.listdir(self.out), [])
        self.assertFalse(list(self.out.parent.glob("**/.pollard-*")))

    def test_a_range_without_data_is_no_error(self):
        for form in ("csv", "tsv", "ndjson"):
            done = self.stage.run("dump", "--format", form, "--to", "2001-01-01")
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"no answered polls in this range", done.stderr)
            self.assertEqual(done.stdout.splitlines(),
                             {"csv": [b"feed,call_time"], "tsv": [b"feed\tcall_time"]}.get(form, []))
        for command in (["polls"], ["gaps"], ["gaps", "--list"]):
            done = self.stage.run(*command, "--to", "2001-01-01", "--json")
            self.assertEqual((done.returncode, json.loads(done.stdout)), (0, []))
            self.assertIn(b"no polls in this range", done.stderr)

    def test_polls_and_gaps_say_the_same_as_json(self):
        for command in (["polls"], ["gaps"], ["gaps", "--list"]):
            rows = list(csv.DictReader(io.StringIO(self.stage.ask(*command))))
            again = json.loads(self.stage.ask(*command, "--json"), parse_float=str, parse_int=str)
            self.assertGreater(len(rows), 0, command)
            self.assertEqual([{name: cell or "" for name, cell in row.items()} for row in again],
                             rows)
        gaps = {row["feed"]: row for row in csv.DictReader(io.StringIO(self.stage.ask("gaps")))}
        self.assertEqual([gaps["bus"][name] for name in
                          ("slots", "new", "same", "invalid", "complete_percent",
                           "longest_gap_slots")], ["5", "3", "1", "1", "80.00", "1"])
        self.assertEqual(gaps["tram"]["complete_percent"], "100.00")


def limit_file_size():
    import resource
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))


class Follower:
    """pollard dump --follow; its lines as they come."""

    def __init__(self, stage, *words):
        self.process = subprocess.Popen(
            [BIN / "pollard", "dump", "--store", stage.store, "--follow", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.said = [], []
        self.threads = [threading.Thread(target=self.read, args=args, daemon=True) for args in (
            (self.process.stdout, self.lines), (self.process.stderr, self.said))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(pipe, kept):
        for line in pipe:
            kept.append(line)

    def catches_signals(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            caught = next(line for line in file if line.startswith("SigCgt:")).split()[1]
        return int(caught, 16) >> (signal.SIGTERM - 1) & 1

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(10)

    def close(self):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Following(Case):
    def setUp(self):
        super().setUp()
        self.count = 0
        self.extra = b""
        self.web = self.use(Web(self.answer))
        self.stage.settings(listen="off")

    def answer(self, _):
        self.count += 1
        return Answer(200, b'[{"n":%d%s}]' % (self.count, self.extra),
                      {"Content-Type": "application/json"})

    def test_rows_come_as_they_are_committed_through_kill_and_restart(self):
        self.stage.feed("bus", f"{self.web.url}/bus", interval="100ms")
        service = self.stage.start().ready()
        within(10, lambda: len(self.stage.polls()) > 3, "a few polls")
        follower = self.use(Follower(self.stage))
        within(10, lambda: len(follower.lines) > 8, "rows")
        service.kill()
        before = len(follower.lines)
        service = self.stage.start().ready()
        within(10, lambda: len(follower.lines) > before + 5, "rows after the restart")
        self.extra = b',"late":7'
        within(10, lambda: follower.said, "the late column")
        # A feed that is added is followed, too.
        self.stage.feed("tram", f"{self.web.url}/tram", interval="100ms")
        service.send(signal.SIGHUP)
        within(10, lambda: any(line.startswith("tram,") for line in follower.lines), "a new feed")
        self.assertEqual(service.end(), 0)
        rows = self.stage.ask("dump", "--columns", "n").splitlines(keepends=True)
        within(10, lambda: len(follower.lines) >= len(rows), "the last rows")
        self.assertEqual(follower.end(), 0)
        self.assertEqual(follower.lines[0], "feed,call_time,n\n")
        self.assertEqual(sorted(follower.lines), sorted(rows))
        for feed in ("bus,", "tram,"):
            mine = [line for line in follower.lines if line.startswith(feed)]
            self.assertEqual(mine, [line for line in rows if line.startswith(feed)])
        self.assertEqual([line for line in follower.said if '"late"' in line], follower.said)
        self.assertEqual(len(follower.said), 1)

    def test_it_waits_for_the_first_answer_and_ends_quietly(self):
        self.assertEqual(self.stage.run("dump", "--follow").returncode, 1)
        self.stage.feed("bus", f"{self.web.url}/bus", interval="100ms", enabled=False)
        service = self.stage.start().ready()
        for number in (signal.SIGINT, signal.SIGTERM):
            follower = self.use(Follower(self.stage))
            within(5, follower.catches_signals, "its handlers")
            self.assertEqual((follower.end(number), follower.lines, follower.said), (0, [], []))
        waiting = self.use(Follower(self.stage))
        reader, writer = os.pipe()
        with subprocess.Popen([BIN / "pollard", "dump", "--store", self.stage.store, "--follow"],
                              stdout=writer) as gone:
            os.close(writer)
            os.close(reader)
            self.assertEqual(gone.wait(10), 0)
        self.stage.feed("bus", f"{self.web.url}/bus", interval="100ms")
        service.send(signal.SIGHUP)
        within(10, lambda: len(waiting.lines) > 2, "rows")
        self.assertEqual(waiting.lines[0], "feed,call_time,n\n")
        # It ends with its range.
        until = self.use(Follower(self.stage, "--to", "-60s"))
        self.assertEqual(until.process.wait(20), 0)
        self.assertEqual((waiting.end(), waiting.said), (0, []))

    def test_a_pipe_that_is_closed_ends_it_with_every_row_before(self):
        self.stage.feed("bus", f"{self.web.url}/bus", interval="100ms")
        self.stage.start().ready()
        within(10, lambda: len(self.stage.polls()) > 5, "a few polls")
        for words in ("", "--follow", "--format ndjson", "--format ndjson --follow"):
            done = subprocess.run(
                f'"{BIN}/pollard" dump --store "{self.stage.store}" {words} | head -n 4',
                shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=20)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(len(done.stdout.splitlines()), 4)


@unittest.skipUnless(DATA, "POLLARD_DATA is not set: no recorded feeds")
class Readers(Case):
    @staticmethod
    def files_of(name):
        folder, pattern = SETS[name]
        return sorted((pathlib.Path(DATA) / folder).glob(pattern))

    def dump(self, name):
        """The CSV of a recorded set, and the file that it is in."""
        store = self.stage.dir / name
        store.mkdir()
        files = self.files_of(name)
        self.assertTrue(files, name)
        subprocess.run([BIN / "tests" / "fill_store", store, name, "1", *files], check=True,
                       stdout=subprocess.DEVNULL)
        kind = ["--kind", KINDS[name]] if name in KINDS else []
        path = self.stage.dir / f"{name}.csv"
        self.stage.ask("dump", "-o", path, *kind, store=store, config=False)
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        self.assertGreater(len(rows), 1, name)
        for row in rows:
            self.assertEqual(len(row), len(rows[0]), name)
        return path, rows

    def test_recorded_sets_load_with_the_same_rows_and_cells(self):
        for name in SETS:
            with self.subTest(set=name):
                path, rows = self.dump(name)
                for read in (self.read_pandas, self.read_duckdb, self.read_sqlite):
                    header, found = read(path)
                    if header:
                        self.assertEqual(header, rows[0])
                        self.assertEqual(len(found), len(rows) - 1)
                        self.assertEqual([list(row) for row in found], rows[1:])

    def test_a_schema_that_changes_gives_the_union_of_its_columns(self):
        _, rows = self.dump("quakes")
        calls = [("", path.read_bytes()) for path in self.files_of("quakes")]
        header, lines = table_of([("quakes", calls)])
        self.assertEqual(rows[0], header)
        self.assertEqual([row[2:] for row in rows[1:]], [line[2:] for line in lines])
        # Which the server filled in 2017, and no more in 2025.
        zones = [row[header.index("properties.tz")] for row in rows[1:]]
        self.assertTrue(any(zones) and not all(zones))

    @staticmethod
    def read_pandas(path):
        if "pandas" not in READERS:
            return None, None
        frame = READERS["pandas"].read_csv(path, dtype=str, keep_default_na=False)
        # Without being told anything it finds the same shape.
        assert READERS["pandas"].read_csv(path, low_memory=False).shape == frame.shape
        return list(frame.columns), frame.values.tolist()

    @staticmethod
    def read_duckdb(path):
        if "duckdb" not in READERS:
            return None, None
        found = READERS["duckdb"].sql(
            f"select * from read_csv('{path}', all_varchar=true, header=true)")
        rows = [["" if cell is None else cell for cell in row] for row in found.fetchall()]
        # Its sniffer must find out by itself, too.
        count = READERS["duckdb"].sql(f"select count(*) from '{path}'").fetchall()[0][0]
        assert count == len(rows), f"{count} rows of {len(rows)} sniffed"
        return list(found.columns), rows

    @staticmethod
    def read_sqlite(path):
        if not shutil.which("sqlite3"):
            return None, None
        base = path.with_suffix(".db")
        subprocess.run(["sqlite3", base], input=f".import --csv {path} t\n", text=True, check=True)
        with sqlite3.connect(base) as connection:
            cursor = connection.execute("select * from t")
            header = [column[0] for column in cursor.description]
            return header, cursor.fetchall()


if __name__ == "__main__":
    unittest.main(verbosity=2)
