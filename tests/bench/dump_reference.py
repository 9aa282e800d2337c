#!/usr/bin/env python3
"""What `pollard dump` gives for JSON, by json and csv alone.

dump_reference.py FEED PATH TIMES FILE...: PATH is the name of the array of rows ("features", "" for
the document itself). The files are answers one a second from 2026-11-23T12:00:00.001Z, as
fill_store stores them. Numbers stay as they are written. Reads twice, for the header, as the dump
does.
"""
import csv
import datetime
import json
import sys


class Number(str):
    pass


def compact(value):
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\\u007f", "\x7f")
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return "{" + ",".join(compact(str(k)) + ":" + compact(v) for k, v in value.items()) + "}"


def flatten(row, out, prefix=""):
    for key, value in row.items():
        if isinstance(value, dict):
            flatten(value, out, prefix + key + ".")
        elif isinstance(value, list):
            out[prefix + key] = compact(value)
        elif value is None:
            out[prefix + key] = ""
        elif value is True or value is False:
            out[prefix + key] = "true" if value else "false"
        else:
            out[prefix + key] = value


def rows(path, name):
    with open(path, encoding="utf-8") as file:
        document = json.load(file, parse_int=Number, parse_float=Number)
    found = document[name] if name else document
    for row in found if isinstance(found, list) else [found]:
        out = {}
        flatten(row, out)
        yield out


def main():
    feed, name, times, files = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    columns = {}
    for path in files * times:
        for row in rows(path, name):
            columns.update(row)
    columns = {c: ("payload." + c if c in ("feed", "call_time") else c) for c in columns}
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["feed", "call_time", *columns.values()])
    first = datetime.datetime(2026, 11, 23, 12, 0, 0, 1000, datetime.timezone.utc)
    for i, path in enumerate(files * times):
        at = (first + datetime.timedelta(seconds=i)).isoformat(timespec="milliseconds")
        for row in rows(path, name):
            out.writerow([feed, at, *[row.get(c, "") for c in columns]])


if __name__ == "__main__":
    main()
