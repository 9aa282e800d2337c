"""A scratch directory with a configuration, a store, and the two programs on them.

Every test of tests/whole/ stands on this. POLLARD_BIN names the directory of the two programs; what
a test leaves behind is removed when it passes and named when it fails.
"""
import collections
import csv
import datetime
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ.get("POLLARD_BIN", "."))
HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # what ctest takes for "skipped"


def within(seconds, claim, what="something"):
    """Waits until claim() gives something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = claim()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def instant(text):
    """Seconds since 1970 of an ISO 8601 text."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def free_port():
    """A port on loopback that nobody has; below those that the system gives out by itself."""
    while True:
        port = random.randrange(15000, 31000)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Service:
    """A running pollardd; with a page only if --listen says where, as tests run side by side."""

    def __init__(self, stage, *args, **options):
        if "--listen" not in args:
            args = ("--listen", "off", *args)
        self.log_path = stage.dir / f"pollardd-{len(stage.services)}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [stage.pollardd_path, "--config", stage.config, "--store", stage.store, *args],
                stderr=log, stdout=subprocess.DEVNULL, **options)
        self.pid = self.process.pid
        self.known_events = collections.defaultdict(list)
        self.known_bytes = 0

    def log(self):
        return self.log_path.read_text(errors="replace")

    def events(self, event):
        """The lines of one event as dictionaries; values hold no spaces in the events we read."""
        with open(self.log_path, "rb") as log:
            log.seek(self.known_bytes)
            text = log.read()
        text = text[:text.rfind(b"\n") + 1]
        self.known_bytes += len(text)
        for line in text.decode(errors="replace").splitlines():
            words = line.split(" ")
            if len(words) > 1:
                self.known_events[words[1]].append(
                    dict(word.split("=", 1) for word in words[2:] if "=" in word))
        return self.known_events[event]

    def wait_for(self, text, seconds=20):
        def seen():
            assert self.process.poll() is None or text in self.log(), \
                f"pollardd ended with {self.process.returncode}:\n{self.log()[-2000:]}"
            return text in self.log()
        within(seconds, seen, f'"{text}" in {self.log_path}')
        return self

    def ready(self):
        return self.wait_for("info ready")

    def send(self, number):
        self.process.send_signal(number)

    def status(self):
        """SIGUSR1's line of the service."""
        count = len(self.events("service"))
        self.send(signal.SIGUSR1)
        within(5, lambda: len(self.events("service")) > count, "the status line")
        return self.events("service")[-1]

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def end(self, seconds=15):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Stage:
    def __init__(self, name="stage"):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"pollard-{name}-"))
        self.config = self.dir / "config"
        self.store = self.dir / "store"
        self.services = []
        self.pollardd_path = BIN / "pollardd"
        (self.config / "feeds").mkdir(parents=True)

    def settings(self, **keys):
        self.write("pollard.json", json.dumps(keys))

    def feed(self, file, url, **keys):
        """A feed on loopback; the file appears whole."""
        keys = {"url": url, "interval": "1s", "allow_private": True, **keys}
        self.write(f"feeds/{file}.json", json.dumps(keys))

    def write(self, path, text):
        target = self.config / path
        target.parent.mkdir(exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        new.write_text(text)
        new.chmod(0o600)
        new.rename(target)

    def remove(self, name):
        (self.config / "feeds" / f"{name}.json").unlink()

    def start(self, *args, **options):
        service = Service(self, *args, **options)
        self.services.append(service)
        return service

    def once(self, *args):
        service = self.start("--once", *args)
        code = service.wait()
        return code, service

    def run(self, command, *args, store=None, config=None, seconds=120, **options):
        line = [BIN / "pollard", command]
        if store is not False:
            line += ["--store", store or self.store]
        if config is not False:
            line += ["--config", config or self.config]
        return subprocess.run([*line, *args], capture_output=True, timeout=seconds, **options)

    def ask(self, command, *args, **options):
        """What a command that must succeed prints."""
        done = self.run(command, *args, **options)
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
        return done.stdout.decode()

    def polls(self, *args):
        return list(csv.DictReader(io.StringIO(self.ask("polls", *args))))

    def verify(self):
        return self.ask("verify")

    def close(self, keep=False):
        for service in self.services:
            service.kill()
        if keep:
            print(f"left behind: {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with a stage of its own; what it opens with self.use() is closed after it."""

    def setUp(self):
        self.stage = Stage(self._testMethodName[5:40])
        self.begun = time.monotonic()
        self.troubles = self.count_troubles()
        self.addCleanup(self.clean)

    def count_troubles(self):
        result = self._outcome.result
        return len(result.failures) + len(result.errors)

    def clean(self):
        print(f"{time.monotonic() - self.begun:.1f} s", end=" ", flush=True, file=sys.stderr)
        self.stage.close(keep=self.count_troubles() > self.troubles)

    def use(self, thing):
        self.addCleanup(thing.close)
        return thing


def skip_all(why):
    """Says loudly why nothing is tested here, and ends."""
    print(f"SKIP {sys.argv[0]}: {why}", flush=True)
    sys.exit(SKIPPED)


def figure(name, value):
    """A measured figure, for whoever reads the log of the test."""
    print(f"FIGURE {name}={value}", flush=True)
