"""Rows of JSON, compared cell by cell with what Python's json reads: JSONTestSuite (y_ must be
read, n_ must not, i_ may be) and every other .json and .geojson of POLLARD_DATA.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import rows as oracle

DATA = pathlib.Path(os.environ.get("POLLARD_DATA") or "/nowhere")
SUITE = DATA / "json-testsuite"
PRINT_ROWS = pathlib.Path(os.environ["POLLARD_BIN"]) / "tests/whole/print_rows"


def printed(mode, paths):
    """Of each file its rows, [{column: [text, type]}, …], and its error or ""."""
    told = subprocess.run([PRINT_ROWS, "json", mode, "-", *paths], check=True, capture_output=True,
                          timeout=60).stdout
    rows = []
    for line in map(json.loads, told.decode().split("\n")[:-2]):
        if "file" in line:
            yield rows, line["error"]
            rows = []
        else:
            rows.append(line)


def replaced(text):
    """Half a surrogate pair is no text: U+FFFD, as any byte that is not UTF-8."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def cell_of(value):
    kind = "j" if isinstance(value, list) else "n"
    if isinstance(value, str) and not isinstance(value, oracle.Number):
        kind = "s"
    return [replaced(oracle.cell(value)), kind]


def cells_of(members, prefix=""):
    for name, value in members:
        if isinstance(value, oracle.Pairs):
            yield from cells_of(value, f"{prefix}{name}.")
        else:
            yield replaced(prefix + name).replace("\0", "\ufffd"), cell_of(value)


def row_of(value):
    """Of two cells of one name the last counts, in the place of the first."""
    if isinstance(value, oracle.Pairs):
        return dict(cells_of(value))
    if isinstance(value, list):
        return dict(cells_of((str(place), item) for place, item in enumerate(value)))
    return {"value": cell_of(value)}


def rows_at(value):
    is_array = isinstance(value, list) and not isinstance(value, oracle.Pairs)
    return [row_of(item) for item in value] if is_array else [row_of(value)]


def expected(mode, body):
    document = read(body)
    way = oracle.find_rows(document) if mode == "auto" else None
    return rows_at(document if way is None else oracle.go(document, way))


def text_of(body):
    """Halves of surrogate pairs, which replaced() finds, and U+FFFD for other bytes not UTF-8."""
    try:
        return body.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8-sig", "replace")


def read(body):
    return oracle.read(text_of(body).encode(errors="surrogatepass"), "surrogatepass")


def reads(body):
    try:
        read(body)
    except (ValueError, RecursionError):
        return False
    return True


class Oracle(unittest.TestCase):
    maxDiff = None

    def compare(self, paths):
        """Also the order of the columns. Returns how many cells were the same."""
        cells = 0
        for mode in ("-", "auto"):
            for path, (rows, error) in zip(paths, printed(mode, paths), strict=True):
                with self.subTest(path=path.name, mode=mode):
                    self.assertEqual(error, "")
                    wanted = expected(mode, path.read_bytes())
                    self.assertTrue(rows == wanted, f"\nwanted {wanted}"[:3000] +
                                    f"\nseen   {rows}"[:3000])
                    self.assertEqual([list(row) for row in rows], [list(row) for row in wanted])
                    cells += sum(map(len, rows))
        return cells

    def suite(self, letter, count):
        paths = sorted(SUITE.glob(f"test_parsing/{letter}_*.json"))
        self.assertEqual(len(paths), count)
        return paths

    def test_what_must_be_read(self):
        self.assertGreater(self.compare(self.suite("y", 95)), 150)

    def test_what_must_be_refused(self):
        paths = self.suite("n", 188)
        for mode in ("-", "auto"):
            for path, (_, error) in zip(paths, printed(mode, paths), strict=True):
                with self.subTest(path=path.name, mode=mode):
                    self.assertNotEqual(error, "")

    def test_what_may_be_read(self):
        """Nothing ends the program; and what Python reads too, gives the same."""
        paths = self.suite("i", 35)
        told = list(printed("auto", paths))
        self.assertEqual(len(told), len(paths))
        both = [path for path, (_, error) in zip(paths, told)
                if not error and reads(path.read_bytes())]
        self.assertGreater(len(both), 20)
        self.compare(both)

    def test_other_files(self):
        paths = [path for form in ("json", "geojson") for path in sorted(DATA.rglob(f"*.{form}"))
                 if path.parent.name != "test_parsing"]
        self.assertGreater(len(paths), 150)
        cells = self.compare(paths)
        self.assertGreater(cells, 75000)
        print(f"{cells} cells of {len(paths)} files are the same", file=sys.stderr)


if __name__ == "__main__":
    if not DATA.is_dir():
        print("SKIPPED: POLLARD_DATA does not name the recorded feeds", file=sys.stderr)
        sys.exit(77)
    unittest.main()
