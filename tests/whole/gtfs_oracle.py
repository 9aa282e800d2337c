"""Rows of GTFS-Realtime, CSV, text and binary, compared field by field with other decoders.

GTFS-Realtime: with Python's protobuf, from the .proto and the generated module of
gtfs-realtime-bindings (both from PyPI), and with the text form that MBTA's recorded bodies have
beside them. What is skipped for want of either says so.
"""
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    from google.protobuf import text_format
    from google.transit import gtfs_realtime_pb2 as realtime
except ImportError:
    realtime = None

DATA = pathlib.Path(os.environ.get("POLLARD_DATA") or "/nowhere")
PRINT_ROWS = pathlib.Path(os.environ["POLLARD_BIN"]) / "tests/whole/print_rows"
KINDS = ["trip_update", "vehicle", "alert", "shape", "stop", "trip_modifications"]
EACH = {"trip_update": "stop_time_update", "alert": "informed_entity"}
NEEDS_DATA = unittest.skipUnless(DATA.is_dir(), "POLLARD_DATA does not name the recorded feeds")
NEEDS_PROTOBUF = unittest.skipUnless(
    realtime, "Python's protobuf and gtfs-realtime-bindings cannot be imported")


class Printed:
    """Of each file its rows, [{column: [text, type]}, …], and its error or ""; columns, counts."""

    def __init__(self, form, kind, paths):
        told = subprocess.run([PRINT_ROWS, form, kind or "-", "-", *paths], check=True,
                              capture_output=True).stdout
        *lines, self.end = [json.loads(line) for line in told.decode().split("\n")[:-1]]
        self.rows, self.errors, rows = [], [], []
        for line in lines:
            if "file" in line:
                self.rows.append(rows)
                self.errors.append(line["error"])
                rows = []
            else:
                rows.append(line)


def print_bodies(bodies, kind=None, form="gtfs-rt"):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, str(number)) for number in range(len(bodies))]
        for path, body in zip(paths, bodies):
            path.write_bytes(body)
        return Printed(form, kind, paths)


def is_repeated(field):
    if hasattr(field, "is_repeated"):
        return field.is_repeated
    return field.label == field.LABEL_REPEATED


def single(value):
    return struct.pack("<f", value)


class Float(float):
    """Of single precision: equal if it is the same float."""

    def __eq__(self, other):
        return single(self) == single(other)

    __hash__ = None


def value_of(field, value):
    if field.message_type:
        return {inner.name: content_of(inner, of) for inner, of in value.ListFields()}
    if field.enum_type:
        named = field.enum_type.values_by_number.get(value)
        return named.name if named else value
    return Float(value) if field.type == field.TYPE_FLOAT else value


def content_of(field, value):
    return [value_of(field, one) for one in value] if is_repeated(field) else value_of(field, value)


def flatten(message, before="", without=None):
    cells = {}
    for field, value in message.ListFields():
        if field.is_extension or field.name == without:
            continue
        if field.message_type and not is_repeated(field):
            cells.update(flatten(value, f"{before}{field.name}."))
        else:
            cells[before + field.name] = content_of(field, value)
    return cells


def expected_rows(feed, kind):
    for entity in feed.entity:
        front = {"id": entity.id} if entity.HasField("id") else {}
        if feed.header.HasField("timestamp"):
            front["feed_timestamp"] = feed.header.timestamp
        if feed.header.incrementality:
            front["feed_incrementality"] = "DIFFERENTIAL"
        if entity.HasField("is_deleted"):
            front["is_deleted"] = entity.is_deleted
        kinds = [name for name in KINDS if entity.HasField(name)]
        if not kinds:
            yield front
        if kind not in kinds:
            continue
        message = getattr(entity, kind)
        each = EACH.get(kind)
        front.update(flatten(message, "", each))
        parts = getattr(message, each) if each else []
        for part in parts:
            yield {**front, **flatten(part, f"{each}.")}
        if not parts:
            yield front


def unprinted(text, kind):
    """The value that a cell stands for."""
    if kind == "s":
        return text
    return json.loads(text, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))


