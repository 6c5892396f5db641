import pytest

from safety.numerals_german import spell_digits

UNITS = """
null ein zwei drei vier fünf sechs sieben acht neun
zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"""
TENS = "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"


def in_words(number: int) -> str:
    """A number below a million as it is written in one word."""
    if number >= 1_000:
        thousands, rest = divmod(number, 1_000)
        return (
            in_words(thousands).removesuffix("s" if thousands == 1 else "")
            + "tausend"
            + (in_words(rest) if rest else "")
        )
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return UNITS.split()[hundreds] + "hundert" + (in_words(rest) if rest else "")
    if number >= 20:
        tens, unit = divmod(number, 10)
        return (UNITS.split()[unit] + "und" if unit else "") + TENS.split()[tens - 2]
    return "eins" if number == 1 else UNITS.split()[number]


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("null", "0"),
        ("vierundzwanzig", "24"),
        ("vier und zwanzig", "24"),
        ("hundertundfünf", "105"),
        ("neunzehnhundertachtundneunzig", "1998"),
        ("zwei tausend sieben und zwanzig", "2027"),
        ("siebenhunderttausend", "700000"),
        ("3 millionen", "3000000"),
        ("eine million zweihunderttausend", "1200000"),
        ("2 tausend", "2000"),
        ("eins zwei drei", "123"),
        ("007", "007"),
        ("24 7", "247"),
    ],
)
def test_a_number_becomes_its_digits_however_it_is_said(spoken: str, digits: str) -> None:
    assert spell_digits(spoken.split()) == list(digits)


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("ersten", "1"),
        ("zweite", "2"),
        ("dritter", "3"),
        ("siebtes", "7"),
        ("achten", "8"),
        ("zwölften", "12"),
        ("neunzehnter", "19"),
        ("zwanzigste", "20"),
        ("einundzwanzigsten", "21"),
        ("hundertste", "100"),
        ("hundertdritte", "103"),
        ("tausendsten", "1000"),
    ],
)
def test_an_ordinal_is_its_number(spoken: str, digits: str) -> None:
    assert spell_digits([spoken]) == list(digits)


@pytest.mark.parametrize(
    "words",
    ["ein hund und eine katze", "erst dann", "und", "beachten", "eine", "erster", "million", "hunderte", "einst"],
)
def test_words_that_only_look_like_numbers_stay(words: str) -> None:
    kept = spell_digits(words.split())
    assert kept == (["1"] if words == "erster" else words.split())


def test_numbers_beside_each_other_stay_apart() -> None:
    said = ["kapitel", "zwölf", "und", "dann", "sieben", "und", "acht"]
    assert spell_digits(said) == ["kapitel", "1", "2", "und", "dann", "7", "und", "8"]


def test_every_number_to_9999_and_some_above_read_the_same_in_words_and_digits() -> None:
    numbers = [*range(10_000), 10_000, 12_345, 99_999, 100_001, 123_456, 999_999]
    wrong = [n for n in numbers if spell_digits([in_words(n)]) != list(str(n))]
    assert wrong == []
