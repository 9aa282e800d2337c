"""Payloads as servers send them, through the service into the cells of `pollard dump`.

Each feed of the table is a server's answers, one a round of `pollardd --once`, what is said to the
service and to dump, and the rows and words that must come out.
"""
import collections
import csv
import hashlib
import io
import json
import unittest

from stage import Case
from web import Answer, Web

JSON, TEXT = "application/json", "text/plain"


def deep(levels):
    return b'[{"a":' + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}]"


def digest(body):
    return [str(len(body)), hashlib.sha256(body).hexdigest()]


Payload = collections.namedtuple("Payload", "bodies table says keys words type",
                                 defaults=((), {}, (), JSON))
DOCUMENT = b'{"at":5,"v":[{"id":"a","p":{"x":1},"t":["q"]},{"id":"b","p":{"x":2,"y":[1,2]}}]}'
HTML = b"<!DOCTYPE html><html>We are down</html>"
INVALID = "1 invalid body gave no rows"
NO_ROWS = "1 body had no rows"
NEXTBUS_MANY = b'{"copyright":"c","vehicle":[{"id":"1","lat":"34.0"},{"id":"2","lat":"34.1"}]}'
NEXTBUS_ONE = b'{"copyright":"c","Error":{"content":"late"},"vehicle":{"id":"3","lat":"34.2"}}'

