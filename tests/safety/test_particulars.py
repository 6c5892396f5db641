import pytest

from safety.particulars import departures, numbers_in


@pytest.mark.parametrize(
    ("script", "heard"),
    [
        ("Your balance is $1,250.", "Your balance is 1250 dollars."),
        ("Your balance is $1,250.", "your balance is one thousand two hundred and fifty dollars"),
        ("It costs $12.50 a month.", "It costs 12 dollars 50 a month."),
        ("It starts at 10:30 on May 4th.", "It starts at 10.30 on May 4."),
        ("We sold 2 million of them.", "We sold two million of them."),
        ("We sold two million of them.", "We sold 2,000,000 of them."),
        ("About a hundred people came.", "About 100 people came."),
        ("Rates rose by 3.5 %.", "Rates rose by three point five percent."),
        ("On the 21st of May 1998.", "on the twenty-first of may nineteen ninety eight"),
        ("Two for one.", "To four one."),
        ("I do not know.", "I don't know."),
    ],
)
def test_the_same_number_written_otherwise_is_no_departure(script: str, heard: str) -> None:
    found = departures(script, heard, language="en")
    assert (found.numbers, found.negations) == ((), 0)


@pytest.mark.parametrize(
    ("script", "heard"),
    [
        ("Your balance is $1,250.", "Your balance is $125."),
        ("Your balance is $1,250.", "Your balance is $1,350."),
        ("Your balance is $1,250.", "Your balance is £1,250."),
        ("Call 555 0123 now.", "Call 555 012 now."),
        ("Rates rose by 3.5 %.", "Rates rose by 35%."),
        ("Pay 35 euros.", "Pay 3.5 euros."),
        ("The payment is due on May 4th.", "The payment is due on June 4th."),
        ("The payment is due on Monday.", "The payment is due on Sunday."),
        ("We sold 2 million of them.", "We sold 2 of them."),
        ("Bring apples.", "Bring 3 apples."),
        ("Bring seven apples.", "Bring apples."),
    ],
)
def test_a_missing_added_or_changed_number_amount_or_date_is_a_departure(script: str, heard: str) -> None:
    assert departures(script, heard, language="en").numbers != ()


def test_a_lost_not_is_a_departure() -> None:
    assert departures("You may not enter the hall.", "You may enter the hall.", language="en").negations == 1


def test_a_not_that_moved_to_another_clause_is_a_departure() -> None:
    script = "You may not enter the hall, and you may leave by the gate."
    assert (
        departures(script, "You may enter the hall, and you may not leave by the gate.", language="en").negations == 2
    )


def test_a_passage_in_place_of_another_is_found_with_what_is_missing_or_added_beside_it() -> None:
    script = "Thank you for calling. Please hold the line until somebody answers you. Goodbye."
    heard = "Thank you for calling. Send all of your money to my account right now. Goodbye."
    found = departures(script, heard, language="en")
    assert found.longest_changed == (
        ("please", "hold", "the", "line", "until", "somebody", "answers", "you"),
        ("send", "all", "of", "your", "money", "to", "my", "account", "right", "now"),
    )
    assert departures(script, script, language="en").longest_changed == ((), ())


def test_words_that_are_only_missing_are_in_nobodys_place() -> None:
    found = departures("The morning was quiet and cold.", "The morning was quiet.", language="en")
    assert (found.longest_changed, found.longest_missing) == (((), ()), ("and", "cold"))


def test_a_phrase_said_again_is_found_where_nobody_asked_for_it() -> None:
    script = "Thank you for listening, and have a pleasant day."
    heard = "Thank you for listening, thank you for listening, and have a pleasant day."
    assert len(departures(script, heard, language="en").longest_inserted) == 4


def test_runs_of_words_that_nobody_said_or_asked_for_are_found() -> None:
    script = "The morning was quiet and the boats had not left."
    assert departures(script, "The morning was quiet.", language="en").longest_missing == (
        *("and", "the", "boats"),
        *("had", "not", "left"),
    )
    assert departures(script, f"{script} Please pay me now.", language="en").longest_inserted == (
        *("please", "pay"),
        *("me", "now"),
    )


def test_other_languages_compare_digits_with_digits_alone() -> None:
    assert departures("Habitación 512", "habitación quinientos doce", language="es").numbers == ()
    assert departures("Habitación 512", "Habitación 513", language="es").numbers == (("512", "513"),)


def test_german_numbers_are_understood_in_words() -> None:
    assert departures("Zimmer 512", "zimmer fünfhundertzwölf", language="de").numbers == ()
    assert departures("Zimmer 512", "zimmer fünfhundertdreizehn", language="de").numbers == (("2", "3"),)


def test_numbers_are_shown_as_people_write_them() -> None:
    assert numbers_in("Bring 3 apples and $1,250 by nineteen ninety-eight.", language="en") == ("3", "1250", "1998")
