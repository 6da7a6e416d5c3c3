"""Fails on an #include that the module graph in src/CMakeLists.txt does not allow.

usage: layering.py ROOT

A module may include its own headers, those of the modules that its osbackup_module() line USES directly, and the
third-party libraries that are its to wrap. Every C++ file in src/ belongs to a declared module.
"""

import re
import sys
from pathlib import Path

MODULE_CALL = re.compile(r"^osbackup_module\(\s*([^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
CPP_SUFFIXES = {".cpp", ".hpp"}

# Which modules may see which third-party headers; what is not named here is open to all (the standard library, fmt).
THIRD_PARTY = [
    (re.compile(r"^curl/"), "libcurl", {"transport"}),
    (re.compile(r"^libssh2"), "libssh2", {"transport"}),
    (re.compile(r"^openssl/"), "OpenSSL", {"crypto", "http"}),
    (re.compile(r"^(sqlite3|mysql|mariadb|errmsg)"), "the databases' libraries", {"sql"}),
    (re.compile(r"^boost/(asio|beast)([./]|$)"), "Asio and Beast", {"http"}),
    (re.compile(r"^boost/json([./]|$)"), "Boost.JSON", {"core"}),
    (re.compile(r"^(isa-l|libdeflate)"), "ISA-L and libdeflate", {"archive"}),
    (re.compile(r"^CLI/"), "CLI11", {"client", "server"}),
    (re.compile(r"^spdlog/"), "spdlog", {"client", "server"}),
]
# Folders that unit tests, and only they, may include from tests/.
TEST_FOLDERS = {"support", "contract"}


def without_comments(text: str) -> str:
    return re.sub(r"#[^\n]*", "", text)


def read_modules(cmake_text: str) -> dict[str, set[str]]:
    """The modules and what each USES."""
    modules = {}
    for call in MODULE_CALL.finditer(without_comments(cmake_text)):
        name, *words = call.group(1).split()
        uses, keyword = set(), ""
        for word in words:
            if word in ("USES", "LIBS"):
                keyword = word
            elif keyword == "USES":
                uses.add(word)
        modules[name] = uses
    return modules


def check_include(module: str, uses: set[str], modules: dict[str, set[str]], path: str, is_test: bool) -> str | None:
    """What is wrong with this #include in a file of that module, if anything is."""
    for pattern, library, allowed in THIRD_PARTY:
        if pattern.match(path) and module not in allowed:
            return f"module {module} may not include {library} ({path}); only {', '.join(sorted(allowed))} may"
    components = path.split("/")
    if {".", ".."}.intersection(components):
        return f"{path} has . or .. in it; name the file from src/ on"
    folder = components[0] if len(components) > 1 else None
    if folder in modules and folder != module and folder not in uses:
        return f"module {module} may not include {path}: {folder} is not among what it USES in src/CMakeLists.txt"
    if folder in TEST_FOLDERS and not is_test:
        return f"{path} is for tests only"
    return None


def check(root: Path) -> list[str]:
    source = root / "src"
    modules = read_modules((source / "CMakeLists.txt").read_text())
    findings = []
    for file in sorted(source.rglob("*")):
        if file.suffix not in CPP_SUFFIXES:
            continue
        parts = file.relative_to(source).parts
        shown = file.relative_to(root)
        if len(parts) != 2 or parts[0] not in modules:
            findings.append(f"{shown}:1: belongs to no module that src/CMakeLists.txt declares")
            continue
        module = parts[0]
        is_test = file.stem.endswith("_test")
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
            include = INCLUDE.match(line)
            if not include:
                continue
            finding = check_include(module, modules[module], modules, include.group(1) or include.group(2), is_test)
            if finding:
                findings.append(f"{shown}:{number}: {finding}")
    return findings


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: layering.py ROOT", file=sys.stderr)
        return 2
    findings = check(Path(sys.argv[1]))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
