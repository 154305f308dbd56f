"""The base of every value that is read from or written to a file, and the numbers that it may hold.

The bounds are checked where a file is read, so that a damaged one is refused there and not drawn.
"""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of things, or of bytes."""
Seconds = Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)]
"""A time or a duration within three centuries; before the load it is negative."""
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=1e13)]
"""How long something took."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable value that refuses unknown keys, so that a typo in a file is reported, not ignored.

    Subclasses repeat ``frozen=True, kw_only=True`` because type checkers do not inherit them.
    """
