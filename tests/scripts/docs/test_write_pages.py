from pathlib import Path

import document_categories
import pytest
import write_pages

from loadtest.judge.categories import read_categories


def test_every_generated_file_is_up_to_date() -> None:
    stale = [path.name for path, text in write_pages.pages() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `make docs`"


def test_data_that_is_not_valid_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "categories.toml"
    broken.write_text("[[category]]\nname = 1\n")
    with monkeypatch.context() as patched:
        patched.setattr(document_categories, "read_categories", lambda _: read_categories(broken))
        patched.setattr(write_pages, "write_atomically", lambda *_: None)
        assert write_pages.main() == 2
    assert capsys.readouterr().err.startswith(f"make docs: {broken}: ")
