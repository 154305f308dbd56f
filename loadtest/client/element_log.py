"""Which documented elements of the requests of one user had an effect that was checked."""

from __future__ import annotations

from collections.abc import Callable

OnChecked = Callable[[str, frozenset[str]], None]
"""Called with an operation and the names of the elements in one of its requests."""


class ElementLog:
    """Reports the elements of a successful call once its effect was checked.

    It was checked if the call had a content check. The effect of a change is also checked by a later call of the
    same scenario that had one: it reads what the change wrote.
    """

    def __init__(self, on_checked: OnChecked) -> None:
        self._on_checked = on_checked
        self._changes: list[tuple[str, frozenset[str]]] = []

    def begin(self) -> None:
        """Forget the changes of an earlier scenario, which none of its calls has checked."""
        self._changes.clear()

    def succeeded(self, operation: str, elements: frozenset[str], *, checked: bool) -> None:
        """Take a successful call with these documented ``elements``; ``checked`` if its content was."""
        if checked:
            if elements:
                self._on_checked(operation, elements)
            self.confirm()
        elif elements and not operation.startswith(("GET ", "HEAD ")):
            self._changes.append((operation, elements))

    def confirm(self) -> None:
        """Report the changes so far: their effect has been checked."""
        for operation, elements in self._changes:
            self._on_checked(operation, elements)
        self._changes.clear()
