#!/usr/bin/env python3
"""The companion as its users meet it: words in, words and exit codes out.

companion.py POLLARD POLLARDD. A server of ours answers three rounds of `pollardd --once`; then
every command reads the store, also as a copy without the configuration, damaged, and into full
devices.
"""
import csv
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

POLLARD, POLLARDD = sys.argv[1], sys.argv[2]
ROUNDS = [
    b'{"time":1,"vehicles":[{"id":"a","lat":1.50},{"id":"b,c","lat":2}]}',
    b'{"time":1,"vehicles":[{"id":"a","lat":1.50},{"id":"b,c","lat":2}]}',
    b'{"time":2,"vehicles":[{"id":"a","lat":3e0,"speed":{"now":7}}]}',
]
# A sanitizer keeps the signals for itself: it ends with 1, or leaves LMDB's assertions to abort.
with open(POLLARD, "rb") as program:
    IS_SANITIZED = b"__asan_init" in program.read()
CRASHES = (1, -6)
COMMANDS = ["check", "feeds", "try", "dump", "polls", "gaps", "definitions", "stat", "verify"]
POLLS_HEADER = ("feed,slot,outcome,detail,started,ended,status,attempts,wire_bytes,body_bytes,"
                "flags,etag,last_modified,content_type,server_date,remote_address,definition")


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    round = 0

    def do_GET(self):
        status, body = (404, b"gone") if self.path == "/gone" else (200, ROUNDS[Server.round])
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/bus")
            body = b""
        else:
            self.send_response(status)
        if self.path == "/cut":
            body = body[:-3]
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith("POLLARD_") and k != "STATE_DIRECTORY"}
    return {**kept, **more}


