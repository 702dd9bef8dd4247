"""What-if scripts: one small TOML file is a bot, its deals, a price path and what the user does.

The interface, for whoever rehearses a script:

    read(path: Path) -> Script
        Raises BadScript: one sentence naming file, key and remedy.
    run(script: Script, *, starts_at: datetime, seed: int = 0, switches: Switches | None = None)
            -> Played
        Runs the engine from `starts_at` (aware UTC); the same arguments give the same Played.

    class Script:                   # frozen
        name: str                   # The file's name without its ending.
        bot_id: int                 # From the name, so that scripts do not share ids; or given.
        pairs: tuple[str, ...]      # QUOTE_BASE, as 3Commas writes them.

    class Played:                   # frozen
        bot: Json                   # For `POST /_control/bots`: enabled or not, all pairs.
        deals: tuple[Json, ...]     # For `POST /_control/deals`, by opening time. Each is the
                                    # complete `show` as the deal is at the end, with
                                    #   bot_events     all events; each is seen from its own time on
                                    #   market_orders  all rows as they are at the end
                                    #   prices         [[time, price]] of its pair, for live fields
                                    #   revisions      [{"at", "fields", "rows"}]: what changed at
                                    #                  `at`, as the engine ran; fields replace those
                                    #                  before, rows replace those of their order_id.
        prices: Mapping[str, tuple[tuple[datetime, Decimal], ...]]
                                    # The market's path by pair: steps, each price holds from its
                                    # time on. The first is at `starts_at`.
        ends_at: datetime           # Nothing changes after it.
        def moments() -> list[datetime]
                                    # Every time at which a price, a row, a field or an event of
                                    # any deal changes, in order, each once.

A deal with `revisions` is replayed exactly; one without is derived from its events.
"""
