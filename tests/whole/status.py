#!/usr/bin/env python3
"""What the service tells of itself: /status.json, /metrics and `pollard status` against the store,
across restarts, for promtool and for a real Prometheus."""
import collections
import concurrent.futures
import json
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import web
from stage import Case, free_port, instant, within

TOP = {"version", "started", "store", "feeds", "alerts", "config_errors"}
FEED = {"name", "interval_ms", "next_slot", "last", "counts", "last_new", "last_ok", "failures",
        "alert"}
LAST = {"slot", "outcome", "detail", "status", "ended"}
CANARY = "canary-8d1f0c"
SAMPLE = re.compile(r'([a-z_]+)(\{[^}]*\})? (\S+)')

for tool, what in ("promtool", "what promtool says of the metrics"), \
                  ("prometheus", "that Prometheus scrapes them"):
    if not shutil.which(tool):
        print(f"SKIP status.py: no {tool} (Debian package prometheus): {what} is not tested",
              flush=True)


def answer(request):
    """Changes with every fourth request, or what the path says."""
    name = request.path.strip("/")
    if name == "down":
        return web.Answer(503, b"not now")
    if name == "odd":
        return web.Answer(200, b'{"half": ', {"Content-Type": "application/json"})
    if name == "etag" and request.headers.get("if-none-match"):
        return web.Answer(304)
    answer.count += 1
    return web.Answer(200, b'[{"n": %d}]' % (answer.count // 4),
                      {"Content-Type": "application/json", "ETag": '"one"'})


answer.count = 0


class Told(Case):
    """A service with a page."""

    def begin(self, **feeds):
        self.web = self.use(web.Web(answer))
        self.port = free_port()
        self.listen = f"127.0.0.1:{self.port}"
        for name, keys in feeds.items():
            self.stage.feed(name, f"{self.web.url}/{name}", **keys)
        return self.start()

    def start(self):
        return self.stage.start("--listen", self.listen).ready()

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.listen}{path}", timeout=20) as response:
            return response.read().decode()

    def status(self):
        return json.loads(self.get("/status.json"))

    def feeds(self):
        return {feed["name"]: feed for feed in self.status()["feeds"]}

    def samples(self):
        """Metric name and labels → value; and the type of each metric."""
        values, types = {}, {}
        for line in self.get("/metrics").splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, types)
                types[name] = kind
            elif not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.assertNotIn((name, labels), values)
                values[name, labels] = float(value)
        return values, types

    def recalled(self, count):
        def whole():
            feeds = self.feeds()
            return len(feeds) == count and all(feed["complete_since"] for feed in feeds.values())
        within(20, whole, "what the store knows from before")

    def assert_stored(self, feeds, since=0):
        """Counts are those of the polls stored up to the last one told, since an instant."""
        rows = self.stage.polls()
        for name, feed in feeds.items():
            last = instant(feed["last"]["slot"])
            mine = [row for row in rows if row["feed"] == name and instant(row["slot"]) <= last]
            told = collections.Counter(row["outcome"] for row in mine
                                       if instant(row["slot"]) >= since)
            self.assertEqual({**told}, {k: n for k, n in feed["counts"].items() if n}, name)
            row = mine[-1]
            self.assertEqual(row["outcome"], feed["last"]["outcome"])
            self.assertEqual(row["detail"], feed["last"]["detail"] or "")
            self.assertEqual(row["status"], str(feed["last"]["status"] or ""))
            if row["ended"]:
                self.assertEqual(instant(row["ended"]), instant(feed["last"]["ended"]))
                self.assertEqual(row["body_bytes"] or "0", str(feed["last"]["body_bytes"]))
            letters = ["i" if row["flags"] == "invalid" else row["outcome"][0] for row in mine]
            self.assertEqual("".join(letters[-60:]), feed["recent"])


