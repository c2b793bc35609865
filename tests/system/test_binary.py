"""How the program is hardened, read off the file itself: that of a release, and BoringSSL's libraries in it."""

import collections
import os
import pathlib
import platform
import re
import shutil
import subprocess
import unittest

import originscan
from servers import SOURCE

LIBRARIES = pathlib.Path(os.environ["BSSL"]).parent.parent / "lib"
RELEASE = os.environ.get("BUILD_TYPE") == "Release"
X86 = platform.machine() == "x86_64"

# Debian's start-up code, which is linked into every program and not built with the compiler's flags.
START_UP = {"_start", "_init", "_fini"}


def tool(name, *arguments):
    return subprocess.run([name, *map(str, arguments)], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def marks(path):
    """What of Intel's control-flow enforcement a file is marked for: SHSTK, IBT."""
    return set(re.findall(r"\b(SHSTK|IBT)\b", tool("readelf", "-nW", path)))


def start_up_files():
    return [pathlib.Path(tool("cc", f"-print-file-name={name}").strip()) for name in ("Scrt1.o", "crti.o", "crtn.o")]


def checked(symbols):
    """The functions of the C library that know how large their target is (_FORTIFY_SOURCE)."""
    return set(re.findall(r"\b__(\w+)_chk\b", symbols))


def setUpModule():
    if not shutil.which("readelf"):
        raise unittest.SkipTest("no readelf")


@unittest.skipUnless(RELEASE, "not the build that is shipped")
class Program(unittest.TestCase):
    def test_is_position_independent_without_relocated_text(self):
        self.assertRegex(tool("readelf", "-h", originscan.PROGRAM), r"Type: +DYN \(Position-Independent Executable")
        self.assertNotIn("TEXTREL", tool("readelf", "-d", originscan.PROGRAM))

    def test_what_the_loader_resolves_is_read_only_from_the_start(self):
        dynamic = tool("readelf", "-d", originscan.PROGRAM)
        self.assertRegex(dynamic, r"\(FLAGS\) +BIND_NOW")
        self.assertRegex(dynamic, r"FLAGS_1\) +Flags: NOW PIE")
        self.assertIn("GNU_RELRO", tool("readelf", "-lW", originscan.PROGRAM))

    def test_no_memory_is_written_and_run(self):
        segments = re.findall(r"^ +(LOAD|GNU_STACK) .* ([R ][W ][E ]) 0x\w+$",
                              tool("readelf", "-lW", originscan.PROGRAM), re.MULTILINE)
        self.assertIn(("GNU_STACK", "RW "), segments)
        self.assertEqual([flags for _, flags in segments if "W" in flags and "E" in flags], [])

    def test_assertions_stack_protector_and_sizes_are_checked(self):
        imported = tool("nm", "-D", "--undefined-only", originscan.PROGRAM)
        self.assertIn("__assert_fail", imported)
        self.assertIn("__stack_chk_fail", imported)
        self.assertLessEqual({"memcpy", "snprintf", "vsnprintf", "fprintf"}, checked(imported))

    @unittest.skipUnless(X86, "control-flow protection of x86-64")
    def test_control_flow_is_protected(self):
        """Shadow stacks always; branch tracking (IBT) as soon as the start-up code, which is not ours, takes part."""
        self.assertIn("SHSTK", marks(originscan.PROGRAM))
        theirs = {path.name: "IBT" in marks(path) for path in start_up_files()}
        self.assertEqual("IBT" in marks(originscan.PROGRAM), all(theirs.values()), theirs)
        told = "SHSTK" if not all(theirs.values()) else "SHSTK and IBT"
        self.assertIn(f"marked for {told} ", " ".join((SOURCE / "docs/reliability.md").read_text().split()))
        text = tool("objdump", "-d", "--no-show-raw-insn", originscan.PROGRAM)
        begins = dict(re.findall(r"^\w+ <(\S+)>:\n +\w+:\t(\w+)", text, re.MULTILINE))
        symbols = re.findall(r" FUNC +GLOBAL +\w+ +\d+ (\w+)$", tool("readelf", "-sW", originscan.PROGRAM), re.MULTILINE)
        self.assertGreater(len(symbols), 1000)
        unmarked = {symbol for symbol in symbols if begins.get(symbol, "endbr64") != "endbr64"}
        self.assertEqual(unmarked - START_UP, set())

    @unittest.skipUnless(X86, "the instructions of x86-64")
    def test_large_frames_touch_every_page(self):
        """-fstack-clash-protection: a loop, or a store beside each page's step."""
        text = tool("objdump", "-d", "--no-show-raw-insn", originscan.PROGRAM)
        self.assertGreater(len(re.findall(r"sub +\$0x1000,%rsp\n[^\n]*or[ql] +\$0x0,", text)), 20)

    def test_a_failed_assertion_tells_no_path_of_the_builder(self):
        strings = tool("strings", originscan.PROGRAM)
        self.assertIn("scanner/visit/scan_steps.c", strings)
        self.assertNotRegex(strings, r"(?m)^/.*scanner/visit/scan_steps\.c$")


class BoringSSL(unittest.TestCase):
    """Whatever the preset: it has one build."""

    def libraries(self):
        return [LIBRARIES / "libssl.a", LIBRARIES / "libcrypto.a"]

    def test_no_shared_library_can_meet_it(self):
        """Its functions have the names of OpenSSL's: none is exported, and none of OpenSSL's is loaded."""
        ours = set(re.findall(r" T (\w+)$", tool("nm", "--defined-only", self.libraries()[1]), re.MULTILINE))
        exported = set(re.findall(r" \w (\w+)", tool("nm", "-D", "--defined-only", originscan.PROGRAM)))
        self.assertIn("EVP_DigestInit_ex", ours)
        self.assertIn("stderr", exported)
        self.assertEqual(ours & exported, set())
        self.assertNotRegex(tool("ldd", originscan.PROGRAM), r"lib(ssl|crypto)\.")

    def test_stack_protector_and_sizes_are_checked(self):
        for library in self.libraries():
            with self.subTest(library.name):
                symbols = tool("nm", "--undefined-only", library)
                self.assertGreater(symbols.count("__stack_chk_fail"), 20)
                self.assertLessEqual({"memcpy", "snprintf"}, checked(symbols))

    @unittest.skipUnless(X86, "control-flow protection of x86-64")
    def test_every_object_is_marked_the_assembly_too(self):
        """One without the mark would take it from the whole program."""
        for library in self.libraries():
            members = collections.Counter(tool("ar", "t", library).split())
            notes = re.findall(r"^File: .*\((.+)\)\n(?:(?!File: ).*\n)*?.*x86 feature: IBT, SHSTK",
                               tool("readelf", "-nW", library), re.MULTILINE)
            with self.subTest(library.name):
                self.assertEqual(collections.Counter(notes), members)
        self.assertTrue(any(name.endswith(".S.o") for name in members))

    @unittest.skipUnless(X86, "the instructions of x86-64")
    def test_large_frames_touch_every_page(self):
        text = tool("objdump", "-d", "--no-show-raw-insn", LIBRARIES / "libcrypto.a")
        self.assertGreater(len(re.findall(r"sub +\$0x1000,%rsp\n[^\n]*or[ql] +\$0x0,", text)), 20)

    def test_no_object_wants_an_executable_stack(self):
        for library in self.libraries():
            sections = tool("readelf", "-SW", library)
            self.assertEqual(re.findall(r"\.note\.GNU-stack.* [A-Z]*X[A-Z]* ", sections), [])


if __name__ == "__main__":
    unittest.main()
