"""What can be set differently where nobody knows, or a test wants it otherwise (14)."""

from dataclasses import dataclass, fields

from recomma.simulators.threecommas.spelling import BadInput, Json


@dataclass
class Switches:
    """Set over `/_control/switches`; each starts as the real API is believed to be."""

    honest_updated_at: bool = False  # Every event moves `updated_at` (threecommas.md 13.1).
    disorder: bool = True  # Events and rows come rotated or shuffled.
    live_prices_move: bool = True  # Two reads of an active deal differ in its live fields.
    close_delay_seconds: int = 2  # From a command's pending status to its final one.

    def change(self, body: Json) -> None:
        """Set the switches named in `body`, all of them or none. Raises BadInput."""
        known = {switch.name: type(getattr(self, switch.name)) for switch in fields(self)}
        for name, value in body.items():
            if name not in known:
                raise BadInput(f"There is no switch {name!r}; there are {', '.join(known)}.")
            if type(value) is not known[name] or (isinstance(value, int) and value < 0):
                raise BadInput(f"Switch {name!r} takes {known[name].__name__}, not {value!r}.")
        for name, value in body.items():
            setattr(self, name, value)
