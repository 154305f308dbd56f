"""Base of the admin UI's users: forms, their responses, and entities created by form.

A form that creates an entity does not return its id, so it is searched by name. A form that changes an entity
redirects the browser to its tab of the admin page, ``/admin#tools``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.callers import Role
from loadtest.users.access.checks import is_denied
from loadtest.users.admin.checks import DONE, GONE, finds, has_all, keeps_unsent, succeeded, went_back
from loadtest.users.admin.lists import (
    MOST,
    Shown,
    first_of,
    has_among,
    ids_are,
    is_page,
    keeps_filters,
    loads_next,
    only,
    shows_only,
    turns_to,
)
from loadtest.users.base import named
from loadtest.users.checks import both
from loadtest.users.markup import fault_of_page
from loadtest.users.read_back import ReadBack
from loadtest.users.registry.fixtures import ADDRESS, PARTS, PRIVATE, RegistryUser, of_team

OFF = {"activate": "false"}
ON = {"activate": "true"}
DENIED_FORM = (DONE, 401, 403, 404)
"""Statuses of a form that is refused; the first is a redirect to a page that says so."""
KEPT = ("name", "description", "enabled")
"""What a form that is refused must not change."""
PURGE = {"purge_metrics": "true"}
"""The form that deletes an entity together with its metrics."""
TURNS = 4
"""How often the pages of a list that others change are compared before they count as the same."""


class Kind(NamedTuple):
    """The operations of the admin UI for one kind of entity."""

    create: str
    state: str
    delete: str
    search: str
    """Finds entities by their name."""
    listed: str = ""
    item: str = ""
    under: str = ""
    """Member of the entity in the response of ``item``; empty if it is the entity itself."""
    partial: str = ""
    """The table of entities, or the options to select, as HTML."""
    group: str = ""
    """Its name in the search of all kinds."""
    ids: str = ""
    at: str = "items"
    """Member of the entities in the response of ``search``; empty if it is the list itself."""
    ids_at: str = ""
    keeps_deleted: bool = False
    """The search for inactive entities finds deleted ones, too."""
    limit: str = "limit"
    """Parameter of ``search``: the number of entities."""
    shows_inactive: bool = False
    """The table has inactive entities if the request does not say whether it should."""
    edit: str = ""
    """The form that changes an entity."""

    @property
    def first(self) -> str:
        """Dotted path of the id of the first entity in the response of ``search``."""
        return f"{self.at}.0.id" if self.at else "0.id"


class AdminUser(RegistryUser):
    """A user of the admin UI."""

    abstract = True

    def disagreement(self, answer: Answer) -> Mismatch | None:
        """Return what of a response contradicts an earlier one, or what of a page does not work."""
        operations = self.link.session.contract.operations.keys()
        return super().disagreement(answer) or fault_of_page(answer, operations)

    @property
    def me(self) -> str:
        """The administrator's own address."""
        return self.link.session.credentials.email

    def changes_of_other(
        self,
        kind: Kind,
        create: str,
        body: Callable[[dict[str, str]], dict[str, Any]],
        edit: str,
        form: Mapping[str, str],
        *,
        delete: str,
        read: ReadBack,
    ) -> None:
        """Change an entity of another member by form: everything that the form does not contain must stay as it is.

        The form of the browser has no team, and no owner.

        Args:
            kind: its ``item`` reads the entity.
            create: the operation that creates the entity, as the owner of a team.
            body: returns its body, for an entity in a scope.
            edit: the operation that changes it.
            form: the fields of the form, with the entity's own values.
            delete: the operation that deletes it.
            read: the read-back of its creation and deletion.
        """
        with self._others_team() as (team, owner):
            made = body(of_team(team))
            with self.created(
                create, json=made, bearer=owner, delete=delete, read=read, differs=(*ADDRESS, *PARTS)
            ) as entity:
                own = named({parameter_of(kind.item): entity.id})
                before = self.call(kind.item, check=has_all({"teamId": team}, under=kind.under), **own)
                changes = {**form, "visibility": "team", "description": "Changed by form.", "tags": "changed"}
                values = {"description": changes["description"], "tags": [changes["tags"]]}
                record = {"createdVia": "api", "modifiedVia": "ui", "modifiedBy": self.me}
                shown = before[kind.under] if kind.under else before.json
                values |= {name: value for name, value in record.items() if name in shown}

                def effect(_: Answer) -> Mismatch | None:
                    read = self.call(kind.item, **own)
                    return has_all(values, under=kind.under)(read) or keeps_unsent(
                        before, read, changes, under=kind.under
                    )

                self.form(edit, entity.id, changes, check=succeeded, effect=effect)
                self._refuses_developer(kind, self.call(kind.item, **own), edit, changes)

    def _refuses_developer(self, kind: Kind, entity: Answer, edit: str, changes: Mapping[str, str]) -> None:
        """Check that a member of the team who may change such entities, and owns none, changes and deletes none."""
        if (callers := self.fixture.callers) is None:
            return
        identity = str(entity[f"{kind.under}.id"] if kind.under else entity.id)
        own = named({parameter_of(kind.item): identity})
        kept = {key: entity[f"{kind.under}.{key}" if kind.under else key] for key in KEPT}

        def stays(_: Answer) -> Mismatch | None:
            read = self.call(kind.item, refusals=GONE, **own)
            if read.status in GONE:
                return expected("the entity of another user not to be deleted")
            return has_all(kept, under=kind.under)(read)

        other = {**changes, "description": "Changed by another user."}
        for form, fields in ((kind.state, OFF), (kind.delete, {}), (edit, other)):
            self.form(
                form,
                identity,
                fields,
                bearer=callers.bearer(Role.DEVELOPER, self.link.session),
                refusals=DENIED_FORM,
                check=is_denied("a form about an entity of another user"),
                effect=stays,
            )

    @contextmanager
    def _others_team(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id of a team for the ``with`` block, and the token of its owner; of the administrator if None."""
        if (callers := self.fixture.callers) is not None:
            yield callers.team, callers.bearer(Role.OWNER, self.link.session)
        else:
            with self.team() as team:
                yield team.id, None

    @contextmanager
    def made(
        self,
        kind: Kind,
        form: Mapping[str, str],
        *,
        stored: Mapping[str, Any] | None = None,
        wanted: Check | None = None,
        removed: Check | None = None,
        leaving: Mapping[str, str] | None = None,
    ) -> Iterator[Shown]:
        """Create an entity by form for the ``with`` block, and delete it by form afterwards.

        Args:
            kind: its forms, and the search that finds it by its name and, after its deletion, no longer does.
            form: the fields of the form that creates it, ``name`` among them. The block may extend the name.
            stored: the members that the entity must have; see :meth:`stores`.
            wanted: check of the response of the form that creates it; by default, that it reports success.
            removed: check of the response of the form that deletes it; by default, that it redirects to the admin page.
            leaving: more fields of the form that deletes it.
        """
        name, identity, there = form["name"], form.get("id", ""), False

        def created(answer: Answer) -> Mismatch | None:
            nonlocal identity, there
            # First, so that the entity is deleted if it is not as expected.
            there = True
            read = self.call(kind.search, params={"q": name})
            identity = identity or str(read[kind.first])
            return only(Shown(identity, name), at=kind.at)(read) or (
                self.stores(kind, identity, stored)(answer) if stored else None
            )

        try:
            self.call(kind.create, form=form, check=wanted or succeeded, effect=created)
            there = True
            # While the load is ending, no effect is read, and this call ends the scenario.
            identity = identity or self._id(kind, name)
            yield Shown(identity, name)
        finally:
            if there:
                with self.undoing():
                    identity = identity or self._id(kind, name)
                    gone = self.finds(kind, name, include_inactive=not kind.keeps_deleted)
                    fields = {**PURGE, **(leaving or {})}
                    self.form(kind.delete, identity, fields, check=removed or went_back, effect=gone)

    def _id(self, kind: Kind, name: str) -> str:
        return str(self.call(kind.search, params={"q": name}, check=finds(kind.first))[kind.first])

    def form(self, operation: str, identity: str, form: Mapping[str, str], **options: Any) -> Answer:
        """Send a form about the entity with this id; ``options`` are those of :meth:`call`."""
        return self.call(operation, form=form, **named(options), **named({parameter_of(operation): identity}))

    def stores(self, kind: Kind, identity: str, values: Mapping[str, Any]) -> Check:
        """Return a check that reads an entity, which must have these ``values`` at these dotted paths."""

        def check(_: Answer) -> Mismatch | None:
            read = self.call(kind.item, **named({parameter_of(kind.item): identity}))
            return has_all({"id": identity, **values}, under=kind.under)(read)

        return check

    def finds(self, kind: Kind, name: str, *entities: Shown, **more: str | int | bool) -> Check:
        """Return a check that reads, in the search of ``kind`` for ``name``, just ``entities``."""

        def check(_: Answer) -> Mismatch | None:
            read = self.call(kind.search, params={"q": name, "include_inactive": True} | more)
            return only(*entities, at=kind.at)(read)

        return check

    def in_lists(self, kind: Kind, new: Callable[[str], dict[str, str]]) -> None:
        """Look for two entities in every list of ``kind``: one of a team, and a public one that is switched off.

        Args:
            kind: its lists.
            new: returns the form that creates an entity of a name.
        """
        tag, name = self.name("tag"), self.name("twin")
        with self.team() as team, ExitStack() as made:
            form = new(f"{name}-a") | {"tags": tag} | of_team(team.id)
            kept = made.enter_context(self.made(kind, form))
            other = made.enter_context(self.made(kind, new(f"{name}-b") | {"tags": tag}))
            off = other._replace(enabled=False)
            hidden = self.finds(kind, name, kept, include_inactive=False)
            self.form(kind.state, off.id, OFF, check=went_back, effect=hidden)
            self._searched(kind, name, tag, team.id, kept, off)
            self._paged(kind, tag, team.id, kept, off)
            if self.documents(kind.partial, "query include_public"):
                # What a user owns is among that of the team, also if no other member sees it.
                self.form(kind.edit, kept.id, form | PRIVATE, check=succeeded)
                self._with_public(kind, name, team.id, kept, off)
            self._listed(kind, kept, off)
            self.form(kind.state, off.id, ON, check=went_back, effect=self.finds(kind, name, kept, other))

    def _searched(self, kind: Kind, name: str, tag: str, team: str, kept: Shown, off: Shown) -> None:
        """Check each parameter of the search and of the list of ids."""
        everything = {"q": name, "include_inactive": True}
        # What has one of several tags is found.
        tagged = {"tags": f"{self.name('tag')},{tag}", "include_inactive": True}
        self.call(kind.search, params=tagged, check=only(kept, off, at=kind.at))
        active = {"q": as_typed(name), "include_inactive": False}
        self.call(kind.search, params=active, check=only(kept, at=kind.at))
        self.call(kind.search, params=everything | {"team_id": team}, check=only(kept, at=kind.at))
        self.call(kind.search, params=everything | {kind.limit: 1}, check=first_of(kept, off, at=kind.at))
        # As a pattern of SQL, it would match both.
        self.call(kind.search, params=everything | {"q": f"{name}__"}, check=only(at=kind.at))
        everywhere = {"q": as_typed(name), "tags": tag, "include_inactive": True, "entity_types": kind.group}
        self.call("GET /admin/search", params=everywhere, check=only(kept, off))
        active = everywhere | {"include_inactive": False, "team_id": team, "limit_per_type": 2}
        self.call("GET /admin/search", params=active, check=only(kept))
        if kind.ids:
            owned: dict[str, str | int | bool] = {"team_id": team, "include_inactive": True}
            self.call(kind.ids, params=owned, check=ids_are(kind.ids_at, kept))
            self.call(kind.ids, params=owned | {"include_inactive": False}, check=ids_are(kind.ids_at, kept))
            if self.documents(kind.ids, "query q"):
                found = everything | {"q": as_typed(name)}
                self.call(kind.ids, params=found, check=ids_are(kind.ids_at, kept, off))

    def _with_public(self, kind: Kind, name: str, team: str, kept: Shown, off: Shown) -> None:
        """Check that the entities of a team are listed with or without the public ones of others."""
        own = {"q": name, "team_id": team, "include_inactive": True}
        for public, entities in ((False, (kept,)), (True, (kept, off))):
            query = own | {"include_public": public}
            if self.documents(kind.partial, "query include_public"):
                self.call(
                    kind.partial,
                    params=query,
                    check=both(shows_only(*entities), keeps_filters({"q": name, "team_id": team})),
                )
            if self.documents(kind.search, "query include_public") and kind.search != kind.partial:
                self.call(kind.search, params=query, check=only(*entities, at=kind.at))
            if self.documents(kind.ids, "query include_public") and self.documents(kind.ids, "query q"):
                self.call(kind.ids, params=query, check=ids_are(kind.ids_at, *entities))

    def _paged(self, kind: Kind, tag: str, team: str, kept: Shown, off: Shown) -> None:
        """Check each parameter of the table and of the options to select."""
        everything = {"tags": tag, "include_inactive": True, "per_page": 1}
        left = [kept, off]
        for page in (1, 2):
            turned = both(turns_to(page, left, of=2), keeps_filters({"tags": tag}))
            self.call(kind.partial, params=everything | {"page": page}, check=turned)
        active = {"tags": tag, "include_inactive": False, "render": "selector"}
        self.call(kind.partial, params=active, check=shows_only(kept))
        owned = {"team_id": team, "include_inactive": True}
        self.call(kind.partial, params=owned, check=shows_only(kept))
        if self.shows_by_default(kind):
            shown = (kept, off) if kind.shows_inactive else (kept,)
            self.call(kind.partial, params={"tags": tag}, check=shows_only(*shown))
        if self.documents(kind.partial, "query include_public"):
            # With the public ones of others, there are always more than one.
            more: dict[str, str | int | bool] = {"team_id": team, "include_public": True}
            more |= {"per_page": 1, "render": "selector"}
            self.call(kind.partial, params=more, check=loads_next(more))

    def lists_own(self, kind: Kind, entity: Shown) -> None:
        """Check that the list in JSON, and the table, have a private entity of the administrator."""
        self.call(kind.listed, params={"per_page": MOST, "include_inactive": True}, check=has_among(entity))
        self.call(kind.partial, params={"q": as_typed(entity.name)}, check=shows_only(entity))

    def shows_by_default(self, kind: Kind) -> bool:
        """Return whether a table is known to have inactive entities by default, or not: 1.0.0rc1 has none anywhere."""
        return not kind.shows_inactive or self.documents(
            "GET /admin/gateways/partial", "query include_public"
        )

    def _listed(self, kind: Kind, kept: Shown, off: Shown) -> None:
        """Check each parameter of the list in JSON, which cannot be filtered."""
        whole = {"page": 1, "per_page": MOST, "include_inactive": True}
        first = str(self.call(kind.listed, params=whole, check=has_among(kept, off))["data.0.id"])
        active = has_among(kept, without=[off])
        self.call(kind.listed, params={"per_page": MOST, "include_inactive": False}, check=active)
        second = {"page": 2, "per_page": 1, "include_inactive": True}
        self.call(kind.listed, params=second, check=is_page(2, 1), effect=self.differs(kind.listed, first))

    def differs(self, operation: str, first: str, key: str = "id", **options: Any) -> Check:
        """Return a check that the second page of a list does not have the entity that is ``first``.

        An entity moves to the second page while another one is created. Both pages are then read again.
        """

        def check(answer: Answer) -> Mismatch | None:
            path = f"data.0.{key}"
            before, second = first, str(answer[path])
            for _ in range(TURNS):
                if second != before:
                    return None
                page = {"per_page": 1, "include_inactive": True}
                before = str(self.call(operation, params=page | {"page": 1}, **options)[path])
                second = str(self.call(operation, params=page | {"page": 2}, **options)[path])
            return expected("another entity on the second page than on the first", second)

        return check


def as_typed(name: str) -> str:
    """Return ``name`` as people may type it into a search: in capital letters, with blanks around it."""
    return f" {name.upper()} "


def parameter_of(operation: str) -> str:
    """Return the name of the only parameter in the path of ``operation``."""
    return operation.partition("{")[2].partition("}")[0]


def from_fixture(value: str | None) -> str:
    """Return a value of the fixture.

    Raises:
        LookupError: its backend was not registered.
    """
    if value is None:
        raise LookupError("the fixture lacks an entity of this scenario")
    return value
