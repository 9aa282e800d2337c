"""How the hostile server behaves: what is well, and connections, lengths and chunks that are not.

A behaviour writes its answer; True: the connection may be used again, else it is closed.
"""
import asyncio
import gzip
import itertools
import json
import socket
import struct

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
count = itertools.count()
behaviours = {}
table = []  # (path, "outcome/detail/flags" by pollard, what it does)


def behaviour(name, *rows):
    """Rows: (argument, what pollard must make of it); an argument None stands for no argument."""
    def keep(function):
        behaviours[name] = function
        for argument, expected in rows:
            path = "/" + name + (argument or "")
            table.append((path, expected, " ".join(function.__doc__.split())))
        return function
    return keep


def whole(body, head=JSON):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def reset(writer):
    """Closes with a TCP reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def forever(writer, piece, pause=0.0):
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


# --- what is well

@behaviour("ok", (None, "new"))
async def ok(writer, _):
    """JSON, other each time"""
    writer.write(whole(json.dumps({"items": [{"n": next(count)}]}).encode()))
    return True


@behaviour("same", (None, "new"))
async def same(writer, _):
    """JSON, the same each time"""
    writer.write(whole(b'{"items":[{"n":1}]}'))
    return True


@behaviour("etag", (None, "new"))
async def etag(writer, _, headers):
    """an ETag, and 304 to whoever knows it"""
    if b"if-none-match: \"v1\"" in headers.lower():
        writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
    else:
        writer.write(whole(b'{"v":1}', JSON + b'ETag: "v1"\r\n'))
    return True


@behaviour("later", ("/0.3", "new"), ("/5", "failed/timeout"))
async def later(writer, argument):
    """the answer after so many seconds"""
    await asyncio.sleep(float(argument))
    return await ok(writer, "")


@behaviour("close-delimited", (None, "new"))
async def close_delimited(writer, _):
    """no length: the end of the connection ends the body"""
    writer.write(JSON + b'\r\n{"a":1}')


@behaviour("bare-lines", (None, "new"))
async def bare_lines(writer, _):
    """lines end in LF alone, and there is no reason phrase"""
    writer.write(b'HTTP/1.1 200\nContent-Length: 7\n\n{"a":1}')


@behaviour("chunks", (None, "new"))
async def chunks(writer, _):
    """well chunked, a byte a chunk, with an extension and a trailer"""
    writer.write(JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    for byte in b'{"a":[1,2,3]}':
        writer.write(b"1;x=y\r\n%c\r\n" % byte)
    writer.write(b"0\r\nX-Trailer: yes\r\n\r\n")
    return True


@behaviour("interim", (None, "new"))
async def interim(writer, _):
    """103 Early Hints before the answer"""
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole(b'{"a":1}'))


@behaviour("bom", (None, "new"))
async def bom(writer, _):
    """a byte order mark before the JSON"""
    writer.write(whole(b'\xef\xbb\xbf{"a":1}'))


@behaviour("gzip", (None, "new"))
async def zipped(writer, _):
    """compressed with gzip"""
    writer.write(whole(gzip.compress(b'{"a":1}'), JSON + b"Content-Encoding: gzip\r\n"))


# --- connections

@behaviour("silence", (None, "failed/timeout"))
async def silence(writer, _):
    """never answers"""
    await asyncio.sleep(3600)


@behaviour("empty-reply", (None, "failed/truncated"))
async def empty_reply(writer, _):
    """closes without a word"""


@behaviour("reset", (None, "failed/truncated"))
async def reset_at_once(writer, _):
    """resets instead of answering"""
    reset(writer)


@behaviour("reset-mid-head", (None, "failed/truncated"))
async def reset_mid_head(writer, _):
    """resets amid the headers"""
    writer.write(JSON)
    await writer.drain()
    await asyncio.sleep(0.1)
    reset(writer)


@behaviour("close-mid-head", (None, "failed/truncated"))
async def close_mid_head(writer, _):
    """closes amid the headers"""
    writer.write(JSON + b"Content-Le")


@behaviour("reset-mid-body", (None, "failed/truncated"))
async def reset_mid_body(writer, _):
    """resets amid the body"""
    writer.write(JSON + b"Content-Length: 1000\r\n\r\n[1,2,3")
    await writer.drain()
    await asyncio.sleep(0.1)
    reset(writer)


@behaviour("drip", (None, "failed/timeout"))
async def drip(writer, _):
    """a byte of the body a second"""
    writer.write(JSON + b"Content-Length: 100000\r\n\r\n[")
    await forever(writer, b" ", 1)


@behaviour("drip-head", (None, "failed/timeout"))
async def drip_head(writer, _):
    """a header a second"""
    writer.write(OK)
    await forever(writer, b"X: y\r\n", 1)


# --- lengths and chunks

@behaviour("short", (None, "failed/truncated"))
async def short(writer, _):
    """fewer bytes than Content-Length says"""
    writer.write(JSON + b'Content-Length: 50\r\n\r\n{"a":1}')


@behaviour("long", (None, "new"))
async def long(writer, _):
    """more bytes than Content-Length says"""
    writer.write(whole(b'{"a":1}') + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
    return True


@behaviour("huge-length", (None, "failed/too_large"))
async def huge_length(writer, _):
    """Content-Length of a terabyte, and a stream"""
    writer.write(JSON + b"Content-Length: 1099511627776\r\n\r\n")
    await forever(writer, b" " * 65536)


@behaviour("bad-length", ("/-5", "failed/protocol"), ("/x", "failed/protocol"))
async def bad_length(writer, argument):
    """a Content-Length that is none"""
    writer.write(JSON + b"Content-Length: %s\r\n\r\n{}" % argument.encode())


@behaviour("length-and-chunks", (None, "new"))
async def length_and_chunks(writer, _):
    """both: the chunks count"""
    writer.write(JSON + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b'7\r\n{"a":1}\r\n0\r\n\r\n')


@behaviour("endless", (None, "failed/too_large"))
async def endless(writer, _):
    """no length and no end"""
    writer.write(JSON + b"\r\n")
    await forever(writer, b" " * 65536)


@behaviour("endless-chunked", (None, "failed/too_large"))
async def endless_chunked(writer, _):
    """chunks without end"""
    writer.write(JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    await forever(writer, b"10000\r\n" + b" " * 65536 + b"\r\n")


@behaviour("bad-chunk", (None, "failed/protocol"))
async def bad_chunk(writer, _):
    """a chunk size that is none"""
    writer.write(JSON + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\nzz\r\n')


@behaviour("huge-chunk", (None, "failed/protocol"))
async def huge_chunk(writer, _):
    """a chunk size over 64 bit"""
    writer.write(JSON + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 32 + b"\r\n{}")


@behaviour("cut-chunks", (None, "failed/truncated"))
async def cut_chunks(writer, _):
    """closes before the last chunk"""
    writer.write(JSON + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n')
