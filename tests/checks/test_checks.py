"""Every rule of layering.py and style.py is fed something bad and seen to fail."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).resolve().parent
CMAKE = """
# osbackup_module(ghost USES nothing)
osbackup_module(core LIBS fmt::fmt)
osbackup_module(crypto USES core
                LIBS OpenSSL::Crypto)
osbackup_module(client USES crypto LIBS CLI11::CLI11)
"""
HEADER = "#pragma once\n"


class Tree:
    """A small source tree, clean until a test adds something."""

    def __init__(self, root):
        self.root = root
        self.write("src/CMakeLists.txt", CMAKE)
        self.write("src/core/error.hpp", HEADER + "\n/// What went wrong.\nclass Error {};\n")
        self.write("src/crypto/digest.hpp", HEADER + '\n#include "core/error.hpp"\n')

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return self

    def findings(self, check):
        done = subprocess.run([sys.executable, CHECKS / f"{check}.py", self.root], capture_output=True, text=True)
        assert done.stderr == ""
        assert done.returncode == (1 if done.stdout else 0)
        return done.stdout.splitlines()


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.mark.parametrize("check", ["layering", "style"])
def test_a_clean_tree_passes(tree, check):
    assert tree.findings(check) == []


@pytest.mark.parametrize("include, expected", [
    ('"client/run.hpp"', "crypto may not include client/run.hpp"),
    ('<curl/curl.h>', "crypto may not include libcurl"),
    ('<sqlite3.h>', "crypto may not include the databases' libraries"),
    ('<mysql.h>', "crypto may not include the databases' libraries"),
    ('<boost/asio.hpp>', "crypto may not include Asio"),
    ('<boost/beast/http/parser.hpp>', "crypto may not include Asio"),
    ('<boost/json/value.hpp>', "crypto may not include Boost.JSON"),
    ('<CLI/CLI.hpp>', "crypto may not include CLI11"),
    ('<spdlog/spdlog.h>', "crypto may not include spdlog"),
    ('"../client/run.hpp"', "../client/run.hpp has . or .."),
    ('"./client/run.hpp"', "./client/run.hpp has . or .."),
    ('"crypto/../client/run.hpp"', "crypto/../client/run.hpp has . or .."),
    ('"support/temporary_folder.hpp"', "support/temporary_folder.hpp is for tests only"),
])
def test_an_include_that_the_graph_does_not_allow_is_found(tree, include, expected):
    tree.write("src/crypto/bad.cpp", f"#include <string>\n#include {include}\n")
    [finding] = tree.findings("layering")
    assert finding.startswith("src/crypto/bad.cpp:2: ")
    assert expected in finding


def test_openssl_is_seen_by_crypto_alone(tree):
    tree.write("src/crypto/good.cpp", "#include <openssl/evp.h>\n")
    tree.write("src/core/bad.cpp", "#include <openssl/evp.h>\n")
    assert [finding.split(":")[0] for finding in tree.findings("layering")] == ["src/core/bad.cpp"]


def test_what_a_used_module_uses_is_not_used_itself(tree):
    tree.write("src/client/run.cpp", '#include "crypto/digest.hpp"\n#include "core/error.hpp"\n')
    [finding] = tree.findings("layering")
    assert finding.startswith("src/client/run.cpp:2: module client may not include core/error.hpp")


@pytest.mark.parametrize("path", ["src/ghost/a.cpp", "src/main.cpp", "src/core/deep/a.hpp"])
def test_a_file_of_no_module_is_found(tree, path):
    tree.write(path, HEADER)
    [finding] = tree.findings("layering")
    assert finding.startswith(f"{path}:1: belongs to no module")


@pytest.mark.parametrize("path, text, line, expected", [
    ("src/core/a.cpp", "// " + "x" * 118 + "\n", 1, "121 columns"),
    ("src/core/a.cpp", "// a\n" * 501, 501, "501 lines"),
    ("src/core/a.hpp", "\n/// A.\nclass A {};\n", 1, "#pragma once"),
    ("src/core/a.hpp", HEADER + "using namespace std;\n", 2, "using namespace"),
    ("src/core/a.cpp", "\n#define A 1\n", 2, "a macro"),
    ("src/core/a.cpp", "\n// TO" "DO: later\n", 2, "unfinished work"),
    ("tests/e2e/a.py", "# FIX" "ME\n", 1, "unfinished work"),
    ("src/core/a.cpp", "int a = 1; \n", 1, "white space at the end"),
    ("src/core/a.cpp", "int a = 1;\r\n", 1, "white space at the end"),
    ("src/core/a.cpp", "int a = 1;", 1, "exactly one newline"),
    ("src/core/a.cpp", "int a = 1;\n\n", 2, "exactly one newline"),
    ("src/core/a.cpp", "\tint a = 1;\n", 1, "a tab"),
    ("tests/e2e/a.py", "if a:\n\tb = 1\n", 2, "a tab"),
    ("scripts/run", "echo \n", 1, "white space at the end"),
    ("src/core/string_utils.cpp", "int a = 1;\n", 1, "string_utils"),
    ("src/core/common.cpp", "int a = 1;\n", 1, "common"),
    ("src/core/test_helpers.cpp", "int a = 1;\n", 1, "test_helpers"),
    ("src/core/lock_manager.cpp", "int a = 1;\n", 1, "lock_manager"),
    ("src/core/gone_test.cpp", "int a = 1;\n", 1, "no gone.cpp or gone.hpp"),
    ("src/core/error_test.cpp", "  std::this_thread::sleep_for(a);\n", 1, "does not sleep"),
    ("tests/support/a.cpp", "  usleep(3);\n", 1, "does not sleep"),
    ("tests/e2e/a.py", "time.sleep(1)\n", 1, "does not sleep"),
    ("src/core/a.cpp", "try {\n  f();\n} catch (...) {\n}\n", 3, "catch (...)"),
    ("src/core/a.cpp", '#include "error.hpp"\n', 1, "no file below src/"),
    ("src/core/a.cpp", '#include "support/a.hpp"\n', 1, "no file below src/"),
    ("src/core/a.hpp", HEADER + "class A {};\n", 2, "A has no ///"),
    ("src/core/a.hpp", HEADER + "struct A {\n  int b;\n};\n", 2, "A has no ///"),
    ("src/core/a.hpp", HEADER + "enum class A { B };\n", 2, "A has no ///"),
    ("src/core/a.hpp", HEADER + "std::string name_of(int a);\n", 2, "name_of has no ///"),
    ("src/core/a.hpp", HEADER + "/// A.\nclass A {};\n\nvoid f(int a,\n       int b);\n", 5, "f has no ///"),
    ("src/core/a.hpp", HEADER + "template <class T>\nvoid f(T a);\n", 3, "f has no ///"),
])
def test_a_broken_convention_is_found(tree, path, text, line, expected):
    tree.write(path, text)
    [finding] = tree.findings("style")
    assert finding.startswith(f"{path}:{line}: ")
    assert expected in finding


@pytest.mark.parametrize("path, text", [
    ("src/core/a.hpp", HEADER +
     "namespace a {\n\nclass Later;\n\n/// A.\nclass A {\n public:\n  void f();\n};\n\n"
     "/// F,\n/// in two lines.\ntemplate <class T>\nvoid f(T a,\n       T b);\n\n"
     "template <class T>\nvoid f(T a, T b) {\n"
     "  g(a);\n}\n\n}  // namespace a\n"),
    ("src/core/a.cpp", "try {\n  f();\n} catch (...) {\n  kept = std::current_exception();\n}\n"),
    ("src/core/a.cpp", "try {\n  f();\n} catch (...) {\n  undo();\n  throw;\n}\n"),
    ("src/client/main.cpp", "try {\n} catch (...) {\n}\n"),
    ("src/core/error_test.cpp", "// What is tested is the time itself.\nstd::this_thread::sleep_for(a);\n"),
    ("src/core/a.cpp", '// using namespace, catch (...), sleep(1)\nconst char* a = "#define catch (...)";\n'),
])
def test_what_is_allowed_passes(tree, path, text):
    tree.write(path, text)
    assert tree.findings("style") == []
