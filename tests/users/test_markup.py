"""Pages: a form that leads nowhere, and a script that the policy blocks, are faults; what works is none."""

import pytest

from loadtest.client.answer import Answer
from loadtest.users.markup import fault_of_page

OPERATIONS = (
    "GET /admin/tools/partial",
    "POST /admin/tools/{tool_id}/delete",
    "DELETE /admin/tokens/{token_id}",
    "POST /admin/roots/{uri}/update",
)
STRICT = "default-src 'self'; script-src-elem 'self' 'nonce-n'; script-src-attr 'none'; script-src 'self'"
LAX = "default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.example.com"
WHOLE = "<html><head><title>T</title>{}</head></html>"


def page(body: str, policy: str = STRICT, media_type: str = "text/html") -> Answer:
    headers = {"content-type": media_type, "content-security-policy": policy}
    return Answer("GET /admin/x", 200, headers, body.encode())


@pytest.mark.parametrize(
    "answer",
    [
        page("<div hx-get='/admin/tools/partial?page=2#x'></div>"),
        page("<form method='post' action='/v1/admin/tools/1/delete'></form>"),
        page("<button hx-delete='/admin/tokens/1/'></button>"),
        page("<form method='POST' action='/admin/roots/file%3A%2F%2Fa%2Fb/update'></form>"),
        page("<form method='POST' action='/v1/admin/roots/https://a.example.com/b/update'></form>"),
        page("<form action='https://example.com/elsewhere'></form><button hx-get=''></button>"),
        page("<button onclick='x()'></button>", policy=LAX),
        page("<button onclick='x()'></button>", policy=""),
        page("<button data-onclick='x()' online='a' hx-on::load='x()'></button>", policy=LAX),
        page("<script>part()</script>"),
        page(WHOLE.format("<script nonce='n'>x()</script><script src='/static/a.js'></script>")),
        page(WHOLE.format("<script nonce='n'>x()</script>"), policy="script-src 'self' 'nonce-n'"),
        page(WHOLE.format("<script type='application/json'>{}</script>")),
        page(WHOLE.format("<script>x()</script><script src='https://cdn.example.com/a.js'></script>"), LAX),
        page(WHOLE.format("<link rel='stylesheet' href='/static/a.css'>")),
        page("<button onclick='x()'>", media_type="application/json"),
        Answer("GET /admin/teams", 200, page("").headers, b"<button onclick='x()'></button>"),
    ],
)
def test_a_page_that_works_has_no_fault(answer: Answer) -> None:
    assert fault_of_page(answer, OPERATIONS) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (page("<button hx-delete='/admin/tokens/'></button>"), "lead to operations"),
        (page("<button hx-post='/admin/tokens/1'></button>"), "lead to operations"),
        (page("<form method='POST' action='/admin/tools//delete'></form>"), "lead to operations"),
        (page("<form action='/admin/tools/1/delete'></form>"), "lead to operations"),
        (page("<form action='/admin/roots/https://a.example.com/b/update'></form>"), "lead to operations"),
        (page("<form method='POST' action='/admin/roots/https://a.example.com/b'></form>"), "lead to"),
        (page("<button onclick='x()'></button>"), "handlers that its policy blocks, got onclick"),
        (page("<button onclick='x()'></button>", "default-src 'self'"), "handlers that its policy blocks"),
        (page(WHOLE.format("<script>x()</script>")), "scripts that its policy blocks"),
        (page(WHOLE.format("<script nonce='o'>x()</script>")), "scripts that its policy blocks"),
        (
            page(WHOLE.format("<script nonce='n'>x()</script>"), "script-src 'self'; style-src 'nonce-n'"),
            "scripts",
        ),
        (page(WHOLE.format("<script src='https://cdn.example.com/a.js'></script>")), "scripts that"),
        (page(WHOLE.format("<link rel='stylesheet' href='https://cdn.example.com/a.css'>")), "styles that"),
    ],
)
def test_what_does_not_work_on_a_page_is_reported(answer: Answer, fault: str) -> None:
    assert fault in str(fault_of_page(answer, OPERATIONS))
