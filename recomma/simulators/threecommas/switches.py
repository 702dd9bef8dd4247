"""What can be set differently where nobody knows, or a test wants it otherwise (14)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final

from recomma.simulators.threecommas.spelling import BadInput, Json


@dataclass
class Switches:
    """Set over `/_control/switches`; each starts as the real API is believed to be.

    Those of the first group count for every answer, those of the second for deals that are run
    from then on: what has happened to a deal does not change afterwards.
    """

    honest_updated_at: bool = False  # Every event moves `updated_at` (threecommas.md 13.1).
    disorder: bool = True  # Events and rows come rotated or shuffled.
    live_prices_move: bool = True  # Two reads of an active deal differ in its live fields.
    close_delay_seconds: int = 2  # From a command's pending status to its final one.
    filled_rows_say: str = "Filled"  # Or "Finished", which only the documentation has.
    stop_rows: bool = True  # Whether a stop loss shows as a row.
    limit_above_maximum: str = "capped"  # Or "error": a 400.
    stream_tells_all: bool = False  # The stream also tells of re-placed take profits.
    etag_revalidates: bool = False  # If-None-Match with the tag of a read gives 304.
    direction_case: str = "any"  # Or "lower": `order_direction` is read in lower case only.

    part_shown: bool = True  # `total` and `average_price` move while a row fills in parts.
    repeated_take_profit: str = "new_row"  # Or "same_row": the filled row becomes active again.
    panic_step_row: str = "new_row"  # Or "same_row": it keeps the step's trade_id.
    panic_sentence: bool = False  # A panic sell ends with a "Closed at" event.
    manual_executed_told: bool = False  # A manual order's fill has an event.
    short_sentence: str = "fall"  # Or "rise": which way the price "should" go for a short.
    short_cancelling: str = "sell"  # Or "buy": "Cancelling sell order" of a short.
    pending_statuses: bool = False  # `bought_take_profit_pending` while one is placed anew.
    futures_to_currency: str = "symbol"  # Or "coin": BTCUSDT or BTC in `to_currency`.

    def change(self, body: Json) -> None:
        """Set the switches named in `body`, all of them or none. Raises BadInput."""
        known = {switch.name: type(getattr(self, switch.name)) for switch in fields(self)}
        for name, value in body.items():
            if name not in known:
                raise BadInput(f"There is no switch {name!r}; there are {', '.join(known)}.")
            if type(value) is not known[name] or (isinstance(value, int) and value < 0):
                raise BadInput(f"Switch {name!r} takes {known[name].__name__}, not {value!r}.")
            if value not in WAYS.get(name, (value,)):
                ways = " or ".join(WAYS[name])
                raise BadInput(f"Switch {name!r} takes {ways}, not {value!r}.")
        for name, value in body.items():
            setattr(self, name, value)


WAYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "filled_rows_say": ("Filled", "Finished"),
        "limit_above_maximum": ("capped", "error"),
        "direction_case": ("any", "lower"),
        "repeated_take_profit": ("new_row", "same_row"),
        "panic_step_row": ("new_row", "same_row"),
        "short_sentence": ("fall", "rise"),
        "short_cancelling": ("sell", "buy"),
        "futures_to_currency": ("symbol", "coin"),
    }
)
"""What each switch that is a text can say."""
