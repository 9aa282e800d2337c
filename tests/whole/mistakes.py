"""Bad input: every mistake gets its clear line, its place and its exit code, and hurts nobody else."""
import os
import re
import shutil
import signal
import subprocess
import unittest

from stage import BIN, Case, within
from web import Web, from_paths

BASE = '"url":"http://h.example/","interval":"1m"'


def feed(keys, base=BASE):
    return "{" + base + ",\n" + keys + "}"


# File → text, the place (line:column) and what the line must say. One mistake a file.
FEEDS = {
    "unknown-key": (feed('"intervall":"1m"'), "2:1", 'unknown key "intervall", did you mean "interval"?'),
    "duplicate-key": (feed('"url":"http://b.example/"'), "2:1", 'duplicate key "url"'),
    "wrong-type": (feed('"enabled":"yes"'), "2:11", '"enabled".*"yes"'),
    "wrong-type-in-retry": (feed('"retry":{"attempts":"3"}'), "2:21", 'attempts".*"3"'),
    "unknown-key-in-retry": (feed('"retry":{"tries":3}'), "2:10", 'unknown key "retry.tries"'),
    "bare-duration": (feed('"timeout":30'), "2:11", '"timeout" must be .*30'),
    "bare-size": (feed('"max_body":65536'), "2:12", '"max_body" must be .*65536'),
    "bad-duration": (feed('"timeout":"30 seconds"'), "2:11", '"timeout" must be .*"30 seconds"'),
    "interval-small": ('{"url":"http://h/","interval":"99ms"}', "1:31", '"interval" must .*"99ms"'),
    "interval-large": ('{"url":"http://h/","interval":"367d"}', "1:31", '"interval" must .*"367d"'),
    "timeout-small": (feed('"timeout":"49ms"'), "2:11", '"timeout" must .*"49ms"'),
    "timeout-over-interval": (feed('"timeout":"61s"'), "2:11", '"timeout" must .*"interval".*"61s"'),
    "timeout-large": ('{"url":"http://h/","interval":"1d","timeout":"61m"}', "1:46", '"timeout" must'),
    "wait-large": (feed('"retry":{"wait":"25h"}'), "2:17", '"retry.wait" must .*"25h"'),
    "attempts-none": (feed('"retry":{"attempts":0}'), "2:21", '"retry.attempts" must .* 0'),
    "attempts-many": (feed('"retry":{"attempts":11}'), "2:21", '"retry.attempts" must .* 11'),
    "redirects-many": (feed('"redirects":11'), "2:13", '"redirects" must .* 11'),
    "host-limit-none": (feed('"host_limit":0'), "2:14", '"host_limit" must .* 0'),
    "host-limit-many": (feed('"host_limit":1025'), "2:14", '"host_limit" must .* 1025'),
    "body-small": (feed('"max_body":"1023B"'), "2:12", '"max_body" must .*"1023B"'),
    "body-large": (feed('"max_body":"257MiB"'), "2:12", '"max_body" must .*"257MiB"'),
    "no-url": ('{"interval":"1m"}', "1:1", '"url" is required'),
    "no-interval": ('{"url":"http://h/"}', "1:1", '"interval" is required'),
    "both-times": (feed('"at":["06:00"]'), "2:6", '"at".*"interval"'),
    "bad-at": ('{"url":"http://h/","at":["25:00"]}', "1:26", '"at" must .*"25:00"'),
    "bad-scheme": ('{"url":"ftp://h/","interval":"1m"}', "1:8", '"url" must .*"ftp://h/"'),
    "no-secret": (feed('"headers":{"X":"${secret:gone}"}'), "2:16", '"gone" is absent'),
    "no-var": ('{"url":"http://h/{route}","interval":"1m"}', "1:8", r'"url" .*\{route\}.*"for_each"'),
    "no-var-in-name": (feed('"name":"a-{line}"'), "2:8", r'"name" .*\{line\}.*"for_each"'),
    "bad-zone": (feed('"timezone":"Mars/Olympus"'), "2:12", 'unknown time zone "Mars/Olympus"'),
    "bad-path": (feed('"rows":"$.a["'), "2:8", '"rows".*"\\$.a\\["'),
    "bad-hours": (feed('"hours":"05:00-25:00"'), "2:9", '"hours" must .*"05:00-25:00"'),
    "bad-days": (feed('"days":["monday"]'), "2:9", '"days" must .*"monday"'),
    "bad-from": (feed('"from":"2026-02-30"'), "2:8", '"from" must .*"2026-02-30"'),
    "until-before-from": (feed('"from":"2026-02-03","until":"2026-02-02"'), "2:29", '"until" must'),
    "bad-name": (feed('"name":"a b"'), "2:8", '"name" must .*"a b"'),
    "bad-format": (feed('"format":"xml"'), "2:10", '"format" must .*"xml"'),
    "bad-method": (feed('"method":7'), "2:10", '"method" must .*7'),
    "bad-auth": (feed('"auth":{"type":"digest"}'), "2:16", '"auth.type" must .*"digest"'),
    "empty-for-each": (feed('"for_each":{"x":[]}'), "2:17", '"x" must'),
    "no-json": ("{\n  \"url\": oops\n}", "2:10", "oops|expected"),
    "cut-off": ('{"url":"http://h/"', "1:1[89]", "."),
    "empty-file": ("", "1:1", "empty"),
    "no-object": ("[1]", "1:1", "object"),
}
# The same of pollard.json.
SERVICES = [
    ('{"max_requests":0}', "1:17", '"max_requests" must .* 0'),
    ('{"max_requests":1025}', "1:17", '"max_requests" must .* 1025'),
    ('{"max_request":5}', "1:2", 'unknown key "max_request", did you mean "max_requests"?'),
    ('{"listen":"8889"}', "1:11", '"listen" must .*"8889"'),
    ('{"store":7}', "1:10", '"store" must .*7'),
    ('{"disk_reserve":500}', "1:17", '"disk_reserve" must .*500'),
    ('{"store_limit":"big"}', "1:16", '"store_limit" must .*"big"'),
    ('{"defaults":{"url":"http://h/"}}', "1:14", '"url"'),
    ('{"defaults":{"timeout":5}}', "1:24", '"timeout" must .*5'),
    ('{"listen":"off","listen":"off"}', "1:17", 'duplicate key "listen"'),
    ('{"alerts":{"webhook":{"url":"x"}}}', "1:29", '"url" must .*"x"'),
    ('{"store":', "1:", "."),
]


