import pytest

from loadtest.client.answer import Answer
from loadtest.users.admin.checks import shows


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> Answer:
    return Answer("GET /admin/x", 200, {"content-type": content_type}, body)


def test_a_page_with_everything_on_it_is_right() -> None:
    assert shows("tools", "größer")(page("<p>tools größer</p>".encode())) is None


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (page(b"<p>tools</p>"), "expected a page that shows 'prompts'"),
        (page(b"{}", "application/json"), "expected a page, got application/json"),
        (page(b"tools prompts", ""), "expected a page, got no content type"),
    ],
)
def test_the_problem_with_a_page_is_reported(answer: Answer, complaint: str) -> None:
    assert str(shows("tools", "prompts")(answer)) == complaint
