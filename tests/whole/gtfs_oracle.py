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


def print_rows(form, kind, *paths):
    """([row …], {file: error}, end); a row is {column: (text, type)}."""
    told = subprocess.run([PRINT_ROWS, form, kind or "-", "-", *paths], check=True,
                          capture_output=True).stdout
    lines = [json.loads(line) for line in told.decode().split("\n")[:-1]]
    errors = {line["file"]: line["error"] for line in lines[:-1] if "file" in line}
    return [line for line in lines[:-1] if "file" not in line], errors, lines[-1]


def rows_of(body, kind=None, form="gtfs-rt"):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return print_rows(form, kind, file.name)


def is_repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


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
    return text if kind == "s" else json.loads(text, parse_int=lambda s: -0.0 if s == "-0" else int(s))


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

    def check_file(self, path):
        feed = realtime.FeedMessage.FromString(path.read_bytes())
        return sum(self.check(feed, kind, print_rows("gtfs-rt", kind, path)[0]) for kind in KINDS)

    @NEEDS_DATA
    def test_recorded_bodies(self):
        paths = [*DATA.glob("gtfsrt-*/**/*.pb"), *DATA.glob("gtfsrt-*/**/*.nyct.gtfsrt"),
                 *DATA.glob("gtfsrt-bullrunner/bull*")]
        self.assertGreater(len(paths), 30)
        rows = 0
        for path in paths:
            with self.subTest(path=str(path)):
                rows += self.check_file(path)
        self.assertGreater(rows, 80000)
        print(f"{rows} rows of {len(paths)} bodies are the same", file=sys.stderr)

    @NEEDS_DATA
    def test_the_text_form(self):
        paths = sorted(DATA.glob("gtfsrt-mbta-concentrate/*.txtpb"))
        self.assertEqual(len(paths), 4)
        for path in paths:
            feed = text_format.Parse(path.read_text(), realtime.FeedMessage())
            for kind in KINDS:
                with self.subTest(path=str(path), kind=kind):
                    self.check(feed, kind, print_rows("gtfs-rt", kind, path.with_suffix(".pb"))[0])

    def test_invented_bodies(self):
        dice = random.Random(20231)
        for number in range(300):
            feed = invent(dice, realtime.FeedMessage())
            body = feed.SerializePartialToString()
            for kind in KINDS:
                with self.subTest(number=number, kind=kind):
                    self.check(feed, kind, rows_of(body, kind)[0])

    def test_bodies_merged_by_parts(self):
        """Two feeds one after another are one feed, and two halves of a message one message."""
        dice = random.Random(7)
        for number in range(100):
            body = b"".join(invent(dice, realtime.FeedMessage()).SerializePartialToString()
                            for _ in range(2))
            entity = b"".join(invent(dice, realtime.FeedEntity()).SerializePartialToString()
                              for _ in range(2))
            body += b"\x12" + varint(len(entity)) + entity
            feed = realtime.FeedMessage.FromString(body)
            for kind in KINDS:
                with self.subTest(number=number, kind=kind):
                    self.check(feed, kind, rows_of(body, kind)[0])

    def test_cut_and_broken_bodies(self):
        """Every cut body that protobuf refuses is invalid; none crashes; what it takes is the same."""
        dice = random.Random(99)
        for number in range(40):
            body = invent(dice, realtime.FeedMessage()).SerializePartialToString()
            for broken in self.breakages(dice, body):
                with self.subTest(number=number, broken=broken):
                    self.check_broken(broken)

    def breakages(self, dice, body):
        yield body[:dice.randrange(len(body))]
        spoilt = bytearray(body)
        for _ in range(dice.randrange(1, 4)):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        yield bytes(spoilt)

    def check_broken(self, body):
        try:
            feed = realtime.FeedMessage.FromString(body)
        except Exception:
            feed = None
        for kind in KINDS:
            rows, errors, _ = rows_of(body, kind)
            if feed is None or not feed.header.HasField("gtfs_realtime_version"):
                self.assertTrue(errors)
                self.assertEqual(rows, [])
            elif not errors and "\ufffd" not in str(rows) and not has_unknown_enums(rows):
                self.check(feed, kind, rows)

    def test_the_proto_says_what_the_specification_says(self):
        """Messages, fields, numbers, types and enums; text is bytes, all is optional there."""
        path = pathlib.Path(__file__).parents[2] / "feeds/gtfs-realtime.proto"
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(["protoc-c", "-I", path.parent, f"--descriptor_set_out={out.name}", path],
                           check=True)
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
        for path in paths:
            with self.subTest(path=path.name):
                rows, errors, end = print_rows("csv", None, path)
                self.assertEqual(errors, {})
                with open(path, newline="", encoding="utf-8", errors="replace") as file:
                    header, *table = list(csv.reader(file))
                self.assertEqual(end["columns"], header)
                self.assertEqual([[cell[0] for cell in row.values()] for row in rows], table)
                told = json.loads((DATA / f"csv-spectrum/json/{path.stem}.json").read_bytes()
                                  .decode(errors="replace"))
                seen = [{name: cell[0] for name, cell in row.items()} for row in rows]
                if path.stem not in NOT_THE_SAME:
                    self.assertEqual(seen, told)

    def test_tables_written_by_python(self):
        dice = random.Random(5)
        for number in range(100):
            names = [f"c{i}" for i in range(dice.randrange(1, 6))]
            table = [[dice.choice(["", "1", "a,b", '"', 'x"y', "\n", "\r\n", " s ", "é", '""'])
                      for _ in names] for _ in range(dice.randrange(5))]
            text = io.StringIO()
            writer = csv.writer(text, lineterminator=dice.choice(["\n", "\r\n"]),
                                quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
            writer.writerows([names, *table])
            rows, errors, end = rows_of(text.getvalue().encode(), form="csv")
            with self.subTest(number=number, text=text.getvalue()):
                self.assertEqual(errors, {})
                self.assertEqual(end["columns"], names)
                self.assertEqual([[cell[0] for cell in row.values()] for row in rows], table)

    def test_digests(self):
        for body in (b"", b"abc", bytes(range(256)) * 300):
            rows, _, _ = rows_of(body, form="binary")
            self.assertEqual(rows, [{"bytes": [str(len(body)), "n"],
                                     "sha256": [hashlib.sha256(body).hexdigest(), "s"]}])


if __name__ == "__main__":
    for reason, is_there in (("POLLARD_DATA does not name the recorded feeds", DATA.is_dir()),
                             ("Python's protobuf and gtfs-realtime-bindings cannot be imported",
                              realtime)):
        if not is_there:
            print(f"SKIPPED in part: {reason}", file=sys.stderr)
    unittest.main()
