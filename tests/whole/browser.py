"""A headless Chromium, driven over its DevTools protocol: JSON messages through two pipes.

Browser() starts one with a profile of its own; browser.open(url) gives a Tab. A tab remembers what
went wrong in it (`troubles`) and every address it asked for (`asked`).
"""
import base64
import json
import os
import pathlib
import queue
import shutil
import subprocess
import tempfile
import threading
import time

PROGRAM = shutil.which("chromium")
SWITCHES = [
    "--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--disable-extensions", "--force-color-profile=srgb",
    "--no-sandbox",  # as root there is none; it sees our own page on loopback only
]
KEYS = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37}


class Browser:
    def __init__(self, *switches):
        self.profile = pathlib.Path(tempfile.mkdtemp(prefix="pollard-chromium-"))
        its_in, self.pipe_out = os.pipe()
        self.pipe_in, its_out = os.pipe()
        line = [PROGRAM, *SWITCHES, f"--user-data-dir={self.profile}", *switches]
        # The browser wants its pipes as descriptors 3 and 4.
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out}', "bash", *line],
            pass_fds=(its_in, its_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(its_in)
        os.close(its_out)
        self.number = 0
        self.answers = {}  # number → queue of the one answer
        self.tabs = {}     # session → Tab
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        rest = b""
        while chunk := os.read(self.pipe_in, 1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.answers.pop(message["id"]).put(message)
                elif message.get("sessionId") in self.tabs:
                    self.tabs[message["sessionId"]].note(message["method"], message["params"])

    def send(self, method, session=None, seconds=60, **params):
        self.number += 1
        waiting = self.answers[self.number] = queue.Queue()
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.pipe_out, text):]
        answer = waiting.get(timeout=seconds)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, url, **looks):
        return Tab(self, url, **looks)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.pipe_out)
        for _ in range(50):  # its children may still write there for a moment
            shutil.rmtree(self.profile, ignore_errors=True)
            if not self.profile.exists():
                break
            time.sleep(0.1)


class Tab:
    """`looks`: what look() takes."""

    def __init__(self, browser, url, **looks):
        self.browser = browser
        self.troubles = []
        self.asked = []
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self.target,
                                    flatten=True)["sessionId"]
        browser.tabs[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.look(**looks)
        self.go(url)

    def send(self, method, **params):
        return self.browser.send(method, session=self.session, **params)

    def note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.troubles.append(f"exception: {params['exceptionDetails']}")
        elif method == "Log.entryAdded":
            self.troubles.append(f"{params['entry']['source']}: {params['entry']['text']}")
        elif method == "Runtime.consoleAPICalled" and params["type"] != "log":
            self.troubles.append(f"console: {params['args']}")
        elif method == "Page.javascriptDialogOpening":
            self.troubles.append(f"dialog: {params['message']}")
            threading.Thread(target=self.send, args=("Page.handleJavaScriptDialog",),
                             kwargs={"accept": True}, daemon=True).start()

    def look(self, width=1440, height=900, scheme="light", media=""):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def go(self, url):
        self.send("Page.navigate", url=url)

    def run(self, script):
        """The value of an expression; it may await."""
        done = self.send("Runtime.evaluate", expression=script, awaitPromise=True,
                         returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def text(self, selector):
        """The text as it is seen, of the first that fits; None: there is none."""
        node = f"document.querySelector({json.dumps(selector)})"
        return self.run(f"{node}?.innerText ?? null")

    def texts(self, selector):
        nodes = f"document.querySelectorAll({json.dumps(selector)})"
        return self.run(f"[...{nodes}].map(node => node.textContent)")

    def key(self, name):
        """Presses a key: one of KEYS or a character."""
        code = {"key": name, "text": name}
        if name in KEYS:
            code = {"key": name, "code": name, "windowsVirtualKeyCode": KEYS[name]}
        if name == "Enter":
            code["text"] = "\r"
        self.send("Input.dispatchKeyEvent", type="keyDown", **code)
        self.send("Input.dispatchKeyEvent", type="keyUp", **code)

    def click(self, selector):
        """By script: a row may move between finding its place and pressing there."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def wait_for(self, script, seconds=20):
        """Waits until the expression is true, and returns it."""
        end = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < end, f"waited {seconds} s in vain for {script}"
            time.sleep(0.05)
        return found

    def picture(self, path, whole=False):
        done = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(done["data"]))

    def close(self):
        self.browser.send("Target.closeTarget", targetId=self.target)
