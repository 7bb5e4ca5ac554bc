"""Replacing files: whatever fails, there is the former content or the new one, and nothing is left beside it."""

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import environment

from pyamlz import FileError, InputError
from pyamlz._lib.files import hold, replace_file

BEFORE = b"what was there before"
AFTER = b"what comes in its place" * 1000
PREFIX = ".target."  # of temporary files


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target"
    path.write_bytes(BEFORE)
    return path


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def failing(
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    number: int,
    when: Callable[..., bool] = lambda *_: True,
    after: int = 0,
) -> list[int]:
    """Lets an os function fail once it is called, after so many calls that succeed; the calls are counted."""
    real, calls = getattr(os, function), [0]

    def fail(*arguments: Any, **options: Any) -> Any:
        if not when(*arguments):
            return real(*arguments, **options)
        calls[0] += 1
        if calls[0] > after:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    monkeypatch.setattr(os, function, fail)
    return calls


def is_folder(descriptor: int) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def is_new(path: object, flags: int, *_: object) -> bool:
    return bool(flags & os.O_CREAT)


class TestReplacing:
    @pytest.mark.parametrize("content", [b"", b"x", AFTER, memoryview(AFTER)])
    def test_content(self, target: Path, content: bytes) -> None:
        replace_file(target, content)
        assert target.read_bytes() == content
        assert names(target.parent) == ["target"]

    def test_new_file(self, tmp_path: Path) -> None:
        replace_file(str(tmp_path / "new"), AFTER)
        assert (tmp_path / "new").read_bytes() == AFTER
        assert names(tmp_path) == ["new"]

    def test_relative_paths(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(target.parent)
        replace_file("target", AFTER)
        replace_file(Path("new"), AFTER)
        assert target.read_bytes() == (target.parent / "new").read_bytes() == AFTER

    @pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
    def test_permissions_of_a_new_file(self, tmp_path: Path, umask: int) -> None:
        former = os.umask(umask)
        try:
            replace_file(tmp_path / "new", AFTER)
        finally:
            os.umask(former)
        assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o666 & ~umask

    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o640, 0o755, 0o444])
    def test_permissions_are_kept(self, target: Path, mode: int) -> None:
        target.chmod(mode)
        former = os.umask(0o027)
        try:
            replace_file(target, AFTER)
        finally:
            os.umask(former)
        assert stat.S_IMODE(target.stat().st_mode) == mode
        assert target.read_bytes() == AFTER

    def test_symbolic_links_are_followed(self, target: Path, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "one").symlink_to("folder/two")
        (tmp_path / "folder" / "two").symlink_to("../target")
        replace_file(tmp_path / "one", AFTER)
        assert target.read_bytes() == AFTER
        assert (tmp_path / "one").is_symlink()
        assert (tmp_path / "folder" / "two").is_symlink()
        assert names(tmp_path) == ["folder", "one", "target"]
        (tmp_path / "dangling").symlink_to("folder/new")
        replace_file(tmp_path / "dangling", AFTER)
        assert (tmp_path / "folder" / "new").read_bytes() == AFTER

    def test_long_names(self, tmp_path: Path) -> None:
        for name in ("x" * 255, "\u00e9" * 127):
            replace_file(tmp_path / name, AFTER)
            replace_file(tmp_path / name, BEFORE)
            assert (tmp_path / name).read_bytes() == BEFORE
        assert len(names(tmp_path)) == 2

    def test_short_writes(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:7]))
        replace_file(target, AFTER)
        assert target.read_bytes() == AFTER

    def test_order_of_steps(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The content is on the disk before it is in place, and then the folder too."""
        steps = []
        for function in ("write", "fchmod", "fsync", "replace"):
            real = getattr(os, function)

            def step(*arguments: Any, _name: str = function, _real: Any = real, **options: Any) -> Any:
                steps.append("fsync folder" if _name == "fsync" and is_folder(arguments[0]) else _name)
                return _real(*arguments, **options)

            monkeypatch.setattr(os, function, step)
        replace_file(target, AFTER)
        assert steps == ["write", "fchmod", "fsync", "replace", "fsync folder"]

    def test_readers_see_one_or_the_other(self, target: Path) -> None:
        """While two threads replace it."""
        contents = [bytes([i]) * 100_000 for i in range(2)]
        replace_file(target, contents[0])

        def replace(content: bytes) -> None:
            for _ in range(30):
                replace_file(target, content)

        threads = [threading.Thread(target=replace, args=(content,)) for content in contents]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert target.read_bytes() in contents
        assert target.read_bytes() in contents
        assert names(target.parent) == ["target"]


STEPS = {
    "folder": ("open", lambda _, flags, *__: flags & os.O_DIRECTORY, "the folder cannot be opened"),
    "temporary file": ("open", is_new, "a temporary file beside it cannot be made"),
    "write": ("write", lambda *_: True, "cannot be written"),
    "permissions": ("fchmod", lambda *_: True, "cannot get the permissions that it had"),
    "fsync": ("fsync", lambda file: not is_folder(file), "cannot be written to the disk: fsync"),
    "replace": ("replace", lambda *_: True, "cannot be put in place"),
    "look": ("stat", lambda path, *_: str(path).endswith("target"), "cannot be looked at"),
}


class TestFailures:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT])
    @pytest.mark.parametrize("step", STEPS)
    def test_steps(self, target: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int) -> None:
        function, when, message = STEPS[step]
        with monkeypatch.context() as context:
            calls = failing(context, function, number, when)
            with pytest.raises(FileError) as caught:
                replace_file(target, AFTER)
        assert str(caught.value) == f"{target}: {message}: {os.strerror(number)}"
        assert isinstance(caught.value.__cause__, OSError)
        assert calls[0] == 1
        assert target.read_bytes() == BEFORE
        assert names(target.parent) == ["target"]

    @pytest.mark.parametrize("step", [step for step in STEPS if step not in ("permissions", "look")])
    def test_steps_for_a_new_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        function, when, message = STEPS[step]
        with monkeypatch.context() as context:
            failing(context, function, errno.EIO, when)
            with pytest.raises(FileError, match=message):
                replace_file(tmp_path / "new", AFTER)
        assert names(tmp_path) == []

    def test_full_in_the_midst(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as context:
            real = os.write
            context.setattr(os, "write", lambda file, data: real(file, data[:100]))
            calls = failing(context, "write", errno.ENOSPC, after=5)
            with pytest.raises(FileError, match="cannot be written: No space left on device"):
                replace_file(target, AFTER)
        assert calls[0] == 6
        assert target.read_bytes() == BEFORE
        assert names(target.parent) == ["target"]

    def test_a_system_that_takes_no_bytes(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as context:
            context.setattr(os, "write", lambda file, data: 0)
            with pytest.raises(FileError, match="cannot be written: the system takes no more bytes"):
                replace_file(target, AFTER)
        assert target.read_bytes() == BEFORE

    def test_the_folder_is_not_on_the_disk(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last step: there is no way back, and the message says so."""
        with monkeypatch.context() as context:
            failing(context, "fsync", errno.EIO, is_folder)
            with pytest.raises(FileError, match=r"is in place, but may be lost .*: fsync of the folder"):
                replace_file(target, AFTER)
        assert target.read_bytes() == AFTER
        assert names(target.parent) == ["target"]

    def test_even_cleaning_up_fails(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first failure is told."""
        with monkeypatch.context() as context:
            failing(context, "unlink", errno.EIO)
            failing(context, "close", errno.EIO, lambda file: not is_folder(file))
            failing(context, "replace", errno.EXDEV)
            with pytest.raises(FileError, match="cannot be put in place: "):
                replace_file(target, AFTER)
        assert target.read_bytes() == BEFORE

    def test_interrupted(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(file: int) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as context:
            context.setattr(os, "fsync", interrupt)
            with pytest.raises(KeyboardInterrupt):
                replace_file(target, AFTER)
        assert target.read_bytes() == BEFORE
        assert names(target.parent) == ["target"]

    def test_no_descriptor_is_left_open(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = os.listdir("/dev/fd")
        for function, when, _ in STEPS.values():
            with monkeypatch.context() as context:
                failing(context, function, errno.EIO, when)
                with pytest.raises(FileError):
                    replace_file(target, AFTER)
        assert len(os.listdir("/dev/fd")) == len(before)

    def test_file_systems_without_locks(self, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError(errno.ENOLCK, "no locks")

        monkeypatch.setattr("fcntl.flock", fail)
        (target.parent / f"{PREFIX}{dead_process()}-01234567.tmp").touch()
        replace_file(target, AFTER)
        assert target.read_bytes() == AFTER
        assert len(names(target.parent)) == 2  # it is not certain that the other one is of no use

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "folder", tmp_path / "pipe", Path("/dev/null")):
            with pytest.raises(FileError, match=f"^{path}: expected a regular file to replace, got something else$"):
                replace_file(path, AFTER)
        with pytest.raises(FileError, match="cannot be looked at: embedded null"):
            replace_file("a\0b", AFTER)
        with pytest.raises(FileError, match="the folder cannot be opened: No such file or directory"):
            replace_file(tmp_path / "none" / "x", AFTER)
        with pytest.raises(FileError, match=r"cannot be looked at: Not a directory|folder cannot be opened: Not a dir"):
            replace_file(tmp_path / "pipe" / "x", AFTER)
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(FileError, match="cannot be looked at: Too many levels of symbolic links"):
            replace_file(tmp_path / "loop", AFTER)
        assert names(tmp_path) == ["folder", "loop", "pipe"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_folders_that_cannot_be_written(self, target: Path) -> None:
        target.parent.chmod(0o555)
        try:
            with pytest.raises(FileError, match="a temporary file beside it cannot be made: Permission denied"):
                replace_file(target, AFTER)
        finally:
            target.parent.chmod(0o755)
        assert target.read_bytes() == BEFORE

    def test_a_real_limit(self, target: Path) -> None:
        """The system lets no file grow over 10000 bytes."""
        code = """
import resource, sys
from pyamlz import FileError, InputError
from pyamlz._lib.files import hold, replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
try:
    replace_file(sys.argv[1], bytes(20000))
except FileError as error:
    print(error)
"""
        result = subprocess.run(
            [sys.executable, "-c", code, str(target)], env=environment(), capture_output=True, text=True, check=True
        )
        assert result.stdout.strip() == f"{target}: cannot be written: File too large"
        assert target.read_bytes() == BEFORE
        assert names(target.parent) == ["target"]


def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


HOLDER = """
import sys, time
from pyamlz._lib.files import hold, replace_file
with hold(sys.argv[1], new=sys.argv[2] == "new"):
    replace_file(sys.argv[1], b"theirs")
    print("held", flush=True)
    sys.stdin.read()
"""


class TestHolding:
    @pytest.fixture
    def other(self, request, target: Path):
        """Another process that holds the target, and has replaced it."""
        if request.param == "new":
            target.unlink()
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(target), request.param],
            env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process

    @pytest.mark.parametrize("other", ["new", "former"], indirect=True)
    def test_keeps_others_away_until_it_ends(self, other: Any, target: Path, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(target)
        for path in (target, link):
            with pytest.raises(InputError, match=f"{path}: another process is at work on it"), hold(path):
                pass
            with pytest.raises(InputError, match=f"{path}: another process is at work on it"):
                replace_file(path, b"mine")
        assert target.read_bytes() == b"theirs"
        other.communicate("")
        with hold(target):
            replace_file(target, b"mine")
        assert target.read_bytes() == b"mine"

    @pytest.mark.parametrize("other", ["former"], indirect=True)
    def test_ends_with_the_process(self, other: Any, target: Path) -> None:
        other.kill()
        other.wait()
        with hold(target):
            replace_file(target, b"mine")
        assert names(target.parent) == ["target"]

    def test_within_a_process(self, target: Path) -> None:
        with hold(target), pytest.raises(InputError, match="target: is in use already"), hold(target):
            pass
        with hold(target):
            replace_file(target, b"mine")

    def test_refuses_what_is_there_as_new(self, target: Path, tmp_path: Path) -> None:
        dangling = tmp_path / "dangling"
        dangling.symlink_to(tmp_path / "nowhere")
        for path in (target, dangling, tmp_path):
            with pytest.raises(InputError, match="is there already"), hold(path, new=True):
                pass

    def test_somebody_else_may_be_quicker(self, target: Path) -> None:
        target.unlink()
        with hold(target, new=True):
            target.write_bytes(BEFORE)
            with pytest.raises(InputError, match=r"target: is there already; somebody else made it just now$"):
                replace_file(target, AFTER)
        assert target.read_bytes() == BEFORE
        assert names(target.parent) == ["target"]

    @pytest.mark.parametrize("links", [True, False])
    def test_of_many_processes_one_makes_it(self, target: Path, links: bool) -> None:
        """On file systems without hard links too."""
        target.unlink()
        no_links = "import os, errno\ndef no(*_, **__): raise OSError(errno.EPERM, 'no')\nos.link = no\n"
        script = f"{'' if links else no_links}{HOLDER}"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, str(target), "new"],
                env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(5)
        ]  # fmt: skip
        told = []
        for process in processes:
            assert process.stdout is not None
            told.append(process.stdout.readline())
        for process in processes:
            process.communicate("")
        assert sorted(told) == ["", "", "", "", "held\n"]
        assert names(target.parent) == ["target"]

    def test_of_a_new_file_leaves_nothing(self, target: Path) -> None:
        before = os.listdir("/dev/fd")
        target.unlink()
        with hold(target, new=True):
            pass
        assert names(target.parent) == []
        with hold(target, new=True):
            replace_file(target, BEFORE)
            replace_file(target, AFTER)
        assert target.read_bytes() == AFTER
        assert len(os.listdir("/dev/fd")) == len(before)


class TestStaleFiles:
    def test_a_process_that_was_killed(self, target: Path) -> None:
        code = """
import os, signal, sys
from pyamlz._lib.files import replace_file
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
replace_file(sys.argv[1], bytes(20000))
"""
        result = subprocess.run([sys.executable, "-c", code, str(target)], env=environment(), check=False)
        assert result.returncode < 0
        assert target.read_bytes() == BEFORE
        assert len(names(target.parent)) == 2
        replace_file(target.parent / "other", AFTER)
        assert len(names(target.parent)) == 3  # it is of another target
        replace_file(target, AFTER)
        assert names(target.parent) == ["other", "target"]

    def test_what_stays(self, target: Path) -> None:
        """Files of processes that live, files that have another name or kind."""
        dead = dead_process()
        stay = [
            f"{PREFIX}{os.getpid()}-01234567.tmp",
            f"{PREFIX}1-01234567.tmp",
            f"{PREFIX}{dead}-0123456.tmp",
            f"{PREFIX}{dead}-01234567.tmp.x",
            f"x{PREFIX}{dead}-01234567.tmp",
            f".other.{dead}-01234567.tmp",
        ]
        for name in stay:
            (target.parent / name).touch()
        (target.parent / f"{PREFIX}{dead}-aaaaaaaa.tmp").symlink_to("target")
        (target.parent / f"{PREFIX}{dead}-bbbbbbbb.tmp").mkdir()
        stay += [f"{PREFIX}{dead}-aaaaaaaa.tmp", f"{PREFIX}{dead}-bbbbbbbb.tmp", "target"]
        for name in (f"{PREFIX}{dead}-01234567.tmp", f"{PREFIX}{10**30}-01234567.tmp"):
            (target.parent / name).touch()
        replace_file(target, AFTER)
        assert names(target.parent) == sorted(stay)
        assert target.read_bytes() == AFTER

    def test_files_that_are_locked_stay(self, target: Path) -> None:
        """As those of a process in another container, whose number means nothing here."""
        name = f"{PREFIX}{dead_process()}-01234567.tmp"
        (target.parent / name).touch()
        code = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_WRONLY)
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
        with subprocess.Popen(
            [sys.executable, "-c", code, str(target.parent / name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            replace_file(target, AFTER)
            assert names(target.parent) == sorted([name, "target"])
        replace_file(target, AFTER)
        assert names(target.parent) == ["target"]
