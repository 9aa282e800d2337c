#!/usr/bin/env python3
"""A good Python engineer's collector: aiohttp_sqlite.py BASE FEEDS POLLS DIR

aiohttp on kept connections, 50 requests at once; the body parsed to see that it is JSON and
compared with the feed's last one by its hash; one row a poll in SQLite (WAL, synchronous=FULL, so
that what is committed survives), one transaction a round of all feeds. PyPI: aiohttp.
"""
import asyncio
import hashlib
import json
import os
import sqlite3
import sys
import time

try:
    import aiohttp
except ImportError as missing:
    print(f"aiohttp_sqlite.py: {missing}: pip install aiohttp", file=sys.stderr)
    sys.exit(77)

AT_ONCE = 50


def open_store(directory):
    store = sqlite3.connect(os.path.join(directory, "polls.sqlite"), isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE polls (feed INTEGER, at REAL, status INTEGER, etag TEXT,"
                  " hash BLOB, body BLOB, PRIMARY KEY (feed, at))")
    return store


async def poll_feed(session, gate, base, feed, last):
    async with gate:
        at = time.time()
        async with session.get(f"{base}/{feed}") as response:
            body = await response.read()
            status, etag = response.status, response.headers.get("ETag")
    json.loads(body)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    is_same = last.get(feed) == digest
    last[feed] = digest
    return feed, at, status, etag, digest, None if is_same else body


async def collect(base, feeds, polls, store):
    gate, last, done = asyncio.Semaphore(AT_ONCE), {}, 0
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while done < polls:
            rows = await asyncio.gather(
                *(poll_feed(session, gate, base, feed, last) for feed in range(feeds)))
            store.execute("BEGIN")
            store.executemany("INSERT INTO polls VALUES (?, ?, ?, ?, ?, ?)", rows)
            store.execute("COMMIT")
            done += len(rows)
    return done


def main():
    base, feeds, polls, directory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    print(asyncio.run(collect(base, feeds, polls, open_store(directory))))


if __name__ == "__main__":
    main()
