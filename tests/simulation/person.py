"""What a person does beside the program: stops and resumes, and trades on the same accounts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from recomma.domain.lifecycle import State
from recomma.domain.notes import plan, reconcile, submit
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.fakes.orders import FakeOrders
from tests.pipeline.world import World, address_of
from tests.simulation.coins import COINS, on_venue_grid
from tests.simulation.scenery import Scenery

GAMBLES_AT_STEP: Final = 3
DELISTED_AT_STEP: Final = 15


class Person:
    def __init__(self, world: World, scenery: Scenery) -> None:
        self._world = world
        self._scenery = scenery
        self._chance = scenery.chance("person")
        self._stops: list[int] = []
        self._coins = [coin for coin in COINS if coin.pair in scenery.paths]
        self._stops_much = self._chance.random() < 0.2
        self._delists = not scenery.alone and self._chance.random() < 0.1
        self._gambles = not scenery.alone and self._chance.random() < 0.2
        self.has_delisted = self.has_frozen = False

    def act(self, step: int) -> None:
        chance = self._chance
        if self._stops_much and chance.random() < 0.15:
            self._stop()
        if self._stops and chance.random() < 0.2:
            self._lift(self._stops.pop(chance.randrange(len(self._stops))))
        if self._scenery.alone:
            return
        if chance.random() < 0.12:
            self._trade()
        if self._gambles and step == GAMBLES_AT_STEP:
            self._gamble()
        if self._delists and step == DELISTED_AT_STEP:
            self._world.at_venue("delist", {"coin": self._coins[-1].name})
            self.has_delisted = True

    def leave(self) -> None:
        """Lift most of the stops that are left; the others have to explain what they hold."""
        for number in self._stops:
            if self._chance.random() < 0.7:
                self._lift(number)

    # Trades.

    def _trade(self) -> None:
        chance, world = self._chance, self._world
        venue = chance.choice([account.venue for account in self._scenery.accounts])
        coin = chance.choice(self._coins)
        hand: dict[str, Any] = {"address": address_of(venue)}
        if chance.random() < 0.15:
            world.at_venue("act", hand | {"cancel": "all"})
            return
        if self.has_delisted:
            return
        usd = Decimal(chance.choice((15, 40, 100)))
        size = usd / coin.price / coin.unit
        lot = min(Decimal(1), coin.amount_step)
        hand |= {"coin": coin.name, "side": chance.choice(("buy", "sell"))}
        hand |= {"size": f"{size.quantize(lot):f}"}
        if chance.random() < 0.3:
            hand["reduce_only"] = True
        if chance.random() < 0.3:
            away = Decimal("0.97") if hand["side"] == "buy" else Decimal("1.03")
            hand["price"] = f"{on_venue_grid(coin.price * coin.unit * away):f}"
        world.at_venue("act", hand)

    def _gamble(self) -> None:
        """Open so much that a jump of the price liquidates the account, and ours with it."""
        for account in self._scenery.accounts:
            coin = self._coins[0]
            size = account.balance * 9 / coin.price / coin.unit
            hand = {"address": address_of(account.venue), "coin": coin.name}
            hand["side"] = self._chance.choice(("buy", "sell"))
            lot = min(Decimal(1), coin.amount_step)
            self._world.at_venue("act", hand | {"size": f"{size.quantize(lot):f}"})

    # Stops, as the command line sets and lifts them (adapters/postgres/stops_store.py).

    def _stop(self) -> None:
        chance, world = self._chance, self._world
        rows = world.ledger.rows
        number = max(rows.stops, default=0) + 1
        until = world.now + timedelta(seconds=20) if chance.random() < 0.3 else None
        stop = Stop(
            number,
            chance.choice(list(Level)),
            self._scope(),
            "me",
            "",
            Reason.STOPPED,
            world.now,
            until,
            cancel_entries=chance.random() < 0.3,
        )
        rows.stops[number] = stop
        self._stops.append(number)
        self.has_frozen |= stop.level is Level.FROZEN
        if stop.takes_entries_away:
            self._take_entries_away(stop.scope)
        self._look_again(stop.scope)

    def _scope(self) -> Scope:
        chance, rows = self._chance, self._world.ledger.rows
        venue = chance.choice((None, chance.choice(self._scenery.accounts).venue))
        match chance.randrange(4):
            case 0:
                return Scope(venue=venue)
            case 1:
                return Scope(venue=venue, bot_id=chance.choice(self._scenery.bots))
            case 2:
                return Scope(venue=venue, coin=chance.choice(self._coins).name)
        deals = sorted(rows.deals)
        return Scope(deal_id=chance.choice(deals)) if deals else Scope(venue=venue)

    def _take_entries_away(self, scope: Scope) -> None:
        rows = self._world.ledger.rows
        orders = FakeOrders(rows, self._world.clock)
        for order in list(rows.orders.values()):
            going = scope.covers(order.venue, order.bot_id, order.deal_id, order.coin)
            if going and order.live and not order.is_exit and order.state is not State.PLANNED:
                orders.withdraw(order.id, Reason.STOPPED)

    def _lift(self, number: int) -> None:
        world, rows = self._world, self._world.ledger.rows
        stop = rows.stops.pop(number)
        orders = FakeOrders(rows, world.clock)
        for order in list(rows.orders.values()):
            if order.state is State.PLANNED and order.waits_why is Reason.STOPPED:
                orders.change(order.id, due_at=world.now)
        self._look_again(stop.scope)

    def _look_again(self, scope: Scope) -> None:
        world, rows = self._world, self._world.ledger.rows
        for deal_id, venue in sorted(rows.standings):
            row = rows.deals[deal_id].listed
            if scope.covers(venue, row.bot_id, deal_id, scope.coin):
                world.ledger.leave(plan(deal_id), world.now)
                world.ledger.leave(reconcile(deal_id, venue), world.now)
        for terms in world.ledger.venues():
            if scope.venue in (None, terms.name):
                world.ledger.leave(submit(terms.name), world.now)
