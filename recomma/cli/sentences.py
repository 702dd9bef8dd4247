"""Which errors a user may meet, what they mean as an exit status, and in which words."""

from collections.abc import Callable, Mapping

from recomma.cli.exits import Exit

Sentence = Callable[[Exception], str]


def _as_it_is(error: Exception) -> str:
    return str(error)


def _database(error: Exception) -> str:
    first = str(getattr(error, "orig", error)).strip().splitlines()[0]
    return f"The database does not answer ({first}): check RECOMMA_DATABASE_URL."


def _redis(error: Exception) -> str:
    return f"Redis does not answer ({error}): check RECOMMA_REDIS_URL."


def expected() -> Mapping[type[Exception], tuple[Exit, Sentence]]:
    """Return the errors that end in one sentence. Called when there is one, so imports may cost."""
    from redis.exceptions import RedisError
    from sqlalchemy.exc import OperationalError

    from recomma.config import BadSetting
    from recomma.config_file import BadConfig
    from recomma.embedded import CannotStart
    from recomma.ports import NotAllowed, NotThere, OutsideError, Unreadable
    from recomma.rehearse.director import DoesNotSettle
    from recomma.rehearse.recordings import BadRecording
    from recomma.stage.children import CannotPlay
    from recomma.stage.control import ControlFailed

    return {
        BadSetting: (Exit.USAGE, _as_it_is),
        BadConfig: (Exit.USAGE, _as_it_is),
        BadRecording: (Exit.USAGE, _as_it_is),
        DoesNotSettle: (Exit.TIMED_OUT, _as_it_is),
        NotThere: (Exit.NOT_FOUND, _as_it_is),
        NotAllowed: (Exit.FAILED, _as_it_is),
        Unreadable: (Exit.NOT_REACHABLE, _as_it_is),
        CannotStart: (Exit.NOT_REACHABLE, _as_it_is),
        CannotPlay: (Exit.NOT_REACHABLE, _as_it_is),
        ControlFailed: (Exit.NOT_REACHABLE, _as_it_is),
        OutsideError: (Exit.USAGE, _as_it_is),
        OperationalError: (Exit.NOT_REACHABLE, _database),
        RedisError: (Exit.NOT_REACHABLE, _redis),
    }


def status_and_sentence(error: Exception) -> tuple[Exit, str]:
    for kind, (status, sentence) in expected().items():
        if isinstance(error, kind):
            return status, sentence(error)
    raise error
