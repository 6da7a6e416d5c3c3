"""Fails on what breaks the written conventions and a machine can see.

usage: style.py ROOT

Each rule is one function that takes a file and yields (line number, message). Layout is clang-format's, names are
clang-tidy's; this looks at what neither does.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINE_COLUMNS_MAX = 120
FILE_LINES_MAX = 500
FOLDERS = ("src", "tests", "scripts", "cmake", "bench", ".ci")
SKIPPED_FOLDERS = {"build", "golden", "corpus", "__pycache__"}
CPP_SUFFIXES = {".cpp", ".hpp"}
CHECKED_SUFFIXES = CPP_SUFFIXES | {".py", ".cmake", ".sh", ".in"}
FORBIDDEN_NAME = re.compile(r"(^|_)(utils?|commons?|helpers?|managers?)($|_)")
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
# The programs' one catch-all; elsewhere what is caught is kept or thrown on, at the edges of threads and C callbacks.
CATCH_ALL_ALLOWED = {"src/client/main.cpp", "src/server/main.cpp"}
CATCH_ALL = re.compile(r"\bcatch\s*\(\s*\.\.\.\s*\)")
KEPT_OR_THROWN_ON = re.compile(r"\bcurrent_\w+\(\)|\bthrow;")
CATCH_BLOCK_LINES_MAX = 6
# What a free function declaration in a header begins with, at namespace level.
DECLARATION = re.compile(r"^(template\b.*>\s*)?(\[\[\w+\]\]\s*)?(inline |constexpr |static |extern |explicit )*"
                         r"[A-Za-z_][\w:<>,\s\*&\.\(\)]*\b[A-Za-z_]\w*\(.*")
TYPE = re.compile(r"^(template\s*<.*>\s*)?(class|struct|enum class|enum)\s+(\[\[\w+\]\]\s*)?([A-Za-z_]\w*)")

Finding = tuple[int, str]


@dataclass(frozen=True)
class SourceFile:
    root: Path
    path: str  # relative to the root, with slashes
    text: str

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def is_cpp(self) -> bool:
        return self.suffix in CPP_SUFFIXES

    @property
    def is_header(self) -> bool:
        return self.suffix == ".hpp"

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or self.stem.endswith("_test")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def code_lines(self) -> list[str]:
        """The lines of a C++ file with string literals and // comments blanked."""
        return [re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line)) for line in self.lines]


def lines_matching(lines: list[str], pattern: re.Pattern[str], message: str) -> Iterator[Finding]:
    for number, line in enumerate(lines, start=1):
        if pattern.search(line):
            yield number, message


def check_sizes(file: SourceFile) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, start=1):
        if len(line) > LINE_COLUMNS_MAX:
            yield number, f"{len(line)} columns; at most {LINE_COLUMNS_MAX}"
    count = len(file.text.splitlines())
    if count > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, f"the file has {count} lines; at most {FILE_LINES_MAX}"


def check_white_space(file: SourceFile) -> Iterator[Finding]:
    yield from lines_matching(file.lines, re.compile(r"[ \t\r]$"), "white space at the end of the line")
    if file.is_cpp or file.suffix == ".py":
        yield from lines_matching(file.lines, re.compile(r"\t"), "a tab; indent with spaces")
    if not file.text.endswith("\n") or file.text.endswith("\n\n"):
        yield max(1, len(file.text.splitlines())), "the file must end in exactly one newline"


def check_unfinished(file: SourceFile) -> Iterator[Finding]:
    yield from lines_matching(file.lines, UNFINISHED, "unfinished work is an issue, not a comment")


def check_name(file: SourceFile) -> Iterator[Finding]:
    if FORBIDDEN_NAME.search(file.stem):
        yield 1, f"the name {file.stem} says nothing; name the file for the noun it holds"


def check_header(file: SourceFile) -> Iterator[Finding]:
    if not file.is_header:
        return
    if "#pragma once" not in file.lines:
        yield 1, "a header begins with #pragma once"
    yield from lines_matching(file.code_lines, re.compile(r"^\s*using\s+namespace\b"), "using namespace in a header")


def check_macros(file: SourceFile) -> Iterator[Finding]:
    if file.is_cpp:
        macro = re.compile(r"^\s*#\s*define\b")
        yield from lines_matching(file.code_lines, macro, "a macro; write a function or a constant")


