"""A mail server on loopback, a thread a connection, that keeps what it is given.

Mail(tls="none"|"starttls"|"tls", login=("user", "password"), at={"rcpt": "550 no"}): `at` says what
happens at a command (greeting ehlo starttls auth mail rcpt data taken quit): a text is answered
instead of the usual one, HANG never answers, CUT closes the connection.
"""
import base64
import collections
import email
import email.policy
import socket
import ssl
import subprocess
import threading
import time

HANG, CUT = object(), object()
Letter = collections.namedtuple("Letter", "sender recipients bytes at was_tls login")


def make_certificate(directory, name="localhost", days=30):
    """A certificate that trusts itself, and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj",
         f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", key,
         "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Talk(threading.Thread):
    """One connection."""

    def __init__(self, mail, connection):
        super().__init__(daemon=True)
        self.mail = mail
        self.connection = connection
        self.is_tls = mail.tls == "tls"
        self.login = None
        self.sender, self.recipients = None, []

    def run(self):
        try:
            if self.is_tls:
                self.connection = self.mail.context.wrap_socket(self.connection, server_side=True)
            self.file = self.connection.makefile("rb")
            self.say("greeting", "220 mail.test")
            while line := self.file.readline():
                self.mail.lines.append(line)
                verb = line.split()[0].upper().decode() if line.split() else ""
                if self.obey(verb, line.strip().decode("latin-1")):
                    break
        except (OSError, ValueError):
            pass
        finally:
            self.connection.close()

    def say(self, place, text):
        answer = self.mail.at.get(place, text)
        if answer is HANG:
            self.mail.closing.wait()
            raise OSError
        if answer is CUT:
            raise OSError
        self.connection.sendall(answer.encode() + b"\r\n")
        return answer[0] in "23"

    def obey(self, verb, line):
        if verb == "EHLO":
            offers = ["mail.test"]
            if self.mail.tls == "starttls" and not self.is_tls:
                offers.append("STARTTLS")
            if self.mail.login:
                offers.append("AUTH PLAIN LOGIN")
            self.say("ehlo", "\r\n".join(f"250{' ' if offer is offers[-1] else '-'}{offer}"
                                         for offer in offers))
        elif verb == "STARTTLS":
            if self.say("starttls", "220 go on"):
                self.connection = self.mail.context.wrap_socket(self.connection, server_side=True)
                self.file = self.connection.makefile("rb")
                self.is_tls = True
        elif verb == "AUTH":
            self.authenticate(line)
        elif verb == "MAIL":
            self.sender = line[len("MAIL FROM:"):]
            if self.mail.login and self.login != self.mail.login:
                self.say("mail", "530 authentication required")
            else:
                self.say("mail", "250 fine")
        elif verb == "RCPT":
            self.recipients.append(line[len("RCPT TO:"):])
            self.say("rcpt", "250 fine")
        elif verb == "DATA":
            if self.say("data", "354 go on"):
                self.take()
        elif verb == "QUIT":
            self.say("quit", "221 bye")
            return True
        else:
            self.say("other", "500 what?")
        return False

    def authenticate(self, line):
        words = line.split()
        if words[1].upper() == "PLAIN":
            if len(words) == 2:
                self.say("challenge", "334 ")
                words.append(self.file.readline().strip().decode())
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            self.say("challenge", "334 VXNlcm5hbWU6")
            user = base64.b64decode(self.file.readline().strip()).decode()
            self.say("challenge", "334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.file.readline().strip()).decode()
        self.login = (user, password)
        if not self.is_tls:
            self.mail.clear_logins.append(self.login)
        self.say("auth", "235 welcome" if self.login == self.mail.login
                 else f"535 not {user} with {password}")

    def take(self):
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.say("taken", "250 taken"):
            self.mail.letters.append(Letter(self.sender, self.recipients, b"".join(lines),
                                            time.time(), self.is_tls, self.login))


class Mail:
    def __init__(self, tls="none", certificate=None, login=None, at=None):
        self.tls, self.login, self.at = tls, login, at or {}
        self.letters, self.lines, self.clear_logins = [], [], []
        self.closing = threading.Event()
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        scheme = "smtps" if tls == "tls" else "smtp"
        self.url = f"{scheme}://localhost:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            Talk(self, connection).start()

    def messages(self):
        return [email.message_from_bytes(letter.bytes, policy=email.policy.default)
                for letter in list(self.letters)]

    def close(self):
        self.closing.set()
        self.listener.close()
