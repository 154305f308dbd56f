"""Signing in to the admin UI as a browser does it: forms, cookies, and the token against forged requests."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import newest_mail
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.fixtures.callers import Role
from loadtest.openapi.negative_cases import CaseGroup, negative_cases
from loadtest.users.access.checks import Credential
from loadtest.users.access.refusals import REPEATED
from loadtest.users.admin.checks import DONE, GONE, cookies, goes_to, shows
from loadtest.users.admin.forgery import (
    FORGED,
    FORM,
    GENUINE,
    PROOF,
    forged,
    forms,
    is_guarded,
    is_served,
    judge_forged,
)
from loadtest.users.admin.forms import AdminUser
from loadtest.users.admin.lists import only
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.identity.auth import REFRESH
from loadtest.users.identity.checks import LINK, SESSION
from loadtest.users.identity.fixtures import MAIL_WITHIN
from loadtest.users.read_back import Entity
from loadtest.users.texts.rules import SHORTEST_OF_ADMINISTRATOR, states, weak_passwords

BROWSER = {"Accept": "text/html"}
FORGERY = "mcpgateway_csrf_token"
"""The cookie whose value every form of a signed-in user must send along."""
FORBIDDEN = (401, 403)
"""Statuses of a form that does not come from a page of the gateway."""
SENT_BACK = (DONE,)
"""Status of a form with a mistake."""
ME = "GET /auth/email/me"
REFUSED = (401,)
"""Status of a sign-in with a wrong password."""


class AdminLoginUser(AdminUser):
    """A user who signs in to the admin UI and out again."""

    area = "admin-login"

    @task(2)
    def signs_in(self) -> None:
        """A new administrator, from the form that signs in to the one that signs out."""
        with self._account() as (email, password):
            jar = self._signed_in(email, password)
            self.call("GET /admin/overview/partial", bearer="", headers=self._as(jar), check=shows("<svg"))
            self._signs_out(jar)

    @task
    def signs_in_again(self) -> None:
        """The form that signs in leads who has done so to the admin page, unless it shows an error.

        Who has no access to the admin page is not redirected.
        """
        page = "GET /admin/login"
        with self._account() as (email, password):
            own = self._as(self._session(email, password))
            inside = {DONE: "who has signed in is sent to the admin page"}
            self.call(page, bearer="", headers=own, accept=inside, effect=goes_to("/admin"))
            error = {"error": "admin_required"}
            self.call(page, bearer="", headers=own, params=error, check=shows("password"))
        if (callers := self.fixture.callers) is not None:
            viewer = self._as({SESSION: callers.bearer(Role.VIEWER, self.link.session)})
            self.call(page, bearer="", headers=viewer, check=shows("password"))

    @task
    def signs_in_from_elsewhere(self) -> None:
        """A form that signs in, and does not come from a page of the gateway, opens no session."""
        with self._account() as (email, password):
            page = self.call("GET /admin/login", bearer="", headers=BROWSER, check=shows("password"))
            own = self._as(cookies(page))
            for changed in (headers for label, headers in FORGED.items() if label != GENUINE):
                sent = {name: value for name, value in (own | changed).items() if value}
                self.call(
                    "POST /admin/login",
                    bearer="",
                    headers=sent,
                    form={"email": email, "password": password},
                    refusals=(*SENT_BACK, *FORBIDDEN),
                    check=opens_no_session,
                    effect=opens_no_session,
                )

    @task
    def writes_at_once(self) -> None:
        """A form is accepted right after the sign-in, and after a change of the password, before any page is read."""
        with self._account() as (email, password):
            jar = self._session(email, password)
            self._reaches_form(jar)
            new = new_password()
            changed = self.call(
                "POST /admin/change-password-required",
                bearer="",
                headers=self._as(jar),
                form={"current_password": password, "new_password": new, "confirm_password": new},
                check=goes_to("/admin"),
            )
            self._reaches_form(jar | cookies(changed))

    def _reaches_form(self, jar: dict[str, str]) -> None:
        """Send a form about an unknown tool, which must not be taken for one from elsewhere."""
        self.call(
            "POST /admin/tools/{tool_id}/state",
            bearer="",
            headers=self._as(jar),
            tool_id=uuid.uuid4().hex,
            form={"activate": "true"},
            refusals=(*SENT_BACK, *GONE),
        )

    @task
    def follows_link_to_sign_out(self) -> None:
        """A signed-in browser opens the address that signs out."""
        with self._account() as (email, password):
            jar = self._session(email, password)
            self.call(
                "GET /admin/logout",
                bearer="",
                headers=self._as(jar),
                accept={DONE: "a browser is sent to the form that signs in"},
                effect=both(
                    goes_to("/admin/login"),
                    forgets_session,
                    self._is_out(jar, REFRESH if self.offers(REFRESH) else ME),
                ),
            )

    @task
    def signs_in_wrongly(self) -> None:
        """A wrong password, an unknown address and an incomplete form open no session; the right form does."""
        with self._account() as (email, password):
            page = self.call("GET /admin/login", bearer="", headers=BROWSER, check=shows("password"))
            headers = self._as(cookies(page))
            for form in (
                {"email": email, "password": new_password()},
                {"email": f"{self.name('user')}@example.com", "password": password},
                {"email": email},
            ):
                self.call(
                    "POST /admin/login",
                    bearer="",
                    headers=headers,
                    form=form,
                    refusals=SENT_BACK,
                    check=is_rejected,
                    effect=is_rejected,
                )
            self._signed_in(email, password)

    @task
    def changes_password_wrongly(self) -> None:
        """A wrong password, two different new ones and an incomplete form change no password."""
        with self._account() as (email, password):
            headers, new = self._as(self._signed_in(email, password)), new_password()
            change, wrong = "POST /admin/change-password-required", new_password()
            form = {"current_password": password, "new_password": new, "confirm_password": new}
            for part in (
                {"current_password": wrong},
                {"confirm_password": wrong},
                {"confirm_password": ""},
                {"new_password": password, "confirm_password": password},
            ):
                form_of: dict[str, Any] = {"headers": headers, "form": form | part}
                stays: dict[str, Any] = {"check": keeps_form, "effect": keeps_form}
                self.call(change, bearer="", refusals=SENT_BACK, **stays, **form_of)
            self._signed_in(email, password)

    @task
    def chooses_weak_password(self) -> None:
        """Passwords that are too weak for an administrator send the browser back with the rule that they break."""
        with self._account() as (email, password):
            headers = self._as(self._signed_in(email, password))
            change = "POST /admin/change-password-required"
            for rule in weak_passwords(email, SHORTEST_OF_ADMINISTRATOR):
                new = rule.broken
                form = {"current_password": password, "new_password": new, "confirm_password": new}
                says = states(rule, SENT_BACK)
                stated: dict[str, Any] = {"refusals": SENT_BACK, "check": says, "effect": says}
                self.call(change, bearer="", headers=headers, form=form, **stated)
            page = shows(f"At least {SHORTEST_OF_ADMINISTRATOR} characters")
            self.call("GET /admin/change-password-required", bearer="", headers=headers, check=page)
            self._signed_in(email, password)

    @task
    def forged_requests(self) -> None:
        """A signed-in browser may send forms from the gateway's own pages only."""
        negative = self.negative_caller()
        with self._account() as (email, password):
            headers = self._as(self._signed_in(email, password))
            genuine: list[int] = []
            for form in forms(self.link.session.contract.path(f"POST {FORM}")):
                for label in FORGED:
                    case = form.case(label, self.name("tool"), headers)
                    answer = negative.send(case, "", judge_forged(label))
                    if label == GENUINE and answer is not None:
                        if not is_served(answer.status, genuine):
                            break
                        genuine.append(answer.status)

    @task
    def forged_writes(self) -> None:
        """No request of the admin UI that changes something is accepted from elsewhere; none of them has a body.

        Each is forged in one of the ways, in turn, because the gateway checks them in one place.
        """
        session, negative = self.link.session, self.negative_caller()
        writes = [
            case
            for case in negative_cases(session.contract)
            if case.group is CaseGroup.NO_TOKEN and is_guarded(case.operation)
            if not session.excludes(case.operation)
        ]
        if self.process.sweep.over:
            writes = random.sample(writes, min(REPEATED, len(writes)))
        with self._account() as (email, password):
            headers = self._as(self._signed_in(email, password))
            for label, write in zip(itertools.cycle(sorted(FORGED.keys() - {GENUINE})), writes, strict=False):
                negative.send(forged(write, label, headers), "", judge_forged(label))

    @task
    def changes_password(self) -> None:
        """A new administrator who has to choose another password."""
        with self._account() as (email, password):
            jar = self._signed_in(email, password)
            page = shows("current_password")
            self.call("GET /admin/change-password-required", bearer="", headers=self._as(jar), check=page)
            new = new_password()
            form = {"current_password": password, "new_password": new, "confirm_password": new}
            self.call(
                "POST /admin/change-password-required",
                bearer="",
                headers=self._as(jar),
                form=form,
                check=goes_to("/admin"),
                effect=lambda _: self._signs_in_with(email, new),
            )

    def _signs_in_with(self, email: str, password: str) -> Mismatch | None:
        """Return a mismatch if ``email`` cannot sign in with ``password``."""
        secret = {"email": email, "password": password}
        answer = self.call("POST /auth/email/login", bearer="", json=secret, refusals=REFUSED)
        return (
            expected("the new password to be accepted", answer.status) if answer.status in REFUSED else None
        )

    @task
    def follows_link(self) -> None:
        """A user who requests a new password and opens the link from the mail."""
        self.call("GET /admin/forgot-password", bearer="", headers=BROWSER, check=shows("email"))
        with self._account() as (email, _):
            token = self._mailed_token(email)
            page = shows("confirm_password")
            self.call(
                "GET /admin/reset-password/{token}", bearer="", headers=BROWSER, token=token, check=page
            )

    @task
    def follows_broken_link(self) -> None:
        """An incomplete link shows an error and no form."""
        page = shows("This reset link is invalid")
        self.call(
            "GET /admin/reset-password/{token}",
            bearer="",
            headers=BROWSER,
            token=self.name("token"),
            check=lambda a: expected("no form") if "confirm_password" in a.text else page(a),
        )

    @task
    def resets_password(self) -> None:
        """A user sets a new password with the link from the mail, after it was confirmed wrongly."""
        with self._account() as (email, _):
            new, token = new_password(), self._mailed_token(email)
            own: dict[str, Any] = {"bearer": "", "headers": BROWSER, "token": token}
            again = goes_back(f"/admin/reset-password/{token}")
            self.call(
                "POST /admin/reset-password/{token}",
                form={"password": new, "confirm_password": new_password()},
                refusals=SENT_BACK,
                check=again,
                effect=again,
                **own,
            )
            self.call(
                "POST /admin/reset-password/{token}",
                form={"password": new, "confirm_password": new},
                check=goes_to("/admin/login?notice=password_reset_success"),
                effect=lambda _: self._signs_in_with(email, new),
                **own,
            )

    @task
    def signed_out_elsewhere(self) -> None:
        """An identity provider reports that its user signed out there."""
        self.call(
            "GET /admin/logout",
            bearer="",
            check=lambda a: None if a.text == "Logged out" else expected("the words Logged out", a.text),
        )

    def _signed_in(self, email: str, password: str) -> dict[str, str]:
        """Return the browser's cookies after ``email`` signed in and has read the front page."""
        jar = self._session(email, password)
        front = self.call("GET /admin/", bearer="", headers=self._as(jar), check=shows("</html>", email))
        return jar | cookies(front)

    def _session(self, email: str, password: str) -> dict[str, str]:
        """Return the browser's cookies after ``email`` signed in."""
        page = self.call("GET /admin/login", bearer="", headers=BROWSER, check=shows("password"))
        jar = cookies(page)
        done = self.call(
            "POST /admin/login",
            bearer="",
            headers=self._as(jar),
            form={"email": email, "password": password},
            check=goes_to("/admin"),
        )
        return jar | cookies(done)

    def _signs_out(self, jar: dict[str, str]) -> None:
        self.call(
            "POST /admin/logout",
            bearer="",
            headers=self._as(jar),
            form={},
            check=both(goes_to("/admin/login"), forgets_session),
            effect=self._is_out(jar, REFRESH, ME),
        )

    def _is_out(self, jar: dict[str, str], *uses: str) -> Effect:
        """Return an effect that uses the session of a browser's cookies, which must not count any more.

        A renewal is refused by the list of sessions that have ended, other requests by what is in memory.
        """
        ended = [Credential(jar[SESSION], use) for use in uses if self.offers(use)]
        gone = Entity("", {}, {})
        return lambda _: next(filter(None, (session.is_gone(self.call, gone) for session in ended)), None)

    def _mailed_token(self, email: str) -> str:
        """Let ``email`` ask for a new password and return the token of the link in the mail."""
        tokens: list[str] = []
        sent = goes_to("/admin/login?notice=reset_email_sent")

        def mailed(answer: Answer) -> Mismatch | None:
            text = newest_mail(self.backend("smtp"), email, within=MAIL_WITHIN)
            tokens.extend(LINK.findall(text or ""))
            return sent(answer) or (
                None if tokens else expected(f"a mail with a link within {MAIL_WITHIN:g} s")
            )

        form = {"email": email}
        self.call(
            "POST /admin/forgot-password",
            bearer="",
            headers=BROWSER,
            form=form,
            check=mailed,
            waits=MAIL_WITHIN,
        )
        return tokens[0]

    def _as(self, jar: dict[str, str]) -> dict[str, str]:
        """Return the headers of a browser with these cookies on one of the gateway's own pages."""
        headers = BROWSER | {"Origin": self.link.session.host}
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if FORGERY in jar:
            headers[PROOF] = jar[FORGERY]
        return headers

    @contextmanager
    def _account(self) -> Iterator[tuple[str, str]]:
        email, password = f"{self.name('user')}@example.com", new_password()
        form = {"email": email, "password": password, "full_name": self.name("person"), "is_admin": "on"}
        self.call("POST /admin/users", form=form, check=shows("User created successfully"))
        try:
            yield email, password
        finally:
            delete, gone = "DELETE /admin/users/{user_email}", only()
            self.call(
                delete,
                user_email=email,
                effect=lambda _: gone(self.call("GET /admin/users/search", params={"q": email})),
            )


