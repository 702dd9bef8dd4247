-- What deals on one account share (design.md, section 9, Shared positions, Stop levels).
-- $reasons is the vocabulary that stands in 0002_fidelity.py.

CREATE TABLE claims (
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    side text CONSTRAINT side_known CHECK (side IN ('buy', 'sell')),
    at timestamptz NOT NULL,
    PRIMARY KEY (venue, coin)
);

CREATE TABLE transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    from_deal bigint NOT NULL REFERENCES deals,
    to_deal bigint REFERENCES deals,
    size numeric NOT NULL CONSTRAINT size_positive CHECK (size > 0 AND size < 'Infinity'),
    reason text NOT NULL CONSTRAINT reason_known CHECK (reason IN ($reasons)),
    at timestamptz NOT NULL,
    CONSTRAINT between_two CHECK (from_deal <> to_deal)
);
CREATE INDEX transfers_from_deal_idx ON transfers (from_deal);
CREATE INDEX transfers_to_deal_idx ON transfers (to_deal);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stops (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level text NOT NULL CONSTRAINT level_known
        CHECK (level IN ('no_new_deals', 'no_entries', 'close_all', 'frozen')),
    venue text REFERENCES venues,
    bot_id bigint REFERENCES bots,
    coin text,
    deal_id bigint REFERENCES deals,
    actor text NOT NULL,
    why text NOT NULL DEFAULT '',
    reason text NOT NULL CONSTRAINT reason_known CHECK (reason IN ($reasons)),
    set_at timestamptz NOT NULL,
    until timestamptz,
    cancel_entries boolean NOT NULL DEFAULT false,
    lifted_at timestamptz,
    lifted_by text,
    CONSTRAINT lifted_by_somebody CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE INDEX stops_in_force_idx ON stops (venue) WHERE lifted_at IS NULL;

CREATE TABLE foreign_orders (
    venue text NOT NULL REFERENCES venues,
    oid bigint NOT NULL,
    coin text NOT NULL,
    side text NOT NULL CONSTRAINT side_known CHECK (side IN ('buy', 'sell')),
    price numeric NOT NULL CONSTRAINT price_not_negative CHECK (price >= 0 AND price < 'Infinity'),
    size numeric NOT NULL CONSTRAINT size_not_negative CHECK (size >= 0 AND size < 'Infinity'),
    reduce_only boolean NOT NULL,
    cloid text,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    gone_at timestamptz,
    reason text NOT NULL CONSTRAINT reason_known CHECK (reason IN ($reasons)),
    names_deal bigint,
    PRIMARY KEY (venue, oid)
);

CREATE TABLE held_positions (
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    size numeric NOT NULL,
    entry_price numeric,
    short_by numeric NOT NULL
        CONSTRAINT short_by_not_negative CHECK (short_by >= 0 AND short_by < 'Infinity'),
    read_at timestamptz NOT NULL,
    ours numeric NOT NULL,
    short_since timestamptz,
    CONSTRAINT short_since_some_time CHECK ((short_by > 0) = (short_since IS NOT NULL)),
    PRIMARY KEY (venue, coin)
);
