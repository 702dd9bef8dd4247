-- The ledger (design.md, section 8), as the first migration makes it.
-- $reasons, $states, $events and $sides are the vocabularies that stand in 0001_ledger.py.
-- To Postgres, NaN and Infinity are greater than every number: money is below 'Infinity'.

CREATE TABLE accounts (
    name text PRIMARY KEY,
    fence bigint NOT NULL DEFAULT 0,
    read_at timestamptz
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX audit_log_at_idx ON audit_log (at);

CREATE TABLE settings_versions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    body jsonb NOT NULL,
    sha text NOT NULL
);

CREATE TABLE signers (
    address text PRIMARY KEY,
    last_nonce bigint NOT NULL DEFAULT 0,
    CONSTRAINT address_lower_case CHECK (address = lower(address)),
    CONSTRAINT last_nonce_not_negative CHECK (last_nonce >= 0)
);

CREATE TABLE bots (
    id bigint PRIMARY KEY,
    account text NOT NULL REFERENCES accounts,
    name text NOT NULL DEFAULT '',
    source_account_id bigint,
    enabled boolean,
    strategy text CONSTRAINT strategy_known CHECK (strategy IN ('long', 'short')),
    pairs text[] NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    seen_at timestamptz
);
CREATE INDEX bots_account_idx ON bots (account);

CREATE TABLE venues (
    name text PRIMARY KEY,
    account text NOT NULL,
    sub_account text,
    network text NOT NULL CONSTRAINT network_known CHECK (network IN ('mainnet', 'testnet')),
    signer text NOT NULL REFERENCES signers,
    live boolean NOT NULL DEFAULT false,
    tag integer NOT NULL,
    all_bots boolean NOT NULL DEFAULT false,
    enabled_at timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    fills_read_to timestamptz,
    CONSTRAINT tag_fits_cloid CHECK (tag BETWEEN 1 AND 65535)
);

CREATE TABLE batches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    venue text NOT NULL REFERENCES venues,
    signer text NOT NULL REFERENCES signers,
    nonce bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    body bytea NOT NULL,
    kind text NOT NULL,
    asked integer NOT NULL,
    sent integer NOT NULL DEFAULT 0,
    stored_at timestamptz NOT NULL,
    sent_at timestamptz,
    answered_at timestamptz,
    answer text NOT NULL DEFAULT '',
    fenced boolean NOT NULL DEFAULT false,
    UNIQUE (signer, nonce),
    CONSTRAINT kind_known CHECK (kind IN ('order', 'cancel', 'leverage', 'noop')),
    CONSTRAINT nonce_positive CHECK (nonce > 0),
    CONSTRAINT asked_from_one CHECK (asked >= 1)
);
CREATE INDEX batches_unanswered_idx ON batches (venue)
    WHERE answered_at IS NULL;

CREATE TABLE deals (
    id bigint PRIMARY KEY,
    account text NOT NULL REFERENCES accounts,
    bot_id bigint NOT NULL REFERENCES bots,
    pair text NOT NULL,
    strategy text NOT NULL CONSTRAINT strategy_known CHECK (strategy IN ('long', 'short')),
    status text NOT NULL,
    finished boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT false,
    released boolean NOT NULL DEFAULT false,
    listed jsonb NOT NULL,
    detail jsonb,
    digest text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    read_at timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    exits jsonb NOT NULL DEFAULT '[]',
    exits_missing_since timestamptz,
    closing_reason text CONSTRAINT closing_reason_known CHECK (closing_reason IN ($reasons)),
    closing_at timestamptz,
    closing_at_once boolean,
    changed_at timestamptz,
    CONSTRAINT id_positive CHECK (id > 0),
    CONSTRAINT finished_is_not_active CHECK (NOT (finished AND active)),
    CONSTRAINT closing_is_whole
        CHECK (num_nulls(closing_reason, closing_at, closing_at_once) IN (0, 3))
);
CREATE INDEX deals_active_idx ON deals (account)
    WHERE active;
CREATE INDEX deals_bot_id_idx ON deals (bot_id);

CREATE TABLE leverages (
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    value integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (venue, coin),
    CONSTRAINT value_from_one CHECK (value >= 1)
);

CREATE TABLE markets (
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    asset integer NOT NULL,
    size_decimals integer NOT NULL,
    max_leverage integer NOT NULL,
    delisted boolean NOT NULL DEFAULT false,
    only_isolated boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL,
    PRIMARY KEY (venue, coin),
    CONSTRAINT asset_not_negative CHECK (asset >= 0),
    CONSTRAINT size_decimals_within_venue CHECK (size_decimals BETWEEN 0 AND 8),
    CONSTRAINT max_leverage_from_one CHECK (max_leverage >= 1)
);

