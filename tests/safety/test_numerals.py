import pytest

from safety.numerals import CARDINALS, spell_digits


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("zero", "0"),
        ("twenty four", "24"),
        ("one hundred and five", "105"),
        ("one thousand nine hundred ninety eight", "1998"),
        ("nineteen ninety eight", "1998"),
        ("two thousand and five", "2005"),
        ("ninety nine hundred", "9900"),
        ("nine thousand nine hundred and ninety nine", "9999"),
        ("one two three", "123"),
        ("seven hundred thousand", "700000"),
        ("24 7", "247"),
    ],
)
def test_a_number_becomes_its_digits_however_it_is_said(spoken: str, digits: str) -> None:
    assert spell_digits(spoken.split()) == list(digits)


@pytest.mark.parametrize(("spoken", "written"), [("fifteenth", "15th"), ("twenty first", "21st"), ("third", "3rd")])
def test_an_ordinal_keeps_its_mark(spoken: str, written: str) -> None:
    assert spell_digits(spoken.split()) == spell_digits([written]) == [*written[:-2], "th"]


def test_words_around_numbers_stay_as_they_are() -> None:
    said = ["bread", "and", "one", "hundred", "and", "two", "and", "hundred"]
    assert spell_digits(said) == ["bread", "and", "1", "0", "2", "and", "hundred"]


@pytest.mark.parametrize("number", [0, 7, 10, 13, 21, 40, 99, 100, 101, 110, 999, 1000, 1001, 4020, 9999])
def test_every_number_to_9999_reads_the_same_in_words_and_digits(number: int) -> None:
    assert spell_digits(in_words(number).split()) == spell_digits([str(number)])


def in_words(number: int) -> str:
    names = {value: word for word, value in CARDINALS.items()}
    if number in names:
        return names[number]
    if number < 100:
        return f"{names[number // 10 * 10]} {names[number % 10]}"
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {in_words(number % size)}" if number % size else ""
    return f"{in_words(number // size)} {name}{rest}"
