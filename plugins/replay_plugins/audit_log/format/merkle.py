"""Merkle trees as Certificate Transparency builds them.

A tree's root stands for a list of leaves. A proof shows, with O(log n) hashes, that a
leaf is in the list, or that one list begins with another. All hashes are 32 bytes.

Source: RFC 6962, section 2.1, says how trees and proofs are made; RFC 9162, sections
2.1.3.2 and 2.1.4.2, how proofs are checked.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
_Range: TypeAlias = tuple[int, int]  # of leaves: the first, and the one past the last


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of *data* as a leaf of a tree."""
    return sha256(b"\0" + data).digest()


class Frontier:
    """A growing tree, held as the few hashes that its root is made of.

    Appending and the root take O(log n) time, and the tree O(log n) memory.
    """

    def __init__(self) -> None:
        self.size = 0  #: leaves so far
        self._peaks: list[bytes] = []  # of the perfect trees, the largest first

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        size, node = self.size, leaf
        while size & 1:
            node = _node(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree of all leaves so far."""
        if not self._peaks:
            return sha256().digest()
        *rest, node = self._peaks
        for peak in reversed(rest):
            node = _node(peak, node)
        return node


def inclusion_proof(leaves: Iterable[bytes], index: int, size: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root, the leaf's sibling first.

    Args:
        leaves: Hashes of leaves from the first on; read once, up to *size* of them.
        index: The leaf's place, from 0.
        size: Leaves of the tree that the proof is for.

    Raises:
        ValueError: There is no such leaf in a tree of that size, or too few leaves.
    """
    if not 0 <= index < size:
        message = f"there is no leaf {index} in a tree of {size}"
        raise ValueError(message)
    return _roots(leaves, [*_path(index, 0, size)])


def consistency_proof(leaves: Iterable[bytes], first: int, second: int) -> list[bytes]:
    """Return the hashes that show that a tree is the beginning of another.

    Args:
        leaves: Hashes of leaves from the first on; read once, up to *second* of them.
        first: Leaves of the earlier tree, at least 1.
        second: Leaves of the later tree.

    Raises:
        ValueError: The sizes are not in that order, or there are too few leaves.
    """
    if not 0 < first <= second:
        message = f"a tree of {first} isn't the beginning of a tree of {second}"
        raise ValueError(message)
    return _roots(leaves, [*_subproof(first, 0, second)])


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a proof leads from the hash of a leaf to the root of its tree."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    place, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _node(sibling, node)
            place, last = _climb(place, last)
        else:
            node = _node(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def check_consistency(
    first: int,
    second: int,
    first_root: bytes,
    second_root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Tell whether a proof shows that a tree is the beginning of another.

    An empty tree is refused: it begins every tree, so its proof would say nothing.
    """
    if first == second:
        return first > 0 and not proof and first_root == second_root
    if not 0 < first < second or not _are_hashes(first_root, second_root, *proof):
        return False
    nodes = iter(proof if first & (first - 1) else [first_root, *proof])
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    roots = _both_roots(nodes, place, last)
    return roots == (first_root, second_root)


def _both_roots(
    nodes: Iterator[bytes], place: int, last: int
) -> tuple[bytes, bytes] | None:
    """Return both roots that a proof leads to; None: it is too long or too short."""
    first = second = next(nodes, b"")
    for node in nodes:
        if last == 0:
            return None
        if place & 1 or place == last:
            first, second = _node(node, first), _node(node, second)
            place, last = _climb(place, last)
        else:
            second = _node(second, node)
        place, last = place >> 1, last >> 1
    return (first, second) if last == 0 else None


def _climb(place: int, last: int) -> tuple[int, int]:
    """Return both, moved up to the level at which the first is a right child or 0."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _path(index: int, start: int, end: int) -> Iterator[_Range]:
    """Yield the subtrees beside the path from a leaf to the root, the lowest first."""
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _path(index, start, middle)
        yield middle, end
    else:
        yield from _path(index, middle, end)
        yield start, middle


def _subproof(first: int, start: int, end: int) -> Iterator[_Range]:
    if end == first:
        if start:
            yield start, end
        return
    middle = start + _split(end - start)
    if first <= middle:
        yield from _subproof(first, start, middle)
        yield middle, end
    else:
        yield from _subproof(first, middle, end)
        yield start, middle


def _roots(leaves: Iterable[bytes], ranges: list[_Range]) -> list[bytes]:
    """Return the roots of subtrees that do not overlap, in one pass over the leaves."""
    numbered = iter(enumerate(leaves))
    found: dict[_Range, bytes] = {}
    for start, end in sorted(ranges):
        frontier = Frontier()
        for number, leaf in numbered:
            if number >= start:
                frontier.append(leaf)
            if number == end - 1:
                break
        if frontier.size < end - start:
            message = f"there are fewer than {end} leaves"
            raise ValueError(message)
        found[start, end] = frontier.root()
    return [found[each] for each in ranges]


def _split(size: int) -> int:
    """Return the largest power of two below *size*."""
    return 1 << (size - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