@NEEDS_PROTOBUF
class Realtime(unittest.TestCase):
    maxDiff = None

    def check(self, feed, kind, rows):
        expected = list(expected_rows(feed, kind))
        self.assertEqual(len(rows), len(expected))
        for row, wanted in zip(rows, expected):
            seen = {name: unprinted(*cell) for name, cell in row.items()}
            # Wanted first: its floats know that they are single.
            self.assertTrue(wanted == seen, f"\nwanted {wanted}\nseen   {seen}")
            self.assertEqual(list(wanted), list(seen))
        return len(rows)

    def check_bodies(self, bodies, feeds):
        rows = 0
        for kind in KINDS:
            printed = print_bodies(bodies, kind)
            for number, feed in enumerate(feeds):
                with self.subTest(number=number, kind=kind, body=bodies[number][:2000]):
                    self.assertEqual(printed.errors[number], "")
                    rows += self.check(feed, kind, printed.rows[number])
        return rows

    @NEEDS_DATA
    def test_recorded_bodies(self):
        paths = [*DATA.glob("gtfsrt-*/**/*.pb"), *DATA.glob("gtfsrt-*/**/*.nyct.gtfsrt"),
                 *DATA.glob("gtfsrt-bullrunner/bull*")]
        self.assertGreater(len(paths), 30)
        bodies = [path.read_bytes() for path in paths]
        rows = self.check_bodies(bodies, [realtime.FeedMessage.FromString(body) for body in bodies])
        self.assertGreater(rows, 98000)
        print(f"{rows} rows of {len(paths)} bodies are the same", file=sys.stderr)

    @NEEDS_DATA
    def test_the_text_form(self):
        paths = sorted(DATA.glob("gtfsrt-mbta-concentrate/*.txtpb"))
        self.assertEqual(len(paths), 4)
        feeds = [text_format.Parse(path.read_text(), realtime.FeedMessage()) for path in paths]
        rows = self.check_bodies([path.with_suffix(".pb").read_bytes() for path in paths], feeds)
        self.assertGreater(rows, 500)

    def test_invented_bodies(self):
        dice = random.Random(20231)
        feeds = [invent(dice, realtime.FeedMessage()) for _ in range(300)]
        self.check_bodies([feed.SerializePartialToString() for feed in feeds], feeds)

    def test_bodies_merged_by_parts(self):
        """Two feeds one after another are one feed, and two halves of a message one message."""
        dice = random.Random(7)
        bodies = [two(dice, realtime.FeedMessage) + as_entity(two(dice, realtime.FeedEntity))
                  for _ in range(150)]
        self.check_bodies(bodies, [realtime.FeedMessage.FromString(body) for body in bodies])

    def test_cut_and_broken_bodies(self):
        """What protobuf refuses is refused, without a row; what it takes gives the same rows."""
        dice = random.Random(99)
        bodies = [broken for _ in range(150)
                  for broken in breakages(dice, invent(dice, realtime.FeedMessage()))]
        taken = 0
        for kind in KINDS:
            printed = print_bodies(bodies, kind)
            for number, body in enumerate(bodies):
                with self.subTest(number=number, kind=kind, body=body):
                    taken += self.check_broken(body, kind, printed, number)
        self.assertGreater(taken, 100)

    def check_broken(self, body, kind, printed, number):
        rows, error = printed.rows[number], printed.errors[number]
        try:
            feed = realtime.FeedMessage.FromString(body)
        except Exception:
            feed = None
        if feed is None or not feed.header.HasField("gtfs_realtime_version"):
            self.assertNotEqual(error, "")
            self.assertEqual(rows, [])
            return 0
        self.assertEqual(error, "")
        if "\ufffd" in str(rows) or has_unknown_enums(rows):
            return 0
        self.check(feed, kind, rows)
        return 1

    def test_the_proto_says_what_the_specification_says(self):
        """Messages, fields, numbers, types and enums; text is bytes, all is optional there."""
        path = pathlib.Path(__file__).parents[2] / "feeds/gtfs-realtime.proto"
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(["protoc-c", "-I", path.parent, f"--descriptor_set_out={out.name}",
                            path], check=True)
            from google.protobuf import descriptor_pb2, descriptor_pool
            ours = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
        pool = descriptor_pool.DescriptorPool()
        pool.Add(ours.file[0])
        envelope = "transit_realtime.FeedEnvelope"
        told = dict(told_of(pool.FindFileByName(ours.file[0].name)))
        told.pop(envelope, None)
        official = dict(told_of(realtime.DESCRIPTOR))
        official.pop("transit_realtime.FeedMessage")
        self.assertEqual(told, official)


def told_of(descriptor):
    for message in getattr(descriptor, "message_types_by_name", {}).values():
        yield from told_of_message(message)


def told_of_message(message):
    yield message.full_name, {
        field.name: (field.number, is_repeated(field),
                     field.message_type and field.message_type.full_name,
                     field.enum_type and [(v.name, v.number) for v in field.enum_type.values],
                     field.TYPE_BYTES if field.type == field.TYPE_STRING else field.type)
        for field in message.fields}
    for inner in message.nested_types:
        yield from told_of_message(inner)


def has_unknown_enums(rows):
    """Python puts them with the unknown fields, where a name in capitals is expected here."""
    enums = ("status", "cause", "effect", "level", "relationship", "_type", "wheelchair", "details",
             "incrementality", "accessible", "boarding")
    return any(name.endswith(end) or end in name for row in rows for name, cell in row.items()
               for end in enums if cell[1] != "s")


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def two(dice, of):
    return b"".join(invent(dice, of()).SerializePartialToString() for _ in range(2))


def as_entity(message):
    return b"\x12" + varint(len(message)) + message