CREATE TABLE pairs (
    bot_id bigint NOT NULL REFERENCES bots,
    venue text NOT NULL REFERENCES venues,
    enabled_at timestamptz NOT NULL,
    PRIMARY KEY (bot_id, venue)
);

CREATE TABLE mirror_orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deal_id bigint NOT NULL REFERENCES deals,
    venue text NOT NULL REFERENCES venues,
    leg text NOT NULL,
    generation integer NOT NULL,
    coin text NOT NULL,
    wanted_price numeric NOT NULL
        CONSTRAINT wanted_price_positive CHECK (wanted_price > 0 AND wanted_price < 'Infinity'),
    wanted_size numeric NOT NULL
        CONSTRAINT wanted_size_positive CHECK (wanted_size > 0 AND wanted_size < 'Infinity'),
    side text NOT NULL CONSTRAINT side_known CHECK (side IN ($sides)),
    price numeric NOT NULL CONSTRAINT price_positive CHECK (price > 0 AND price < 'Infinity'),
    size numeric NOT NULL CONSTRAINT size_positive CHECK (size > 0 AND size < 'Infinity'),
    style text NOT NULL CONSTRAINT style_known CHECK (style IN ('rest', 'cross')),
    reduce_only boolean NOT NULL,
    urgency smallint NOT NULL,
    multiplier numeric NOT NULL
        CONSTRAINT multiplier_positive CHECK (multiplier > 0 AND multiplier < 'Infinity'),
    settings_version bigint NOT NULL REFERENCES settings_versions,
    state text NOT NULL CONSTRAINT state_known CHECK (state IN ($states)),
    due_at timestamptz NOT NULL,
    give_up_at timestamptz,
    cancel_why text CONSTRAINT cancel_why_known CHECK (cancel_why IN ($reasons)),
    why text CONSTRAINT why_known CHECK (why IN ($reasons)),
    attempts integer NOT NULL DEFAULT 0,
    refusals integer NOT NULL DEFAULT 0,
    cloid text,
    oid bigint,
    last_seq integer NOT NULL DEFAULT 0,
    planned_at timestamptz NOT NULL,
    UNIQUE (deal_id, leg, venue, generation),
    CONSTRAINT generation_from_one CHECK (generation >= 1),
    CONSTRAINT urgency_known CHECK (urgency BETWEEN 0 AND 5),
    CONSTRAINT counts_not_negative CHECK (attempts >= 0 AND refusals >= 0)
);
CREATE INDEX mirror_orders_cancel_idx ON mirror_orders (venue)
    WHERE state = 'resting' AND cancel_why IS NOT NULL;
CREATE INDEX mirror_orders_exits_idx ON mirror_orders (venue, coin)
    WHERE reduce_only AND state IN ('planned', 'in_doubt', 'resting');
CREATE INDEX mirror_orders_oid_idx ON mirror_orders (venue, oid);
CREATE UNIQUE INDEX mirror_orders_one_live_entry ON mirror_orders (deal_id, leg, venue)
    WHERE NOT reduce_only AND state IN ('planned', 'in_doubt', 'resting');
CREATE INDEX mirror_orders_planned_idx ON mirror_orders (venue, due_at)
    WHERE state = 'planned';

CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step text NOT NULL,
    account text REFERENCES accounts,
    deal_id bigint REFERENCES deals,
    venue text REFERENCES venues,
    queue text NOT NULL,
    due_at timestamptz,
    look_at timestamptz,
    again_at timestamptz,
    marks integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    deaths integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    errors jsonb NOT NULL DEFAULT '[]',
    leased_until timestamptz,
    leased_by bigint,
    published_at timestamptz,
    summary text NOT NULL DEFAULT '',
    finished_at timestamptz,
    dead boolean NOT NULL DEFAULT false,
    UNIQUE NULLS NOT DISTINCT (step, account, deal_id, venue),
    CONSTRAINT step_known CHECK (step IN ('watch', 'plan', 'submit', 'reconcile', 'refresh')),
    CONSTRAINT queue_known
        CHECK (queue IN ('deals', 'orders', 'take_profit', 'maintenance', 'dead_letters')),
    CONSTRAINT subject_fits_step CHECK (CASE step
        WHEN 'watch' THEN account IS NOT NULL AND deal_id IS NULL AND venue IS NULL
        WHEN 'plan' THEN account IS NULL AND deal_id IS NOT NULL AND venue IS NULL
        WHEN 'reconcile' THEN account IS NULL AND deal_id IS NOT NULL AND venue IS NOT NULL
        ELSE account IS NULL AND deal_id IS NULL AND venue IS NOT NULL END),
    CONSTRAINT lease_has_holder CHECK ((leased_until IS NULL) = (leased_by IS NULL)),
    CONSTRAINT dead_is_never_due CHECK (NOT dead OR due_at IS NULL),
    CONSTRAINT counts_not_negative CHECK (marks >= 0 AND attempts >= 0 AND deaths >= 0)
);
CREATE INDEX notes_deal_id_idx ON notes (deal_id);
CREATE INDEX notes_due_at_idx ON notes (due_at)
    WHERE NOT dead AND published_at IS NULL;