class Configuration(Case):
    def lines(self, text):
        return [line for line in text.decode().splitlines() if re.match(r"\S+\.json:\d+:\d+: ", line)]

    def test_every_mistake_of_a_feed_is_told_at_its_place_and_the_other_feeds_run(self):
        for name, (text, _, _) in FEEDS.items():
            self.stage.write(f"feeds/{name}.json", text)
        for name in ("twin-a", "twin-b"):
            self.stage.write(f"feeds/{name}.json", feed('"name":"twin"'))
        web = self.use(Web(from_paths(good=b'{"a":1}')))
        self.stage.feed("good", web.url + "/good", interval="200ms")
        done = self.stage.run("check")
        self.assertEqual(done.returncode, 78)
        lines = self.lines(done.stderr)
        for name, (_, place, says) in FEEDS.items():
            own = [line for line in lines if f"feeds/{name}.json:" in line]
            self.assertEqual(len(own), 1, (name, own))
            self.assertRegex(own[0], rf"feeds/{name}\.json:{place}: .*(?:{says})")
        twins = [line for line in lines if "twin" in line]
        self.assertTrue(twins and all("unique" in line for line in twins), twins)

        service = self.stage.start("--log-level", "debug").ready()
        within(5, lambda: len(web.requests) > 3)
        self.assertEqual(len(service.events("mistake")) +
                         sum(int(e["count"]) for e in service.events("folded")
                             if e["event"] == "mistake"), len(lines))
        self.assertEqual(service.end(), 0)
        self.assertLessEqual({poll["feed"] for poll in self.stage.polls()}, {"good", "twin"})

    def test_a_broken_pollard_json_ends_both_programs_with_78(self):
        self.stage.feed("good", "http://h.example/")
        for text, place, says in SERVICES:
            with self.subTest(text):
                self.stage.write("pollard.json", text)
                done = self.stage.run("check")
                self.assertEqual(done.returncode, 78)
                own = self.lines(done.stderr)
                self.assertEqual(len(own), 1, own)
                self.assertRegex(own[0], rf"pollard\.json:{place}.*(?:{says})")
                service = self.stage.start()
                self.assertEqual(service.wait(), 78)
                self.assertRegex(service.log(), rf"pollard\.json:{place}.*(?:{says})")
                self.assertFalse((self.stage.store / "data.mdb").exists())

    def test_a_configuration_that_cannot_be_read(self):
        done = self.stage.run("check", config=self.stage.dir / "gone")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (78, 1), done)
        self.assertIn(str(self.stage.dir / "gone"), done.stderr.decode())
        self.stage.config = self.stage.dir / "gone"
        service = self.stage.start()
        self.assertEqual(service.wait(), 78)
        self.assertIn(str(self.stage.config), service.log())

    def test_a_directory_that_may_not_be_read(self):
        if os.geteuid() == 0 and not may_change_user():
            print("SKIP unreadable directory: root reads everything", flush=True)
            self.skipTest("root")
        self.stage.feed("a", "http://h.example/")
        self.stage.dir.chmod(0o755)
        self.stage.config.chmod(0o755)
        (self.stage.config / "feeds").chmod(0)
        self.addCleanup((self.stage.config / "feeds").chmod, 0o700)
        try:
            done = self.stage.run("check", preexec_fn=become_nobody)
        except PermissionError:
            print("SKIP unreadable directory: others may not run the programs here", flush=True)
            self.skipTest("no way to the programs")
        self.assertEqual(done.returncode, 78, done)
        self.assertIn("feeds", done.stderr.decode())

    def test_a_broken_feed_keeps_the_version_that_ran(self):
        web = self.use(Web(from_paths(old=b"1", new=b"2")))
        self.stage.feed("a", web.url + "/old", interval="200ms")
        service = self.stage.start().ready()
        within(5, lambda: web.asked("/old"))
        self.stage.write("feeds/a.json", "{ oops")
        service.send(signal.SIGHUP)
        service.wait_for("feeds/a.json")
        seen = len(web.asked("/old"))
        within(5, lambda: len(web.asked("/old")) > seen + 2, "polls of the old version")
        self.stage.feed("a", web.url + "/new", interval="200ms")
        within(5, lambda: web.asked("/new"), "the mended version")
        self.assertEqual(service.end(), 0)
        self.assertNotIn("missed", {p["outcome"] for p in self.stage.polls()})