def run(*words, env=None, cwd=None, **more):
    return subprocess.run([POLLARD, *words], capture_output=True, text=True, timeout=60, cwd=cwd,
                          env=environment(**(env or {})), check=False, **more)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Companion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="pollard-companion-")
        cls.config, cls.store = cls.dir + "/config", cls.dir + "/config/kept"
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        write(cls.config + "/pollard.json", '{"store":"kept","listen":"off"}')
        for name in ("bus", "cut", "gone", "moved"):
            write(f"{cls.config}/feeds/{name}.json", json.dumps(
                {"url": f"{cls.url}/{name}", "interval": "366d", "allow_private": True,
                 "retry": False, "timezone": "America/Los_Angeles"}))
        for Server.round in range(len(ROUNDS)):
            done = subprocess.run([POLLARDD, "--once", "--listen", "off", "--config", cls.config], timeout=60,
                                  capture_output=True, text=True, env=environment(), check=False)
            assert done.returncode == 1, done.stderr  # "gone" failed
        cls.words = ("--config", cls.config)

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        shutil.rmtree(cls.dir)

    def expect(self, done, code, *parts):
        self.assertEqual(done.returncode, code, done)
        for part in parts:
            self.assertIn(part, done.stderr)
        return done

    def refuse(self, code, *words, says=(), lines=1, **more):
        done = self.expect(run(*words, **more), code, "pollard: ", *says)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), lines, done.stderr)

    # --- words on the command line

    def test_every_command_takes_config_and_store(self):
        commands = [line.split()[0] for line in run("help").stdout.splitlines()
                    if line.startswith("  ") and line[2] != " " and line.split()[0] != "help"]
        self.assertEqual(len(commands), 13)
        for command in commands:
            with self.subTest(command=command):
                done = run(command, "--config", self.dir, "--store", self.dir, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_an_empty_directory_on_the_command_line_is_no_default(self):
        for option in "--config", "--store":
            for words in (["gaps"], ["stat"], ["dump"]):
                self.refuse(2, *words, f"{option}=", says=[f'{option} "" names no directory'])
            done = subprocess.run([POLLARDD, f"{option}=", "--once"], capture_output=True,
                                  text=True, check=False,
                                  env=environment(STATE_DIRECTORY=self.dir + "/state"))
            self.expect(done, 2, f'{option} "" names no directory')

    def test_wrong_words_end_with_2_and_a_hint(self):
        hint = 'see "pollard dump --help"'
        self.assertEqual(run().returncode, 2)
        self.refuse(2, "dmup", says=['unknown command "dmup", did you mean "dump"?'])
        self.refuse(2, "backup", says=["DEST is missing"])
        for words, says in [
            (["--fron", "-24h"], '"--fron", did you mean "--from"?'),
            (["--tz"], '"--tz" needs a value'),
            (["-x"], '"-x"'),
            (["-o"], '"-o" needs a value'),
            (["--changes-only=yes"], '"--changes-only=yes" takes no value'),
            (["--follow", "-o", "x.csv"], "not with -o"),
            (["--follow", "--split", "day"], "not with --split"),
            (["--follow", "--format", "raw"], "say -o DIR"),
            (["--kind", "bus"], '"bus"'),
            (["--format", "xml"], '"xml" must be csv, tsv, ndjson or raw'),
            (["--split", "week", "-o", "x"], '"week" must be feed, day or hour'),
            (["--split", "day"], "say -o DIR"),
            (["--format", "raw"], "say -o DIR"),
            (["--format", "raw", "--split", "day", "-o", "x"], "not with --split"),
            (["--format", "raw", "--columns", "id", "-o", "x"], "not with --rows, --columns"),
            (["--spreadsheet-safe", "--format", "ndjson"], "for csv and tsv"),
            (["--split", "day", "-o", "/dev/null"], "it is no directory"),
            (["--from", "yesterday"], "yesterday"),
            (["--to", "2026-02-30"], "2026-02-30"),
            (["--tz", "Mars/Olympus"], "Mars/Olympus"),
            (["--from", "2026-01-02", "--to", "2026-01-01"], "not before"),
            (["--from", "2026-01-02", "--to", "2026-01-02"], "not before"),
            (["--rows", "vehicles"], "vehicles"),
            (["--rows", "$.a["], "$.a["),
            (["--columns", "a,,b"], "empty"),
            (["--columns", "{"], "columns"),
            (["--with", "slot,color"], "color"),
            (["--last", "0"], '"0"'),
            (["--last", "-3"], '"-3"'),
            (["--time-format", "iso8601"], "iso8601"),
            (["-o", "."], "directory"),
        ]:
            with self.subTest(words=words):
                self.refuse(2, "dump", *self.words, *words, says=[says, hint])
        self.refuse(2, "try", *self.words, says=["FEED is missing"])
        self.refuse(2, "verify", *self.words, "bus", says=['"bus"'])

    def test_help_is_everywhere(self):
        for words in (["--help"], ["help"], ["-h"]):
            self.assertIn("usage: pollard", run(*words).stdout)
        for command in COMMANDS:
            done = self.expect(run(command, "--help"), 0)
            self.assertIn(f"usage: pollard {command}", done.stdout)
            self.assertIn("--store DIR", done.stdout)
            self.assertEqual(run("help", command).stdout, done.stdout)
            self.assertIn(f"  {command} ", run("help").stdout)
        self.refuse(2, "help", "gasp", says=['"gaps"'])
        for words in (["--version"], ["dump", "--version"]):
            self.assertRegex(self.expect(run(*words), 0).stdout, r"^pollard \d+\.\d+\.\d+\n$")

    # --- the configuration

    def test_check_tells_every_mistake(self):
        self.assertEqual(self.expect(run("check", *self.words), 0).stdout,
                         "4 feeds, 0 polls a day\n")
        with tempfile.TemporaryDirectory() as bad:
            write(bad + "/feeds/a.json", '{"url":"http://x.example/",\n "intervall":"1m"}')
            write(bad + "/feeds/b.json", '{"url":')
            done = self.expect(run("check", "--config", bad), 78, "feeds/a.json:2:2: ",
                               'unknown key "intervall", did you mean "interval"?',
                               "feeds/b.json:1:", "pollard: ")
            self.assertEqual(done.stdout, "")
        self.refuse(78, "check", "--config", self.dir + "/none")
        self.refuse(78, "feeds", "--config", self.dir + "/none")

    def test_check_warns_of_a_crowded_host(self):
        with tempfile.TemporaryDirectory() as crowded:
            write(crowded + "/feeds/bus.json", json.dumps(
                {"for_each": {"route": list(range(30))}, "name": "bus-{route}", "interval": "2m",
                 "url": "http://api.example/{route}", "host_gap": "5s"}))
            done = self.expect(run("check", "--config", crowded), 0)
            self.assertEqual(done.stdout.splitlines()[0], "30 feeds, 21600 polls a day")
            self.assertIn('warning: host "api.example:80"', done.stdout)
            self.assertIn("2m30s", done.stdout)

    def test_feeds_are_listed(self):
        done = self.expect(run("feeds", *self.words, "b*", "gone"), 0)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["name", "interval", "next", "slot", "url"])
        self.assertEqual([line.split()[0] for line in lines[1:]], ["bus", "gone"])
        self.assertIn(f"{self.url}/bus", lines[1])
        self.refuse(1, "feeds", *self.words, "buss", says=['no feed "buss"'])

    def test_try_fetches_once(self):
        before = run("polls", *self.words).stdout
        done = self.expect(run("try", *self.words, "moved"), 0)
        self.assertIn("status 200 after 1 redirect", done.stdout)
        self.assertRegex(done.stdout, r"feed,call_time,id,lat,speed.now\nmoved,2.*,a,3e0,7\n$")
        self.assertIn("invalid", self.expect(run("try", *self.words, "cut"), 0).stdout)
        self.expect(run("try", *self.words, "gone"), 1, 'feed "gone": failed: http_status')
        self.refuse(1, "try", *self.words, "buss", says=['no feed "buss"'])
        self.assertEqual(run("polls", *self.words).stdout, before)

    # --- the store

    def test_dump_gives_the_rows(self):
        done = self.expect(run("dump", *self.words, "bus"), 0)
        self.assertEqual(done.stderr, "")
        rows = list(csv.reader(io.StringIO(done.stdout)))
        self.assertEqual(rows[0], ["feed", "call_time", "id", "lat", "speed.now"])
        self.assertEqual([row[2:] for row in rows[1:]],
                         [["a", "1.50", ""], ["b,c", "2", ""]] * 2 + [["a", "3e0", "7"]])
        self.assertEqual({row[0] for row in rows[1:]}, {"bus"})
        self.assertRegex(rows[1][1], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00$")
        self.expect(run("dump", *self.words), 0, "pollard: cut: 3 invalid bodies gave no rows\n")
        self.expect(run("dump", *self.words, "--to=2001-01-01"), 0, "no answered polls")
        once = run("dump", *self.words, "--changes-only", "--last=1", "--columns=lat,id", "bus")
        self.assertRegex(once.stdout, r"^feed,call_time,lat,id\nbus,[^,]*,3e0,a\n$")
        for words in (["buss"], ["bus", "tram*"]):
            self.refuse(1, "dump", *self.words, *words, says=["in the store"])

    def test_a_file_appears_whole_or_not_at_all(self):
        with tempfile.TemporaryDirectory() as dir_of_file:
            path = dir_of_file + "/bus.csv"
            done = self.expect(run("dump", *self.words, "-o", path, "bus"), 0)
            self.assertEqual(done.stdout, "")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), run("dump", *self.words, "bus").stdout)
            self.refuse(1, "dump", *self.words, "-o", path, "buss")
            self.refuse(1, "dump", *self.words, "-o", dir_of_file + "/none/bus.csv", "bus")
            self.assertEqual(os.listdir(dir_of_file), ["bus.csv"])
            os.symlink("bus.csv", dir_of_file + "/link.csv")
            self.expect(run("dump", *self.words, "-o", dir_of_file + "/link.csv", "bus"), 0)
            self.assertTrue(os.path.islink(dir_of_file + "/link.csv"))
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o666 & ~self.umask())
        self.expect(run("dump", *self.words, "-o", "/dev/null", "bus"), 0)

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_nobody_listens_or_nothing_fits(self):
        for command in ("dump", "polls", "gaps", "feeds", "stat"):
            with self.subTest(command=command):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run([POLLARD, command, *self.words], stdout=writer, text=True,
                                      stderr=subprocess.PIPE, env=environment(), check=False)
                os.close(writer)
                self.assertEqual(done.returncode, 0, done.stderr)
                with open("/dev/full", "w", encoding="utf-8") as full:
                    done = subprocess.run([POLLARD, command, *self.words], stdout=full, text=True,
                                          stderr=subprocess.PIPE, env=environment(), check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("pollard: ", done.stderr)
        closed = subprocess.run(["sh", "-c", 'exec "$0" dump --config "$1" >&-', POLLARD,
                                 self.config], stderr=subprocess.PIPE, env=environment(),
                                check=False)
        self.assertEqual(closed.returncode, 1)
        self.expect(run("verify", *self.words), 0)

    def test_polls_and_gaps_account_for_every_slot(self):
        done = self.expect(run("polls", *self.words, "bus", "gone"), 0, "pollard: stored until 2")
        self.assertEqual(done.stdout.splitlines()[0], POLLS_HEADER)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([(r["feed"], r["outcome"], r["detail"], r["status"]) for r in rows],
                         [("bus", "new", "", "200"), ("bus", "same", "", "200"),
                          ("bus", "new", "", "200")] +
                         [("gone", "failed", "http_status", "404")] * 3)
        self.assertEqual([r["flags"] for r in rows[:3]], ["", "once", "once"])
        as_json = json.loads(run("polls", *self.words, "--json", "bus").stdout)
        self.assertEqual([poll["status"] for poll in as_json], [200, 200, 200])
        self.assertIsNone(as_json[0]["detail"])
        gaps = list(csv.DictReader(io.StringIO(self.expect(run("gaps", *self.words), 0).stdout)))
        self.assertEqual([(g["feed"], g["slots"], g["invalid"], g["complete_percent"])
                          for g in gaps],
                         [("bus", "3", "0", "100.00"), ("cut", "3", "3", "0.00"),
                          ("gone", "3", "0", "0.00"), ("moved", "3", "0", "100.00")])
        listed = run("gaps", *self.words, "--list", "gone").stdout.splitlines()
        self.assertEqual(listed[0], "feed,from,to,slots,outcome,detail")
        self.assertRegex(listed[1], r"^gone,2[^,]*,,3,failed,http_status$")
        for command in (["polls"], ["gaps"], ["gaps", "--list"]):
            none = self.expect(run(*command, *self.words, "--to=2001-01-01"), 0,
                               "no polls in this range")
            self.assertEqual(len(none.stdout.splitlines()), 1)

    def test_definitions_stat_and_verify(self):
        rows = list(csv.DictReader(io.StringIO(run("definitions", *self.words, "bus").stdout)))
        self.assertEqual([row["definition"] for row in rows], ["1"])
        self.assertEqual(json.loads(rows[0]["keys"])["url"], self.url + "/bus")
        stat = dict(line.split(maxsplit=1) for line in run("stat", *self.words).stdout.splitlines())
        self.assertEqual((stat["feeds"], stat["polls"], stat["missed"]), ("4", "12", "0"))
        self.assertEqual(stat["bodies"], "6")
        self.assertEqual(int(stat["disk_bytes"]), os.stat(self.store + "/data.mdb").st_size)
        done = self.expect(run("verify", *self.words), 0)
        self.assertIn("12 polls, 6 bodies", done.stdout)

    def test_a_copied_store_needs_no_configuration(self):
        expected = run("dump", *self.words, "bus").stdout
        with tempfile.TemporaryDirectory() as dir_of_copy:
            shutil.copy(self.store + "/data.mdb", dir_of_copy)
            nowhere = {"POLLARD_CONFIG": self.dir + "/none"}
            for words, env in ((["--store", dir_of_copy], {}),
                               ([], {"POLLARD_STORE": dir_of_copy})):
                done = self.expect(run("dump", "bus", *words, env={**nowhere, **env}), 0)
                self.assertEqual(done.stdout, expected)
            self.expect(run("polls", env={**nowhere, "STATE_DIRECTORY": dir_of_copy}), 0)

    def test_where_there_is_no_store(self):
        for command in ("dump", "polls", "gaps", "definitions", "stat", "verify"):
            self.refuse(1, command, "--store", self.dir + "/none", says=[self.dir + "/none"])
        with tempfile.TemporaryDirectory() as bad:
            write(bad + "/pollard.json", '{"store": 7}')
            self.refuse(78, "dump", "--config", bad, says=["pollard.json:1:11:"])

    def test_a_damaged_store_is_told_and_nothing_wrong_is_written(self):
        whole = run("dump", *self.words, "bus", "cut").stdout
        size = os.stat(self.store + "/data.mdb").st_size
        told = 0
        with tempfile.TemporaryDirectory() as damaged:
            out = damaged + "/out.csv"
            for page in range(2, size // 4096):  # all but the two meta pages
                shutil.copy(self.store + "/data.mdb", damaged)
                with open(damaged + "/data.mdb", "r+b") as file:
                    file.seek(page * 4096 + 20)
                    file.write(b"\xa5" * 4076)
                done = run("dump", "--store", damaged, "-o", out, "bus", "cut")
                if done.returncode == 0:  # the page is not in use, or not by these feeds
                    with open(out, encoding="utf-8") as file:
                        self.assertEqual(file.read(), whole)
                    os.unlink(out)
                    continue
                told += 1
                self.assertIn(done.returncode, CRASHES if IS_SANITIZED else (1,), done)
                if not IS_SANITIZED:
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertEqual([n for n in os.listdir(damaged) if "out.csv" in n], [])
                self.assertLessEqual(done.stderr.count("is damaged"), 1, done.stderr)
                self.assertEqual(run("verify", "--store", damaged).returncode, 1)
            self.assertGreater(told, 3)
            with open(damaged + "/data.mdb", "r+b") as file:
                file.truncate(3 * 4096)
            self.assertNotEqual(run("dump", "--store", damaged).returncode, 0)
            self.assertEqual(run("verify", "--store", damaged).returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
