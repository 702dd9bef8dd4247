"""What the pages about operating show works, in their order, on a ledger with deals of a bot."""

import shlex
from typing import Final

from sqlalchemy import Engine, text

from recomma.cli.exits import Exit
from recomma.domain.source import Leg, Role
from recomma.signing.hyperliquid import address_of
from recomma.stage.control import Control
from tests.cli.running import recomma
from tests.contract.ledger_world import LedgerWorld, new_order
from tests.docs_generators import ROOT
from tests.docs_runs import script, simulator

AGENT_KEY: Final = "0x" + "7" * 64
ACCOUNT: Final = "0x0000000000000000000000000000000000000001"  # Of main in the example.
BOT: Final = 1234567
DEALS: Final = (2001, 2371884732)
ORDER: Final = 12


def test_what_is_shown_of_operating_works(engine: Engine, database_url: str) -> None:
    some_deals(engine)
    ended: dict[str, Exit] = {}
    said: dict[str, str] = {}

    with simulator("hyperliquid") as url:
        shown_account = {"address": ACCOUNT, "agents": [address_of(AGENT_KEY)], "balance": "900"}
        Control(url).post("accounts", shown_account)
        settings = {
            "RECOMMA_DATABASE_URL": database_url,
            "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
            "RECOMMA_HYPERLIQUID_URL": url,
            "RECOMMA_HYPERLIQUID_NETWORK": "testnet",
            "RECOMMA_AGENT_KEY": AGENT_KEY,
            "RECOMMA_ACTOR": "anna",
        }
        for line in filter(None, script("run: with a ledger").splitlines()):
            done = recomma(*as_written(line), settings=settings)
            ended[line], said[line] = Exit(done.status), done.out + done.err

    differs = {"recomma config diff recomma.toml": Exit.FAILED}
    assert {line: said[line] for line in ended if ended[line] != differs.get(line, Exit.OK)} == {}
    assert "limits.order_usd" in said["recomma config diff recomma.toml"]
    assert said["recomma resume 3"].startswith("stop 3  no_entries  bot 1234567")
    assert "is cancelled" in said["recomma cancel order/12 --dry-run"]
    assert "live" in said["recomma venues live main"]


def as_written(line: str) -> list[str]:
    """Return the words after `recomma`; the file that is meant is the example."""
    program, *words = shlex.split(line, comments=True)
    assert program == "recomma"
    example = str(ROOT / "docs/examples/recomma.toml")
    return [example if word == "recomma.toml" else word for word in words]


def some_deals(engine: Engine) -> None:
    """Have two deals of a bot, one of them with the entry that the pages cancel."""
    world = LedgerWorld(engine)
    world.see(*DEALS, bot_id=BOT)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER SEQUENCE mirror_orders_id_seq RESTART WITH {ORDER}"))
    assert world.place(new_order(Leg(Role.SAFETY, "1")), deal_id=DEALS[0]) == ORDER