def may_change_user():
    try:
        return subprocess.run(["true"], user=65534, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def become_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


class CommandLine(Case):
    def setUp(self):
        super().setUp()
        web = self.use(Web(from_paths(a=b'{"items":[{"a":1}]}')))
        self.stage.feed("a", web.url + "/a")
        self.assertEqual(self.stage.once()[0], 0)

    def refuse(self, code, command, *args, says="", **options):
        done = self.stage.run(command, *args, **options)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, b"", done)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("pollard: "), lines)
        self.assertIn(says, lines[0])

    def test_wrong_words(self):
        for command in ("dump", "polls", "gaps"):
            self.refuse(2, command, "--from", "2026-01-02", "--to", "2026-01-01", says="2026-01-0")
            self.refuse(2, command, "--from", "2026-01-02", "--to", "2026-01-02", says="2026-01-02")
            self.refuse(2, command, "--from", "yesterday", says="yesterday")
            self.refuse(2, command, "--to", "2026-13-01", says="2026-13-01")
            self.refuse(2, command, "--tz", "Mars/Olympus", says="Mars/Olympus")
            self.refuse(1, command, "nobody", says="nobody")
            self.refuse(1, command, "nobody-*", says="nobody-*")
            self.refuse(2, command, "--nonsense", says="--nonsense")
        self.refuse(2, "dump", "--rows", "$.a[", says="$.a[")
        self.refuse(2, "dump", "--columns", "", says="columns")
        self.refuse(2, "dump", "--last", "many", says="many")
        self.refuse(2, "dump", "--with", "nonsense", says="nonsense")
        self.refuse(1, "definitions", "nobody", says="nobody")
        self.refuse(2, "nonsense", says="nonsense")

    def test_wrong_words_to_the_service(self):
        for words in (["--nonsense"], ["--for", "soon"], ["--for", "0s"], ["--log-level", "loud"],
                      ["a-word"], ["--for"]):
            service = self.stage.start(*words)
            self.assertEqual(service.wait(), 2, words)
            self.assertEqual(len(service.log().splitlines()), 1, service.log())
            self.assertTrue(service.log().startswith("pollard: "), service.log())