CREATE INDEX notes_leased_until_idx ON notes (leased_until)
    WHERE leased_until IS NOT NULL;
CREATE INDEX notes_look_at_idx ON notes (look_at)
    WHERE NOT dead AND published_at IS NULL;
CREATE INDEX notes_published_at_idx ON notes (published_at)
    WHERE published_at IS NOT NULL;

CREATE TABLE observations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deal_id bigint NOT NULL REFERENCES deals,
    at timestamptz NOT NULL,
    kind text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('list', 'detail')),
    payload jsonb NOT NULL
);
CREATE INDEX observations_deal_id_at_idx ON observations (deal_id, at);

CREATE TABLE positions (
    deal_id bigint NOT NULL REFERENCES deals,
    venue text NOT NULL REFERENCES venues,
    bought numeric NOT NULL
        CONSTRAINT bought_not_negative CHECK (bought >= 0 AND bought < 'Infinity'),
    sold numeric NOT NULL CONSTRAINT sold_not_negative CHECK (sold >= 0 AND sold < 'Infinity'),
    last_fill_at timestamptz NOT NULL,
    PRIMARY KEY (deal_id, venue)
);

CREATE TABLE skips (
    deal_id bigint NOT NULL REFERENCES deals,
    leg text NOT NULL,
    venue text NOT NULL REFERENCES venues,
    reason text NOT NULL CONSTRAINT reason_known CHECK (reason IN ($reasons)),
    side text NOT NULL CONSTRAINT side_known CHECK (side IN ($sides)),
    wanted_price numeric NOT NULL
        CONSTRAINT wanted_price_positive CHECK (wanted_price > 0 AND wanted_price < 'Infinity'),
    wanted_size numeric NOT NULL
        CONSTRAINT wanted_size_not_negative CHECK (wanted_size >= 0 AND wanted_size < 'Infinity'),
    at timestamptz NOT NULL,
    PRIMARY KEY (deal_id, leg, venue)
);

CREATE TABLE standings (
    deal_id bigint NOT NULL REFERENCES deals,
    venue text NOT NULL REFERENCES venues,
    standing text NOT NULL,
    why text CONSTRAINT why_known CHECK (why IN ($reasons)),
    at timestamptz NOT NULL,
    PRIMARY KEY (deal_id, venue),
    CONSTRAINT standing_known CHECK (standing IN ('open', 'skipped', 'closed_here', 'ended'))
);

CREATE TABLE wanted_orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deal_id bigint NOT NULL REFERENCES deals,
    leg text NOT NULL,
    revision integer NOT NULL,
    side text NOT NULL CONSTRAINT side_known CHECK (side IN ($sides)),
    price numeric CONSTRAINT price_positive CHECK (price > 0 AND price < 'Infinity'),
    size numeric NOT NULL CONSTRAINT size_not_negative CHECK (size >= 0 AND size < 'Infinity'),
    ratio numeric CONSTRAINT ratio_positive CHECK (ratio > 0 AND ratio < 'Infinity'),
    status text NOT NULL,
    source_filled_at timestamptz,
    source_fill_price numeric
        CONSTRAINT source_fill_price_positive CHECK (source_fill_price > 0 AND source_fill_price < 'Infinity'),
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    UNIQUE (deal_id, leg, revision),
    CONSTRAINT status_known
        CHECK (status IN ('active', 'filled', 'cancelled', 'inactive', 'unknown')),
    CONSTRAINT revision_from_one CHECK (revision >= 1)
);

CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES batches,
    position integer NOT NULL,
    order_id bigint NOT NULL REFERENCES mirror_orders,
    kind text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('place', 'cancel')),
    cloid text,
    live boolean NOT NULL DEFAULT true,
    outcome text,
    oid bigint,
    executed_size numeric
        CONSTRAINT executed_size_not_negative CHECK (executed_size >= 0 AND executed_size < 'Infinity'),
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    UNIQUE (batch_id, position),
    UNIQUE (cloid),
    CONSTRAINT outcome_known CHECK (outcome IN ($events, 'answered', 'not_answered')),
    CONSTRAINT position_from_zero CHECK (position >= 0),
    CONSTRAINT cloid_names_a_placing CHECK ((kind = 'place') = (cloid IS NOT NULL)),
    CONSTRAINT cloid_spelled CHECK (cloid ~ '^0x[0-9a-f]{32}$$'),
    CONSTRAINT ended_when_not_live CHECK (live = (ended_at IS NULL))
);
CREATE UNIQUE INDEX attempts_one_live_cancel ON attempts (order_id)
    WHERE live AND kind = 'cancel';
CREATE UNIQUE INDEX attempts_one_live_place ON attempts (order_id)
    WHERE live AND kind = 'place';
CREATE INDEX attempts_oid_idx ON attempts (oid);
CREATE INDEX attempts_order_id_idx ON attempts (order_id);

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    note_id bigint NOT NULL REFERENCES notes,
    order_id bigint REFERENCES mirror_orders,
    reason text NOT NULL CONSTRAINT reason_known CHECK (reason IN ($reasons)),
    why text NOT NULL,
    error text NOT NULL DEFAULT '',
    traceback text NOT NULL DEFAULT '',
    attempts jsonb NOT NULL DEFAULT '[]',
    first_failed_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    state text NOT NULL,
    actor text,
    acted_at timestamptz,
    remark text NOT NULL DEFAULT '',
    parked_at timestamptz,
    code_version text NOT NULL,
    CONSTRAINT state_known CHECK (state IN ('dead', 'requeued', 'discarded')),
    CONSTRAINT acted_by_somebody
        CHECK ((state = 'dead') = (actor IS NULL) AND (actor IS NULL) = (acted_at IS NULL)),
    CONSTRAINT times_from_one CHECK (times >= 1)
);
CREATE UNIQUE INDEX dead_letters_one_open ON dead_letters (note_id, reason, order_id)
    NULLS NOT DISTINCT
    WHERE state = 'dead';
CREATE INDEX dead_letters_order_id_idx ON dead_letters (order_id);

CREATE TABLE fills (
    venue text NOT NULL REFERENCES venues,
    coin text NOT NULL,
    oid bigint NOT NULL,
    tid bigint NOT NULL,
    at timestamptz NOT NULL,
    side text NOT NULL CONSTRAINT side_known CHECK (side IN ($sides)),
    price numeric NOT NULL CONSTRAINT price_positive CHECK (price > 0 AND price < 'Infinity'),
    size numeric NOT NULL CONSTRAINT size_positive CHECK (size > 0 AND size < 'Infinity'),
    fee numeric NOT NULL,
    closed_pnl numeric NOT NULL,
    crossed boolean NOT NULL,
    cloid text,
    mirror_order_id bigint REFERENCES mirror_orders,
    deal_id bigint REFERENCES deals,
    booked_at timestamptz NOT NULL,
    PRIMARY KEY (venue, coin, oid, tid, at),
    CONSTRAINT ours_or_foreign CHECK ((mirror_order_id IS NULL) = (deal_id IS NULL))
);
CREATE INDEX fills_deal_id_idx ON fills (deal_id);
CREATE INDEX fills_foreign_idx ON fills (venue, oid)
    WHERE deal_id IS NULL;
CREATE INDEX fills_mirror_order_id_idx ON fills (mirror_order_id);

CREATE TABLE order_history (
    order_id bigint NOT NULL REFERENCES mirror_orders,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    state_from text CONSTRAINT state_from_known CHECK (state_from IN ($states)),
    state_to text NOT NULL CONSTRAINT state_to_known CHECK (state_to IN ($states)),
    why text CONSTRAINT why_known CHECK (why IN ($reasons)),
    text text NOT NULL DEFAULT '',
    rule text NOT NULL,
    settings_version bigint NOT NULL REFERENCES settings_versions,
    PRIMARY KEY (order_id, seq),
    CONSTRAINT event_known
        CHECK (event IN ($events, 'planned', 'cancel_wanted', 'cancel_asked', 'retermed', 'unclear')),
    CONSTRAINT seq_from_one CHECK (seq >= 1)
);

-- What happened stays as it was written down. Nobody corrects it, not even with psql.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$$$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON observations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settings_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What decides before any settings were applied, so that every decision has a version.
INSERT INTO settings_versions (id, at, actor, body, sha)
    OVERRIDING SYSTEM VALUE
    VALUES (0, now(), 'recomma', '{}', '');