def forgets_session(answer: Answer) -> Mismatch | None:
    """Check that a response deletes the cookie of the session."""
    sent = answer.headers.get("set-cookie") or ()
    lines = [sent] if isinstance(sent, str) else list(sent)
    deleted = any(line.startswith(f"{SESSION}=") for line in lines) and SESSION not in cookies(answer)
    return None if deleted else expected("the cookie of the session to be deleted", lines)


def opens_no_session(answer: Answer) -> Mismatch | None:
    """Check that a form that signs in, and comes from elsewhere, opens no session."""
    closed = answer.status in (*SENT_BACK, *FORBIDDEN) and SESSION not in cookies(answer)
    return None if closed else expected("a form from elsewhere to open no session", answer.status)


def is_rejected(answer: Answer) -> Mismatch | None:
    """Check that a sign-in sends the browser back to its form with an error, and opens no session."""
    if SESSION in cookies(answer):
        return expected("no session after a sign-in that is wrong")
    return _went_back("/admin/login", answer)


def keeps_form(answer: Answer) -> Mismatch | None:
    """Check that a change of the password sends the browser back to its form with an error."""
    return _went_back("/admin/change-password-required", answer)


def goes_back(page: str) -> Check:
    """Return a check that a form sends the browser back to ``page`` with an error."""
    return lambda answer: _went_back(page, answer)


def _went_back(page: str, answer: Answer) -> Mismatch | None:
    location = urlsplit(str(answer.headers.get("location") or ""))
    if answer.status == DONE and location.path == page and "error=" in location.query:
        return None
    return expected(f"to be sent back to {page} with an error", f"{answer.status} {location.geturl()}")
