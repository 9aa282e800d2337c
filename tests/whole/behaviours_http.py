"""How the hostile server behaves: headers, compression, status, redirects and bodies."""
import gzip
import json
import zlib

from behaviours import JSON, OK, behaviour, forever, ok, whole


# --- headers

@behaviour("header-flood", (None, "failed/too_large"))
async def header_flood(writer, _):
    """headers without end"""
    writer.write(OK)
    await forever(writer, b"X-Flood: " + b"x" * 1000 + b"\r\n")


@behaviour("header-long", (None, "failed/too_large"))
async def header_long(writer, _):
    """one header of a megabyte"""
    writer.write(OK + b"X-Long: " + b"x" * 1048576 + b"\r\nContent-Length: 2\r\n\r\n{}")


@behaviour("interim-flood", (None, "failed/too_large"))
async def interim_flood(writer, _):
    """100 Continue without end"""
    await forever(writer, b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 100)


@behaviour("nul-header", (None, "failed/protocol"))
async def nul_header(writer, _):
    """a NUL in a header"""
    writer.write(OK + b"X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}")


@behaviour("garbage", (None, "failed/protocol"))
async def garbage(writer, _):
    """bytes that are no HTTP"""
    writer.write(bytes(range(256)) * 8)


@behaviour("http09", (None, "failed/protocol"))
async def http09(writer, _):
    """a body without a head"""
    writer.write(b'{"a":1}\n')


@behaviour("banner", (None, "failed/protocol"))
async def banner(writer, _):
    """the greeting of a mail server"""
    writer.write(b"220 mail.example.org ESMTP\r\n")


@behaviour("version", ("/2", "new"), ("/7.3", "failed/protocol"))
async def version(writer, argument):
    """a version of HTTP that was not asked for"""
    writer.write(b"HTTP/%s 200 OK\r\nContent-Length: 2\r\n\r\n{}" % argument.encode())


# --- compression

@behaviour("gzip-bomb", (None, "failed/too_large"))
async def gzip_bomb(writer, _):
    """a megabyte that becomes a gigabyte"""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join([packer.compress(b" " * 1048576) for _ in range(64)])
    writer.write(JSON + b"Content-Encoding: gzip\r\nContent-Length: 1048576\r\n\r\n" + body)
    await forever(writer, packer.compress(b" " * 1048576), 0)


@behaviour("bad-gzip", (None, "failed/decode"))
async def bad_gzip(writer, _):
    """says gzip, and is not"""
    writer.write(whole(b"no gzip at all", JSON + b"Content-Encoding: gzip\r\n"))


