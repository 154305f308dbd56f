"""Base class of all values that are read from or written to files, and bounded number types for their fields.

The bounds are checked when a file is read, so that corrupt values are rejected there.
"""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A count, or a size in bytes."""
Seconds = Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)]
"""A time or a duration; times before the start of the load are negative."""
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=1e13)]
"""A duration."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Immutable record that rejects unknown keys, so that a typo in a file is reported.

    Subclasses repeat ``frozen=True, kw_only=True`` because type checkers do not inherit them.
    """
