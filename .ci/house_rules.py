"""House rules that no off-the-shelf linter knows. Each message names the bug that the rule prevents."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_LINES = 400
SOURCES = {".py", ".js", ".css", ".html", ".lua", ".sh"}
FOREIGN = re.compile(r"(^|/)vendor/|\.min\.js$")
GENERATED = "Generated from the code by `make docs`"
DOWNLOADS = re.compile(
    r"pythonhosted\.org|\bpypi\.org|registry\.(npmjs\.org|yarnpkg\.com)|deb\.debian\.org"
    r"|\bunpkg\.com|cdn\.jsdelivr\.net|cdnjs\.cloudflare\.com|^--(extra-)?index-url|^--find-links"
)


def too_long(path: str, lines: list[str]) -> Iterator[str]:
    """A file of ours is one room: a reader who must scroll past other rooms changes the wrong thing."""
    if Path(path).suffix in SOURCES and len(lines) > MOST_LINES and GENERATED not in lines[0]:
        yield (
            f"{path}: {len(lines)} lines, most {MOST_LINES}. A long file hides two jobs in one place, and a change to "
            "one breaks the other: split it by what its parts are for"
        )


def names_a_download_host(path: str, lines: list[str]) -> Iterator[str]:
    """Where packages come from is the machine's setting."""
    for number, line in enumerate(lines, 1):
        if found := DOWNLOADS.search(line):
            yield (
                f"{path}:{number}: names {found[0]}. A build behind a mirror or without a network would fail, or fetch "
                "past the pinned hashes: name the package and its hash only, and serve scripts from here"
            )


def tracked_files() -> list[str]:
    """Every file that is, or would be, in git and still stands in the folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [path for path in listing.split("\0") if path and Path(path).is_file() and not FOREIGN.search(path)]


def problems() -> Iterator[str]:
    """What breaks a rule, file by file; binary files are passed over."""
    for path in tracked_files():
        try:
            lines = Path(path).read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        yield from too_long(path, lines)
        yield from names_a_download_host(path, lines)


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "house rules kept")
    sys.exit(bool(found))
