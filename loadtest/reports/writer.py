"""Writing the reports of a run into a directory."""

from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.files import write_atomically
from loadtest.judge.verdict import Verdict
from loadtest.reports.formats import FORMATS
from loadtest.results.run import Run


def write_reports(run: Run, verdict: Verdict, directory: Path) -> tuple[str, ...]:
    """Write every format into ``directory``; return one line for each file that could not be written.

    All are rendered before the first is written, and one that cannot be written keeps no other from it.
    """
    rendered = {directory / one.FILENAME: one.render(run, verdict) for one in FORMATS}
    problems = []
    for path, content in rendered.items():
        try:
            write_atomically(path, content)
        except UsageError as error:
            problems.append(str(error))
    return tuple(problems)
