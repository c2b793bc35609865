"""The steps of docs/extending.md are true: applied to a copy of the tree exactly as they stand there, all at once,
they build, and the tests that they name pass.

ORIGINSCAN_BUILD is the build tree whose CMake settings the copy's takes over; without it nothing is built, and
only whether the steps still fit is tested."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/extending.md"
BLOCK = re.compile(r"^```(diff|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LEFT_OUT = {"build", ".git"}


def blocks(kind):
    """By section: its blocks of that kind, in order."""
    sections = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {section.splitlines()[0]: [text for name, text in BLOCK.findall(section) if name == kind]
             for section in sections}
    return {title: texts for title, texts in found.items() if texts}


def is_like(line, shown):
    """Whether a file's line is the one that the document shows; `…` stands for the rest."""
    return line.startswith(shown[:-1]) if shown.endswith("…") else line == shown


def place(lines, shown):
    """The only place of the file where these lines stand; their number where there is not one."""
    found = [at for at in range(len(lines) - len(shown) + 1)
             if all(is_like(line, text) for line, text in zip(lines[at:], shown))]
    return found[0] if len(found) == 1 else None, len(found)


def changed(lines, hunk):
    """The file's lines with one part of a block applied."""
    shown = [line[1:] for line in hunk if line[:1] != "+"]
    at, count = place(lines, shown)
    if at is None:
        raise AssertionError(f"{count} places look like:\n" + "\n".join(shown))
    rest, out = list(lines[at:at + len(shown)]), []
    for line in hunk:
        if line[:1] == "+":
            out.append(line[1:])
        else:
            there = rest.pop(0)
            if line[:1] != "-":
                out.append(there)
    return lines[:at] + out + lines[at + len(shown):]


def apply_block(root, text):
    head, *body = text.splitlines()
    path = root / head.removeprefix("+++ ")
    hunks, hunk = [], []
    for line in [*body, "@@"]:
        if line == "@@":
            hunks.append(hunk)
            hunk = []
        else:
            hunk.append(line)
    if all(line.startswith("+") for hunk in hunks for line in hunk):
        if path.exists():
            raise AssertionError(f"{path} is not new: show where the lines belong")
        lines = [line[1:] for hunk in hunks for line in hunk]
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        for hunk in hunks:
            if any(line[:1] in "+-" for line in hunk):
                lines = changed(lines, hunk)
            elif place(lines, [line[1:] for line in hunk])[0] is None:
                raise AssertionError(f"{path} has no such lines:\n" + "\n".join(hunk))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def cached(build, name):
    found = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


class Copy:
    """A copy of the tree that is built as the preset `dev` is, but for what only debugging needs."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder) / "originscan"
        shutil.copytree(ROOT, self.root, ignore=lambda _, names: LEFT_OUT & set(names))

    def follow_the_steps(self):
        for title, texts in blocks("diff").items():
            for text in texts:
                try:
                    apply_block(self.root, text)
                except (AssertionError, OSError) as error:
                    raise AssertionError(f"docs/extending.md, {title}, {text.splitlines()[0]}: {error}") from None
        self.run(["tests/docs/reading_order.py", "--fix"])

    def run(self, command, **environment):
        finished = subprocess.run(command, cwd=self.root, env={**os.environ, **environment}, capture_output=True,
                                  text=True, timeout=600)
        if finished.returncode != 0:
            raise AssertionError(f"{shlex.join(command)}\n{finished.stdout[-6000:]}{finished.stderr[-3000:]}")
        return finished.stdout

    def configure(self):
        build = pathlib.Path(os.environ["ORIGINSCAN_BUILD"])
        kept = [f"-D{name}={cached(build, name)}" for name in
                ("BORINGSSL_ROOT", "CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_C_COMPILER_LAUNCHER",
                 "CMAKE_CXX_COMPILER_LAUNCHER") if cached(build, name)]
        self.run(["cmake", "--preset", "dev", "-DCMAKE_C_FLAGS_DEBUG=-O0", *kept])

    def build(self, tests):
        """What the named tests need, instead of everything."""
        names = self.run(["ctest", "--preset", "dev", "-N", "-R", "|".join(tests)])
        targets = re.findall(r"Test +#\d+: unit/(test_\w+)", names)
        self.run(["cmake", "--build", "--preset", "dev", "--target", "originscan",
                  *[target for target in targets if target != "test_reading_order"]])

    def test(self, tests, **environment):
        """Runs the named tests, each once however often it is named."""
        self.run(["ctest", "--preset", "dev", "-j2", "--no-tests=error", "-R", "|".join(tests)], **environment)


class Extending(unittest.TestCase):
    maxDiff = None

    def test_every_addition_is_there(self):
        self.assertEqual(list(blocks("sh")), ["A verdict", "A probe", "An export format", "A key of the configuration",
                                              "A lever", "A migration"])
        self.assertEqual(list(blocks("diff")), list(blocks("sh")))

    def test_a_step_that_is_no_longer_true_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.c").write_text("one\n    two three\ntwo\ntwo\n")
            apply_block(root, "+++ a.c\n one\n     two…\n+new\n@@\n-two\n-two\n+last\n")
            self.assertEqual((root / "a.c").read_text(), "one\n    two three\nnew\nlast\n")
            for wrong in (" gone\n+new\n", "+new\n", " one\n@@\n gone\n", "-one\n-two…\n"):
                with self.assertRaises(AssertionError):
                    apply_block(root, f"+++ a.c\n{wrong}")
            (root / "a.c").write_text("two\ntwo\n")
            with self.assertRaises(AssertionError):
                apply_block(root, "+++ a.c\n two\n+new\n")

    def test_the_steps_fit(self):
        with tempfile.TemporaryDirectory() as folder:
            Copy(folder).follow_the_steps()

    @unittest.skipUnless("ORIGINSCAN_BUILD" in os.environ, "no build tree is named")
    def test_the_steps_are_true(self):
        """The commands of all sections at once: files, build, golden files, tests."""
        commands = [line for texts in blocks("sh").values() for text in texts for line in text.splitlines()]
        named = {line: shlex.split(line)[-1] for line in commands if " -R " in line}
        golden = {line: tests for line, tests in named.items() if line.startswith("ORIGINSCAN_UPDATE_GOLDEN=1 ctest ")}
        tests = {line: tests for line, tests in named.items() if line.startswith("ctest --preset dev -R ")}
        others = {line for line in commands if line not in golden | tests}
        self.assertEqual(others, {"cmake --build --preset dev", "tests/docs/reading_order.py --fix"})
        self.assertEqual(len(tests), len(blocks("sh")))
        with tempfile.TemporaryDirectory() as folder:
            copy = Copy(folder)
            copy.follow_the_steps()
            copy.configure()
            copy.build(tests.values())
            copy.test(golden.values(), ORIGINSCAN_UPDATE_GOLDEN="1")
            copy.test(tests.values())


if __name__ == "__main__":
    unittest.main()
