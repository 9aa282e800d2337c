"""The service as its users meet it: flags, signals, restarts, requests, redirects, a full disk."""
import gzip
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from stage import Case, instant, within
from web import HANG, Answer, Web, from_paths


def fresh():
    """A JSON answer that is new each time."""
    count = iter(range(10 ** 9))
    return lambda _: Answer(200, json.dumps({"items": [{"n": next(count)}]}).encode(),
                            {"Content-Type": "application/json"})


class Once(Case):
    def test_polls_every_enabled_feed_once_and_says_whether_one_failed(self):
        web = self.use(Web(from_paths(a=b'{"x":1}', b=fresh(), c=b"{}")))
        self.stage.feed("a", web.url + "/a", interval="1h")
        self.stage.feed("b", web.url + "/b", interval="1h")
        self.stage.feed("c", web.url + "/c", enabled=False)
        self.assertEqual(self.stage.once()[0], 0)
        polls = self.stage.polls()
        self.assertEqual([(p["feed"], p["outcome"], p["flags"]) for p in polls],
                         [("a", "new", ""), ("b", "new", "")])
        for poll in polls:  # the latest slot of the grid, of an hour at most ago
            self.assertLessEqual(instant(poll["slot"]), instant(poll["started"]))
            self.assertGreater(instant(poll["slot"]), instant(poll["started"]) - 3600)

        self.assertEqual(self.stage.once()[0], 0)
        polls = self.stage.polls()
        self.assertEqual([(p["feed"], p["outcome"], p["flags"]) for p in polls],
                         [("a", "new", ""), ("a", "same", "once"),
                          ("b", "new", ""), ("b", "new", "once")])
        self.assertEqual(polls[1]["slot"][:22], polls[1]["started"][:22])

        self.stage.feed("d", web.url + "/d")
        self.assertEqual(self.stage.once()[0], 1)
        self.assertEqual([(p["outcome"], p["detail"], p["status"]) for p in self.stage.polls("d")],
                         [("failed", "http_status", "404")])
        self.assertNotIn("missed", self.stage.ask("polls"))
        self.stage.verify()

    def test_polls_outside_the_feeds_windows_too(self):
        web = self.use(Web(from_paths(a=b'{"x":1}')))
        self.stage.feed("a", web.url + "/a", **{"from": "2001-01-01", "until": "2001-01-02"})
        self.assertEqual(self.stage.once()[0], 0)
        self.assertEqual([(p["outcome"], p["slot"][:19]) for p in self.stage.polls()],
                         [("new", "2001-01-02T23:59:59")])
        self.assertEqual(self.stage.once()[0], 0)
        self.assertEqual([(p["outcome"], p["flags"]) for p in self.stage.polls()],
                         [("new", ""), ("same", "once")])

    def test_fails_at_once_where_it_may_not_store(self):
        web = self.use(Web(from_paths(a=b'{"x":1}')))
        self.stage.feed("a", web.url + "/a")
        self.stage.settings(disk_reserve="1048576GiB")
        code, service = self.stage.once()
        self.assertEqual(code, 1)
        self.assertEqual([line["state"] for line in service.events("disk")], ["full"])
        self.assertEqual(self.stage.polls(), [])

    def test_waits_for_a_host_gap(self):
        web = self.use(Web(from_paths(a=b"1")))
        for name in "xyz":
            self.stage.feed(name, web.url + "/a", host_gap="300ms", interval="1h")
        self.assertEqual(self.stage.once()[0], 0)
        times = sorted(request.at for request in web.requests)
        self.assertEqual(len(times), 3)
        self.assertGreaterEqual(min(b - a for a, b in zip(times, times[1:])), 0.29)


    def test_waits_for_no_host_that_asked_for_an_hour(self):
        later = Answer(503, b"later", {"Retry-After": "3600"})
        web = self.use(Web(from_paths(a=later, b=later, c=later)))
        for name in "abc":
            self.stage.feed(name, f"{web.url}/{name}", host_limit=1)
        for _ in range(2):  # the second finds in the store what was asked for
            code, service = self.stage.once()
            self.assertEqual(code, 1)
            self.assertIn("retry_after", service.log())
        self.assertEqual(len(web.requests), 1)
        self.assertEqual([(p["detail"], p["status"]) for p in self.stage.polls()],
                         [("http_status", "503")])


