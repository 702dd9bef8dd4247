"""From the source's coins to the venue's: one kPEPE is a thousand PEPE (hyperliquid.md 2.2)."""

from dataclasses import replace

from recomma.domain.money import Price, Size
from recomma.domain.wanted import Wanted, WantedExit


def in_venue_units(wish: Wanted, unit: int) -> Wanted:
    """Return the wish in coins of the venue, each of which is `unit` of the source's."""
    if unit == 1:
        return wish
    return replace(
        wish,
        entries=tuple(
            replace(entry, price=Price(entry.price * unit), size=Size(entry.size / unit))
            for entry in wish.entries
        ),
        exits=exits_in_venue_units(wish.exits, unit),
        stop_price=price_in_venue_units(wish.stop_price, unit),
    )


def exits_in_venue_units(exits: tuple[WantedExit, ...], unit: int) -> tuple[WantedExit, ...]:
    return tuple(replace(exit_, price=Price(exit_.price * unit)) for exit_ in exits)


def price_in_venue_units(price: Price | None, unit: int) -> Price | None:
    return None if price is None else Price(price * unit)
