"""Runs clang-tidy over every C++ file that CMake compiles, or over the files that are named.

usage: tidy.py ROOT BUILD CLANG_TIDY [FILE...]

BUILD holds compile_commands.json. Nearly all of clang-tidy's time goes into the headers of the libraries, so the files
of one CMake target are read at once, included by one file. Those that do not compile that way, because two files give
one name to two things, are read by themselves.

What was found clean is not read again until one of its files, a header of ours that they include, the flags,
.clang-tidy or clang-tidy's version changes: BUILD/clean/ remembers. Named files are always read.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

OUR_INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# With -Wall -Werror among them, so that clang's own warnings count as well.
KEPT_FLAGS = ("-I", "-D", "-std", "-isystem", "-W", "-O")
# Two files give one name to two things.
SPOILS_A_MERGER = r"\[clang-diagnostic-(error|shadow)\]"
COMPILED_ALONE = ("--checks=-*,google-build-using-namespace,clang-diagnostic-*",)  # With no check it does nothing.
NOISE = re.compile(r"^(\d+ warnings?( and \d+ errors?)? generated\.|Suppressed |Use -|Error while processing )")


@dataclass(frozen=True)
class Target:
    """The files that CMake compiles for one target with the same flags."""
    name: str
    flags: tuple[str, ...]
    files: tuple[Path, ...]


def flags_of(command: str) -> tuple[str, ...]:
    words = shlex.split(command)
    flags = []
    for index, word in enumerate(words):
        if word.startswith(KEPT_FLAGS):
            flags += [word, words[index + 1]] if word in ("-isystem", "-I", "-D") else [word]
    # g++ knows warnings that clang does not, and clang does cheaply what bugprone-reserved-identifier is slow at.
    return (*flags, "-Wno-unknown-warning-option", "-Wreserved-identifier")


def read_targets(build: Path) -> list[Target]:
    files: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        name = re.search(r"(\w+)\.dir/", entry["command"]).group(1)
        files.setdefault((name, flags_of(entry["command"])), []).append(Path(entry["file"]))
    return [Target(name, flags, tuple(sorted(paths))) for (name, flags), paths in files.items()]


class ClangTidy:
    def __init__(self, root: Path, build: Path, program: str):
        self.root = root
        self.build = build
        self.program = program
        (build / "clean").mkdir(exist_ok=True)
        version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
        self.fixed_digest = hashlib.sha256(version + (root / ".clang-tidy").read_bytes()).digest()

    def read(self, file: Path, flags: tuple[str, ...], options: tuple[str, ...] = ()) -> str | None:
        """What clang-tidy says when it is not content."""
        done = subprocess.run([self.program, "--quiet", *options, str(file), "--", *flags],
                              cwd=self.root, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        said = "".join(line for line in (done.stdout + done.stderr).splitlines(True) if not NOISE.match(line))
        return said or f"{file}: clang-tidy ended with {done.returncode}\n"

    def read_target(self, target: Target) -> str:
        mark = self.mark(target.files, target.flags)
        if mark.exists():
            return ""
        merged = self.mergeable(target)
        said = self.read_merged(target.name, merged, target.flags) if merged else ""
        said += "".join(self.read_file(file, target.flags) for file in target.files if file not in merged)
        if not said:
            mark.touch()
        return said

    def mergeable(self, target: Target) -> tuple[Path, ...]:
        """The files of a target that can be read as one."""
        files = target.files
        while len(files) > 1:
            # Compiled alone, which is a small part of the work.
            said = self.read(self.merged_file(target.name, files), target.flags, COMPILED_ALONE) or ""
            if not re.search(SPOILS_A_MERGER, said):
                break
            spoilers = {file for file in files if re.search(rf"^{re.escape(str(file))}:.*{SPOILS_A_MERGER}", said,
                                                            re.MULTILINE)}
            files = tuple(file for file in files if file not in spoilers) if spoilers else ()
        return files

    def merged_file(self, name: str, files: tuple[Path, ...]) -> Path:
        merged = self.build / "clean" / f"{name}.cpp"
        merged.write_text("".join(f'#include "{file}"\n' for file in files))
        return merged

    def read_merged(self, name: str, files: tuple[Path, ...], flags: tuple[str, ...]) -> str:
        if len(files) == 1:
            return self.read_file(files[0], flags)
        # clang-tidy has a check against including .cpp files, and takes what is included for a header.
        options = ("--checks=-bugprone-suspicious-include", rf"--header-filter={self.root}/(src|tests)/.*\.[ch]pp$")
        return self.read(self.merged_file(name, files), flags, options) or ""

    def read_file(self, file: Path, flags: tuple[str, ...]) -> str:
        mark = self.mark((file,), flags)
        if mark.exists():
            return ""
        said = self.read(file, flags)
        if said is None:
            mark.touch()
        return said or ""

    def mark(self, files: tuple[Path, ...], flags: tuple[str, ...]) -> Path:
        """The file that exists when these were found clean as they are now."""
        digest = hashlib.sha256(self.fixed_digest + "\0".join(flags).encode())
        for file in sorted(self.with_headers(files)):
            digest.update(f"\0{file}\0".encode() + file.read_bytes())
        return self.build / "clean" / digest.hexdigest()

    def with_headers(self, files: tuple[Path, ...]) -> set[Path]:
        found, todo = set(), list(files)
        while todo:
            file = todo.pop()
            if file in found or not file.is_file():
                continue
            found.add(file)
            for include in OUR_INCLUDE.findall(file.read_bytes()):
                todo += [self.root / folder / include.decode() for folder in ("src", "tests")]
        return found


def main() -> int:
    if len(sys.argv) < 4:
        print("usage: tidy.py ROOT BUILD CLANG_TIDY [FILE...]", file=sys.stderr)
        return 2
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    named = {Path(name).resolve() for name in sys.argv[4:]}
    tidy = ClangTidy(root, build, sys.argv[3])
    targets = read_targets(build)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        if named:
            flags = {file: target.flags for target in targets for file in target.files}
            unknown = named - flags.keys()
            said = [f"{file}: CMake compiles no such file\n" for file in sorted(unknown)]
            said += workers.map(lambda file: tidy.read(file, flags[file]) or "", sorted(named - unknown))
        else:
            # The longest begin first.
            said = workers.map(tidy.read_target, sorted(targets, key=lambda target: -len(target.files)))
        clean = True
        for text in said:
            print(text, end="", flush=True)
            clean = clean and not text
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