def breakages(dice, feed):
    body = feed.SerializePartialToString()
    yield body[:dice.randrange(len(body))]
    spoilt = bytearray(body)
    for _ in range(dice.randrange(1, 4)):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    yield bytes(spoilt)


TEXTS = ["", "a", "0", "é\n\"x\",", "日本\u0001", "nul\0in it", "long " * 50]
NUMBERS = [0, 1, 2, 77, 2**31 - 1]


def invent(dice, message, depth=0):
    """Any field present or not; all types at their ends."""
    for field in message.DESCRIPTOR.fields:
        must = field.name in ("header", "gtfs_realtime_version")
        if not must and dice.random() < 0.4:
            continue
        if is_repeated(field):
            for _ in range(dice.randrange(4 if field.name != "entity" else 6)):
                if field.message_type:
                    invent(dice, getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(scalar(dice, field))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            invent(dice, getattr(message, field.name), depth + 1)
        else:
            setattr(message, field.name, scalar(dice, field))
    return message


def scalar(dice, field):
    if field.enum_type:
        return dice.choice(field.enum_type.values).number
    if field.type == field.TYPE_STRING:
        return dice.choice(TEXTS)
    if field.type == field.TYPE_BOOL:
        return dice.random() < 0.5
    if field.type == field.TYPE_FLOAT:
        return struct.unpack("<f", single(dice.choice(
            [0.0, -0.0, 42.36127, -71.05, dice.uniform(-180, 180), dice.uniform(-1, 1), 1e30, 1e-30,
             16777216.0, 999999.94, 1.0000001, dice.uniform(1, 1e6)])))[0]
    if field.type == field.TYPE_DOUBLE:
        return dice.choice([0.0, 1.5, 0.1, 1e300, 5e-324, 123456789012.5, dice.random()])
    if field.type == field.TYPE_INT32:
        return dice.choice([*NUMBERS, -1, -2**31])
    if field.type == field.TYPE_UINT32:
        return dice.choice([*NUMBERS, 2**32 - 1])
    if field.type == field.TYPE_INT64:
        return dice.choice([*NUMBERS, -1, -2**63, 2**63 - 1])
    return dice.choice([*NUMBERS, 2**63, 2**64 - 1])


# The set's own files differ: in the telephone number, and in the line ends inside a cell.
NOT_THE_SAME = ["location_coordinates", "newlines_crlf"]


class Others(unittest.TestCase):
    @NEEDS_DATA
    def test_tables_of_csv_spectrum(self):
        paths = sorted(DATA.glob("csv-spectrum/csvs/*.csv"))
        self.assertEqual(len(paths), 12)
        printed = Printed("csv", None, paths)
        self.assertEqual(set(printed.errors), {""})
        for path, rows in zip(paths, printed.rows):
            with self.subTest(path=path.name):
                with open(path, newline="", encoding="utf-8", errors="replace") as file:
                    self.check_table(rows, *csv.reader(file))
                told = json.loads((DATA / f"csv-spectrum/json/{path.stem}.json").read_bytes()
                                  .decode(errors="replace"))
                if path.stem not in NOT_THE_SAME:
                    self.assertEqual([texts(row) for row in rows], told)

    def check_table(self, rows, names, *table):
        self.assertEqual([texts(row) for row in rows], [dict(zip(names, line)) for line in table])

    def test_tables_written_by_python(self):
        dice = random.Random(5)
        bodies, tables = [], []
        for _ in range(200):
            names = [f"c{i}" for i in range(dice.randrange(1, 6))]
            table = [[dice.choice(["", "1", "a,b", '"', 'x"y', "\n", "\r\n", " s ", "é", '""'])
                      for _ in names] for _ in range(dice.randrange(5))]
            text = io.StringIO()
            csv.writer(text, lineterminator=dice.choice(["\n", "\r\n"]),
                       quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
                       ).writerows([names, *table])
            bodies.append(text.getvalue().encode())
            tables.append([names, *table])
        printed = print_bodies(bodies, form="csv")
        for body, rows, error, table in zip(bodies, printed.rows, printed.errors, tables):
            with self.subTest(body=body):
                self.assertEqual(error, "")
                self.check_table(rows, *table)

    def test_digests(self):
        bodies = [b"", b"abc", bytes(range(256)) * 300]
        printed = print_bodies(bodies, form="binary")
        for body, rows in zip(bodies, printed.rows):
            digest = hashlib.sha256(body).hexdigest()
            self.assertEqual([texts(row) for row in rows],
                             [{"bytes": str(len(body)), "sha256": digest}])


def texts(row):
    return {name: cell[0] for name, cell in row.items()}


if __name__ == "__main__":
    for reason, is_there in (("POLLARD_DATA does not name the recorded feeds", DATA.is_dir()),
                             ("Python's protobuf and gtfs-realtime-bindings cannot be imported",
                              realtime)):
        if not is_there:
            print(f"SKIPPED in part: {reason}", file=sys.stderr)
    unittest.main()
