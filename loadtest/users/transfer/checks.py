"""Content checks of files, imports and previews.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.read_back import shows

if TYPE_CHECKING:
    from loadtest.client.caller import Check

OUTCOMES = ("created", "updated", "skipped", "failed")
"""What an import counts."""


def counts(**wanted: int) -> Check:
    """Return a check that an import counts just this: ``created=1``."""
    told = ", ".join(f"{one} {wanted.get(one, 0)}" for one in OUTCOMES)

    def check(answer: Answer) -> Mismatch | None:
        found = answer["progress"]
        right = all(found[one] == wanted.get(one, 0) for one in OUTCOMES)
        right = right and found["total"] == sum(wanted.values())
        return None if right else expected(f"an import to count {told}", f"{found} {answer['errors']}")

    return check


def skips_again(count: int) -> Check:
    """Return a check that the second import of a file skips its entities, which the first one created."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["progress"]
        right = found["skipped"] == count and found["created"] == 0
        return (
            None if right else expected("the second import of a file to skip what the first created", found)
        )

    return check


def names_failed(*names: str) -> Check:
    """Return a check that the errors of an import name each of these entities, one after the other."""

    def check(answer: Answer) -> Mismatch | None:
        errors = answer["errors"]
        right = len(errors) == len(names) and all(map(str.__contains__, errors, names))
        return None if right else expected("an error that names each entity that was not imported", errors)

    return check


def changes_nothing(answer: Answer) -> Mismatch | None:
    """Check that an import changed and created nothing."""
    found = answer["progress"]
    right = found["created"] == found["updated"] == 0
    return None if right else expected("an import to leave the entities of others alone", found)


def is_refused(what: str, status: int, statuses: Sequence[int]) -> Mismatch | None:
    """Return a mismatch if ``status`` is none of a refusal."""
    return None if status in statuses else expected(f"{what} to be refused", status)


def only_one(entities: Any, values: Mapping[str, Any], what: str) -> Mismatch | None:
    """Return a mismatch if ``entities`` are not just one, with these ``values``."""
    if len(entities) != 1:
        return expected(f"just one of {what}", [one["name"] for one in entities])
    wrong = shows(values, entities[0], "the list")
    return expected(f"{what} as the file describes it", str(wrong)) if wrong else None


def previews_item(kind: str, values: Mapping[str, Any]) -> Check:
    """Return a check that the first entity of a ``kind`` in a preview has these ``values``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[f"preview.items.{kind}.0"]
        for key, value in values.items():
            if found[key] != value:
                return expected(f"{key} of the {kind} in the preview to be right", found)
        return None

    return check


def previews_whole(at: str, value: Any) -> Check:
    """Return a check that the member ``at`` of a preview is just ``value``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[f"preview.{at}"]
        return None if found == value else expected(f"the {at} of the file in the preview", found)

    return check


def rejects(*wrong: int, of: int) -> Check:
    """Return a check that tools at these places of a list are rejected, each with a reason, and the others created.

    Releases state the reason in different members.
    """

    def check(answer: Answer) -> Mismatch | None:
        failed = {one["index"]: one["error"] for one in answer["errors"]}
        made = [one["index"] for one in answer["created"]]
        told = all(error.get("message") or error.get("detail") for error in failed.values())
        right = sorted(failed) == list(wrong) and told
        if not right or answer["success"] is not False or answer["failed_count"] != len(wrong):
            return expected("the tools that are not valid in the errors", answer["errors"])
        others = [one for one in range(of) if one not in wrong]
        return None if made == others else expected("the other tools to be created", made)

    return check
