"""Read arrays from an untrusted HDF5 file, and nothing beyond the file.

HDF5 can refer outside a file: to data in any other file of the machine, by its path (external
storage, a virtual dataset), and to objects there (an external link). It can claim a shape for which
nothing was written. All of that is refused, and no array is read that is larger than the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..._checks.arrays import Array
from ..._checks.extras import optional

MOST_EXPANSION = 100  # times that what is compressed may be larger
SMALL = 2**20  # bytes that are not looked at closely
_MOST_OBJECTS = 10_000
_DEEPEST = 16  # groups within groups


class Group:
    """A group of an open file; no more bytes are read from it than the file has."""

    def __init__(self, h5py: Any, group: Any, left: list[int]) -> None:
        self._h5py, self._group, self._left = h5py, group, left

    @classmethod
    def opened(cls, file: BinaryIO, n_bytes: int, function: str) -> Group:
        """Return the root of a file of `n_bytes`; a file that is not HDF5 raises various errors."""
        h5py = optional("h5py", function, "keras")
        left = [MOST_EXPANSION * n_bytes + SMALL]
        return cls(h5py, h5py.File(file, "r"), left)

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def names(self) -> list[str]:
        """Return the names of the members of the group."""
        if len(self._group) > _MOST_OBJECTS:
            raise ValueError(f"a group must have at most {_MOST_OBJECTS} objects, got more")
        return [*self._group]

    def group(self, path: str) -> Group:
        """Return a group within this one."""
        return Group(self._h5py, self._object(path, self._h5py.Group), self._left)

    def text(self, attribute: str) -> str | None:
        """Return an attribute that is a single string, or None if there is none."""
        attributes = self._group.attrs
        if attribute not in attributes:
            return None
        described = attributes.get_id(attribute)
        is_long = described.get_storage_size() > self._left[0]
        if described.shape != () or is_long or described.dtype.kind not in "OS":
            raise ValueError(f"the attribute {attribute} must be a string, got {described.dtype}")
        value = attributes[attribute]
        if isinstance(value, bytes):
            value = value.decode()
        if not isinstance(value, str):
            raise ValueError(f"the attribute {attribute} must be a string, got {type(value)}")
        return value

    def arrays(self) -> Iterator[tuple[str, str]]:
        """Yield the path and the name of each array in the group and in its subgroups."""
        waiting, n_seen = [("", self, 0)], 0
        while waiting:
            before, group, depth = waiting.pop(0)
            for name in group.names():
                n_seen += 1
                if n_seen > _MOST_OBJECTS or depth > _DEEPEST:
                    raise ValueError(
                        f"a group must hold at most {_MOST_OBJECTS} objects, groups within groups "
                        f"at most {_DEEPEST} deep, got more"
                    )
                if group.holds_group(name):
                    waiting.append((f"{before}{name}/", group.group(name), depth + 1))
                else:
                    yield before + name, name

    def array(self, path: str) -> Array:
        """Return an array of real numbers that is stored in the file itself."""
        dataset = self._object(path, self._h5py.Dataset)
        created = dataset.id.get_create_plist()
        if created.get_external_count():
            raise ValueError(f"{path} must be stored in the file, got external storage")
        if created.get_layout() == self._h5py.h5d.VIRTUAL:
            raise ValueError(f"{path} must be stored in the file, got a virtual dataset")
        dtype, shape = dataset.dtype, dataset.shape
        if shape is None or dtype.kind != "f" or dtype.itemsize > 8:
            raise ValueError(f"{path} must be an array of floats, got {shape} of {dtype}")
        n_bytes, n_stored = math.prod(shape) * dtype.itemsize, dataset.id.get_storage_size()
        n_whole = n_stored
        if created.get_nfilters():
            n_whole = MOST_EXPANSION * n_stored + SMALL
        n_read = max(n_bytes, math.prod(dataset.chunks or ()) * dtype.itemsize if n_bytes else 0)
        if n_bytes > n_whole or n_read > self._left[0]:
            raise ValueError(
                f"{path} must be stored as a whole, got {n_bytes} bytes of shape {shape}, of "
                f"which the file has {n_stored}"
            )
        self._left[0] -= n_read
        return np.asarray(dataset[()])

    def holds_group(self, name: str) -> bool:
        """Return True if an object is a group."""
        self._check_link(self._group, name)
        return self._group.get(name, getclass=True) is self._h5py.Group

    def _object(self, path: str, kind: Any) -> Any:
        """Return the object at a path, each part of which must be in the file."""
        found = self._group
        for n, part in enumerate(path.split("/")):
            self._check_link(found, part)
            is_last = n == path.count("/")
            wanted = kind if is_last else self._h5py.Group
            if found.get(part, getclass=True) is not wanted:
                raise ValueError(f"{path} must lead to a {wanted.__name__}, got another object")
            found = found[part]
        return found

    def _check_link(self, group: Any, name: str) -> None:
        """Raise unless a name in a group is that of something in the file."""
        if name in ("", ".") or not group.id.links.exists(name.encode()):
            raise ValueError(f"a file must hold {name!r}, got none")
        link = group.get(name, getlink=True)
        if not isinstance(link, self._h5py.HardLink):
            raise ValueError(f"{name} must be in the file itself, got a {type(link).__name__}")