PAYLOADS = {
    # Where the rows are.
    "array": Payload([b'[{"id":1},{"id":2,"x":null}]'], [["id", "x"], ["1", ""], ["2", ""]]),
    "gbfs": Payload([b'{"ttl":0,"data":{"stations":[{"station_id":"9","n":3}]}}'],
                    [["station_id", "n"], ["9", "3"]]),
    "geojson": Payload([b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":'
                        b'{"mag":1.10},"geometry":{"type":"Point","coordinates":[-1.50, 2]}}]}'],
                       [["type", "properties.mag", "geometry.type", "geometry.coordinates"],
                        ["Feature", "1.10", "Point", "[-1.50,2]"]]),
    "nextbus": Payload([NEXTBUS_MANY, NEXTBUS_ONE],
                       [["id", "lat"], ["1", "34.0"], ["2", "34.1"], ["3", "34.2"]]),
    "opensky": Payload([b'{"time":7,"states":[["a",1.0,null],["b",2,true,{"k":1}]]}'],
                       [["time", "states"], ["7", '[["a",1.0,null],["b",2,true,{"k":1}]]']]),
    "states": Payload([b'{"time":7,"states":[["a",1.0,null],["b",2,true,{"k":[1, 2]}]]}'],
                      [["0", "1", "2", "3.k"], ["a", "1.0", "", ""], ["b", "2", "true", "[1,2]"]],
                      keys={"rows": "$.states"}),
    "arrays": Payload([b'[[1,"x"],[2]]'], [["0", "1"], ["1", "x"], ["2", ""]]),
    "scalars": Payload([b'{"ids":[1,"two",null,true]}'],
                       [["value"], ["1"], ["two"], [""], ["true"]], words=["--rows", "$.ids"]),
    "scalar": Payload([b"5"], [["value"], ["5"]]),
    "null": Payload([b"null"], [["value"], [""]]),
    "empty_array": Payload([b'{"v":[{"id":1}]}', b'{"v":[]}'], [["id"], ["1"]]),
    "empty_document": Payload([b"[]"], [[]]),
    "empty_object": Payload([b'[{"id":1,"e":{},"f":{"g":{}},"h":[]}]'], [["id", "h"], ["1", "[]"]]),
    "lost": Payload([b'{"v":[{"id":1}]}', b'{"error":"x"}'], [["id"], ["1"]], [NO_ROWS]),
    "map": Payload([b'{"d":{"20":{"n":1},"3 3":{"n":2,"m":{"k":0}}}}'],
                   [["key", "n", "m.k"], ["20", "1", ""], ["3 3", "2", "0"]],
                   keys={"rows": "$.d.*"}),
    "map_of_arrays": Payload([b'{"20":[{"n":1},{"n":2}],"33":[{"n":3}]}'],
                             [["key", "n"], ["20", "1"], ["20", "2"], ["33", "3"]],
                             words=["--rows", "$.*"]),
    "document": Payload([b'{"a":1,"b":{"c":[{"d":1},2]}}'],
                        [["a", "b.c"], ["1", '[{"d":1},2]']]),
    "shallowest": Payload([b'{"a":{"deep":[{"x":1}]},"b":[{"y":1}],"c":[{"z":1}]}'],
                          [["y"], ["1"]]),
    "any_index": Payload([b'{"g":[{"v":[{"i":1}]},{"v":[{"i":2},{"i":3}]}]}'],
                         [["i"], ["1"], ["2"], ["3"]], words=["--rows", "$.g[*].v"]),
    "quoted_path": Payload([b'{"a.b":{"c \'d\'":[{"i":1}]}}'], [["i"], ["1"]],
                           words=["--rows", "$['a.b']['c \\'d\\'']"]),
    "last_index": Payload([b'{"a":[{"i":1},{"i":2}]}'], [["i"], ["2"]],
                          words=["--rows", "$.a[1]"]),
    # What stands in a cell.
    "numbers": Payload([b'[{"a":1e400,"b":-0,"c":1.0,"d":9223372036854775808,"e":-1E+05,"f":0.10,'
                        b'"g":123456789012345678901234567890}]'],
                       [list("abcdefg"), ["1e400", "-0", "1.0", "9223372036854775808", "-1E+05",
                                          "0.10", "123456789012345678901234567890"]]),
    "texts": Payload([b'[{"a":"\\u00fc\\ud83d\\ude8c\\/\\"","b":"x\\ny","c":"","d":"1, 2","e":'
                      b'["\\u00fc\\/\\u001f\\n"],"f":"a\\u0000b"}]'],
                     [list("abcdef"), ['ü🚌/"', "x\ny", "", "1, 2", '["ü/\\u001f\\n"]',
                                       "a\0b"]]),
    "keys": Payload([b'[{"a.b":1,"c d":2,"e\\"f":3,"g\\nh":4,"i,j":{"k.l":5},"":6}]'],
                    [["a.b", "c d", 'e"f', "g\nh", "i,j.k.l", ""], list("123456")]),
    "twice": Payload([b'[{"a":1,"b":{"c":1},"a":2,"b.c":3}]'], [["a", "b.c"], ["2", "3"]],
                     ["2 cells were there twice: the last was taken"]),
    "ours": Payload([b'[{"feed":1,"call_time":2,"slot":3}]'],
                    [["payload.feed", "payload.call_time", "slot"], ["1", "2", "3"]]),
    "bad_utf8": Payload([b'[{"a":"x\xffy","b":"\xc3\xbc"}]'], [["a", "b"], ["x\ufffdy", "ü"]],
                        ["1 byte was not UTF-8 and was replaced"]),
    "surrogate": Payload([b'[{"a":"x\\ud800y","b":["\\udc00"]}]'],
                         [["a", "b"], ["x\ufffdy", '["\ufffd"]']],
                         ["6 bytes were not UTF-8 and were replaced"]),
    "bom": Payload([b'\xef\xbb\xbf[{"id":1}]'], [["id"], ["1"]]),
    "booleans": Payload([b'[{"a":true,"b":false,"c":null}]'],
                        [["a", "b", "c"], ["true", "false", ""]]),
    # What is not well-formed.
    "nan": Payload([b'[{"a":NaN}]'], [[]], [INVALID]),
    "error_page": Payload([b'[{"a":1}]', HTML], [["a"], ["1"]], [INVALID]),
    "said_json": Payload([HTML], [[]], [INVALID], {"format": "json"}, (), "text/html"),
    "cut": Payload([b'[{"a":1},{"a"'], [[]], [INVALID]),
    "two": Payload([b'{"a":1} x'], [[]], [INVALID]),
    "depth_64": Payload([deep(64)], [["a"], ["[" * 62 + "]" * 62]]),
    "depth_65": Payload([deep(65)], [[]], [INVALID]),
    "empty": Payload([b""], [[]], [INVALID]),
    "ndjson": Payload([b'{"a":1}\r\n\n{"a":2,"b":{"c":3}}\n'],
                      [["a", "b.c"], ["1", ""], ["2", "3"]],
                      type="application/x-ndjson"),
    "ndjson_bad": Payload([b'{"a":1}\n{"a":\n{"a":3}\n'], [[]], [INVALID],
                          {"format": "ndjson"}),
    # What is no JSON.
    "csv": Payload([b'\xef\xbb\xbfid,feed,"n ""x"""\r\n1,"a,b",\r\n2,"c\nd",0\r\n',
                    b"id,late\n3,x\n"],
                   [["id", "payload.feed", 'n "x"', "late"], ["1", "a,b", "", ""],
                    ["2", "c\nd", "0", ""], ["3", "", "", "x"]], type="text/csv"),
    "csv_named": Payload([b"id,n x,lat\n1,2,3\n"], [["lon", "i"], ["2", "1"]], type="text/csv",
                         keys={"columns": {"lon": "@['n x']", "i": "@.id"}}),
    "text": Payload([b"all is well\n"], [["bytes", "sha256"], digest(b"all is well\n")],
                    type=TEXT),
    "html": Payload([HTML], [["bytes", "sha256"], digest(HTML)], type="text/html"),
    "binary": Payload([b"\x00\x01\xfe"], [["bytes", "sha256"], digest(b"\x00\x01\xfe")],
                      type="application/octet-stream"),
    # Which columns.
    "names": Payload([DOCUMENT], [["p.x", "id"], ["1", "a"], ["2", "b"]],
                     keys={"columns": ["p.x", "id"]}),
    "paths": Payload([DOCUMENT], [["when", "x", "y", "tags"], ["5", "1", "", '["q"]'],
                                  ["5", "2", "2", ""]],
                     keys={"columns": {"when": "$.at", "x": "@.p.x", "y": "@.p.y[1]",
                                       "tags": "@.t"}}),
    "overruled": Payload([DOCUMENT], [["i"], ["a"], ["b"]], keys={"columns": ["p.x"]},
                         words=["--columns", '{"i":"@.id"}']),
    "misspelt": Payload([DOCUMENT], [["id", "p.z", "q"], ["a", "", ""], ["b", "", ""]],
                        ['column "p.z": no row has it', 'column "q": no row has it'],
                        {"columns": ["id", "p.z", "q"]}),
    "misspelt_path": Payload([DOCUMENT], [["i", "w"], ["a", ""], ["b", ""]],
                             ['column "w" ($.when): no row has it'],
                             {"columns": {"i": "@.id", "w": "$.when"}}),
    "late_json": Payload([HTML, b'{"v":[{"id":1}]}'], [["id"], ["1"]], [INVALID],
                         {"rows": "$.v"}),
    "with": Payload([b'[{"slot":3,"id":1}]'],
                    [["outcome", "status", "payload.slot", "id"], ["new", "200", "3", "1"]],
                    words=["--with", "slot,outcome,status"]),
}


