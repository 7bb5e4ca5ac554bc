"""Replaces files as a whole: whatever happens, there is the former content or the new one, never a part of either.

What is written again and again, as a checkpoint, is held meanwhile, so that no two processes take turns in destroying
what the other wrote.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator

from pyamlz._lib.errors import FileError, InputError

_NEW_MODE = 0o666  # less what the umask takes away
_MAX_NAME = 200  # bytes that a temporary file's name takes from the target's; file systems allow 255 in all
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)  # of file systems without hard links

_TRIES, _WAIT = 20, 0.01  # to get a lock; seconds

_held: dict[str, int | None] = {}  # by real path, descriptors with a lock; None for files that are not there yet


@contextlib.contextmanager
def hold(path: str | os.PathLike[str], *, new: bool = False) -> Iterator[None]:
    """Keeps a file for this process until the context is left; others that would hold or replace it are refused.

    It may be replaced meanwhile by :func:`replace_file`, which hands the lock on.

    Args:
        path: the file.
        new: whether it must not exist yet. The first :func:`replace_file` makes it, if nobody else did until then.

    Raises:
        InputError: it exists and should not, or somebody else holds it.
        FileError: it cannot be opened.
    """
    name = os.fspath(path)
    with _step(name, "cannot be looked at"):
        target = os.path.realpath(name)
        is_there = os.path.lexists(name)
    if target in _held:
        raise InputError(f"{name}: is in use already, by this process; choose another name")
    if new and is_there:
        raise InputError(f"{name}: is there already; resume it, remove it, or choose another name")
    _held[target] = None if new else _locked(name, target)
    try:
        yield
    finally:
        descriptor = _held.pop(target)
        if descriptor is not None:
            os.close(descriptor)


def _locked(name: str, target: str) -> int:
    """A descriptor of the file that has the name now, with a lock."""
    while True:
        with _step(name, "cannot be opened"):
            descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            lock(name, descriptor)
            with _step(name, "cannot be looked at"):
                if os.path.samestat(os.fstat(descriptor), os.stat(target)):  # or it was replaced just now
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def lock(name: str, descriptor: int, kind: int = fcntl.LOCK_EX) -> None:
    """Locks a file until it is closed; where a file system has no locks nothing is refused.

    Raises:
        InputError: another process has it locked.
    """
    for _ in range(_TRIES):  # who replaces it just now has a lock for a moment
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_WAIT)
        except OSError:
            return
    raise InputError(f"{name}: another process is at work on it")


def replace_file(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Writes a file, which then has this content and nothing else.

    The data go to a temporary file in the same folder, onto the disk, and then in the target's place at once. An
    existing file keeps its permissions; a symbolic link is followed. Temporary files that processes left behind which
    died in the midst of this are removed.

    Args:
        path: the file, which need not exist; its folder must, and be writable.
        data: the content.

    Raises:
        InputError: somebody else holds the file, see :func:`hold`; or it is held as a new one, and somebody made it.
        FileError: a step failed; the message names path and step. The temporary file is gone, and the former file is
            there as it was. Only where the very last step failed, which is to make the folder's change last, the new
            content is in place; the message then says so.
    """
    name = os.fspath(path)
    with _step(name, "cannot be looked at"):
        target = os.path.realpath(name)
        mode = _mode_of(target)
    if mode is not None and not stat.S_ISREG(mode):
        raise FileError(f"{name}: expected a regular file to replace, got something else")
    if mode is not None and target not in _held:
        _check_free(name, target)
    folder, base = os.path.split(target)
    prefix = _prefix(base)
    with _step(name, "the folder cannot be opened"):
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _remove_stale(directory, prefix)
        _replace(name, directory, base, f"{prefix}{os.getpid()}-{secrets.token_hex(4)}.tmp", mode, data, target)
        with _step(name, "the new content is in place, but may be lost if the machine stops now: fsync of the folder"):
            os.fsync(directory)
    finally:
        os.close(directory)


def _check_free(name: str, target: str) -> None:
    """Refuses a file that another process holds; one that cannot be opened is nobody's."""
    with contextlib.suppress(OSError):
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            lock(name, descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)


def _replace(
    name: str, directory: int, base: str, temporary: str, mode: int | None, data: bytes | memoryview, target: str
) -> None:
    """All but the last step. Names are relative to the folder, so it does not matter if that is moved meanwhile."""
    permissions = _NEW_MODE if mode is None else stat.S_IMODE(mode) & 0o777
    with _step(name, "a temporary file beside it cannot be made"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file: int | None = os.open(temporary, flags, permissions, dir_fd=directory)
    assert file is not None
    try:
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with _step(name, "cannot be written"):
            left = memoryview(data).cast("B")
            while left:
                written = os.write(file, left)
                if written == 0:
                    raise OSError(errno.EIO, "the system takes no more bytes")
                left = left[written:]
        if mode is not None:
            with _step(name, "cannot get the permissions that it had"):
                os.fchmod(file, permissions)
        with _step(name, "cannot be written to the disk: fsync"):
            os.fsync(file)
        with _step(name, "cannot be put in place"):
            if _held.get(target, -1) is None:
                _put_first(name, directory, base, temporary)
            else:
                os.replace(temporary, base, src_dir_fd=directory, dst_dir_fd=directory)
        if target in _held:
            _held[target], file = file, _held[target]
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
    finally:
        if file is not None:
            with contextlib.suppress(OSError):  # what was to be written has been, by fsync
                os.close(file)


def _put_first(name: str, directory: int, base: str, temporary: str) -> None:
    """Gives a file its name if nothing has it."""
    try:
        try:
            os.link(temporary, base, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(base, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, dir_fd=directory))
            os.replace(temporary, base, src_dir_fd=directory, dst_dir_fd=directory)
        else:
            os.unlink(temporary, dir_fd=directory)
    except FileExistsError:
        raise InputError(f"{name}: is there already; somebody else made it just now") from None


@contextlib.contextmanager
def _step(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        failure = FileError(f"{name}: {what}: {getattr(error, 'strerror', None) or error}")
        failure.errno, failure.filename = getattr(error, "errno", None), name
        raise failure from error


def _mode_of(target: str) -> int | None:
    try:
        return os.stat(target).st_mode
    except FileNotFoundError:
        return None


def _prefix(base: str) -> str:
    """How the names of a file's temporary files begin."""
    short = os.fsencode(base)[:_MAX_NAME]
    return f".{os.fsdecode(short)}."


def _remove_stale(directory: int, prefix: str) -> None:
    """Removes temporary files of the same target whose processes are gone.

    A process that is at work holds a lock on its file, which those see too that share the folder from another
    container. What is not certain stays.
    """
    pattern = re.compile(re.escape(prefix) + r"(\d+)-[0-9a-f]{8}\.tmp")
    with contextlib.suppress(OSError):
        for entry in os.listdir(directory):
            match = pattern.fullmatch(entry)
            if match and not _is_alive(int(match[1])):
                with contextlib.suppress(OSError):
                    _remove_unlocked(directory, entry)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True


def _remove_unlocked(directory: int, entry: str) -> None:
    file = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(entry, dir_fd=directory)
    finally:
        os.close(file)
