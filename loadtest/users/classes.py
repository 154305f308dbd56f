"""The user classes of a load: built-in and custom ones."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType

from loadtest import users
from loadtest.core.errors import UsageError
from loadtest.engine.target import Target
from loadtest.scenarios.loading import load_modules
from loadtest.scenarios.modules import scenario_modules
from loadtest.scenarios.source import ScenarioSource, shown_path
from loadtest.users.base import GatewayUser
from loadtest.users.generated import GeneratedUser


def user_classes(custom: Iterable[ScenarioSource] = ()) -> dict[str, type[GatewayUser]]:
    """Import and return the user classes by name: the built-in ones, without those that a ``custom`` one replaces.

    Raises:
        UsageError: a custom module cannot be imported, or a class has the name of another one.
    """
    classes = {
        one.__name__: one
        for found in pkgutil.walk_packages(users.__path__, f"{users.__name__}.")
        for one in _concrete(importlib.import_module(found.name), everything=True)
    }
    for source in custom:
        for module, path in load_modules(source, scenario_modules(source)):
            for one in _concrete(module):
                classes.pop(vars(one).get("replaces", ""), None)
                if classes.setdefault(one.__name__, one) is not one:
                    raise UsageError(
                        f"{shown_path(path)}: the class {one.__name__} exists already, expected names of user "
                        f'classes to be unique; to replace a built-in class, add replaces = "{one.__name__}"'
                    )
    return classes


def user_classes_of(target: Target) -> dict[str, type[GatewayUser]]:
    """Return the user classes of a load on ``target``; only that for generated calls if it says so.

    Raises:
        UsageError: as :func:`user_classes`.
    """
    return {"GeneratedUser": GeneratedUser} if target.generated_only else user_classes(target.custom)


def _concrete(module: ModuleType, *, everything: bool = False) -> Iterator[type[GatewayUser]]:
    """Yield the user classes that ``module`` defines; with ``everything`` also those that it imports."""
    for member in vars(module).values():
        if (
            isinstance(member, type)
            and issubclass(member, GatewayUser)
            and not member.abstract
            and (everything or member.__module__ == module.__name__)
        ):
            yield member
