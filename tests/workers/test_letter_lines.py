"""How dead letters look on a terminal."""

from workers.letter_lines import boxed, counted


def test_square_brackets_in_the_words_of_a_venue_are_shown() -> None:
    drawn = boxed(("id", "why"), [("1", "order [x] refused")], width=60)

    assert "order [x] refused" in drawn


def test_a_narrow_terminal_cuts_no_word_away() -> None:
    drawn = boxed(("id", "reason"), [("1", "venue_unreadable")], width=14)

    assert "venue_unreadable" in drawn.replace("\n", "").replace(" ", "")


def test_control_characters_never_reach_the_terminal() -> None:
    assert counted({("orders", "\x1b[2Jwiped"): 1}) == "orders\t [2Jwiped\t1"
