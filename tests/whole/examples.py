"""What packaging/ shows to users: example feeds, the notebook, the file for a cloud machine."""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

from stage import Case, free_port, within

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"


class Examples(Case):
    def test_every_feed_passes_check(self):
        files = sorted((PACKAGING / "examples").glob("*.json"))
        self.assertEqual([file.stem for file in files],
                         ["gbfs", "gtfs-rt-with-key", "lametro", "nws", "usgs-earthquakes"])
        for file in files:
            self.stage.write(f"feeds/{file.name}", file.read_text())
        self.assertIn('secret "511" is absent', self.stage.run("check").stderr.decode())
        self.stage.write("secrets/511", "placeholder\n")
        done = self.stage.run("check")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn("10 feeds, ", done.stdout.decode())

    def test_the_package_s_own_settings_pass_check(self):
        self.stage.write("pollard.json", (PACKAGING / "deb" / "pollard.json").read_text())
        self.assertEqual(self.stage.run("check").returncode, 0)


def python_with(module):
    """An interpreter that has the module: ours, or the one of Debian's packages."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"],
                                                     capture_output=True).returncode == 0:
            return python
    return None


class Notebook(Case):
    def test_runs_from_top_to_bottom_and_draws(self):
        python = python_with("nbconvert, ipykernel, pandas, matplotlib")
        if not python:
            self.skipTest("SKIP: the notebook, for no nbconvert, ipykernel, pandas, matplotlib")
        agency = subprocess.Popen([sys.executable, PACKAGING / "agency", "0"], text=True,
                                  stdout=subprocess.PIPE)
        self.addCleanup(agency.wait)
        self.addCleanup(agency.kill)
        self.addCleanup(agency.stdout.close)
        url = agency.stdout.readline().split()[-1]
        page = f"127.0.0.1:{free_port()}"
        self.stage.feed("bus-720", f"{url}routes/720/vehicles/", timezone="America/Los_Angeles")
        self.stage.start("--listen", page).ready()
        within(20, lambda: len([p for p in self.stage.polls() if p["outcome"] == "new"]) > 3,
               "answers")
        made = self.stage.dir / "made.ipynb"
        environment = {**os.environ, "POLLARD_PAGE": f"http://{page}", "POLLARD_FEED": "bus-720",
                       "HOME": str(self.stage.dir), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        subprocess.run([python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", made,
                        PACKAGING / "examples" / "bus-day.ipynb"],
                       check=True, env=environment, capture_output=True, timeout=120)
        outputs = [output for cell in json.loads(made.read_text())["cells"]
                   for output in cell.get("outputs", [])]
        text = "".join("".join(output.get("text", [])) for output in outputs)
        self.assertRegex(text, r"\d+ positions of \d buses in \d+ answers")
        pictures = [output for output in outputs if "image/png" in output.get("data", {})]
        self.assertEqual(len(pictures), 2)
        self.assertIn("new", str(outputs))


class Cloud(Case):
    def test_the_file_says_what_to_fill_in_and_where_things_go(self):
        try:
            import yaml
        except ImportError:
            python = python_with("yaml")
            if not python:
                self.skipTest("SKIP: the file for a cloud machine, for no python3-yaml")
            text = subprocess.run([python, "-c", "import json, sys, yaml; "
                                   "json.dump(yaml.safe_load(sys.stdin), sys.stdout)"],
                                  stdin=open(PACKAGING / "cloud-init.yaml"), capture_output=True,
                                  check=True).stdout
            cloud = json.loads(text)
        else:
            cloud = yaml.safe_load((PACKAGING / "cloud-init.yaml").read_text())
        files = {file["path"]: file["content"] for file in cloud["write_files"]}
        [[command, source]] = cloud["runcmd"]
        self.assertIn("FILL-IN", source)
        script = self.stage.dir / "install-pollard"
        script.write_text(files.pop(command))
        script.chmod(0o755)
        done = subprocess.run([script, source], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("fill in where pollard is", done.stderr)
        for path, content in files.items():
            self.stage.write(f"feeds/{pathlib.Path(path).name}", content)
        self.assertEqual(self.stage.ask("check").splitlines()[-1], "3 feeds, 2880 polls a day")


if __name__ == "__main__":
    unittest.main(verbosity=2)
