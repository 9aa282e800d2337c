"""GTFS-Realtime bodies as rows: CPU a row of print_rows (no CSV, no store) and of Python's protobuf.

python3 tests/bench/gtfs_decode.py BUILD/tests/whole/print_rows; POLLARD_DATA names the recorded
feeds. Needs protobuf and gtfs-realtime-bindings from PyPI. Build with optimisation.
"""
import os
import pathlib
import subprocess
import sys
import time

from google.protobuf.json_format import MessageToDict
from google.transit import gtfs_realtime_pb2

SETS = [("gtfsrt-nyct-sequence", "*.pb", "trip_update"),
        ("gtfsrt-nyct-sequence", "*.pb", "vehicle"),
        ("gtfsrt-mbta-concentrate", "vehiclepositions.pb", "vehicle"),
        ("gtfsrt-mbta-concentrate", "alerts.pb", "alert")]
EACH = {"trip_update": "stop_time_update", "alert": "informed_entity"}


def flatten(message, before, cells):
    for field, value in message.ListFields():
        if field.is_repeated:
            cells.append((before + field.name, str(value)))
        elif field.message_type:
            flatten(value, f"{before}{field.name}.", cells)
        else:
            cells.append((before + field.name, str(value)))


def by_fields(body, kind):
    """What print_rows does, in Python: every field that is present, the front once an entity."""
    feed, rows = gtfs_realtime_pb2.FeedMessage.FromString(body), 0
    for entity in feed.entity:
        if not entity.HasField(kind):
            continue
        message = getattr(entity, kind)
        parts = list(getattr(message, EACH[kind])) if kind in EACH else []
        front = [("id", entity.id), ("feed_timestamp", str(feed.header.timestamp))]
        if parts:
            message.ClearField(EACH[kind])
        flatten(message, "", front)
        for part in parts or [None]:
            cells = list(front)
            if part:
                flatten(part, f"{EACH[kind]}.", cells)
            rows += 1
    return rows


def by_dict(body, kind):
    """What most scripts start with; no rows made of it yet."""
    MessageToDict(gtfs_realtime_pb2.FeedMessage.FromString(body), preserving_proto_field_name=True)
    return 0


def measured(decode, bodies, kind):
    start = time.process_time()
    for body in bodies:
        decode(body, kind)
    return time.process_time() - start


def main():
    data, program = pathlib.Path(os.environ["POLLARD_DATA"]), sys.argv[1]
    print(f"{'bodies':42}{'rows':>8}{'us a row':>10}{'fields':>8}{'dict':>8}   times as long")
    for folder, names, kind in SETS:
        paths = sorted((data / folder).glob(names))
        bodies = [path.read_bytes() for path in paths]
        repeat = max(1, 20_000_000 // sum(map(len, bodies)))
        told = subprocess.run([program, "gtfs-rt", kind, str(repeat), *paths], check=True,
                              capture_output=True, text=True).stdout.split()
        seconds, rows = float(told[0]) / repeat, int(told[2]) // repeat
        assert rows == sum(by_fields(body, kind) for body in bodies)
        print(f"{folder + ' ' + kind:42}{rows:8}{1e6 * seconds / rows:10.2f}"
              f"{measured(by_fields, bodies, kind) / seconds:8.1f}"
              f"{measured(by_dict, bodies, kind) / seconds:8.1f}")


if __name__ == "__main__":
    main()
