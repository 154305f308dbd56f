"""Users and tokens by the forms of the admin UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch
from loadtest.fixtures.accounts import new_password
from loadtest.fixtures.shared_member import SharedMember
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.admin.checks import (
    has_all,
    has_length,
    has_members,
    lacks_text,
    made,
    request_id,
    shows,
    went_back,
)
from loadtest.users.admin.forms import AdminUser, Kind, as_typed
from loadtest.users.admin.lists import (
    MOST,
    Shown,
    fields_are,
    first_of,
    has_among,
    ids_are,
    is_page,
    keeps_filters,
    only,
    selects,
    shows_among,
    shows_only,
    turns_to,
)
from loadtest.users.base import named, task
from loadtest.users.checks import both

DAYS = 5
"""How long a new token would be good for."""
ACCOUNT = "GET /auth/email/admin/users/{user_email}"
PAGES = {"Accept": "text/html"}
"""Header for the pages of accounts; for JSON, the gateway returns the first accounts only."""
WRONG_PASSWORD = (401,)
FORCE = "/force-password-change"
"""Address of the button of an account whose password need not be changed."""


class AdminUsersUser(AdminUser):
    """A user who manages other people's accounts."""

    area = "admin-users"

    @task(2)
    def lifecycle(self) -> None:
        """An account is created, found in every list, changed and deleted."""
        with self._account(self.name("user")) as account:
            email = account.id
            shown = fields_are({"email": email, "full_name": account.name})
            self.call("GET /admin/users/{user_email}/edit", user_email=email, check=shown)
            renamed = f"{account.name}-changed"
            form = {"full_name": renamed}
            self._changes("POST /admin/users/{user_email}/update", email, form, form=form)
            self._lists_account(account._replace(name=renamed))

    @task
    def verified(self) -> None:
        """An account whose address is verified."""
        with self._account(self.name("user")) as account:
            form = {"full_name": account.name, "email_verified": "on"}
            stored = {"full_name": account.name, "email_verified": True}
            update, new = "POST /admin/users/{user_email}/update", {"password": new_password()}
            self._changes(update, account.id, stored, form=form)
            twice = form | new | {"confirm_password": new_password()}
            other = is_denied("a password that is confirmed with another one")
            self.call(update, user_email=account.id, form=twice, refusals=DENIED, check=other)

    @task
    def locked(self) -> None:
        """An account that is switched off, on, unlocked, and must change its password."""
        with self._account(self.name("user")) as account:
            email = account.id
            wrong = {"email": email, "password": new_password()}
            self.call("POST /auth/email/login", bearer="", json=wrong, refusals=WRONG_PASSWORD)
            # The gateway shows the failed attempt after another change only, because it keeps accounts in a cache.
            off = {"is_active": False, "failed_login_attempts": 1}
            inactive = shows_only(account._replace(enabled=False))
            self._changes("POST /admin/users/{user_email}/deactivate", email, off, card=inactive)
            unlocked = {"failed_login_attempts": 0}
            self._changes("POST /admin/users/{user_email}/unlock", email, unlocked, card=inactive)
            active = both(shows_only(account), shows(FORCE))
            self._changes("POST /admin/users/{user_email}/activate", email, {"is_active": True}, card=active)
            force, forced = "POST /admin/users/{user_email}/force-password-change", shows_only(account)
            required = {"password_change_required": True}
            self._changes(force, email, required, card=both(forced, lacks_text(FORCE)))

    def _changes(
        self,
        operation: str,
        email: str,
        stored: dict[str, Any],
        *,
        form: dict[str, str] | None = None,
        card: Check | None = None,
    ) -> None:
        """Change an account, which must then have the members ``stored``.

        The response to a ``form`` says that it was changed; any other is its ``card``, as the list shows it.
        """

        def changed(_: Answer) -> Mismatch | None:
            return has_all({"email": email, **stored})(self.call(ACCOUNT, user_email=email))

        done = card or shows("User updated successfully")
        self.call(operation, user_email=email, form=form, check=done, effect=changed)

    def _lists_account(self, account: Shown) -> None:
        """Look for an account in the lists, and check their parameters."""
        listed, whole = has_among(account), {"page": 1, "per_page": MOST}
        first = self.call("GET /admin/users", params=whole, headers=PAGES, check=listed)["data.0.email"]
        turned = self.differs("GET /admin/users", str(first), key="email", headers=PAGES)
        second = {"page": 2, "per_page": 1}
        self.call("GET /admin/users", params=second, headers=PAGES, check=is_page(2, 1), effect=turned)
        # For a selection box: the newest accounts, without pages.
        self.call("GET /admin/users", check=has_among(account, at="users"))
        self.call("GET /admin/users/partial", params=whole, check=shows_among(account))

    @task
    def twins(self) -> None:
        """Two accounts that are found by the name they share; and as candidates of a team."""
        name = self.name("twin")
        with self.team() as team, self._account(f"{name}-a") as one, self._account(f"{name}-b") as other:
            self.call("GET /admin/users/search", params={"q": name}, check=only(one, other))
            found = {"q": as_typed(name), "limit": 1}
            self.call("GET /admin/users/search", params=found, check=first_of(one, other))
            # As a pattern of SQL, it would match both.
            self.call("GET /admin/users/search", params={"q": f"{name}__"}, check=only())
            left, partial = [one, other], "GET /admin/teams/{team_id}/non-members/partial"
            for page in (1, 2):
                paged = {"search": name, "page": page, "per_page": 1}
                self.call(partial, team_id=team.id, params=paged, check=turns_to(page, left, of=2))
            options = {"per_page": MOST, "render": "selector", "team_id": team.id}
            members = selects([self.me], [one.id, other.id])
            self.call("GET /admin/users/partial", params=options, check=members)
            self._hides_personal_teams(name)

    def _hides_personal_teams(self, name: str) -> None:
        """Check that no list has the personal teams of other accounts, which are named after their owners."""
        found = {"q": name}
        self.call("GET /admin/teams/search", params=found, check=only(at=""))
        self.call("GET /admin/teams/ids", params=found, check=ids_are("team_ids"))
        for operation in ("GET /admin/teams/partial", "GET /admin/teams"):
            self.call(operation, params=found, check=shows_only())

    @contextmanager
    def _account(self, name: str) -> Iterator[Shown]:
        """Create an account for the ``with`` block; its address is its id."""
        account = Shown(f"{name}@example.com", name)
        form = {"email": account.id, "password": new_password(), "full_name": name}
        created = shows("User created successfully")
        self.call("POST /admin/users", form=form, check=created, effect=self._found(name, account))
        try:
            yield account
        finally:
            gone = self._found(name)
            self.call("DELETE /admin/users/{user_email}", user_email=account.id, effect=gone)

    def _found(self, name: str, *accounts: Shown) -> Check:
        """Return a check that reads, in the search for ``name``, just these ``accounts``."""
        return lambda _: only(*accounts)(self.call("GET /admin/users/search", params={"q": name}))


