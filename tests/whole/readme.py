"""The examples of README.md, run as they stand: the first feed, from the file to the CSV.

Only the server is another: the address of the earthquakes is replaced by one of ours on loopback, which
asks for "allow_private". A block of README is run when `<!-- run: NAME -->` stands above it.
"""
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from stage import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["POLLARD_BIN"]).resolve()
URL = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson"
QUAKES = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "id": f"q{n}", "properties": {"mag": 1.50 + n, "place": "5 km N of Here, CA"},
     "geometry": {"type": "Point", "coordinates": [-118.2, 34.0, 7.1]}} for n in range(3)]}


class Survey(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(QUAKES).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def blocks():
    text = (ROOT / "README.md").read_text()
    return dict(re.findall(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```", text, re.S))


class Readme(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Survey)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.dir = tempfile.TemporaryDirectory(prefix="pollard-readme-")
        self.home = pathlib.Path(self.dir.name)
        (self.home / "build").mkdir()
        (self.home / "build/release").symlink_to(BIN)
        self.environment = {"HOME": str(self.home), "PATH": os.environ["PATH"],
                            "POLLARD_CONFIG": f"{self.home}/quakes",
                            "POLLARD_STORE": f"{self.home}/quakes/store"}

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.dir.cleanup()

    def run_block(self, text):
        done = subprocess.run(["bash", "-euc", text], cwd=self.home, env=self.environment,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_first_feed(self):
        block = blocks()
        ours = f'http://127.0.0.1:{self.server.server_port}/all_hour.geojson",\n  "allow_private": true'
        self.assertIn(f'{URL}"', block["feed"])
        self.run_block(block["feed"].replace(f'{URL}"', ours))
        (self.home / "quakes/pollard.json").write_text(f'{{"listen": "127.0.0.1:{free_port()}"}}')
        said = self.run_block(block["check"])
        self.assertIn("1 feed, 1440 polls a day", said)
        self.assertIn("5 km N of Here, CA", said)
        log = open(self.home / "log", "w")
        service = subprocess.Popen([*block["service"].split()], cwd=self.home, stderr=log,
                                   env=self.environment)
        try:
            end = time.monotonic() + 20
            while "outcome" not in self.polls() and time.monotonic() < end:
                time.sleep(0.2)
            while ",new," not in self.polls() and time.monotonic() < end:
                time.sleep(0.2)
            said = self.run_block(block["look"])
        finally:
            service.send_signal(signal.SIGTERM)
            self.assertEqual(service.wait(15), 0)
            log.close()
        self.assertIn("feed,from,to,slots,new,same", said)
        rows = (self.home / "quakes.csv").read_text().splitlines()
        self.assertEqual(rows[0], "feed,call_time,type,id,properties.mag,properties.place,"
                                  "geometry.type,geometry.coordinates")
        self.assertEqual(len(rows), 4)
        self.assertIn('Feature,q0,1.5,"5 km N of Here, CA",Point,"[-118.2,34.0,7.1]"', rows[1])
        self.in_pandas(block["pandas"])

    def polls(self):
        return subprocess.run([BIN / "pollard", "polls"], env=self.environment, text=True,
                              capture_output=True).stdout

    def in_pandas(self, text):
        for python in (sys.executable, "python3"):
            if subprocess.run([python, "-c", "import pandas"], capture_output=True).returncode == 0:
                said = subprocess.run([python, "-c", text], cwd=self.home, text=True,
                                      capture_output=True, check=True).stdout
                self.assertIn("3", said)
                return
        print("SKIPPED: the pandas lines, for pandas is not installed", flush=True)

    def test_every_command_and_key_named_is_real(self):
        text = (ROOT / "README.md").read_text()
        commands = subprocess.run([BIN / "pollard", "help"], text=True, capture_output=True).stdout
        keys = subprocess.run([BIN / "pollard", "help", "keys"], text=True,
                              capture_output=True).stdout
        named = set(re.findall(r"`?build/release/pollard ([\w-]+)", text))
        named |= set(re.findall(r"`pollard ([\w-]+)", text))
        self.assertGreater(len(named), 6)
        for name in named:
            self.assertRegex(commands, rf"(?m)^  {name} ")
        for name in re.findall(r'(?m)^  "(\w+)":', text):
            self.assertRegex(keys, rf"(?m)^  {name} ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
