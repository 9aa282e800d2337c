"""Man pages and completions: made from the programs' own tables, and right in the eyes of others."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from stage import BIN, Case

MADE = BIN.resolve() / "packaging"
PAGES = ("pollardd.8", "pollard.1", "pollard.json.5")


def ask(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, **options)


def shown(page):
    """A man page as a reader sees it, without the bold and the underlined."""
    environment = {**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
    return ask("man", "--no-hyphenation", "--no-justification", "-l", MADE / page,
               env=environment).stdout


class Pages(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mandoc"), "SKIP: no mandoc")
    def test_mandoc_finds_nothing_wrong(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MADE / page],
                                  capture_output=True, text=True)
            self.assertEqual((done.stdout, done.returncode), ("", 0))

    @unittest.skipUnless(shutil.which("groff"), "SKIP: no groff")
    def test_groff_warns_of_nothing(self):
        for page in PAGES:
            self.assertEqual(ask("groff", "-ww", "-mdoc", "-Tutf8", "-z", MADE / page).stderr, "")

    @unittest.skipUnless(shutil.which("man"), "SKIP: no man")
    def test_they_name_every_option_command_and_key(self):
        text = shown("pollardd.8")
        for option in re.findall(r"(?m)^  (--[\w-]+)", ask(BIN / "pollardd", "--help").stdout):
            self.assertIn(option, text)
        text = shown("pollard.1")
        commands = re.findall(r"(?m)^  ([\w-]+) ", ask(BIN / "pollard", "help").stdout)
        self.assertGreater(len(commands), 9)
        for command in set(commands) - {"help"}:
            self.assertIn(f"pollard {command}", text)
            for option in re.findall(r"(?m)^ +(?:-\w, )?(--[\w-]+)",
                                     ask(BIN / "pollard", "help", command).stdout):
                self.assertIn(option, text)
        text = shown("pollard.json.5")
        keys = re.findall(r"(?m)^  ([\w.]+) ", ask(BIN / "pollard", "help", "keys").stdout)
        self.assertGreater(len(keys), 60)
        for key in keys:
            self.assertRegex(text, rf"(?m)^ +{re.escape(key)}(\s|$)")


class Bash(Case):
    def complete(self, *words):
        """What bash offers for the last word."""
        program = "pollardd" if words[0] == "pollardd" else "pollard"
        quoted = " ".join(f"'{word}'" for word in words)
        script = (f"source '{MADE / 'pollard'}'; COMP_WORDS=({quoted}); "
                  f"COMP_CWORD={len(words) - 1}; _{program}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return ask("bash", "-euc", script, cwd=self.stage.dir).stdout.split()

    def test_offers_commands_options_values_and_feeds(self):
        self.stage.feed("bus-20", "http://127.0.0.1:1/")
        self.stage.feed("bus-720", "http://127.0.0.1:1/")
        pollard = str(BIN.resolve() / "pollard")
        commands = self.complete(pollard, "")
        self.assertTrue({"check", "dump", "gaps", "help", "--version"} <= set(commands))
        for command in set(commands) - {"help", "--help", "--version"}:
            offered = set(self.complete(pollard, command, "--"))
            helped = re.findall(r"(?m)^ +(?:-\w, )?(--[\w-]+)",
                                ask(pollard, "help", command).stdout)
            self.assertEqual(offered, set(helped), command)
        self.assertEqual(self.complete(pollard, "dump", "--fol"), ["--follow"])
        self.assertEqual(self.complete(pollard, "dump", "--tz", "America/Los"),
                         ["America/Los_Angeles"])
        self.assertEqual(self.complete(pollard, "dump", "--from", ""), [])
        self.assertEqual(self.complete(pollard, "dump", "-o", "con"), ["config"])
        config = str(self.stage.config)
        self.assertEqual(self.complete(pollard, "dump", "--config", config, "bus"),
                         ["bus-20", "bus-720"])
        self.assertEqual(self.complete(pollard, "backup", "con"), ["config"])
        self.assertIn("keys", self.complete(pollard, "help", "k"))
        self.assertEqual(self.complete("pollardd", "--log-level", "w"), ["warn"])
        options = re.findall(r"(?m)^  (--[\w-]+)", ask(BIN / "pollardd", "--help").stdout)
        self.assertEqual(set(self.complete("pollardd", "--")), set(options))


class OtherShells(unittest.TestCase):
    @unittest.skipUnless(shutil.which("zsh"), "SKIP: no zsh")
    def test_zsh_takes_it(self):
        ask("zsh", "-n", MADE / "_pollard")

    @unittest.skipUnless(shutil.which("fish"), "SKIP: no fish")
    def test_fish_offers_commands_and_options(self):
        def complete(line):
            done = ask("fish", "--no-config", "-c", f"source {MADE / 'pollard.fish'}; "
                       f"complete -C '{line}'", env={**os.environ, "HOME": "/nonexistent"})
            return [offer.split("\t")[0] for offer in done.stdout.splitlines()]

        self.assertEqual(complete("pollard gap"), ["gaps"])
        self.assertEqual(complete("pollard dump --fol"), ["--follow"])
        self.assertEqual(complete("pollardd --log-level wa"), ["warn"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
