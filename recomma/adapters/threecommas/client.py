"""The 3Commas API, read only (threecommas.md 1 to 4): one method per question, one request each.

Nothing is tried again in here: the pipeline decides when to look again. Every request is signed
over exactly the bytes of its request line, and says `Forced-Mode`, without which the API answers
for whichever mode the user last chose in the web page.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
import structlog
from pydantic import TypeAdapter, ValidationError

from recomma.adapters.threecommas.answers import body_of, lost
from recomma.adapters.threecommas.credentials import Credentials
from recomma.adapters.threecommas.errors import (
    Garbled,
    KeyRefused,
    NothingHappened,
    NotReached,
    Unknown,
)
from recomma.adapters.threecommas.shapes import (
    BotShape,
    DealShape,
    RowShape,
    ValidShape,
    in_order_of_time,
)
from recomma.domain.bots import SourceBot
from recomma.domain.source import Reading, SourceDeal
from recomma.ports import Observed, OutsideError
from recomma.ports.guarding import UNGUARDED, Guard, Purpose
from recomma.signing.threecommas import signed_string

DEALS: Final = "/ver1/deals"
DEALS_PER_PAGE: Final = 1000  # The maximum; the default of 50 cuts off silently (13.4).
BOTS_PER_PAGE: Final = 100
_OVERLAP: Final = 20
"""How many rows of a page are asked for again with the next one (threecommas.md 13.5).

