"""What the deals of the in-memory ledger have committed. See recomma.ports.SignerBook."""

from decimal import Decimal

from recomma.domain.commitments import Commitment, Commitments, cost_usd
from recomma.domain.lifecycle import State
from recomma.domain.money import notional
from recomma.domain.orders import MirrorOrder, Standing
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import Here, Rows

ASKED = (State.IN_DOUBT, State.RESTING)


def committed(rows: Rows, orders: FakeOrders, venue: str) -> Commitments:
    places = {(o.venue, o.deal_id, o.coin) for o in rows.orders.values()}
    found = [_commitment(rows, orders, deal, at, coin) for at, deal, coin in sorted(places)]
    asked = [o for o in rows.orders.values() if o.venue == venue and o.state in ASKED]
    return Commitments(tuple(each for each in found if each.usd), len(asked))


def _commitment(rows: Rows, orders: FakeOrders, deal_id: int, venue: str, coin: str) -> Commitment:
    side = rows.deals[deal_id].listed.strategy.entry_side
    left = orders.holding(deal_id, venue).left(side)
    entries = [
        o for o in rows.orders_of(deal_id, venue) if o.coin == coin and not o.terms.reduce_only
    ]
    asked = [o for o in entries if o.state in ASKED]
    in_doubt = [o for o in asked if o.state is State.IN_DOUBT]
    return Commitment(
        venue=venue,
        deal_id=deal_id,
        coin=coin,
        entered_usd=left * _average(rows, entries),
        asked_usd=sum(map(cost_usd, asked), Decimal(0)),
        ladder_usd=_ladder_usd(rows, entries, (deal_id, venue)),
        in_doubt_usd=sum(map(cost_usd, in_doubt), Decimal(0)),
    )


def _average(rows: Rows, entries: list[MirrorOrder]) -> Decimal:
    ids = {order.id for order in entries}
    fills = [row.fill for row in rows.fills.values() if row.order_id in ids]
    cost = sum((notional(fill.price, fill.size) for fill in fills), Decimal(0))
    size = sum((fill.size for fill in fills), Decimal(0))
    return cost / size if size else Decimal(0)


def _ladder_usd(rows: Rows, entries: list[MirrorOrder], here: Here) -> Decimal:
    deal = rows.deals[here[0]]
    standing, _ = rows.standings.get(here, (None, None))
    if standing is not Standing.OPEN or deal.finished or deal.released or deal.closing:
        return Decimal(0)
    return max((order.ladder_usd or Decimal(0) for order in entries), default=Decimal(0))
