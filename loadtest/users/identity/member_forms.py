"""Members of a team by the form of the admin UI that shows several people, of which some are selected."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch
from loadtest.users.admin.checks import has_members, shows
from loadtest.users.base import task
from loadtest.users.identity.fixtures import PeopleUser

MISTAKE = (400, 403, 404)
"""Statuses of a form that changes nothing."""
MEMBER, OWNER = "member", "owner"


class SelectedMembersUser(PeopleUser):
    """An owner who selects the members of a team."""

    area = "admin-teams"

    @task
    def selected(self) -> None:
        """People are selected and deselected; who is not on the page stays, and the last owner stays an owner."""
        me, guest, other = self.link.session.credentials.email, self.member.email, self.reader.email
        with self.team() as team:
            first, second = {me: OWNER, guest: MEMBER}, {me: OWNER, guest: OWNER}
            self.selects(team, {"associatedUsers": guest}, "Added 1 member", first)
            self.selects(team, {"associatedUsers": guest}, "No changes made", first)
            lonely = {"associatedUsers": me, role_of(me): MEMBER}
            self.selects(team, lonely, "cannot change role of last owner", first)
            self.selects(team, {"associatedUsers": guest, role_of(guest): OWNER}, "Updated 1 member", second)
            third = second | {other: MEMBER}
            self.selects(team, {"associatedUsers": other, role_of(other): MEMBER}, "Added 1 member", third)
            without_me = {"associatedUsers": guest, role_of(guest): OWNER, "loadedMembers": me}
            self.selects(team, without_me, "cannot remove yourself", third)
            without_other = {"associatedUsers": guest, role_of(guest): OWNER, "loadedMembers": other}
            self.selects(team, without_other, "Removed 1 member", second)
            stranger = {"associatedUsers": self.stranger().email}
            self.selects(team, stranger, "user not found", second)
            add = "POST /admin/teams/{team_id}/add-member"
            unselected: dict[str, Any] = {"form": {"loadedMembers": guest}, "refusals": MISTAKE}
            self.call(add, team_id=team.id, check=shows("No users selected"), **unselected)

    def selects(self, team: Answer, form: dict[str, str], done: str, members: dict[str, str]) -> None:
        """Send the form with who is selected and who is on the page; ``team`` must then have these ``members``."""

        def changed(_: Answer) -> Mismatch | None:
            return has_members(members)(self.call("GET /teams/{team_id}/members", team_id=team.id))

        add = "POST /admin/teams/{team_id}/add-member"
        self.call(add, team_id=team.id, form=form, check=shows(done), effect=changed)


def role_of(email: str) -> str:
    """Return the name of the field for the role of ``email``."""
    return f"role_{quote(email, safe='')}"
