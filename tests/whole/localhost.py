"""The service's HTTP on localhost: tables that are the command's byte for byte, errors in its words,
clients that read nothing, connections by the thousand, the page that moves and ends.

Which requests are refused for their form is tests/test_httpd.c's.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.parse

from stage import BIN, Case, figure, free_port, within
from web import Answer, Web, from_paths

DATA = pathlib.Path(os.environ.get("POLLARD_DATA") or "/nowhere")
RECORDED = {"quakes-day": ("earthquakes-usgs/all_day", "json"),
            "quakes-hour": ("earthquakes-usgs/all_hour", "json"),
            "aircraft": ("adsb-dump1090", "json"),
            "subway": ("gtfsrt-nyct-sequence", "pb")}
DOWNLOADS = 8
LISTEN = "127.0.0.1"

# What may be asked of any table of ours, as options of the command.
OPTIONS = [
    {}, {"last": "2"}, {"from": "2026-01-01", "to": "2999-01-01"}, {"from": "-24h"},
    {"tz": "America/Los_Angeles", "time-format": "%d.%m. %H:%M %Z"}, {"time-format": "unix-ms"},
    {"with": "slot,status,definition"}, {"changes-only": None}, {"format": "tsv"},
    {"format": "ndjson", "last": "1"}, {"spreadsheet-safe": None}, {"columns": "id,no such"},
    {"to": "2000-01-01"},
]
WRONG = [
    {"from": "yesterday"}, {"to": "2026-13-01"}, {"tz": "Mars/Olympus"}, {"last": "0"}, {"last": "x"},
    {"time-format": "roman"}, {"rows": "$["}, {"columns": "a,,b"}, {"columns": "{"}, {"with": "nonsense"},
    {"kind": "train"}, {"format": "xls"}, {"fromat": "csv"}, {"nonsense-that-is-near-nothing": "1"},
    {"from": "2026-02-01", "to": "2026-01-01"}, {"format": "ndjson", "spreadsheet-safe": None},
]


def rows(count, tag=""):
    return json.dumps([{"id": n, "tag": f"{tag}{n}", "deep": {"a": [1, 2]}, "f": 1.50}
                       for n in range(count)]).encode()


def fresh(count=3):
    seen = [0]

    def answer(_):
        seen[0] += 1
        return Answer(200, rows(count, f"{seen[0]}-"), {"Content-Type": "application/json"})
    return answer


def query_of(options):
    return "&".join(name if value is None else f"{name}={urllib.parse.quote(value)}"
                    for name, value in options.items())


def words_of(options):
    return [word for name, value in options.items()
            for word in ([f"--{name}"] if value is None else [f"--{name}", value])]


class Page:
    """A service that listens, and how to ask it."""

    def __init__(self, stage, *args):
        self.port = free_port()
        self.service = stage.start("--listen", f"{LISTEN}:{self.port}", *args).ready()

    def get(self, path, method="GET", port=None, host=None):
        asked = http.client.HTTPConnection(LISTEN, port or self.port, timeout=30)
        with contextlib.closing(asked):
            asked.request(method, path, headers={"Host": host} if host else {})
            answer = asked.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def begin(self, path, receive_bytes=None):
        """Sends a request and reads nothing."""
        asked = socket.socket()
        if receive_bytes:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        asked.settimeout(30)
        asked.connect((LISTEN, self.port))
        asked.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return asked

    def memory_kib(self):
        text = pathlib.Path(f"/proc/{self.service.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", text)[1])


class Localhost(Case):
    def collect(self, *feeds, polls=2):
        """A service with a page that has polled each feed so often."""
        web = self.use(Web(from_paths(**{feed: fresh() for feed in feeds})))
        for feed in feeds:
            self.stage.feed(feed, f"{web.url}/{feed}", interval="200ms", timezone="Europe/Berlin")
        page = Page(self.stage)
        within(20, lambda: all(json.loads(page.get("/status.json")[2])["feeds"][n]["counts"]["new"]
                               >= polls for n in range(len(feeds))), "polls")
        return page

    def fill(self, feed, times, *files):
        subprocess.run([BIN / "tests" / "fill_store", self.stage.store, feed, str(times), *files],
                       check=True, capture_output=True)

    def fill_much(self, feed="much", times=400):
        """A table of some 60 MB."""
        path = self.stage.dir / "body.json"
        path.write_bytes(rows(3000))
        self.fill(feed, times, path)

    def test_its_tables_are_the_commands_byte_for_byte(self):
        page = self.collect("bus-1", "bus-2")
        for feed in ("bus-1", "bus-2"):
            self.stage.remove(feed)
        page.service.send(signal.SIGHUP)
        page.service.wait_for("info reloaded feeds=0")
        tables = [("bus-1", options) for options in OPTIONS]
        tables += [("bus-*", options) for options in OPTIONS[:4]]
        self.compare(page, tables)
        for feed in ("bus-1", "bus-?"):
            for options in ({}, {"json": None}, {"from": "-1h", "tz": "Asia/Tokyo"}, {"to": "2000-01-01"}):
                status, headers, body = page.get(f"/polls/{urllib.parse.quote(feed)}.csv?"
                                                 f"{query_of(options)}")
                self.assertEqual(status, 200)
                self.assertEqual(headers["Content-Type"].partition(";")[0],
                                 "application/json" if "json" in options else "text/csv")
                self.assertEqual(body.decode(), self.stage.ask("polls", feed, *words_of(options)))
        self.assertEqual(page.service.end(), 0)

    def compare(self, page, tables):
        for feed, options in tables:
            with self.subTest(feed=feed, options=options):
                status, headers, body = page.get(f"/dump/{urllib.parse.quote(feed)}.csv?"
                                                 f"{query_of(options)}")
                self.assertEqual(status, 200)
                self.assertIn("attachment; filename=", headers["Content-Disposition"])
                told = self.stage.run("dump", feed, *words_of(options))
                self.assertEqual(told.returncode, 0, told.stderr)
                self.assertEqual(body, told.stdout)

    @unittest.skipUnless(DATA.is_dir(), "SKIP: POLLARD_DATA is not set")
    def test_recorded_feeds_are_the_commands_byte_for_byte(self):
        compared = 0
        for feed, (folder, ending) in RECORDED.items():
            files = sorted(p for p in (DATA / folder).glob(f"*.{ending}") if p.stem.isdigit())
            self.assertGreater(len(files), 10)
            self.stage.store = self.stage.dir / f"store-{feed}"
            self.fill(feed, 1, *files)
            tables = [(feed, options) for options in OPTIONS]
            if feed == "subway":
                tables = [(feed, {"kind": kind, **options})
                          for kind in ("vehicle", "trip_update") for options in OPTIONS]
            page = Page(self.stage)
            self.compare(page, tables)
            compared += len(tables)
            self.assertEqual(page.service.end(), 0)
        figure("tables_compared", compared)

    def test_errors_are_in_the_commands_words(self):
        page = self.collect("bus")
        for options in WRONG:
            with self.subTest(options=options):
                status, headers, body = page.get(f"/dump/bus.csv?{query_of(options)}")
                told = self.stage.run("dump", "bus", *words_of(options))
                text = re.sub(r'^pollard: |: see "pollard dump --help"\n$', "", told.stderr.decode())
                self.assertEqual((status, told.returncode), (400, 2))
                self.assertEqual(headers["Content-Type"], "text/plain; charset=utf-8")
                self.assertEqual(body.decode().rstrip("\n"), text)
        for path, status, text in (
                ("/dump/nobody.csv", 404, 'no feed "nobody" in the store'),
                ("/polls/tram-*.csv", 404, 'no feed matches "tram-*" in the store'),
                ("/dump/bus.csv?format=raw", 400, "only the command can"),
                ("/dump/bus.csv?from=2026-01-01T00:00:00+01:00", 400, "a + is written %2B"),
                ("/dump/bus.csv?changes-only=yes", 400, "takes no value"),
                ("/dump/bus.csv?changes-only=1", 200, "feed,call_time"),
                ("/dump/bus.csv?changes-only=false", 200, "feed,call_time"),
                ("/dump/bus.csv?from", 400, "needs a value"),
                ("/polls/bus.csv?last=3", 400, 'unknown option "--last"'),
                ("/dump/bus", 404, "ask for FEED.csv"), ("/dump/", 404, "ask for FEED.csv"),
                ("/dump/../pollard.json", 404, ""), ("/dump/%2e%2e%2fpollard.csv", 404, ""),
                ("/dump/..%5c..csv", 404, ""), ("/dump/<script>.csv", 404, ""),
                ("/dump/" + "a" * 101 + ".csv", 404, ""), ("/pollard.json", 404, "nothing is here"),
                ("/index.html", 404, "nothing is here"), ("/status.json/", 404, "nothing is here"),
                ("//", 404, "nothing is here"), ("/%64ump/bus.csv?%6cast=1", 200, "feed,call_time"),
                ("/dump/bus.csv?" + "a=1&" * 70, 400, "more than 64 parameters")):
            with self.subTest(path=path):
                got, headers, body = page.get(path)
                self.assertEqual(got, status)
                self.assertIn(text, body.decode())
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_what_is_where(self):
        page = self.collect("bus")
        for path, kind in (("/", "text/html; charset=utf-8"), ("/status.json", "application/json"),
                           ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
                           ("/dump/bus.csv", "text/csv; charset=utf-8; header=present"),
                           ("/polls/bus.csv", "text/csv; charset=utf-8; header=present"),
                           ("/-/healthy", "text/plain; charset=utf-8"),
                           ("/-/ready", "text/plain; charset=utf-8")):
            with self.subTest(path=path):
                status, headers, body = page.get(path)
                self.assertEqual((status, headers["Content-Type"]), (200, kind))
                self.assertEqual(headers["Cache-Control"], "no-store")
                self.assertGreater(len(body), 5)
                status, of_head, none = page.get(path, "HEAD")
                self.assertEqual((status, none), (200, b""))
                self.assertEqual(of_head["Content-Type"], kind)
                for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
                    status, headers, _ = page.get(path, method)
                    self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
                self.assertEqual(page.get(path, host="evil.example")[0], 403)
        policy = page.get("/")[1]["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertIn(f"info page listen={LISTEN}:{page.port}", page.service.log())

    def test_a_thousand_idle_connections_stop_nobody(self):
        page = self.collect("bus")
        idle = []
        for _ in range(1000):
            idle.append(self.use(socket.create_connection((LISTEN, page.port))))
        for n in range(0, 1000, 3):
            idle[n].sendall(b"GET / HTTP/1.1\r\nHo")
        count = len(os.listdir(f"/proc/{page.service.pid}/fd"))
        self.assertLess(count, 1300)
        for path in ("/-/healthy", "/status.json", "/dump/bus.csv"):
            self.assertEqual(page.get(path)[0], 200)
        # More than there is room for: who has been idle for longest gives way.
        for _ in range(500):
            idle.append(self.use(socket.create_connection((LISTEN, page.port))))
        self.assertEqual(page.get("/-/healthy")[0], 200)
        known = len(self.stage.polls("bus"))
        within(5, lambda: len(self.stage.polls("bus")) > known, "polls beside idle connections")
        self.assertLess(int(page.service.status()["loop_gap_max_ms"]), 500)
        self.assertEqual(page.service.end(), 0)

    def test_who_does_not_read_stops_nobody(self):
        self.fill_much()
        page = self.collect("bus")
        before = page.memory_kib()
        # ndjson is read once: its first bytes come at once.
        held = [page.begin("/dump/much.csv?format=ndjson", 4096) for _ in range(DOWNLOADS)]
        for asked in held:
            self.assertIn(b"200 OK", asked.recv(1000))
        status, headers, body = page.get("/dump/bus.csv")
        self.assertEqual((status, headers["Retry-After"]), (503, "5"))
        self.assertIn(b"8 downloads are under way", body)
        self.assertEqual(page.get("/status.json")[0], 200)
        known = len(self.stage.polls("bus"))
        within(5, lambda: len(self.stage.polls("bus")) > known, "polls beside downloads")
        figure("memory_of_8_downloads_kib", page.memory_kib() - before)
        self.assertLess(page.memory_kib() - before, 48 * 1024)
        held.pop().close()
        within(5, lambda: page.get("/dump/bus.csv")[0] == 200, "a place for a download")
        begun = time.monotonic()
        self.assertEqual(page.service.end(), 0)
        self.assertLess(time.monotonic() - begun, 3)
        for asked in held:
            self.assertFalse(self.is_whole(asked))
            asked.close()

    def is_whole(self, asked):
        """Is what comes now ended as HTTP has it?"""
        last = b""
        try:
            while piece := asked.recv(1 << 20):
                last = (last + piece)[-7:]
        except ConnectionError:
            return False
        return last.endswith(b"\r\n0\r\n\r\n")

    def test_a_large_table_holds_nobody_up(self):
        self.fill_much(times=800)
        page = self.collect("bus")
        size = len(self.stage.run("dump", "much").stdout)
        within(5, lambda: page.service.status())
        before, peak = page.memory_kib(), 0
        got, begun = 0, time.monotonic()
        asked = self.use(page.begin("/dump/much.csv"))
        answer = http.client.HTTPResponse(asked)
        answer.begin()
        while piece := answer.read(1 << 18):
            got += len(piece)
            peak = max(peak, page.memory_kib())
        self.assertEqual(got, size)
        figure("download_mb_per_s", round(got / 1e6 / (time.monotonic() - begun)))
        figure("download_memory_kib", peak - before)
        figure("download_gap_ms", page.service.status()["loop_gap_max_ms"])
        self.assertLess(peak - before, 16 * 1024)
        self.assertLess(int(page.service.status()["loop_gap_max_ms"]), 500)

    def test_it_ends_while_columns_are_sought(self):
        self.fill_much(times=3000)
        page = Page(self.stage)
        asked = [self.use(page.begin("/dump/much.csv")) for _ in range(4)]
        time.sleep(0.3)
        asked[0].close()
        begun = time.monotonic()
        self.assertEqual(page.service.end(), 0)
        self.assertLess(time.monotonic() - begun, 3)

    def test_a_damaged_body_breaks_the_download(self):
        for n in range(40):
            (self.stage.dir / f"{n}.json").write_bytes(rows(3000, os.urandom(8).hex()))
        self.fill("much", 1, *(self.stage.dir / f"{n}.json" for n in range(40)))
        store = self.stage.store / "data.mdb"
        pages = bytearray(store.read_bytes())
        # An LMDB page says at its byte 10 what it is: 4 is the first page of a long value.
        long_values = [at for at in range(0, len(pages), 4096) if pages[at + 10] == 4]
        at = long_values[len(long_values) * 9 // 10]
        pages[at + 2000:at + 2100] = bytes(byte ^ 0xFF for byte in pages[at + 2000:at + 2100])
        store.write_bytes(pages)
        page = Page(self.stage)
        asked = self.use(page.begin("/dump/much.csv?format=ndjson"))
        self.assertIn(b"200 OK", asked.recv(1000))
        self.assertFalse(self.is_whole(asked))
        page.service.wait_for("warn download feed=much")
        status, _, body = page.get("/dump/much.csv")
        self.assertEqual(status, 500)
        self.assertIn(b"checksum", body)
        self.assertEqual(page.get("/-/ready")[0], 200)
        self.assertEqual(page.service.end(), 0)

    def test_an_address_in_use_ends_it(self):
        holder = self.use(socket.create_server((LISTEN, free_port())))
        port = holder.getsockname()[1]
        service = self.stage.start("--listen", f"{LISTEN}:{port}")
        self.assertEqual(service.wait(), 1)
        self.assertIn(f"pollard: cannot listen on {LISTEN}:{port}: address already in use",
                      service.log())
        self.stage.settings(listen=f"{LISTEN}:{port}")
        web = self.use(Web(from_paths(bus=fresh())))
        self.stage.feed("bus", f"{web.url}/bus")
        once = subprocess.run([BIN / "pollardd", "--config", self.stage.config, "--store",
                               self.stage.store, "--once"], capture_output=True, timeout=30)
        self.assertEqual(once.returncode, 0, once.stderr)

    def start_as_configured(self):
        """A service that listens where pollard.json says; the stage's own are given --listen."""
        log = open(self.stage.dir / "log", "wb")
        self.use(log)
        process = subprocess.Popen([BIN / "pollardd", "--config", self.stage.config, "--store",
                                    self.stage.store], stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, text, seconds=20):
        within(seconds, lambda: text in (self.stage.dir / "log").read_text(), text)

    def test_a_reload_moves_it(self):
        def last_page():
            return (self.stage.dir / "log").read_text().rpartition("info page listen=")[2]
        first, second = free_port(), free_port()
        self.stage.settings(listen=f"{LISTEN}:{first}")
        process = self.start_as_configured()
        self.wait_for(f"info page listen={LISTEN}:{first}")
        ask = Page.get
        page = Page.__new__(Page)
        self.assertEqual(ask(page, "/-/ready", port=first)[0], 200)
        self.assertEqual(ask(page, "/-/ready", port=first, host="buses.example")[0], 403)
        self.stage.settings(listen=f"{LISTEN}:{first}", listen_hosts=["buses.example"])
        within(10, lambda: ask(page, "/-/ready", port=first, host="buses.example:80")[0] == 200,
               "the new name")
        holder = self.use(socket.create_server((LISTEN, second)))
        self.stage.settings(listen=f"{LISTEN}:{second}")
        self.wait_for("address already in use")
        self.assertEqual(ask(page, "/-/ready", port=first)[0], 200)
        holder.close()
        process.send_signal(signal.SIGHUP)
        self.wait_for(f"info page listen={LISTEN}:{second}")
        self.assertEqual(ask(page, "/-/ready", port=second)[0], 200)
        with self.assertRaises(ConnectionError):
            ask(page, "/-/ready", port=first)
        for listen in f"0.0.0.0:{second}", f"{LISTEN}:{second}", f"localhost:{second}":
            self.stage.settings(listen=listen)
            within(10, lambda: last_page().startswith(listen), f"the page on {listen}")
            self.assertEqual(ask(page, "/-/ready", port=second)[0], 200)
        self.stage.settings(listen="off")
        self.wait_for("info page listen=off")
        with self.assertRaises(ConnectionError):
            ask(page, "/-/ready", port=second)
        process.terminate()
        self.assertEqual(process.wait(15), 0)

    def test_no_feed_may_ask_the_page(self):
        port = free_port()
        self.stage.feed("self", f"http://{LISTEN}:{port}/status.json", interval="200ms")
        self.stage.start("--listen", f"{LISTEN}:{port}").ready().wait_for("failing feed=self")
        self.assertEqual({poll["detail"] for poll in self.stage.polls("self")
                          if poll["outcome"] == "failed"}, {"blocked"})

    def test_healthy_tells_of_a_full_disk(self):
        page = self.collect("bus")
        self.assertEqual(page.get("/-/healthy")[0], 200)
        self.stage.settings(disk_reserve="1000TiB")
        within(15, lambda: page.get("/-/healthy")[0] == 503, "the news")
        status, _, body = page.get("/-/healthy")
        self.assertEqual((status, body.count(b"\n")), (503, 1))
        self.assertIn(b"disk", body)
        self.stage.settings()
        within(15, lambda: page.get("/-/healthy")[0] == 200, "better news")

    def test_many_at_once_beside_reloads(self):
        page = self.collect("bus-1", "bus-2")
        end, wrong = time.monotonic() + 3, []
        zones = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]

        def ask(number):
            while time.monotonic() < end:
                status = page.get(f"/dump/bus-*.csv?tz={zones[number % 5]}&last=5")[0]
                if status not in (200, 503):
                    wrong.append(status)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for zone in zones * 2:
            self.stage.write("feeds/extra.json", json.dumps(
                {"url": "http://127.0.0.1:9/", "interval": "1h", "timezone": zone, "enabled": False}))
            page.service.send(signal.SIGHUP)
            time.sleep(0.25)
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(page.service.end(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