As many rows may end or change places while we page without one of those behind them being missed.
"""
_PAGES_MAX: Final = 100
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
LIST_READ_SECONDS: Final = 30.0
"""A list of 357 deals took 6.7 s (threecommas.md 1); a full page may take three times as long."""

_log = structlog.get_logger(__name__)
_rows: Final = TypeAdapter(list[object])
_orders: Final = TypeAdapter(list[RowShape])

V_co = TypeVar("V_co", SourceBot, SourceDeal, covariant=True)
V = TypeVar("V", SourceBot, SourceDeal)
S = TypeVar("S")
T = TypeVar("T")


class _Shape(Protocol[V_co]):
    def value(self) -> V_co: ...


class ThreeCommas:
    """One 3Commas account. Every method raises ThreeCommasError (see errors.py), or what its guard
    raises, and nothing else.

    `base_url` is `https://api.3commas.io/public/api` or any stand-in; `/public/api` is added where
    there is no path. Raises ValueError for anything that is not an http(s) URL without
    credentials, query and fragment, and for another mode than `real` or `paper`. A session is
    kept open between requests.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        session: requests.Session | None = None,
        forced_mode: str = "real",
        guard: Guard = UNGUARDED,
    ) -> None:
        if forced_mode not in ("real", "paper"):
            raise ValueError("the 3Commas mode is either real or paper")
        self._root = _root(base_url)
        self._credentials = credentials
        self._session = session or requests.Session()
        self._forced_mode = forced_mode
        self._guard = guard
        # How many pages each list had the last time: they are taken from the budget together, or
        # a budget that has no room for all of them would be spent on halves for ever.
        self._pages_known: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"ThreeCommas({self._root!r})"

    def validate(self) -> None:
        """Check the credentials. Raises KeyRefused if they are not accepted."""
        answer = self._asked(Purpose.LIST, lambda: self._get("/ver1/validate"))
        if not _read(TypeAdapter(ValidShape), answer, "validate").valid:
            raise KeyRefused("/ver1/validate: the key is not valid")

    def bots(self) -> tuple[SourceBot, ...]:
        """Return every bot, enabled or not (a disabled one keeps running its deals)."""
        pages = self._pages("/ver1/bots", "", BOTS_PER_PAGE)
        return _each(TypeAdapter(BotShape), pages, "bot")

    def active_deals(self) -> tuple[SourceDeal, ...]:
        """Return the active deals of all bots: one request for up to 1000.

        A deal that we cannot understand is logged and left out, so that it cannot blind us for
        the others. It looks vanished then, and is looked at by its id.
        """
        pages = self._pages(DEALS, "&order=created_at&scope=active", DEALS_PER_PAGE)
        return _each(TypeAdapter(DealShape), pages, "deal")

    def finished_deals(self, since: datetime) -> tuple[SourceDeal, ...]:
        """Return the deals created at `since` (aware) or later that have ended: up to 1000 a
        request. `from` compares creation times (threecommas.md 4.3)."""
        start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"&order=created_at&scope=finished&from={start}"
        found = _each(TypeAdapter(DealShape), self._pages(DEALS, query, DEALS_PER_PAGE), "deal")
        # Which statuses a scope covers is not documented; an unknown one means all.
        return tuple(deal for deal in found if deal.finished)

    def payload(self, deal_id: int) -> object:
        """Return the answer of `show` as it is, numbers with a fraction as texts. One request.

        Raises NotFound.
        """
        return self._asked(Purpose.DETAIL, lambda: self._get(_show(deal_id)), deal_id=deal_id)

    def deal(self, deal_id: int) -> SourceDeal:
        """Return one deal, active or not. Raises NotFound."""
        return _read(TypeAdapter(DealShape), self.payload(deal_id), _show(deal_id)).value()

    def read(self, deal_id: int, at: datetime) -> Reading:
        """Return everything about one deal, read at `at`: two requests. Raises NotFound."""
        return self.observe(deal_id, at).reading

    def observe(self, deal_id: int, at: datetime) -> Observed:
        """Return a reading together with the payloads `show` and `market_orders` it is made from.

        The rows are asked for first: each row has its event at most 0.1 s later, so nearly every
        row of the reading has the event that numbers it.
        """
        orders_path = f"/ver1/deals/{deal_id}/market_orders"
        orders, show = self._asked(
            Purpose.DETAIL,
            lambda: (self._get(orders_path), self._get(_show(deal_id))),
            weight=2,  # Both or none: half a reading is none.
            deal_id=deal_id,
        )
        deal = _read(TypeAdapter(DealShape), show, _show(deal_id))
        rows = _read(_orders, orders, orders_path)
        if deal.id != deal_id:
            raise Garbled(f"{_show(deal_id)}: the answer is deal {deal.id}")
        reading = Reading(deal.value(), in_order_of_time(rows), deal.events(), at)
        return Observed(reading, {"show": show, "market_orders": orders})

    def _pages(self, path: str, more: str, limit: int) -> Iterable[object]:
        """Read page after page until one is short or brings nothing new (threecommas.md 4.3).

        Rows move while we page: a new one pushes the others down, and they come twice; one that
        ends pulls them up. What moves further than the overlap is seen at the next look.
        """
        seen: set[str] = set()
        known = self._pages_known.get(path, 1)
        for number in range(_PAGES_MAX):
            query = f"{path}?limit={limit}&offset={number * (limit - _OVERLAP)}{more}"
            weight = known if number == 0 else int(number >= known)
            self._pages_known[path] = max(number + 1, known)
            page = _read(_rows, self._page(query, weight), path)
            yield from page
            fresh = {str(row.get("id")) for row in page if isinstance(row, dict)} - seen
            if len(page) < limit or not fresh:
                self._pages_known[path] = number + 1
                return
            seen |= fresh
        raise Garbled(f"{path}: more than {_PAGES_MAX} pages")

    def _page(self, query: str, weight: int) -> object:
        return self._asked(Purpose.LIST, lambda: self._get(query, LIST_READ_SECONDS), weight=weight)

    def _asked(
        self, purpose: Purpose, request: Callable[[], T], *, weight: int = 1, deal_id: int = 0
    ) -> T:
        """Make one request, or several that are worth nothing without each other."""
        try:
            return self._guard.call(
                purpose, request, failed=_is_down, weight=weight, deal_id=deal_id
            )
        except NothingHappened as error:
            if error.until or error.wait_seconds:
                self._guard.budget.pause(
                    str(error), until=error.until, wait_seconds=error.wait_seconds
                )
            raise

    def _get(self, path_and_query: str, read_seconds: float = READ_SECONDS) -> object:
        """Ask one question and return its JSON. Raises ThreeCommasError."""
        asked = self._session.prepare_request(requests.Request("GET", self._root + path_and_query))
        signed = signed_string(asked.path_url, scheme=self._credentials.scheme)
        asked.headers["Apikey"] = self._credentials.api_key
        asked.headers["Signature"] = self._credentials.sign(signed)
        asked.headers["Forced-Mode"] = self._forced_mode
        try:
            # A redirect would carry the key elsewhere, and its signature would be wrong there.
            response = self._session.send(
                asked,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                **self._session.merge_environment_settings(asked.url, {}, None, None, None),
            )
        except requests.RequestException as error:
            raise lost(error, asked.path_url) from None
        return body_of(response)


def _is_down(error: OutsideError) -> bool:
    """Say whether an error speaks against 3Commas: time-outs, resets, 5xx, HTML. A refusal and a
    429 come from a service that works."""
    return isinstance(error, Unknown | NotReached)


def _show(deal_id: int) -> str:
    return f"/ver1/deals/{deal_id}/show"


def _root(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the 3Commas URL must be http://host or https://host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the 3Commas URL must have neither credentials, query nor fragment")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/public/api'}"


def _read(shape: TypeAdapter[S], body: object, path: str) -> S:
    try:
        return shape.validate_python(body)
    except ValidationError as error:
        raise Garbled(f"{path}: {_first(error)}") from None


def _each(shape: TypeAdapter[_Shape[V]], rows: Iterable[object], kind: str) -> tuple[V, ...]:
    """Return one value per id, the last one read; log rows that cannot be read."""
    values: dict[int, V] = {}
    for row in rows:
        try:
            value = shape.validate_python(row).value()
        except ValidationError as error:
            number = row.get("id") if isinstance(row, dict) else None
            _log.warning("unreadable_row", kind=kind, id=number, why=_first(error))
        else:
            values[value.id] = value
    return tuple(values.values())


def _first(error: ValidationError) -> str:
    """Say which field is wrong and why, without its value: a foreign text is not ours to log."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the answer"
    return f"{where}: {first['msg']}"
