import re

from loadtest.standing import Member, new_password

CLASSES = ("[A-Z]", "[a-z]", r"\d", r"[!@#$%^&*(),.?\":{}|<>]")


def test_passwords_keep_to_the_gateways_policy() -> None:
    passwords = {new_password() for _ in range(500)}
    assert len(passwords) == 500
    for password in passwords:
        assert len(password) >= 22
        assert all(re.search(wanted, password) for wanted in CLASSES)
        codes = [ord(character) for character in password.lower()]
        steps = {(b - a, c - b) for a, b, c in zip(codes, codes[1:], codes[2:], strict=False)}
        assert not steps & {(1, 1), (-1, -1)}


def test_a_member_does_not_show_the_token() -> None:
    assert "secret" not in repr(Member(email="a@example.com", bearer="secret"))
