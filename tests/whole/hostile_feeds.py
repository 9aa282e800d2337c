"""Every behaviour of the hostile server must end as its table says, beside healthy feeds."""
import itertools
import os
import re
import subprocess
import sys
import unittest
import urllib.parse

from stage import HERE, Case, figure

# Not a matter of what a server answers: the URL itself.
ELSEWHERE = [("refused", "http://127.0.0.1:1/", "failed/refused"),
             ("tls-to-plain", "https://127.0.0.1:{port}/ok", "failed/tls"),
             ("unresolvable", f"http://{'x' * 64}.example/", "failed/resolve")]


class Hostile:
    """The server as a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "hostile", "--port", "0"],
                                        stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().strip()
        self.port = int(self.url.rpartition(":")[2])

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def rows_of_table():
    text = subprocess.run([sys.executable, HERE / "hostile", "--table"], capture_output=True,
                          check=True).stdout.decode()
    return [line.split("\t") for line in text.splitlines()]


def memory_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


class Behaviours(Case):
    def test_each_ends_as_the_table_says(self):
        hostile = self.use(Hostile())
        expected = {}
        hosts = itertools.count(2)
        for path, outcome, _ in rows_of_table():
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.strip("/"))
            self.assertNotIn(name, expected)
            # Retry-After holds a host: each is one of its own.
            host = next(hosts) if "retry-after" in name else 1
            url = f"http://127.0.0.{host}:{hostile.port}{path}"
            expected[name] = (urllib.parse.quote(url, safe=":/?=[]"), outcome)
        for name, url, outcome in ELSEWHERE:
            expected[name] = (url.format(port=hostile.port), outcome)
        for name, (url, _) in expected.items():
            self.stage.feed(name, url, timeout="3s", interval="1h", retry=False, host_limit=1024)
        self.stage.settings(max_requests=1024)
        code, service = self.stage.once()
        self.assertEqual(code, 1)
        got = {poll["feed"]: "/".join([poll["outcome"], poll["detail"], poll["flags"]]).rstrip("/")
               for poll in self.stage.polls()}
        wrong = [f"{name}: {outcome} expected, got {got.get(name)}"
                 for name, (_, outcome) in expected.items() if got.get(name) != outcome]
        self.assertEqual(wrong, [], service.log()[-3000:])
        self.assertEqual(len(got), len(expected))
        figure("behaviours", len(got))
        self.stage.verify()
        self.stage.ask("dump", "--with", "slot", "ok")

    def test_an_invalid_body_gives_no_rows_and_is_counted(self):
        hostile = self.use(Hostile())
        self.stage.feed("cut", hostile.url + "/cut-json", format="json")
        self.stage.feed("ok", hostile.url + "/ok")
        self.stage.once()
        done = self.stage.run("dump")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertRegex(done.stderr.decode(), r"cut.*1|1.*cut")

    def test_floods_and_bombs_do_not_fill_the_memory(self):
        hostile = self.use(Hostile())
        for name in ("gzip-bomb", "endless", "endless-chunked", "huge-length", "header-flood",
                     "header-long", "interim-flood", "deep-json"):
            self.stage.feed(name, f"{hostile.url}/{name}", interval="2s", max_body="1MiB",
                            retry=False, backoff=False, host_limit=64)
        service = self.stage.start("--for", "5s").ready()
        self.assertEqual(service.process.poll(), None)
        peak = 0
        while service.process.poll() is None:
            try:
                peak = max(peak, memory_kib(service.pid, "RssAnon"))
                service.process.wait(0.1)
            except (subprocess.TimeoutExpired, FileNotFoundError, ProcessLookupError):
                continue
        figure("rss_anon_peak_kib", peak)
        self.assertEqual(service.process.returncode, 0)
        if not is_sanitized():
            self.assertLess(peak, 64 * 1024)
        outcomes = {p["outcome"] for p in self.stage.polls() if p["feed"] != "deep-json"}
        self.assertLessEqual(outcomes, {"failed", "missed"})


def is_sanitized():
    with open(os.path.join(os.environ["POLLARD_BIN"], "pollardd"), "rb") as program:
        return b"__asan_init" in program.read()


if __name__ == "__main__":
    unittest.main(verbosity=2)
