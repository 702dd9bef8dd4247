"""Watch: read one account's active deals and leave a note for each that changed."""

from datetime import datetime

from recomma.domain.notes import plan
from recomma.domain.reasons import Reason
from recomma.domain.verdict import Done, Verdict
from recomma.ports import Ledger, Source


def watch(
    account: str, *, source: Source, ledger: Ledger, fence: int | None, now: datetime
) -> Verdict:
    """Compare the list of active deals with the one before.

    A deal that has vanished from the list has ended: it is read once more by its id, because its
    last events never show in the list (threecommas.md 13.3).
    """
    deals = source.active_deals()
    with ledger.account(account, fence) as book:
        new_bots = {deal.bot_id for deal in deals} - book.bots_known()
    bots = source.bots() if new_bots else ()
    with ledger.account(account, fence) as book:
        if bots:
            book.bots_seen(bots, now)
        known = book.known()
        changed = [deal.id for deal in deals if known.get(deal.id) != deal]
        gone = known.keys() - {deal.id for deal in deals}
        book.seen(deals, now)
        for deal_id in sorted({*changed, *gone}):
            book.leave(plan(deal_id), now)
    told = f"{len(deals)} active, {len(changed)} changed, {len(gone)} gone"
    return Done(told, mended=Reason.SOURCE_REFUSED)
