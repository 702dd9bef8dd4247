-- What keeps us below the limits of outside services (threecommas.md 11).

CREATE TABLE request_budgets (
    name text PRIMARY KEY,
    known_since timestamptz NOT NULL,
    changed_in_row integer NOT NULL DEFAULT 0,
    list_weight integer NOT NULL DEFAULT 1
);

CREATE TABLE requests_made (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    budget text NOT NULL REFERENCES request_budgets,
    at timestamptz NOT NULL,
    is_list boolean NOT NULL DEFAULT false
);
CREATE INDEX requests_made_at_idx ON requests_made (budget, at);

CREATE TABLE request_turns (
    budget text NOT NULL REFERENCES request_budgets,
    deal bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    changed boolean NOT NULL DEFAULT false,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (budget, deal)
);
CREATE INDEX request_turns_place_idx ON request_turns (budget, place);

CREATE TABLE pauses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    budget text NOT NULL,
    set_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    why text NOT NULL,
    CONSTRAINT not_over_before_it_begins CHECK (until >= set_at)
);
CREATE INDEX pauses_until_idx ON pauses (budget, until);
