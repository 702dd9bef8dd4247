"""`recomma close` and `recomma cancel`: a person's word about one deal or one order."""

import re
from typing import Any, Final

import click

from recomma.cli.acting import ID_MAX, Id, Words, actor, amount, say_json
from recomma.cli.exits import Exit, fail
from recomma.cli.now import act, now_options, seconds_of
from recomma.cli.stop import as_json_option, dry_run_option, set_stop
from recomma.domain.orders import MirrorOrder
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope
from recomma.domain.touched import NewStop

_SPELLED: Final = re.compile(r"(?:(?P<kind>deal|order)/)?(?P<id>[0-9]{1,19})")
_CLOID: Final = re.compile(r"0x[0-9a-fA-F]{32}")


class _Target(click.ParamType[tuple[str, int | str]]):
    """A deal's id, an order's id, or a cloid, as (kind, id); kind is empty where it is open."""

    name = "target"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int | str]:
        if isinstance(value, tuple):
            return value
        if _CLOID.fullmatch(value):
            return "order", value.lower()
        found = _SPELLED.fullmatch(value)
        if not found or not 0 < int(found["id"]) <= ID_MAX:
            self.fail(f"{value} is no deal, order or cloid: write 7, deal/7, order/7", param, ctx)
        return found["kind"] or "", int(found["id"])


@click.command()
@click.argument("deal", type=Id)
@click.option("--venue", type=Words(), help="Only on this venue.")
@click.option("--why", type=Words(), default="", help="A remark for whoever looks later.")
@now_options
@dry_run_option
@as_json_option
def close(deal: int, dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Close what DEAL holds, reduce-only, and enter nothing more for it.

    It is the stop close_all for this one deal: 3Commas goes on with its own.
    """
    new = NewStop(
        Level.CLOSE_ALL,
        Scope(asked["venue"], deal_id=deal),
        why=asked["why"],
        reason=Reason.CLOSED_BY_PERSON,
    )
    set_stop(new, dry_run=dry_run, as_json=as_json, within_seconds=seconds_of(asked))


@click.command()
@click.argument("target", metavar="DEAL|ORDER", type=_Target())
@click.option("--venue", type=Words(), help="Of a deal: only on this venue.")
@click.option("--why", type=Words(), default="", help="A remark for whoever looks later.")
@now_options
@dry_run_option
@as_json_option
def cancel(target: tuple[str, int | str], dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Cancel the entries of a deal, or one entry, for good; exits stay.

    DEAL|ORDER is an id (deal/7 or order/7 where it could be both) or an order's cloid.
    """
    from recomma import wiring
    from recomma.config import load

    kind, id_ = target
    venue, why = asked["venue"], asked["why"]
    store = wiring.stops_of(load())
    if isinstance(id_, int) and not kind:
        known = [word for word in ("deal", "order") if store.knows(word, id_)]
        if len(known) != 1:
            _which(id_, known)
        kind = known[0]
    if kind == "deal":
        scope = Scope(venue, deal_id=int(id_))
        new = NewStop(
            Level.NO_ENTRIES,
            scope,
            why=why,
            reason=Reason.CANCELLED_BY_PERSON,
            cancel_entries=True,
        )
        set_stop(new, dry_run=dry_run, as_json=as_json, within_seconds=seconds_of(asked))
        return
    if venue:
        raise click.UsageError("--venue is for a deal: an order is on one venue.")
    order, seconds = store.order(id_), seconds_of(asked)
    _cancel_order(order, why=why, dry_run=dry_run, as_json=as_json, within_seconds=seconds)


def _which(id_: int, known: list[str]) -> None:
    if known:
        raise click.UsageError(f"{id_} is a deal and an order: write deal/{id_} or order/{id_}.")
    fail(Exit.NOT_FOUND, f"There is neither a deal nor an order {id_}.")


def _cancel_order(
    order: MirrorOrder, *, why: str, dry_run: bool, as_json: bool, within_seconds: int
) -> None:
    from recomma import wiring
    from recomma.config import load

    what = f"Order {order.id} ({order.leg} of deal {order.deal_id} on {order.venue})"
    if order.is_exit:
        raise click.UsageError(
            f"{what} is an exit, and a position is never left without one: close the deal with "
            f"`recomma close {order.deal_id}`, or change its exit at 3Commas."
        )
    if not order.live:
        fail(Exit.FAILED, f"{what} is {order.state} already: there is nothing to cancel.")
    if not as_json:
        click.echo(
            f"{what} is cancelled: {order.terms.side} {amount(order.remaining)} {order.coin} "
            f"at {amount(order.terms.price)}. It is not placed again."
        )
    store = wiring.stops_of(load())
    if not dry_run:
        store.cancel_order(order.id, actor(), why)
    cancelled = {"id": order.id, "deal": order.deal_id, "venue": order.venue}
    cancelled |= {"leg": str(order.leg), "state": str(order.state)}
    told = {"dry_run": dry_run, "cancels": [cancelled]}
    if within_seconds and not dry_run:
        here = Scope(order.venue, deal_id=order.deal_id)
        act(
            lambda: store.preview(here).only(order.id),
            within_seconds=within_seconds,
            as_json=as_json,
            told=told,
        )
    elif as_json:
        say_json(told)
    elif dry_run:
        click.echo("Dry run: nothing was done.")
