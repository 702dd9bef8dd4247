"""`recomma metrics` as it is run: an address on the first line, which answers."""

import os
import subprocess
import sys

import pytest
import requests

from recomma.config import BadSetting, load
from tests.cli.running import NOBODY, recomma

AWAY = {
    "RECOMMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
}
SERVERS = {"database_url": AWAY["RECOMMA_DATABASE_URL"], "redis_url": AWAY["RECOMMA_REDIS_URL"]}


def test_it_answers_at_the_address_of_its_first_line_whoever_is_away() -> None:
    program = [sys.executable, "-m", "recomma.cli", "metrics", "--listen", "127.0.0.1:0"]
    given = os.environ | AWAY
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=given) as child:
        try:
            assert child.stdout is not None
            shown = requests.get(child.stdout.readline().strip(), timeout=60).text
        finally:
            child.terminate()

    assert 'recomma_server_answers{server="postgres"} 0.0' in shown


@pytest.mark.parametrize("address", ["9464", "127.0.0.1", "127.0.0.1:port", "a/b:1", NOBODY])
def test_an_address_that_is_none_is_one_sentence(address: str) -> None:
    done = recomma("metrics", "--listen", address, settings=AWAY)

    assert done.status == 2
    assert "must look like 127.0.0.1:9464" in done.sentence
    with pytest.raises(BadSetting, match="RECOMMA_METRICS_LISTEN"):
        load({**SERVERS, "metrics_listen": address})