class AdminTokensUser(AdminUser):
    """A user who manages tokens."""

    area = "admin-tokens"

    @task
    def lifecycle(self) -> None:
        """A token of a team, and one that is revoked, in every list."""
        revoke = "DELETE /admin/tokens/{token_id}"
        if not self.offers(revoke):
            revoke = "DELETE /tokens/{token_id}"
        name = self.name("twin")
        with self.team() as team:
            kept = self._token("POST /tokens/teams/{team_id}", f"{name}-a", team_id=team.id)
            try:
                other = self._token("POST /tokens", f"{name}-b")
                gone = self._found(name, kept)
                self.call(revoke, token_id=other.id, effect=gone)
                self._lists_tokens(name, team.id, kept, other._replace(enabled=False))
            finally:
                self.call("DELETE /tokens/{token_id}", token_id=kept.id, effect=self._found(name))

    @task
    def revoked(self) -> None:
        """A token that is revoked where it is listed."""
        if not self.offers("DELETE /admin/tokens/{token_id}"):
            return
        name = self.name("token")
        token = self._token("POST /tokens", name)
        self.call("DELETE /admin/tokens/{token_id}", token_id=token.id, effect=self._found(name))

    def _token(self, operation: str, name: str, **path: str) -> Shown:
        """Create a token, which must be found by its name."""
        scope: dict[str, Any] = {
            "permissions": [],
            "ip_restrictions": [],
            "time_restrictions": {},
            "usage_limits": {},
        }
        body = {"name": name, "expires_in_days": DAYS, "scope": scope}
        made = self.call(operation, json=body, check=has_all({"token.name": name}), **named(path))
        return Shown(str(made["token.id"]), name)

    def _lists_tokens(self, name: str, team: str, kept: Shown, off: Shown) -> None:
        everything = {"q": name, "include_inactive": True}
        search = "GET /admin/tokens/search"
        self.call(search, params=everything, check=only(kept, off, at=""))
        found = everything | {"q": as_typed(name)}
        self.call(search, params=found | {"limit": 1}, check=first_of(kept, off, at=""))
        self.call(search, params=everything | {"q": f"{name}__"}, check=only(at=""))
        active = everything | {"include_inactive": False}
        self.call(search, params=active, check=only(kept, at=""))
        self.call(search, params=everything | {"team_id": team}, check=only(kept, at=""))
        partial, left = "GET /admin/tokens/partial", [kept, off]
        for page in (1, 2):
            paged = everything | {"page": page, "per_page": 1}
            self.call(partial, params=paged, check=turns_to(page, left, of=2))
        self.call(partial, params={"q": name, "include_inactive": False}, check=shows_only(kept))
        self.call(partial, params={"team_id": team, "include_inactive": True}, check=shows_only(kept))

    def _found(self, name: str, *tokens: Shown) -> Check:
        """Return a check that reads, in the search for ``name``, just these active ``tokens``."""
        return lambda _: only(*tokens, at="")(self.call("GET /admin/tokens/search", params={"q": name}))


