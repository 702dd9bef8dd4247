"""A health check over HTTP: `answers.py URL [TEXT]`. Exit 0 if it answers 200, with TEXT in it."""

import sys

import requests

WAIT_SECONDS = 5


def main(url: str, text: str = "") -> int:
    """Return the exit status; what is wrong is one sentence on standard error."""
    try:
        answer = requests.get(url, timeout=WAIT_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        sys.stderr.write(f"{url} does not answer: {error}\n")
        return 1
    if text not in answer.text:
        sys.stderr.write(f"{url} answers without {text}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