class Payloads(Case):
    def setUp(self):
        super().setUp()
        self.round = 0
        self.web = self.use(Web(self.answer))
        for name, payload in PAYLOADS.items():
            self.stage.feed(name, f"{self.web.url}/{name}", interval="1h", **payload.keys)

    def answer(self, request):
        payload = PAYLOADS[request.path[1:]]
        body = payload.bodies[min(self.round, len(payload.bodies) - 1)]
        return Answer(200, body, {"Content-Type": payload.type})

    def collect(self):
        for self.round in range(max(len(payload.bodies) for payload in PAYLOADS.values())):
            self.assertEqual(self.stage.once()[0], 0)

    def test_every_payload_has_the_rows_that_it_should(self):
        self.collect()
        for name, payload in PAYLOADS.items():
            with self.subTest(feed=name):
                done = self.stage.run("dump", "--changes-only", *payload.words, name)
                self.assertEqual(done.returncode, 0, done.stderr)
                said = [f"pollard: {name}: {line}" for line in payload.says]
                self.assertEqual(done.stderr.decode().splitlines(), said)
                rows = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
                self.assertEqual(rows[0][:2], ["feed", "call_time"])
                ours = 3 if "--with" in payload.words else 2
                self.assertEqual([row[ours:] for row in rows], payload.table)

    def test_try_shows_the_same_rows(self):
        for name, payload in PAYLOADS.items():
            with self.subTest(feed=name):
                done = self.stage.run("try", name)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                said = done.stdout.decode()
                if INVALID in payload.says and len(payload.bodies) == 1 or name == "late_json":
                    self.assertIn("invalid", said)
                elif not payload.words and len(payload.bodies) == 1 and [] not in payload.table:
                    begin = said.index("feed,call_time")
                    rows = csv.reader(io.StringIO(said[begin:], newline=""))
                    self.assertEqual([row[2:] for row in rows], payload.table)

    def test_columns_asked_for_are_told_of_once_if_no_feed_has_them(self):
        self.collect()
        for words, says in ((["id,p.x"], []), (["id, none,p.x"], ['"none"']),
                            (['{"i":"@.id","n":"@.none[*]"}'], ['"n" (@.none[*])'])):
            done = self.stage.run("dump", "--columns", *words, "--split", "feed", "-o",
                                  self.stage.dir / "out", "names", "misspelt", "array")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.decode().splitlines(),
                             [f"pollard: column {column}: no row has it" for column in says])


if __name__ == "__main__":
    unittest.main(verbosity=2)
