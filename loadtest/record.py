"""The base of every value that is read from or written to a file."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable value that refuses unknown keys, so that a typing error in a file is told, not ignored.

    Subclasses repeat ``frozen=True, kw_only=True`` because type checkers do not inherit them.
    """
