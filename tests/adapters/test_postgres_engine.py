"""No call to Postgres waits for ever, whatever became of the other end."""

from sqlalchemy import Engine, text


def test_every_way_in_which_postgres_may_not_answer_has_a_time_out(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        asked = driver.info.get_parameters()
        held = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }

    assert held == {
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
    }
    assert asked["connect_timeout"] == "5"
    assert asked["keepalives_idle"] == "10"  # Where nothing is under way.
    assert asked["tcp_user_timeout"] == "20000"  # Where something is.
