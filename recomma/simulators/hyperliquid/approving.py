"""Approving and revoking agents (hyperliquid.md 5)."""

import re
from typing import Final

from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.actions import ApproveAgent
from recomma.simulators.hyperliquid.nonces import DAY_MS
from recomma.simulators.hyperliquid.refusals import TurnedDown
from recomma.simulators.hyperliquid.world import Agent, World

NOBODY: Final = "0x" + "0" * 40
NAMED_MAX: Final = 3
REMOVAL_MS: Final = 5000  # For about so long nobody can be approved after a removal.
USUAL_LIFE_MS: Final = 90 * DAY_MS
LONGEST_LIFE_MS: Final = 180 * DAY_MS
EXPIRY: Final = re.compile(r"(?P<name>.*?) valid_until (?P<at_ms>\d+)")


def approve(world: World, account: Account, action: ApproveAgent, now_ms: int) -> None:
    """Give the account an agent, in the place of the one with the same name. Raises TurnedDown.

    The zero address takes the name's agent away and approves nobody.
    """
    removed_ms = world.agents_removed_ms.get(account.address)
    if removed_ms is not None and removed_ms <= now_ms < removed_ms + REMOVAL_MS:
        raise TurnedDown("User has pending agent removal")
    name, valid_until_ms = _read_name(action.name, now_ms)
    others = [a for a in world.agents.values() if a.master == account.address]
    replaced = next((a for a in others if a.name == name), None)
    if action.agent != NOBODY:
        if action.agent in world.agents or action.agent in world.accounts:
            raise TurnedDown("Extra agent already used.")
        named = [a for a in others if a.name is not None]
        if name is not None and replaced is None and len(named) >= NAMED_MAX:
            raise TurnedDown(
                f"Too many extra agents for cumulative volume traded. Current limit is {NAMED_MAX}"
            )
    if replaced is not None:
        del world.agents[replaced.address]
    if action.agent == NOBODY:
        world.agents_removed_ms[account.address] = now_ms
    else:
        approved = Agent(action.agent, account.address, name, valid_until_ms)
        world.agents[action.agent] = approved


def _read_name(text: str | None, now_ms: int) -> tuple[str | None, int]:
    """Split a name from its expiry, which is refused if it is past or too far ahead."""
    found = EXPIRY.fullmatch(text or "")
    if found is None:
        return text, now_ms + USUAL_LIFE_MS
    at_ms = int(found["at_ms"])
    if not now_ms < at_ms <= now_ms + LONGEST_LIFE_MS:
        raise TurnedDown("Agent valid_until already expired.")
    return found["name"] or None, at_ms