class Stores(Case):
    def setUp(self):
        super().setUp()
        web = self.use(Web(lambda _: os.urandom(20000)))
        self.stage.feed("a", web.url + "/a", interval="100ms", format="binary")
        self.stage.start("--for", "1500ms").wait()
        self.assertGreater(len(self.stage.polls()), 10)
        self.pages = (self.stage.store / "data.mdb").stat().st_size // 4096

    def copy(self):
        target = self.stage.dir / "copy"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        shutil.copy(self.stage.store / "data.mdb", target)
        return target

    def check_refused(self, store, says, commands=("polls", "gaps", "dump", "stat", "verify")):
        for command in commands:
            done = self.stage.run(command, store=store)
            self.assertEqual(done.returncode, 1, (command, done))
            self.assertIn(says, done.stderr.decode() + done.stdout.decode(), command)
        service = self.stage
        stored, service.store = service.store, store
        try:
            started = service.start()
            self.assertEqual(started.wait(), 1, started.log())
            self.assertTrue(any(line.startswith("pollard: ") and says in line
                                for line in started.log().splitlines()), started.log())
        finally:
            service.store = stored

    def test_there_is_none(self):
        for command in ("polls", "gaps", "dump", "stat", "verify", "definitions"):
            done = self.stage.run(command, store=self.stage.dir / "gone")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done)
            self.assertIn(str(self.stage.dir / "gone"), done.stderr.decode())

    def test_one_of_a_later_pollard_is_left_alone(self):
        store = self.copy()
        subprocess.run([BIN / "tests/whole/make_newer", store], check=True)
        before = (store / "data.mdb").read_bytes()
        self.check_refused(store, "newer")
        self.assertEqual((store / "data.mdb").read_bytes(), before)

    def test_garbage_and_nothing(self):
        store = self.copy()
        (store / "data.mdb").write_bytes(os.urandom(40 * 4096))
        self.check_refused(store, "damaged")
        (store / "data.mdb").write_bytes(bytes(40 * 4096))
        self.check_refused(store, "damaged")

    def test_cut_short(self):
        store = self.copy()
        for pages in (1, 3, self.pages // 2, self.pages - 1):
            with open(store / "data.mdb", "wb") as file:
                file.write((self.stage.store / "data.mdb").read_bytes()[:pages * 4096])
            done = self.stage.run("verify", store=store)
            self.assertEqual(done.returncode, 1, (pages, done))
            done = self.stage.run("polls", store=store)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done)
            self.assertIn("damaged", done.stderr.decode())

    def test_a_path_where_no_store_can_be(self):
        (self.stage.dir / "file").write_text("no directory")
        self.stage.store = self.stage.dir / "file"
        service = self.stage.start()
        self.assertEqual(service.wait(), 1)
        self.assertEqual(len(service.log().splitlines()), 1, service.log())
        self.assertIn(str(self.stage.store), service.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