class Status(Told):
    def test_what_is_told_is_what_is_stored(self):
        self.begin(new={"interval": "200ms"}, etag={"interval": "300ms"}, odd={"interval": "300ms"},
                   down={"interval": "300ms", "retry": False})
        self.stage.write("feeds/broken.json", '{"url": "http://a.test/", "intervall": "1s"}')
        within(20, lambda: self.status()["config_errors"], "the mistake")
        within(20, lambda: self.feeds()["down"]["failures"] > 3, "failures")
        within(20, lambda: self.feeds()["new"]["counts"]["same"] > 3, "same answers")
        status = self.status()
        self.assertLessEqual(TOP, set(status))
        self.assertEqual(set(status["config_errors"][0]), {"file", "line", "column", "text"})
        self.assertEqual(status["config_errors"][0]["file"], "feeds/broken.json")
        self.assertEqual([feed["name"] for feed in status["feeds"]], ["down", "etag", "new", "odd"])
        for feed in status["feeds"]:
            self.assertLessEqual(FEED, set(feed))
            self.assertLessEqual(LAST, set(feed["last"]))
            self.assertEqual(set(feed["counts"]), {"new", "same", "failed", "missed"})
        feeds = {feed["name"]: feed for feed in status["feeds"]}
        self.assertEqual(feeds["new"]["interval_ms"], 200)
        self.assertEqual(feeds["down"]["words"], "the server answered with status 503")
        self.assertIsNone(feeds["down"]["last_ok"])
        self.assertEqual(feeds["odd"]["complete"]["1h"], 0)
        self.assertTrue(feeds["odd"]["last"]["invalid"])
        self.assertGreater(feeds["etag"]["counts"]["same"], 0)
        self.assertEqual(feeds["new"]["host"], f"127.0.0.1:{self.web.port}")
        self.assert_stored(feeds)

    def test_completeness_goes_on_over_restarts_as_gaps_counts_it(self):
        service = self.begin(new={"interval": "250ms"}, odd={"interval": "300ms"},
                             down={"interval": "400ms", "retry": False})
        within(20, lambda: self.feeds()["new"]["counts"]["new"] > 3, "polls")
        self.assertEqual(service.end(), 0)
        self.stage.once()  # off the grid, and counted as gaps counts it
        time.sleep(1.5)    # slots that are down
        restarted = time.time()
        service = self.start()
        self.recalled(3)
        for name, feed in self.feeds().items():
            for window in "1h", "24h", "7d":
                rows = json.loads(self.stage.ask("gaps", "--json", "--from", f"-{window}",
                                                 "--to", self.after(feed["last"]["slot"]), name))
                self.assertAlmostEqual(rows[0]["complete_percent"], feed["complete"][window],
                                       places=6, msg=(name, window))
            self.assertLess(instant(feed["complete_since"]), restarted)
        rows = [row for row in self.stage.polls("new") if row["detail"] == "down"]
        self.assertGreater(len(rows), 3)
        self.assertIn("m" * len(rows), self.feeds()["new"]["recent"])
        service.kill()
        service = self.start()
        self.recalled(3)
        self.assertIn("m" * len(rows), self.feeds()["new"]["recent"])

    @staticmethod
    def after(slot):
        """The next microsecond."""
        head, tail = slot[:20], slot[26:]
        micros = int(slot[20:26])
        return f"{head}{micros + 1:06d}{tail}" if micros < 999999 else slot

    def test_what_was_last_is_known_after_a_restart(self):
        service = self.begin(new={"interval": "1d"})
        within(20, lambda: self.feeds()["new"]["last"], "a poll")
        before = self.feeds()["new"]
        self.assertEqual(service.end(), 0)
        self.start()
        self.recalled(1)
        after = self.feeds()["new"]
        for key in "last", "last_new", "last_ok", "recent", "complete":
            self.assertEqual(before[key], after[key])
        self.assertEqual(after["counts"]["new"], 0)

    def test_many_ask_for_many_feeds_while_feeds_come_and_go(self):
        def crowd(count):
            self.stage.write("feeds/crowd.json", json.dumps({
                "for_each": {"n": list(range(count))}, "name": "crowd-{n}",
                "url": "http://127.0.0.1:9/{n}", "interval": "1d", "catch_up": False}))

        def names_in(text):
            names = [feed["name"] for feed in json.loads(text)["feeds"]]
            self.assertEqual(names, sorted(set(names)))
            self.assertGreaterEqual(len(names), 2500)

        def leave():  # asks, and goes away before the answer
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")

        crowd(3000)
        self.begin()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            for turn in range(3):
                texts = [pool.submit(self.get, "/status.json") for _ in range(12)]
                samples = pool.submit(self.samples)
                left = [pool.submit(leave) for _ in range(4)]
                crowd(2500 + 100 * (turn % 2))
                self.stage.services[-1].send(signal.SIGHUP)
                for text in texts:
                    names_in(text.result())
                samples.result()
                for one in left:
                    one.result()
        self.assertEqual(self.stage.services[-1].end(), 0)

    def test_no_secret_is_told(self):
        self.stage.write("secrets/key", CANARY)
        port = free_port()
        self.stage.feed("refused", f"http://127.0.0.1:{port}/?key=${{secret:key}}")
        self.stage.feed("nowhere", "http://nowhere.invalid/?key=${secret:key}",
                        headers={"X-Key": "${secret:key}"})
        self.begin()
        within(20, lambda: all(feed["failures"] for feed in self.feeds().values()), "failures")
        for path in "/status.json", "/metrics", "/":
            self.assertNotIn(CANARY, self.get(path), path)
        self.assertNotIn(CANARY, self.ask("status"))

    def ask(self, *words):
        done = self.stage.run(*words, "--listen", self.listen, store=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()


class Companion(Told):
    def ask(self, code, *words, **options):
        done = self.stage.run("status", *words, store=False, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        if code:
            self.assertEqual(done.stdout, b"")
            self.assertTrue(done.stderr.startswith(b"pollard: "), done.stderr)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def test_it_prints_a_line_for_each_feed(self):
        self.begin(new={"interval": "200ms"}, down={"interval": "200ms", "retry": False})
        within(20, lambda: self.feeds()["down"]["failures"] > 3, "failures")
        self.stage.settings(listen=self.listen)
        text, _ = self.ask(0)
        lines = text.splitlines()
        self.assertIn("store ok", lines[0])
        self.assertEqual(lines[1].split()[:4], ["feed", "last", "when", "next"])
        self.assertEqual([line.split()[0] for line in lines[2:4]], ["down", "new"])
        self.assertIn("failed http_status 503", lines[2])
        text, _ = self.ask(0, "ne*")
        self.assertNotIn("\ndown ", text)
        _, said = self.ask(1, "nothing")
        self.assertIn('no feed "nothing" runs', said)
        text, _ = self.ask(0, "--json")
        self.assertEqual({feed["name"] for feed in json.loads(text)["feeds"]}, {"new", "down"})

    def test_json_is_what_the_service_says_to_the_byte(self):
        said = b'{"version":"9", "odd": [\xff ]}\n\n'
        other = self.use(web.Web(web.from_paths(**{"status.json": said})))
        done = self.stage.run("status", "--json", "--listen", f"127.0.0.1:{other.port}", store=False)
        self.assertEqual((done.returncode, done.stdout), (0, said))

    def test_who_does_not_answer_is_named(self):
        port = free_port()
        for words, code, says in [
            (["--listen", f"127.0.0.1:{port}"], 1,
             f"no service answers at 127.0.0.1:{port}: nobody listens there"),
            (["--listen", f"localhost:{port}"], 1, f"no service answers at localhost:{port}: "),
            (["--listen", "off"], 1, '"listen" is "off"'),
            (["--listen", "here"], 2, '--listen must be "off" or an address and a port'),
            (["--json", "new"], 2, '--json tells of every feed: leave out "new"'),
        ]:
            self.assertIn(says, self.ask(code, *words)[1])
        for answers, says in [({}, "what listens there says 404"),
                              ({"status.json": b"<html>"}, "is no pollardd"),
                              ({"status.json": b"[]"}, "is no pollardd")]:
            other = self.use(web.Web(web.from_paths(**answers)))
            self.assertIn(says, self.ask(1, "--listen", f"127.0.0.1:{other.port}")[1])
        self.stage.write("pollard.json", '{"listen": 7}')
        self.assertIn('pollard.json:1:12: "listen" must be', self.ask(78)[1])
        self.stage.settings(listen=f"127.0.0.1:{port}")
        self.assertIn(f"127.0.0.1:{port}", self.ask(1)[1])

    def test_a_hostile_service_steers_no_terminal(self):
        evil = "\x1b[2J\x9b31m"
        status = {"version": evil, "started": None, "now": "2026-11-24T12:00:00.000000+00:00",
                  "store": {"state": evil}, "feeds": [{"name": evil, "last": evil, "complete": 7}],
                  "alerts": [{"text": evil}, 5], "config_errors": [None, {"file": evil}]}
        other = self.use(web.Web(web.from_paths(**{"status.json": json.dumps(status).encode()})))
        text, _ = self.ask(0, "--listen", f"127.0.0.1:{other.port}")
        self.assertEqual([c for c in text if c < " " and c != "\n" or "\x7f" <= c < "\xa0"], [])


class Metrics(Told):
    def test_they_are_the_status_in_numbers(self):
        self.begin(new={"interval": "200ms"}, down={"interval": "200ms", "retry": False})
        within(20, lambda: self.feeds()["down"]["failures"] > 3, "failures")
        feeds = self.feeds()
        values, types = self.samples()
        told = {(name, outcome): values["pollard_polls_total",
                                        f'{{feed="{name}",outcome="{outcome}"}}']
                for name in feeds for outcome in feeds[name]["counts"]}
        for (name, outcome), count in told.items():
            self.assertLessEqual(feeds[name]["counts"][outcome], count)

        def has_come():  # what is told may be a moment old
            now = self.feeds()
            return all(count <= now[name]["counts"][outcome]
                       for (name, outcome), count in told.items())
        within(10, has_come, "the status to tell as much")
        self.assertGreater(
            values["pollard_polls_failed_total", '{feed="down",error="http_status"}'], 3)
        self.assertEqual(values["pollard_feeds", None], 2)
        self.assertEqual(types["pollard_request_duration_seconds"], "histogram")
        count = values["pollard_request_duration_seconds_count", None]
        self.assertEqual(
            values["pollard_request_duration_seconds_bucket", '{le="+Inf"}'], count)
        self.assertGreater(count, 6)
        self.assertGreater(values["process_resident_memory_bytes", None], 1 << 20)
        self.assertLess(abs(values["process_start_time_seconds", None] - time.time()), 120)

    def test_counters_never_go_back(self):
        self.begin(new={"interval": "100ms"}, down={"interval": "100ms", "retry": False})
        before, types = self.samples()
        for _ in range(5):
            time.sleep(0.3)
            now, _ = self.samples()
            for (name, labels), value in before.items():
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                if types.get(name) == "counter" or types.get(base) == "histogram":
                    self.assertGreaterEqual(now[name, labels], value, (name, labels))
            before = now

    def test_reloads_are_told(self):
        self.begin(new={"interval": "1s"})
        self.stage.write("feeds/odd.json", "{")
        def broken():
            values, _ = self.samples()
            return values["pollard_config_mistakes", None] == 1 and values
        values = within(20, broken, "the broken file")
        self.assertEqual(values["pollard_config_last_reload_successful", None], 0)
        self.assertGreaterEqual(values["pollard_config_reload_failures_total", None], 1)
        loaded = values["pollard_config_last_reload_success_timestamp_seconds", None]
        self.stage.remove("odd")
        within(20, lambda: self.samples()[0]["pollard_config_last_reload_successful", None] == 1,
               "a good reload")
        self.assertGreater(
            self.samples()[0]["pollard_config_last_reload_success_timestamp_seconds", None], loaded)

    @unittest.skipUnless(shutil.which("promtool"), "SKIP: no promtool")
    def test_promtool_finds_nothing(self):
        self.begin(new={"interval": "200ms"}, down={"interval": "200ms", "retry": False})
        within(20, lambda: self.feeds()["down"]["failures"] > 1, "failures")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.get("/metrics"),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    @unittest.skipUnless(shutil.which("prometheus"), "SKIP: no prometheus")
    def test_prometheus_scrapes_it(self):
        self.begin(new={"interval": "200ms"})
        port = free_port()
        config = self.stage.dir / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: pollard
    static_configs: [{{targets: ["{self.listen}"]}}]
""")
        with open(self.stage.dir / "prometheus.log", "wb") as log:
            server = subprocess.Popen(
                ["prometheus", f"--config.file={config}",
                 f"--storage.tsdb.path={self.stage.dir / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def ask(query):
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=5) as found:
                    result = json.load(found)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                return None
            return [(entry["metric"], float(entry["value"][1])) for entry in result]

        within(40, lambda: ask("up") and ask("up")[0][1] == 1, "a scrape")
        within(40, lambda: (ask('pollard_polls_total{outcome="new"}') or [[0, 0]])[0][1] > 1, "polls")
        self.assertEqual(ask('pollard_polls_total{outcome="new"}')[0][0]["feed"], "new")
        self.assertEqual(ask("pollard_build_info")[0][1], 1)
        within(20, lambda: ask("histogram_quantile(0.9,rate(pollard_request_duration_seconds_bucket"
                               "[1m]))"), "a quantile")


if __name__ == "__main__":
    unittest.main(verbosity=2)
