"""Alerts to a real mail server and a real webhook on loopback: how a letter travels, what is told, and
what happens when nobody listens."""
import concurrent.futures
import datetime
import http.server
import json
import ssl
import subprocess
import threading
import time
import unittest

from mail import CUT, HANG, Mail, make_certificate
from stage import BIN, Case, within
from web import Answer, Web

PASSWORD, TOKEN, PLACE = "canary-password-7431", "canary-token-9925", "canary-place-1187"
LETTER = (b"Subject: test\r\n\r\n.a line that begins with a dot\r\n..\r\n" +
          b"".join(b"line %d\r\n" % i for i in range(3000)))
GATHER_S = 30  # ALERT_GATHER_US


class Letters(Case):
    """The courier, against servers that behave and servers that do not."""

    def setUp(self):
        super().setUp()
        self.trusted = make_certificate(self.stage.dir)

    def post(self, mail, login=("", ""), bundle=None):
        done = subprocess.run([BIN / "tests/whole/post_letter", bundle or self.trusted[0], mail.url,
                               *login], input=LETTER, capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().strip()

    def mail(self, tls="starttls", **how):
        return self.use(Mail(tls=tls, certificate=self.trusted, **how))

    def test_a_letter_arrives_whole_under_tls_with_a_login(self):
        for tls in "starttls", "tls":
            mail = self.mail(tls, login=("me", PASSWORD))
            self.assertEqual(self.post(mail, ("me", PASSWORD)), "sent")
            letter, = mail.letters
            self.assertTrue(letter.was_tls)
            self.assertEqual(letter.login, ("me", PASSWORD))
            self.assertEqual(letter.bytes, LETTER)
            self.assertEqual(letter.sender, "<me@example.org>")
            self.assertEqual(letter.recipients, ["<you@example.org>", "<them@example.org>"])

    def test_nothing_goes_out_in_the_clear_but_to_this_machine_without_a_login(self):
        mail = self.mail("none")
        self.assertEqual(self.post(mail), "sent")
        mail = self.mail("none", login=("me", PASSWORD))
        self.assertIn("no STARTTLS", self.post(mail, ("me", PASSWORD)))
        self.assertEqual((mail.letters, mail.clear_logins), ([], []))
        self.assertFalse(any(b"AUTH" in line or b"MAIL" in line for line in mail.lines))

    def test_a_certificate_that_nobody_trusts_ends_it(self):
        (self.stage.dir / "other").mkdir()
        bundle, _ = make_certificate(self.stage.dir / "other")
        for tls in "starttls", "tls":
            mail = self.mail(tls, login=("me", PASSWORD))
            self.assertIn("certificate", self.post(mail, ("me", PASSWORD), bundle))
            self.assertFalse(any(b"AUTH" in line for line in mail.lines))

    def test_what_the_server_refuses_is_said_in_its_words(self):
        for at, words in (({"mail": "550 you are listed"}, 'said "550 you are listed"'),
                          ({"rcpt": "550 5.1.1 no such user"}, "550 5.1.1 no such user"),
                          ({"taken": "552 too much"}, "552 too much"),
                          ({"data": "451 later"}, "451 later"),
                          ({"greeting": "554 go away"}, "554")):
            mail = self.mail(at=at)
            self.assertIn(words, self.post(mail), at)
            self.assertEqual(mail.letters, [])

    def test_a_denied_login_shows_nothing_of_it(self):
        mail = self.mail(login=("me", "another"))
        words = self.post(mail, ("me", PASSWORD))
        self.assertEqual(words, "the server denied the login: 535")

    def test_one_bad_address_does_not_cost_the_others(self):
        mail = self.mail()
        answers = iter(["550 no such user", "250 fine"])

        class Once(dict):
            def get(self, place, text):
                return next(answers) if place == "rcpt" else text
        mail.at = Once()
        self.assertEqual(self.post(mail), "sent")

    def post_at(self, place, way):
        """With what a server that does that at that place costs."""
        mail = self.mail(at={place: way}, login=("me", PASSWORD))
        began = time.monotonic()
        words = self.post(mail, ("me", PASSWORD))
        return place, words, time.monotonic() - began, len(mail.letters)

    def test_a_server_that_hangs_or_hangs_up_costs_three_seconds(self):
        places = "greeting", "ehlo", "starttls", "auth", "mail", "data", "taken", "quit"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            posts = [pool.submit(self.post_at, place, way)
                     for place in places for way in (HANG, CUT)]
        for post in posts:
            place, words, took, letters = post.result()
            # Taken is taken, whatever becomes of the goodbye.
            self.assertEqual((words == "sent", letters), (place == "quit", place == "quit"), place)
            self.assertLess(took, 10, place)


class Hook(Web):
    """A webhook that answers with `status`, and keeps what it was told."""

    def __init__(self, status=200, headers=None):
        self.status, self.headers = status, headers or {}
        super().__init__(lambda _: Answer(self.status, PASSWORD.encode(), self.headers))

    def told(self):
        return [json.loads(request.body) for request in list(self.requests)]


class Commands(Case):
    """pollard alert-test."""

    def settings(self, mail=None, hook=None, **more):
        alerts = {"allow_private": True, **more}
        if mail:
            alerts["email"] = {"server": mail.url, "from": "pollard@example.org",
                               "to": ["me@example.org", "you@example.org"]}
        if hook:
            alerts["webhook"] = {"url": hook.url + "/${secret:place}",
                                 "headers": {"Authorization": "Bearer ${secret:token}"}}
            self.stage.write("secrets/token", TOKEN)
            self.stage.write("secrets/place", PLACE)
        self.stage.settings(alerts=alerts)

    def run_test(self):
        done = self.stage.run("alert-test", store=False)
        text = done.stdout.decode() + done.stderr.decode()
        for secret in PASSWORD, TOKEN, PLACE:
            self.assertNotIn(secret, text)
        return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode()

    def test_every_channel_gets_one(self):
        mail, hook = self.use(Mail()), self.use(Hook())
        self.settings(mail, hook)
        self.assertEqual(self.run_test(), (0, ["email: sent", "webhook: sent"], ""))
        message, = mail.messages()
        self.assertEqual(message["From"], "pollard <pollard@example.org>")
        self.assertEqual(message["To"], "me@example.org, you@example.org")
        self.assertTrue(message["Subject"].startswith("[pollard "))
        self.assertIn("this is a test", message["Subject"])
        self.assertRegex(message["Message-ID"], r"^<pollard\..*@example\.org>$")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        sent = datetime.datetime.strptime(message["Date"], "%a, %d %b %Y %H:%M:%S %z")
        self.assertLess(abs(sent.timestamp() - time.time()), 60)
        self.assertIn("Nothing is wrong", message.get_content())
        request, = hook.requests
        self.assertEqual(request.path, "/" + PLACE)
        self.assertEqual(request.headers["authorization"], "Bearer " + TOKEN)
        self.assertEqual(request.headers["content-type"], "application/json")
        told, = hook.told()
        self.assertEqual((told["event"], told["kind"], told["feed"]), ("test", "test", None))
        self.assertIn("this is a test", told["text"])

    def test_what_failed_is_said_and_the_code_is_1(self):
        mail, hook = self.use(Mail(at={"rcpt": "550 nobody"})), self.use(Hook(500))
        self.settings(mail, hook)
        code, lines, errors = self.run_test()
        self.assertEqual(lines, ['email: failed: the server said "550 nobody"',
                                 "webhook: failed: the server said 500"])
        self.assertEqual((code, errors), (1, "pollard: 2 of 2 channels failed\n"))

    def test_a_redirect_is_not_followed(self):
        there = self.use(Hook())
        hook = self.use(Hook(302, {"Location": there.url + "/else"}))
        self.settings(hook=hook)
        code, lines, _ = self.run_test()
        self.assertEqual((code, there.requests), (1, []))
        self.assertEqual(lines,
                         ["webhook: failed: the server said 302, and a redirect is not followed"])

    def test_private_addresses_are_closed(self):
        mail, hook = self.use(Mail()), self.use(Hook())
        self.settings(mail, hook, allow_private=False)
        code, lines, _ = self.run_test()
        self.assertEqual(code, 1)
        for line in lines:
            self.assertIn("alerts.allow_private is not set", line)
        self.assertEqual((mail.lines, hook.requests), ([], []))

    def test_nobody_to_tell_and_a_broken_file(self):
        self.stage.settings()
        code, lines, errors = self.run_test()
        self.assertEqual((code, lines), (1, []))
        self.assertIn("neither \"email\" nor \"webhook\"", errors)
        self.stage.write("pollard.json", '{"alerts":{"webhook":{}}}')
        code, lines, errors = self.run_test()
        self.assertEqual((code, lines), (78, []))
        self.assertIn('"webhook" lacks "url"', errors)
        done = self.stage.run("alert-test", "what", store=False)
        self.assertEqual(done.returncode, 2)


class Tls(threading.Thread):
    """An https server with a certificate of ours."""

    def __init__(self, certificate):
        super().__init__(daemon=True)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"[]")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.start()

    def run(self):
        self.server.serve_forever()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Services(Case):
    """The running service."""

    def alerts(self, mail, hook, beat=None, **more):
        self.stage.write("secrets/password", PASSWORD)
        self.stage.write("secrets/token", TOKEN)
        self.stage.write("secrets/place", PLACE)
        alerts = {"allow_private": True,
                  "email": {"server": mail.url, "from": "pollard@example.org",
                            "to": ["me@example.org"]},
                  "webhook": {"url": hook.url + "/${secret:place}",
                              "headers": {"X-Token": "${secret:token}"}}}
        if mail.login:
            alerts["email"].update(username="me", password="${secret:password}")
        if beat:
            alerts["heartbeat"] = {"url": beat.url + "/${secret:place}", "every": "1s"}
        self.stage.settings(alerts=alerts, listen="off", **more)

    def said(self, hook, event):
        return sorted(told["incident"] or "" for told in hook.told() if told["event"] == event)

    def no_secret_is_in(self, service):
        store = b"".join(path.read_bytes() for path in self.stage.store.iterdir())
        for secret in PASSWORD, TOKEN, PLACE:
            self.assertNotIn(secret, service.log())
            self.assertNotIn(secret.encode(), store)

    def test_one_opening_and_one_closing_over_a_restart(self):
        bad, good = self.use(Web(lambda _: Answer(503))), self.use(Web(lambda _: b"[1]"))
        certificate = make_certificate(self.stage.dir, days=5)
        secure = self.use(Tls(certificate))
        mail, hook, beat = self.use(Mail()), self.use(Hook()), self.use(Hook())
        self.alerts(mail, hook, beat)
        self.stage.feed("bad", bad.url, retry=False, backoff=False)
        self.stage.feed("secure", f"https://localhost:{secure.port}/",
                        ca_file=str(certificate[0]))
        self.stage.feed("good", good.url)
        service = self.stage.start().ready()
        self.stage.write("feeds/broken.json", '{"url": "http://a.test/", "interval": "1m", "every": 1}')
        opened = sorted(["failing:bad", "config:feeds/broken.json",
                         f"certificate:localhost:{secure.port}"])
        within(GATHER_S + 20, lambda: len(hook.told()) >= 3, "three openings")
        self.assertEqual(self.said(hook, "open"), opened)
        within(10, lambda: len(mail.letters) >= 3, "the same by mail")
        self.check_words(hook, mail)
        within(10, lambda: len(beat.requests) > GATHER_S // 2, "the heartbeat")
        service.end()
        service = self.stage.start().ready()
        time.sleep(GATHER_S + 6)
        self.assertEqual(self.said(hook, "open"), opened, "the restart opened something again")
        self.assertEqual(self.said(hook, "close"), [])
        self.stage.remove("broken")
        within(10, lambda: self.said(hook, "close"), "a closing")
        self.assertEqual(self.said(hook, "close"), ["config:feeds/broken.json"])
        within(10, lambda: len(mail.letters) >= 4, "the closing by mail")
        opening = next(m for m in mail.messages() if "broken: " in m["Subject"])
        self.assertEqual(mail.messages()[-1]["In-Reply-To"], opening["Message-ID"])
        self.no_heartbeat_without_a_disk(mail, hook, beat)
        self.assertEqual(service.end(), 0)
        self.no_secret_is_in(service)

    def check_words(self, hook, mail):
        told = next(told for told in hook.told() if told["kind"] == "failing")
        self.assertEqual((told["feed"], told["incident"]), ("bad", "failing:bad"))
        for words in "feed bad fails", "http_status 503", "pollard gaps bad --list", "Since: ":
            self.assertIn(words, told["text"])
        self.assertEqual(told["alerts"][0]["text"], "feed bad fails (http_status 503)")
        text = next(m for m in mail.messages() if "feed bad fails" in m["Subject"]).get_content()
        self.assertEqual(text.replace("\r\n", "\n"), told["text"])
        told = next(told for told in hook.told() if told["kind"] == "config")
        self.assertIn('unknown key "every"', told["text"])

    def no_heartbeat_without_a_disk(self, mail, hook, beat):
        self.alerts(mail, hook, beat, disk_reserve="1000TiB")
        service = self.stage.services[-1]
        service.wait_for("state=held")
        count = len(beat.requests)
        time.sleep(3)
        self.assertLessEqual(len(beat.requests), count + 1)

    def test_dead_channels_delay_nothing_and_end_with_the_service(self):
        bad = self.use(Web(lambda _: Answer(503)))
        mail = self.use(Mail(login=("me", PASSWORD), at={"greeting": HANG}))
        hook = self.use(Hook(503, {"Retry-After": "1"}))
        self.alerts(mail, hook)
        self.stage.feed("bad", bad.url, interval="500ms", timeout="400ms", retry=False,
                        backoff=False)
        service = self.stage.start().ready()
        service.wait_for("alert_unsent channel=webhook", GATHER_S + 20)
        self.assertIn('reason="the server said 503"', service.log())
        self.assertLess(int(service.status()["loop_gap_max_ms"]), 1000)
        count = len(bad.requests)
        within(5, lambda: len(bad.requests) > count + 2, "polls go on")
        began = time.monotonic()
        self.assertEqual(service.end(), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.no_secret_is_in(service)
        # Nobody has heard of it: the next start tells it.
        hook.status, told = 200, len(hook.requests)
        service = self.stage.start().ready()
        within(GATHER_S + 20, lambda: len(hook.requests) > told, "the opening")
        self.assertEqual(hook.told()[-1]["incident"], "failing:bad")
        service.end()


if __name__ == "__main__":
    unittest.main(verbosity=2)
