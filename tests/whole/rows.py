"""What `pollard dump` must print, by PRODUCT.md's rules and Python's json alone."""
import json


class Number(str):
    """A number as the server wrote it."""


class Pairs(list):
    """An object, with every member that it has, in order."""


def read(body, errors="strict"):
    return json.loads(body.decode("utf-8-sig", errors), object_pairs_hook=Pairs, parse_int=Number,
                      parse_float=Number, parse_constant=Number)


def compact(value):
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{compact(k)}:{compact(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, Number):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return compact(value)


def flatten(row, prefix=""):
    cells = {}
    for key, value in row:
        if isinstance(value, Pairs):
            cells.update(flatten(value, f"{prefix}{key}."))
        else:
            cells[prefix + key] = cell(value)
    return cells


def find_rows(document):
    """The way to the shallowest array of objects, the first in document order; None."""
    level = [((), document)]
    while level:
        deeper = []
        for way, value in level:
            if isinstance(value, Pairs):
                deeper += [((*way, key), child) for key, child in value]
            elif isinstance(value, list):
                if value and all(isinstance(child, Pairs) for child in value):
                    return way
                deeper += [((*way, place), child) for place, child in enumerate(value)]
        level = deeper
    return None


def go(document, way):
    for step in way:
        if isinstance(document, Pairs):
            document = dict(document).get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


def rows_of(bodies):
    """The rows of each body, as dictionaries."""
    documents = [read(body) for body in bodies]
    way = next((way for way in map(find_rows, documents) if way is not None), None)
    for document in documents:
        if way is None:
            yield [flatten(document)]
        else:
            found = go(document, way)
            yield [flatten(row) for row in found] if isinstance(found, list) else []


def table_of(feeds):
    """Header and lines for [(feed, [(call_time, body), …]), …]."""
    header, lines = ["feed", "call_time"], []
    for feed, calls in feeds:
        for (call_time, _), rows in zip(calls, rows_of([body for _, body in calls])):
            for row in rows:
                named = {f"payload.{k}" if k in ("feed", "call_time") else k: v
                         for k, v in row.items()}
                header += [name for name in named if name not in header]
                lines.append({**named, "feed": feed, "call_time": call_time})
    return header, [[line.get(name, "") for name in header] for line in lines]
