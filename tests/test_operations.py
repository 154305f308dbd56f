import pytest

from loadtest.operations import deletes


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("DELETE /teams/{team_id}", True),
        ("POST /admin/tools/{tool_id}/delete", True),
        ("POST /teams/", False),
        ("GET /admin/deleted", False),
        ("POST /rpc tools/delete", False),
    ],
)
def test_what_takes_something_away_is_known_by_its_name(operation: str, expected: bool) -> None:
    assert deletes(operation) is expected
