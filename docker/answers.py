"""A health check over HTTP: `answers.py URL [TEXT]`. Exit 0 if it answers 200, with TEXT in it.

With the standard library only: it runs again and again, and loading more costs more than asking.
"""

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

WAIT_SECONDS = 5


def main(url: str, text: str = "") -> int:
    """Return the exit status; what is wrong is one sentence on standard error."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=WAIT_SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"{url} does not answer: {error}\n")
        return 1
    finally:
        connection.close()
    if answer.status != 200 or text not in body:
        sys.stderr.write(f"{url} answers {answer.status}: {body[:200]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
