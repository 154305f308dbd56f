"""One fault, one fingerprint, whatever ids, times and names its message carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.results.failures import MESSAGE_LENGTH, ProblemKind, fingerprint, normalise


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Tool not found: lt-3fa9c1-tool", "Tool not found: <name>"),
        ("user lt-3fa9c1-user@loadtest.example.com exists", "user <name> exists"),
        ("no team 3f2a9c01-b7de-4a3f-9c01-b7de4a3f9c01", "no team <id>"),
        ("no team 3f2a9c01b7de4a3f9c01b7de4a3f9c01", "no team <id>"),
        ("at 2026-03-01T04:00:00.123Z it failed", "at <time> it failed"),
        ("connect to 127.0.0.1:8080 and localhost:31415", "connect to <host> and <host>"),
        ("after 12.5 s, 3 times", "after <n> s, <n> times"),
        ("[Errno -2] Name or service not known", "[Errno -<n>] Name or service not known"),
        ("object at 0x7f3a2b", "object at <id>"),
        ("two\nlines\tof  it ", "two lines of it"),
        ("to /reset/70tN75ibCWOSrZUp4ZToOEf5FlR0qLVdsw_SH2NxPQ0?error=no", "to /reset/<token>?error=no"),
        ("UPPER_AND_LOWER_words_but_no_number_in_it", "UPPER_AND_LOWER_words_but_no_number_in_it"),
        ("Internal Server Error", "Internal Server Error"),
        ("the facade of a decade", "the facade of a decade"),
    ],
)
def test_normalised(message: str, expected: str) -> None:
    assert normalise(message) == expected


@given(st.text(max_size=MESSAGE_LENGTH * 2))
def test_normalising_twice_changes_nothing_and_the_result_is_one_short_line(message: str) -> None:
    once = normalise(message)
    assert normalise(once) == once
    assert len(once) <= MESSAGE_LENGTH
    assert "\n" not in once


def test_the_same_fault_with_other_ids_has_the_same_fingerprint() -> None:
    one = fingerprint("GET /a", ProblemKind.STATUS, 500, None, "no 12 at 3f2a9c01b7de")
    other = fingerprint("GET /a", ProblemKind.STATUS, 500, None, "no 99 at 00ff9c01b7de")
    assert one == other
    assert len(one) == 12


@pytest.mark.parametrize(
    "other",
    [
        ("GET /b", ProblemKind.STATUS, 500, None, "no"),
        ("GET /a", ProblemKind.SCHEMA, 500, None, "no"),
        ("GET /a", ProblemKind.STATUS, 502, None, "no"),
        ("GET /a", ProblemKind.STATUS, 500, "-32000", "no"),
        ("GET /a", ProblemKind.STATUS, 500, None, "yes"),
    ],
)
def test_every_part_distinguishes_faults(other: tuple[str, ProblemKind, int, str | None, str]) -> None:
    assert fingerprint("GET /a", ProblemKind.STATUS, 500, None, "no") != fingerprint(*other)


@given(st.text(alphabet=st.characters(categories=["Cs", "Cc", "Lu"])))
def test_any_text_has_a_fingerprint(message: str) -> None:
    assert len(fingerprint("GET /a", ProblemKind.OTHER, None, None, message)) == 12
