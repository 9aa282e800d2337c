#!/usr/bin/env python3
"""What transit researchers were taught: notebook.py BASE FEEDS POLLS DIR

requests.get for one feed after another, a pandas table of the answer, one small CSV a call in DIR.
Without the sleep between calls. PyPI: requests, pandas.
"""
import datetime
import os
import sys

try:
    import pandas as pd
    import requests
except ImportError as missing:
    print(f"notebook.py: {missing}: pip install requests pandas", file=sys.stderr)
    sys.exit(77)


def main():
    base, feeds, polls, directory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    for poll in range(polls):
        feed = poll % feeds
        response = requests.get(f"{base}/{feed}", timeout=30)
        table = pd.DataFrame(response.json()["items"])
        table["call_time"] = datetime.datetime.now()
        table.to_csv(os.path.join(directory, f"{feed}_{poll}.csv"), index=False)
    print(polls)


if __name__ == "__main__":
    main()
