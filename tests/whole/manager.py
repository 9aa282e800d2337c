"""What the service manager hears of pollardd, and what its unit allows.

A datagram socket of ours stands for systemd's; a commit that hangs is made by strace.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.request

from stage import Case, free_port, within
from web import Answer, Web

UNIT = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "pollard.service"


class Manager:
    """Hears sd_notify's datagrams: a list of (when, {key: value})."""

    def __init__(self, path):
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(path)}
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while True:
            datagram = self.socket.recv(65536).decode()
            if not datagram:
                return
            pairs = dict(line.split("=", 1) for line in datagram.splitlines())
            self.heard.append((time.monotonic(), pairs))

    def said(self, key):
        return [pairs[key] for _, pairs in list(self.heard) if key in pairs]

    def fed(self):
        return [when for when, pairs in list(self.heard) if "WATCHDOG" in pairs]

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
            ours.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class Notify(Case):
    def setUp(self):
        super().setUp()
        self.manager = self.use(Manager(self.stage.dir / "notify"))
        count = iter(range(10 ** 9))
        self.web = self.use(Web(lambda _: Answer(200, json.dumps({"n": next(count)}).encode())))

    def start(self, watchdog_s=0, before=()):
        environment = dict(self.manager.environment)
        if watchdog_s:
            environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        if before:
            wrapper = self.stage.dir / "wrapped"
            words = " ".join(before)
            wrapper.write_text(f'#!/bin/sh\nexec {words} {self.stage.pollardd_path.resolve()} "$@"\n')
            wrapper.chmod(0o755)
            self.stage.pollardd_path = wrapper
        return self.stage.start(env=environment).ready()

    def test_ready_reloading_stopping(self):
        self.stage.feed("a", self.web.url + "/a", interval="1h")
        self.stage.feed("b", "http://127.0.0.1:1/", interval="1h", retry=False)
        service = self.start()
        within(5, lambda: self.manager.said("READY") == ["1"], "READY")
        self.assertRegex(self.manager.said("STATUS")[-1],
                         r"^2 feeds, \d failing, next slot \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")
        within(20, lambda: len(service.events("failing")) == 1, "the failure of b")

        self.stage.write("feeds/c.json", '{"url": 7}')
        service.send(signal.SIGHUP)
        within(10, lambda: len(self.manager.said("READY")) > 1, "READY again")
        order = [key for _, pairs in self.manager.heard for key in pairs
                 if key in ("READY", "RELOADING", "STOPPING")]
        self.assertEqual(order[:3], ["READY", "RELOADING", "READY"])
        self.assertGreater(int(self.manager.said("MONOTONIC_USEC")[0]), 0)
        self.assertIn("2 feeds, 1 failing", self.manager.said("STATUS")[-1])
        self.assertIn("mistakes in the configuration", self.manager.said("STATUS")[-1])

        self.assertEqual(service.end(), 0)
        self.assertEqual(self.manager.said("STOPPING"), ["1"])
        self.assertNotIn("WATCHDOG", [key for _, pairs in self.manager.heard for key in pairs])

    def test_feeds_the_watchdog_four_times_in_its_span(self):
        self.stage.feed("a", self.web.url + "/a", interval="200ms")
        self.start(watchdog_s=2)
        time.sleep(4)
        fed = self.manager.fed()
        self.assertGreater(len(fed), 6)
        self.assertLess(max(b - a for a, b in zip(fed, fed[1:])), 1.5)

    def test_a_full_disk_is_said_and_no_reason_to_be_killed(self):
        self.stage.settings(disk_reserve="1000TiB")
        self.stage.feed("a", self.web.url + "/a", interval="200ms")
        self.start(watchdog_s=2)
        within(10, lambda: "the disk is full" in self.manager.said("STATUS")[-1], "the full disk")
        time.sleep(4)
        fed = self.manager.fed()
        self.assertLess(max(b - a for a, b in zip(fed, fed[1:])), 1.5)
        self.assertIn("the disk is full", self.manager.said("STATUS")[-1])

    @unittest.skipUnless(shutil.which("strace"), "SKIP: no strace, so no commit can be made to hang")
    def test_a_commit_that_hangs_starves_the_watchdog(self):
        self.stage.feed("a", self.web.url + "/a", interval="200ms")
        service = self.start(watchdog_s=2, before=[
            "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync",
            "-e", "inject=fdatasync:delay_enter=6000000:when=12"])
        within(20, lambda: any("has not answered" in text for text in self.manager.said("STATUS")),
               "a status that tells of it")
        within(20, lambda: "has not answered" not in self.manager.said("STATUS")[-1], "its end")
        within(5, lambda: len(self.manager.fed()) > 10, "food again")
        fed = self.manager.fed()
        self.assertGreater(max(b - a for a, b in zip(fed, fed[1:])), 4)
        self.assertIn("error watchdog commit_waits_ms=", service.log())
        self.assertEqual(service.end(), 0)
        self.stage.verify()


def allowed_calls():
    """The names that the unit's SystemCallFilter lets through."""
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True,
                          check=True).stdout
    sets, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif name and line.startswith("    ") and "#" not in line:
            sets[name].append(line.strip())

    def flat(word):
        return set().union(*map(flat, sets[word])) if word.startswith("@") else {word}

    calls = flat("@default")
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", UNIT.read_text()):
        named = set().union(*map(flat, line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


class Unit(Case):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "SKIP: no systemd-analyze")
    def test_is_as_closed_as_promised(self):
        told = subprocess.run(["systemd-analyze", "security", "--offline=true", UNIT],
                              capture_output=True, text=True).stdout
        self.assertLessEqual(float(re.search(r"Overall exposure level.*: ([0-9.]+)", told)[1]), 1.5)

    @unittest.skipUnless(shutil.which("systemd-analyze") and shutil.which("strace"),
                         "SKIP: no systemd-analyze, or no strace")
    def test_allows_every_system_call_of_a_life(self):
        web = self.use(Web(lambda _: b'{"items":[{"n":1}]}'))
        self.stage.feed("a", web.url.replace("127.0.0.1", "localhost") + "/a", interval="300ms")
        trace = self.stage.dir / "trace"
        wrapper = self.stage.dir / "wrapped"
        wrapper.write_text(f"#!/bin/sh\nexec strace -D -f -qq -o {trace} "
                           f'{self.stage.pollardd_path.resolve()} "$@"\n')
        wrapper.chmod(0o755)
        self.stage.pollardd_path = wrapper
        page = f"127.0.0.1:{free_port()}"
        self.stage.settings(alerts={"allow_private": True, "webhook": {"url": web.url + "/hook"}})
        service = self.stage.start("--log-level", "debug", "--listen", page).ready()
        within(20, lambda: len(service.events("stored")) > 3, "polls")
        for path in ("/", "/status.json", "/metrics", "/dump/a.csv", "/polls/a.csv", "/-/healthy"):
            with urllib.request.urlopen(f"http://{page}{path}", timeout=10) as answer:
                self.assertTrue(answer.read())
        self.stage.feed("b", "http://nowhere.invalid/", interval="1s")
        service.send(signal.SIGHUP)
        within(20, lambda: service.events("failing"), "a failing feed")
        service.status()
        self.assertEqual(service.end(), 0)
        lines = within(5, lambda: "exit_group(" in trace.read_text() and trace.read_text(), "a trace")
        # execve is systemd's, made before its filter holds; the shell's are not ours.
        calls = set(re.findall(r"(?m)^\d+ +([a-z0-9_]+)\(", lines)) - {"execve"}
        self.assertGreater(len(calls), 20)
        self.assertEqual(calls - allowed_calls(), set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