def check_includes(file: SourceFile) -> Iterator[Finding]:
    if not file.is_cpp:
        return
    for number, line in enumerate(file.lines, start=1):
        quoted = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not quoted:
            continue
        path = quoted.group(1)
        bases = ("src", "tests") if file.is_test else ("src",)
        if not any((file.root / base / path).is_file() for base in bases):
            yield number, f'"{path}" is no file below {" or ".join(base + "/" for base in bases)}'


def check_test_name(file: SourceFile) -> Iterator[Finding]:
    if not file.path.startswith("src/") or file.suffix != ".cpp" or not file.stem.endswith("_test"):
        return
    tested = (file.root / file.path).with_name(file.stem.removesuffix("_test"))
    if not any(tested.with_suffix(suffix).is_file() for suffix in CPP_SUFFIXES):
        yield 1, f"there is no {tested.name}.cpp or {tested.name}.hpp beside this test"


def check_sleeps(file: SourceFile) -> Iterator[Finding]:
    """A sleep in a test is allowed only below a comment that says why nothing else will do."""
    if not file.is_test or file.path.startswith("tests/checks/") or not (file.is_cpp or file.suffix == ".py"):
        return
    for number, line in enumerate(file.code_lines, start=1):
        above = file.lines[number - 2].strip() if number > 1 else ""
        if SLEEPS.search(line) and not above.startswith(("//", "#")):
            yield number, "a test waits for what happens, it does not sleep; if it must, a comment above says why"


def check_catch_all(file: SourceFile) -> Iterator[Finding]:
    if not file.is_cpp or file.path in CATCH_ALL_ALLOWED:
        return
    lines = file.code_lines
    for number, line in enumerate(lines, start=1):
        block = "\n".join(lines[number:number + CATCH_BLOCK_LINES_MAX])
        if CATCH_ALL.search(line) and not KEPT_OR_THROWN_ON.search(block):
            yield number, "catch (...) that neither keeps the exception nor throws it on belongs to main()"


def check_doc_comments(file: SourceFile) -> Iterator[Finding]:
    """Types and free functions at namespace level in a header have a /// comment directly above.

    Forward declarations, definitions of templates that were declared before, and what continues an earlier line are
    passed over: this reads lines, not C++.
    """
    if not file.is_header or not file.path.startswith("src/"):
        return
    documented = False
    declared: set[str] = set()
    open_statement = False
    for number, line in enumerate(file.code_lines, start=1):
        raw = file.lines[number - 1]
        if raw.startswith("///"):
            documented = True
            continue
        if open_statement or raw[:1] in (" ", "}", "#", "/", ")") or not raw:
            open_statement = open_statement and not re.search(r"[;{}]\s*$", line)
            documented = documented and bool(raw) and raw[:1] == "/"
            continue
        if line.startswith("namespace"):
            documented = False
            continue
        if line.startswith("template") and line.rstrip().endswith(">"):
            continue  # The declaration is on the next line, and the comment above this one.
        kind = TYPE.match(line)
        forward = kind and re.search(r"^[^{]*;\s*$", line)
        name = kind.group(4) if kind else (re.search(r"(\w+)\(", line) or [None, None])[1]
        is_function = not kind and DECLARATION.match(line) and "operator" not in line
        if (is_function or (kind and not forward)) and not documented and name not in declared:
            yield number, f"{name} has no /// comment"
        if name and not forward:
            declared.add(name)
        documented = False
        open_statement = not re.search(r"[;{}]\s*$", line)


RULES = (check_sizes, check_white_space, check_unfinished, check_name, check_header, check_macros, check_includes,
         check_test_name, check_sleeps, check_catch_all, check_doc_comments)


def source_files(root: Path) -> Iterator[SourceFile]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if not path.is_file() or SKIPPED_FOLDERS.intersection(relative.parts):
                continue
            is_script = folder in ("scripts", "bench", ".ci") and not path.suffix
            if path.suffix in CHECKED_SUFFIXES or is_script or path.name == "CMakeLists.txt":
                yield SourceFile(root, relative.as_posix(), path.read_bytes().decode(errors="replace"))


def check(root: Path) -> list[str]:
    findings = []
    for file in source_files(root):
        for rule in RULES:
            findings += [f"{file.path}:{number}: {message}" for number, message in rule(file)]
    return findings


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: style.py ROOT", file=sys.stderr)
        return 2
    findings = check(Path(sys.argv[1]))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