TEAMS = Kind(
    create="POST /admin/teams",
    state="",
    delete="DELETE /admin/teams/{team_id}",
    search="GET /admin/teams/search",
    item="GET /teams/{team_id}",
    at="",
    keeps_deleted=True,
)
EVERYONE = 500
"""Accounts of a page that contains all of them: the largest page of the gateway."""
MEMBER = "member"
OWNER = "owner"


class AdminTeamsUser(AdminUser):
    """A user who manages teams."""

    area = "admin-teams"
    weight = 2

    @task(2)
    def lifecycle(self) -> None:
        """A team is created, changed and deleted; every field of its forms is stored."""
        with self._team(self.name("team")) as team:
            shown = fields_are({"name": team.name, "description": "Made by form."})
            self.call("GET /admin/teams/{team_id}/edit", team_id=team.id, check=shown)
            renamed = f"{team.name}-changed"
            form = {"name": renamed, "description": "Changed by form.", "visibility": "private"}
            stored = self.stores(TEAMS, team.id, form)
            update = "POST /admin/teams/{team_id}/update"
            self.form(update, team.id, form, check=went_back, effect=stored)

    @task
    def limited(self) -> None:
        """A team with a limit of members, and then with another one."""
        form = {"name": self.name("team"), "description": "Made by form.", "visibility": "public"}
        with self._team_of(form | {"max_members": "9"}, form | {"max_members": 9}) as team:
            self.call(
                "GET /admin/teams/{team_id}/edit", team_id=team.id, check=fields_are({"max_members": "9"})
            )
            changed = form | {"name": team.name}
            stored = self.stores(TEAMS, team.id, changed | {"max_members": 7})
            update = "POST /admin/teams/{team_id}/update"
            self.form(update, team.id, changed | {"max_members": "7"}, check=went_back, effect=stored)

    @task
    def twins(self) -> None:
        """A private and a public team in every list, before and after they are deleted."""
        name = self.name("twin")
        with self._team(f"{name}-a", visibility="private") as kept, self._team(f"{name}-b") as public:
            self._finds_teams(name, kept, public)
            self._pages_teams(name, kept, public)
        deleted = (kept._replace(enabled=False), public._replace(enabled=False))
        everything = {"q": name, "include_inactive": True}
        self.call("GET /admin/teams/search", params=everything, check=only(*deleted, at=""))
        self.call("GET /admin/teams/partial", params=everything, check=shows_only(*deleted))
        self.call("GET /admin/teams/ids", params=everything, check=ids_are("team_ids", *deleted))
        active = everything | {"include_inactive": False}
        self.call("GET /admin/teams/search", params=active, check=only(at=""))
        self.call("GET /admin/teams/partial", params=active, check=shows_only())
        self.call("GET /admin/teams/ids", params=active, check=ids_are("team_ids"))
        # As a pattern of SQL, it would match both.
        self.call("GET /admin/teams/search", params=everything | {"q": f"{name}__"}, check=only(at=""))

    def _finds_teams(self, name: str, kept: Shown, public: Shown) -> None:
        search, ids, of_kind = "GET /admin/teams/search", "GET /admin/teams/ids", {"visibility": "public"}
        found = {"q": name}
        self.call(search, params=found | of_kind, check=only(public, at=""))
        typed = {"q": as_typed(name)}
        self.call(search, params=typed | {"limit": 1}, check=first_of(kept, public, at=""))
        self.call(ids, params=found, check=ids_are("team_ids", kept, public))
        self.call(ids, params=found | of_kind, check=ids_are("team_ids", public))

    def _pages_teams(self, name: str, kept: Shown, public: Shown) -> None:
        partial, listed, found = "GET /admin/teams/partial", "GET /admin/teams", {"q": name}
        left, again = [kept, public], [kept, public]
        for page in (1, 2):
            paged = found | {"page": page, "per_page": 1}
            turned = both(turns_to(page, left, of=2), keeps_filters({"q": name, "relationship": OWNER}))
            self.call(partial, params=paged | {"relationship": OWNER}, check=turned)
            self.call(listed, params=paged, check=turns_to(page, again, of=2))
        of_kind = {"visibility": "public", "render": "selector"}
        self.call(
            partial, params=found | of_kind, check=both(shows_only(public), shows("team-selector-item"))
        )
        self.call(partial, params=found | {"relationship": MEMBER}, check=shows_only())
        self.call(listed, params={"unified": True}, check=shows_among(kept, public))

    @task(2)
    def members(self) -> None:
        """A user is added to a team, promoted and removed."""
        member = self._member
        email, me = member.email, self.me
        with self._team(self.name("team")) as team:
            joined = {email: MEMBER, me: OWNER}
            self._changes(
                "POST /admin/teams/{team_id}/add-member", team, joined, "Added 1 member", role=MEMBER
            )
            self.call("GET /admin/teams/{team_id}/members", team_id=team.id, check=shows(team.name))
            partial, left = "GET /admin/teams/{team_id}/members/partial", [Shown(email, email), Shown(me, me)]
            for page in (1, 2):
                paged = {"page": page, "per_page": 1}
                self.call(partial, team_id=team.id, params=paged, check=turns_to(page, left, of=2))
            update = "POST /admin/teams/{team_id}/update-member-role"
            self._changes(update, team, {email: OWNER, me: OWNER}, "Role updated successfully", role=OWNER)
            remove = "POST /admin/teams/{team_id}/remove-member"
            self._changes(remove, team, {me: OWNER}, "removed successfully")

    @task
    def member_found(self) -> None:
        """A member of a team is found by the address."""
        email = self._member.email
        with self._team(self.name("team")) as team:
            joined = {email: MEMBER, self.me: OWNER}
            add = "POST /admin/teams/{team_id}/add-member"
            self._changes(add, team, joined, "Added 1 member", role=MEMBER)
            partial, found = "GET /admin/teams/{team_id}/members/partial", shows_only(Shown(email, email))
            self.call(partial, team_id=team.id, params={"search": email}, check=found)

    @task
    def candidates(self) -> None:
        """Users who could be added to a team."""
        email = self._member.email
        with self._team(self.name("team")) as team:
            self.call("GET /admin/teams/{team_id}/members/add", team_id=team.id, check=shows(team.name))
            partial = "GET /admin/teams/{team_id}/non-members/partial"
            if self.documents(partial, "query search"):
                wanted = {"search": email, "page": 1, "per_page": 1}
                self.call(partial, team_id=team.id, params=wanted, check=shows_only(Shown(email, email)))
            else:
                everyone = {"page": 1, "per_page": EVERYONE}
                self.call(partial, team_id=team.id, params=everyone, check=shows(email))

    @task
    def applicants(self) -> None:
        """A user asks to join and is rejected, asks again and is accepted."""
        with self._team(self.name("team")) as team:
            self._applies(team)
            listed = shows(self._member.email)
            self.call("GET /admin/teams/{team_id}/join-requests", team_id=team.id, check=listed)
            reject = "POST /admin/teams/{team_id}/join-requests/{request_id}/reject"
            self._decides(reject, team, {self.me: OWNER}, "rejected")
            self._applies(team)
            approve = "POST /admin/teams/{team_id}/join-requests/{request_id}/approve"
            self._decides(approve, team, {self.me: OWNER, self._member.email: MEMBER}, "approved")

    @task
    def leaving(self) -> None:
        """An owner leaves a team to another owner, asks to rejoin and withdraws the request."""
        email = self._member.email
        with self._team(self.name("team")) as team:
            added = {email: OWNER, self.me: OWNER}
            self._changes("POST /admin/teams/{team_id}/add-member", team, added, "Added 1 member", role=OWNER)
            as_owner = {"bearer": self._member.bearer}
            left = self._reads(team, {email: OWNER}, **as_owner)
            done = shows("Successfully left the team")
            self.call("POST /admin/teams/{team_id}/leave", team_id=team.id, form={}, check=done, effect=left)
            asked = self.call(
                "POST /admin/teams/{team_id}/join-request",
                team_id=team.id,
                form={"message": "May I come back?"},
                check=shows("Join request submitted"),
                effect=self._waits(team, 1, **as_owner),
            )
            self.call(
                "DELETE /admin/teams/{team_id}/join-request/{request_id}",
                team_id=team.id,
                request_id=request_id(asked),
                check=shows("<button"),
                effect=self._waits(team, 0, **as_owner),
            )

    @property
    def _member(self) -> SharedMember:
        member = self.fixture.member
        if member is None:
            raise LookupError("the fixture has no user to add to a team")
        return member

    def _changes(
        self, operation: str, team: Shown, members: dict[str, str], done: str, *, role: str = ""
    ) -> None:
        """Change the membership of the shared member by form; the team must then have these ``members``."""
        form = {"user_email": self._member.email} | ({"role": role} if role else {})
        changed = self._reads(team, members)
        self.form(operation, team.id, form, check=shows(done), effect=changed)

    def _decides(self, operation: str, team: Shown, members: dict[str, str], done: str) -> None:
        """Decide about the request of the shared member; the team must then have these ``members``, and no request."""
        request = self._applied(team)
        changed, decided = self._reads(team, members), self._waits(team, 0)
        self.call(
            operation,
            team_id=team.id,
            request_id=request,
            check=shows(done),
            effect=lambda a: changed(a) or decided(a),
        )

    def _reads(self, team: Shown, members: dict[str, str], **options: Any) -> Check:
        """Return a check that reads the members of a team and their roles."""

        def check(_: Answer) -> Mismatch | None:
            return has_members(members)(self.call("GET /teams/{team_id}/members", team_id=team.id, **options))

        return check

    def _waits(self, team: Shown, number: int, **options: Any) -> Check:
        """Return a check that reads the number of pending requests to join a team."""

        def check(_: Answer) -> Mismatch | None:
            requests = self.call("GET /teams/{team_id}/join-requests", team_id=team.id, **options)
            return has_length(number)(requests)

        return check

    def _applies(self, team: Shown) -> None:
        self.call(
            "POST /teams/{team_id}/join",
            team_id=team.id,
            json={"message": "May I join?"},
            bearer=self._member.bearer,
            effect=self._waits(team, 1),
        )

    def _applied(self, team: Shown) -> str:
        requests = self.call("GET /teams/{team_id}/join-requests", team_id=team.id)
        return next(str(one["id"]) for one in requests.json if one["user_email"] == self._member.email)

    @contextmanager
    def _team(self, name: str, visibility: str = "public") -> Iterator[Shown]:
        """Create a team by form for the ``with`` block."""
        form = {"name": name, "description": "Made by form.", "visibility": visibility}
        with self._team_of(form, form) as team:
            yield team

    def _team_of(self, form: dict[str, str], stored: dict[str, Any]) -> AbstractContextManager[Shown]:
        deleted = shows("deleted successfully")
        return self.made(TEAMS, form, stored=stored, wanted=made, removed=deleted)