class Running(Case):
    def test_ends_by_itself_after_the_given_time(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a", interval="500ms")
        service = self.stage.start("--for", "2s").ready()
        begun = time.monotonic()
        self.assertEqual(service.wait(), 0)
        self.assertTrue(1.5 < time.monotonic() - begun < 5)
        polls = self.stage.polls()
        self.assertTrue(4 <= len(polls) <= 6, polls)
        self.assertEqual({p["outcome"] for p in polls}, {"new"})

    def test_slots_lie_on_the_grid_and_every_one_is_accounted(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a", interval="250ms", offset="100ms")
        service = self.stage.start("--for", "3s")
        self.assertEqual(service.wait(), 0)
        slots = [round(instant(p["slot"]) * 1000) for p in self.stage.polls()]
        self.assertGreaterEqual(len(slots), 11)
        for slot, after in zip(slots, slots[1:]):
            self.assertEqual((slot % 250, after - slot), (100, 250))

    def test_gives_up_a_hung_request_when_told_to_end_and_says_so(self):
        web = self.use(Web(from_paths(hang=HANG, a=fresh())))
        self.stage.feed("hang", web.url + "/hang", interval="30s", timeout="30s", offset=near(),
                        catch_up=False)
        self.stage.feed("a", web.url + "/a", interval="500ms")
        service = self.stage.start("--log-level", "debug").ready()
        within(10, lambda: web.asked("/hang"), "the request that hangs")
        begun = time.monotonic()
        self.assertEqual(service.end(), 0)
        self.assertLess(time.monotonic() - begun, 10.5)
        self.assertEqual([(p["outcome"], p["detail"]) for p in self.stage.polls("hang")],
                         [("missed", "down")])
        self.assertGreater(len(self.stage.polls("a")), 1)
        self.stage.verify()

    def test_a_second_service_on_the_store_ends_with_75_and_names_the_first(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a")
        first = self.stage.start().ready()
        second = self.stage.start()
        self.assertEqual(second.wait(), 75)
        self.assertIn(str(first.pid), second.log())
        self.assertEqual(len(second.log().splitlines()), 1, second.log())
        self.assertEqual(first.end(), 0)
        third = self.stage.start().ready()
        self.assertEqual(third.end(), 0)

    def test_says_how_it_is_on_sigusr1(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a", interval="200ms")
        service = self.stage.start().ready()
        within(5, lambda: len(web.requests) > 3)
        status = service.status()
        self.assertEqual((status["feeds"], status["disk_full"]), ("1", "0"))
        self.assertLess(int(status["loop_gap_max_ms"]), 1000)
        feed = service.events("feed")[-1]
        self.assertEqual((feed["feed"], feed["last_outcome"], feed["failed"]), ("a", "new", "0"))
        self.assertEqual(service.end(), 0)

    def test_a_signal_while_it_starts_is_kept_for_later(self):
        self.stage.write("feeds/many.json", json.dumps({
            "for_each": {"n": list(range(5000))}, "name": "many-{n}", "interval": "1h",
            "url": "http://127.0.0.1:9/{n}", "allow_private": True, "catch_up": False}))
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
            service = self.stage.start()
            within(5, lambda: watches_directories(service.pid), "a service that reads")
            service.send(number)
            service.ready()
            self.assertEqual(service.end(), 0)
        self.stage.verify()

    def test_runs_where_its_standard_files_are_closed(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a", interval="200ms")
        for closed in ("2>&-", "0<&- 1>&- 2>&-"):
            line = [self.stage.pollardd_path, "--config", self.stage.config, "--store",
                    self.stage.store, "--log-level", "debug", "--for", "1s", "--listen", "off"]
            done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *line], timeout=20)
            self.assertEqual(done.returncode, 0, closed)
        self.stage.verify()

    def test_sigint_ends_it_cleanly_too(self):
        web = self.use(Web(from_paths(a=fresh())))
        self.stage.feed("a", web.url + "/a", interval="200ms")
        service = self.stage.start().ready()
        within(5, lambda: len(web.requests) > 1)
        service.send(signal.SIGINT)
        self.assertEqual(service.wait(), 0)
        self.stage.verify()


def watches_directories(pid):
    """It has begun: it watches the directories before it reads them."""
    links = pathlib.Path(f"/proc/{pid}/fd")
    try:
        return any(os.readlink(link) == "anon_inode:inotify" for link in links.iterdir())
    except FileNotFoundError:
        return False


def near():
    """An offset in 30 s whose next slot is a second or two away."""
    return f"{int(time.time() + 2) % 30}s"


class Restarting(Case):
    def test_keeps_validators_and_accounts_for_the_time_in_between(self):
        etag = {"ETag": '"v1"', "Last-Modified": "Mon, 23 Nov 2026 20:00:00 GMT"}
        answer = Answer(200, b'{"items":[{"a":1}]}', etag)

        def conditional(request):
            return Answer(304, b"", etag) if request.headers.get("if-none-match") else answer
        web = self.use(Web(from_paths(a=conditional)))
        self.stage.feed("a", web.url + "/a", interval="250ms")
        self.stage.start("--for", "1s").wait()
        seen = len(web.requests)
        self.assertGreater(seen, 2)
        self.assertNotIn("if-none-match", web.requests[0].headers)
        time.sleep(1)
        self.stage.start("--for", "1s").wait()
        first = web.requests[seen]
        self.assertEqual(first.headers["if-none-match"], '"v1"')
        self.assertEqual(first.headers["if-modified-since"], etag["Last-Modified"])
        polls = self.stage.polls()
        self.assertEqual(polls[0]["outcome"], "new")
        answered = [p for p in polls if p["outcome"] != "missed"]
        self.assertEqual({(p["outcome"], p["status"]) for p in answered[1:]}, {("same", "304")})
        self.assertEqual({p["detail"] for p in polls if p["outcome"] == "missed"}, {"down"})
        slots = [round(instant(p["slot"]) * 1000) for p in polls]
        self.assertEqual({b - a for a, b in zip(slots, slots[1:])}, {250})
        rows = self.stage.ask("dump").splitlines()
        self.assertEqual(len(rows), 1 + len(answered))
        self.assertEqual(len(self.stage.ask("dump", "--changes-only").splitlines()), 2)

    def test_validators_are_not_sent_to_another_url(self):
        web = self.use(Web(from_paths(a=Answer(200, b'{"a":1}', {"ETag": '"v1"'}),
                                      b=Answer(200, b'{"a":2}', {"ETag": '"v2"'}))))
        self.stage.feed("a", web.url + "/a")
        self.stage.once()
        self.stage.feed("a", web.url + "/b")
        self.stage.once()
        self.assertNotIn("if-none-match", web.asked("/b")[0].headers)
        definitions = self.stage.ask("definitions").splitlines()
        self.assertEqual(len([line for line in definitions if "/b" in line]), 1)

    def test_a_304_that_nobody_asked_for_is_a_failure(self):
        web = self.use(Web(from_paths(a=Answer(304))))
        self.stage.feed("a", web.url + "/a")
        self.assertEqual(self.stage.once()[0], 1)
        self.assertEqual([(p["detail"], p["status"]) for p in self.stage.polls()],
                         [("http_status", "304")])

    def test_goes_on_waiting_as_the_server_asked(self):
        web = self.use(Web(from_paths(a=Answer(503, b"later", {"Retry-After": "4"}))))
        self.stage.feed("a", web.url + "/a", interval="1s", retry=False)
        service = self.stage.start().ready()
        within(5, lambda: len(web.requests) == 1)
        time.sleep(1)
        self.assertEqual(service.end(), 0)
        service = self.stage.start().ready()
        within(8, lambda: len(web.requests) == 2)
        time.sleep(0.3)
        service.end()
        self.assertGreaterEqual(web.requests[1].at - web.requests[0].at, 3.9)
        polls = self.stage.polls()
        self.assertEqual((polls[0]["outcome"], polls[0]["status"]), ("failed", "503"))
        skipped = [p["detail"] for p in polls if p["outcome"] == "missed"]
        self.assertIn("retry_after", skipped)
        self.assertLessEqual(set(skipped), {"retry_after", "down"})


class Requests(Case):
    def test_carry_what_the_feed_says(self):
        web = self.use(Web(from_paths(plain=b"1", posted=b"2", basic=b"3", dated=b"4")))
        self.stage.write("secrets/token", "s3cr3t-t0ken\n")
        self.stage.write("secrets/pass", "p4ss")
        self.stage.settings(defaults={"headers": {"X-All": "yes"}})
        self.stage.feed("plain", web.url + "/plain")
        self.stage.feed("posted", web.url + "/posted", method="POST", body='{"q":"{x}"}',
                        headers={"X-Key": "${secret:token}", "Content-Type": "application/json"},
                        auth={"type": "bearer", "token": "${secret:token}"}, user_agent="me/1")
        self.stage.feed("basic", web.url + "/basic", auth={
            "type": "basic", "username": "ann", "password": "${secret:pass}"})
        self.stage.feed("dated", web.url + "/dated?day=${slot:%Y-%m-%d}")
        self.assertEqual(self.stage.once()[0], 0)
        plain, = web.asked("/plain")
        self.assertRegex(plain.headers["user-agent"], r"^pollard/\d")
        self.assertEqual((plain.method, plain.headers["x-all"]), ("GET", "yes"))
        self.assertIn("gzip", plain.headers["accept-encoding"])
        posted, = web.asked("/posted")
        self.assertEqual((posted.method, posted.body), ("POST", b'{"q":"{x}"}'))
        self.assertEqual(posted.headers["x-key"], "s3cr3t-t0ken")
        self.assertEqual(posted.headers["authorization"], "Bearer s3cr3t-t0ken")
        self.assertEqual(posted.headers["content-type"], "application/json")
        self.assertEqual(posted.headers["user-agent"], "me/1")
        self.assertEqual(web.asked("/basic")[0].headers["authorization"], "Basic YW5uOnA0c3M=")
        day = next(r.path for r in web.requests if r.path.startswith("/dated")).split("=")[1]
        self.assertRegex(day, r"^\d{4}-\d{2}-\d{2}$")

    def test_come_back_decompressed(self):
        body = json.dumps([{"n": n} for n in range(500)]).encode()
        web = self.use(Web(from_paths(a=Answer(200, gzip.compress(body),
                                               {"Content-Encoding": "gzip"}))))
        self.stage.feed("a", web.url + "/a")
        self.assertEqual(self.stage.once()[0], 0)
        poll, = self.stage.polls()
        self.assertEqual(int(poll["body_bytes"]), len(body))
        self.assertLess(int(poll["wire_bytes"]), len(body) // 2)
        self.assertEqual(len(self.stage.ask("dump").splitlines()), 501)

    def test_reach_no_private_address_unless_allowed(self):
        web = self.use(Web(from_paths(a=b"1")))
        self.stage.feed("a", web.url + "/a", allow_private=False)
        self.stage.feed("b", f"http://localhost:{web.port}/a", allow_private=False)
        self.assertEqual(self.stage.once()[0], 1)
        self.assertEqual([(p["outcome"], p["detail"]) for p in self.stage.polls()],
                         [("failed", "blocked")] * 2)
        self.assertEqual(web.requests, [])

    def test_secrets_stay_with_their_origin_and_out_of_everything_written(self):
        canary = "c4n4ry-9f8e7d6c"
        other = self.use(Web(from_paths(there=b'{"a":1}')))
        web = self.use(Web(from_paths(
            away=Answer(302, b"", {"Location": other.url + "/there"}),
            inside=Answer(302, b"", {"Location": "/here"}), here=b'{"b":1}',
            fail=Answer(500, b"broken"))))
        self.stage.write("secrets/key", canary)
        keyed = {"headers": {"X-Key": "${secret:key}", "Authorization": "Token ${secret:key}"}}
        self.stage.feed("away", web.url + "/away", **keyed)
        self.stage.feed("inside", web.url + "/inside", **keyed)
        self.stage.feed("query", web.url + "/here?key=${secret:key}")
        self.stage.feed("fail", web.url + "/fail", retry=False, **keyed)
        code, service = self.stage.once("--log-level", "debug")
        self.assertEqual(code, 1)
        self.assertEqual(web.asked("/here")[0].headers["x-key"], canary)
        there, = other.asked("/there")
        self.assertNotIn(canary, str(there))
        written = {"log": service.log()}
        for command in ("polls", "feeds", "definitions", "dump", "gaps", "check"):
            done = self.stage.run(command)
            written[command] = (done.stdout + done.stderr).decode()
        for path in sorted(self.stage.store.iterdir()):
            written[path.name] = path.read_bytes().decode("latin-1")
        for name, text in written.items():
            self.assertNotIn(canary, text, name)
        self.assertIn("${secret:key}", written["definitions"])


class Disk(Case):
    def mount(self, *args):
        return subprocess.run(["mount", "-t", "tmpfs", *args, "tmpfs", self.stage.store],
                              capture_output=True).returncode == 0

    def fill(self, reserve, size, more):
        self.stage.store.mkdir()
        if os.geteuid() != 0 or not self.mount("-o", f"size={size},mode=0750"):
            print("SKIP full disk: no root, or may not mount a tmpfs", flush=True)
            self.skipTest("no tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", self.stage.store])
        web = self.use(Web(lambda _: os.urandom(100000)))
        self.stage.settings(disk_reserve=reserve)
        self.stage.feed("a", web.url + "/a", interval="200ms")
        service = self.stage.start("--log-level", "debug").ready()
        service.wait_for("disk state=full", 30)
        time.sleep(1.5)
        self.assertIsNone(service.process.poll())
        stored = len(service.events("stored"))
        self.assertTrue(self.mount("-o", f"remount,size={more}"))
        service.wait_for("disk state=free", 60)
        within(20, lambda: len(service.events("stored")) > stored + 5, "polls after the space")
        self.assertEqual(service.end(), 0)
        return service

    def check(self, service):
        polls = self.stage.polls()
        slots = [round(instant(p["slot"]) * 1000) for p in polls]
        self.assertEqual({b - a for a, b in zip(slots, slots[1:])}, {200})
        missed = [p["detail"] for p in polls if p["outcome"] == "missed"]
        self.assertEqual(set(missed), {"disk"})
        self.assertEqual(polls[-1]["outcome"], "new")
        kept = {p["slot"]: p["outcome"] for p in polls}
        for event in service.events("stored"):
            self.assertEqual(kept[event["slot"]], event["outcome"])
        self.stage.verify()

    def test_keeps_its_reserve_pauses_and_goes_on(self):
        self.check(self.fill("4MiB", "8m", "64m"))

    def test_survives_a_disk_that_is_really_full(self):
        self.check(self.fill("1KiB", "4m", "64m"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