@behaviour("cut-gzip", (None, "new//invalid"))
async def cut_gzip(writer, _):
    """gzip that ends too early in a body of the right length: only the parser can tell"""
    body = gzip.compress(json.dumps(list(range(1000))).encode())
    writer.write(whole(body[:len(body) // 2], JSON + b"Content-Encoding: gzip\r\n"))


@behaviour("bad-encoding", (None, "failed/decode"))
async def bad_encoding(writer, _):
    """a Content-Encoding that nobody knows"""
    writer.write(whole(b"{}", JSON + b"Content-Encoding: frobnicate\r\n"))


# --- status

@behaviour("status", ("/204", "new"), ("/400", "failed/http_status"), ("/404", "failed/http_status"),
           ("/429", "failed/http_status"), ("/500", "failed/http_status"),
           ("/503", "failed/http_status"), ("/304", "failed/http_status"),
           ("/300", "failed/http_status"), ("/600", "failed/http_status"),
           ("/999", "failed/http_status"))
async def status(writer, argument):
    """that status, with a body where one is allowed"""
    head = b"HTTP/1.1 %d Whatever\r\n" % int(argument)
    writer.write(head + b"\r\n" if argument in ("204", "304") else whole(b"why", head))
    return True


@behaviour("retry-after", ("/30", "failed/http_status"), ("/-1", "failed/http_status"),
           ("/99999999999999999999", "failed/http_status"), ("/soon", "failed/http_status"),
           ("/Mon, 23 Nov 1998 20:00:00 GMT", "failed/http_status"))
async def retry_after(writer, argument):
    """503 with that Retry-After"""
    writer.write(whole(b"later", b"HTTP/1.1 503 Later\r\nRetry-After: %s\r\n" % argument.encode()))
    return True


# --- redirects

@behaviour("redirect-self", (None, "failed/redirect"))
async def redirect_self(writer, _):
    """to itself"""
    writer.write(whole(b"", b"HTTP/1.1 302 Found\r\nLocation: /redirect-self\r\n"))
    return True


@behaviour("redirect", ("/3", "new"), ("/4", "failed/redirect"))
async def redirect(writer, argument):
    """so many times, then JSON"""
    left = int(argument)
    if left == 0:
        return await ok(writer, "")
    writer.write(whole(b"", b"HTTP/1.1 307 Go\r\nLocation: /redirect/%d\r\n" % (left - 1)))
    return True


@behaviour("redirect-nowhere", (None, "failed/redirect"))
async def redirect_nowhere(writer, _):
    """302 without Location"""
    writer.write(whole(b"", b"HTTP/1.1 302 Found\r\n"))


@behaviour("redirect-to", ("?file:///etc/passwd", "failed/redirect"),
           ("?ftp://127.0.0.1/x", "failed/redirect"), ("?http://[", "failed/redirect"),
           ("?http://127.0.0.1:1/", "failed/refused"), ("?/ok", "new"))
async def redirect_to(writer, argument):
    """to that URL"""
    writer.write(whole(b"", b"HTTP/1.1 301 Moved\r\nLocation: %s\r\n" % argument.encode()))


# --- bodies

@behaviour("nothing", (None, "new"))
async def nothing(writer, _):
    """a body of no bytes"""
    writer.write(whole(b"", OK))
    return True


@behaviour("cut-json", (None, "new//invalid"))
async def cut_json(writer, _):
    """JSON that ends too early, without a length"""
    writer.write(JSON + b'\r\n{"items":[{"a":1},{"a"')


@behaviour("nul", (None, "new//invalid"))
async def nul(writer, _):
    """NUL bytes amid JSON"""
    writer.write(whole(b'{"a":1,\0\0"b":2}'))


@behaviour("invalid-utf8", (None, "new"))
async def invalid_utf8(writer, _):
    """JSON with bytes that are no UTF-8, which rows show as U+FFFD"""
    writer.write(whole(b'{"a":"\xff\xfe\xc0\x80"}'))


@behaviour("deep-json", (None, "new//invalid"))
async def deep_json(writer, _):
    """a hundred thousand brackets"""
    writer.write(whole(b"[" * 100000 + b"]" * 100000))


@behaviour("two-documents", (None, "new//invalid"))
async def two_documents(writer, _):
    """one JSON document behind another"""
    writer.write(whole(b'{"a":1}{"a":2}'))


@behaviour("html-as-json", (None, "new//invalid"))
async def html_as_json(writer, _):
    """a page of words that calls itself JSON"""
    writer.write(whole(b"<html>out of order</html>"))


@behaviour("lines", (None, "new"))
async def lines(writer, _):
    """lines of JSON, not called so"""
    writer.write(whole(b'{"a":1}\n{"a":2}\n', OK + b"Content-Type: text/plain\r\n"))


@behaviour("feed-message", (None, "new"))
async def feed_message(writer, _):
    """GTFS realtime whose first bytes, a tag and a length, are "\\n{\""""
    writer.write(whole(b"\n{\n\x031.0\xa2\x06s" + b"x" * 115, OK))


@behaviour("html", (None, "new"))
async def html(writer, _):
    """a page of words where JSON was meant"""
    writer.write(whole(b"<html><script>alert(1)</script></html>", OK + b"Content-Type: text/html\r\n"))
