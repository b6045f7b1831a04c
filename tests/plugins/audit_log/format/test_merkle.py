"""Merkle trees and their proofs."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_plugins.audit_log.format.merkle import (
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)

#: From the reference tree of Certificate Transparency's own tests.
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ROOT_OF_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
LEAVES_OF_8 = (
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
)

SIZES = st.integers(1, 70)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def root(hashes: list[bytes]) -> bytes:
    """Return a tree's root as RFC 6962 defines it, word by word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\1" + root(hashes[:split]) + root(hashes[split:])).digest()


def frontier(hashes: list[bytes]) -> Frontier:
    grown = Frontier()
    for each in hashes:
        grown.append(each)
    return grown


def vectors(folder: Path) -> Iterator[tuple[str, dict[str, Any], list[bytes]]]:
    """Yield published test vectors of proofs: name, values and hashes of each."""
    for path in sorted(folder.rglob("*.json")):
        vector = json.loads(path.read_bytes())
        yield path.name, vector, [b64decode(each) for each in vector["proof"] or []]


def test_98_vectors_of_inclusion_are_judged_as_their_makers_say(shared: Path) -> None:
    found = [*vectors(shared / "torture/merkle/testdata/inclusion")]
    assert len(found) == 98
    for name, vector, proof in found:
        leaf, of = b64decode(vector["leafHash"]), b64decode(vector["root"])
        place = vector["leafIdx"], vector["treeSize"]
        is_included = check_inclusion(leaf, *place, proof, of)
        assert is_included is not vector["wantErr"], name


def test_98_vectors_of_consistency_are_judged_as_their_makers_say(shared: Path) -> None:
    found = [*vectors(shared / "torture/merkle/testdata/consistency")]
    assert len(found) == 98
    for name, vector, proof in found:
        roots = b64decode(vector["root1"]), b64decode(vector["root2"])
        sizes = vector["size1"], vector["size2"]
        is_consistent = check_consistency(*sizes, *roots, proof)
        assert is_consistent is not vector["wantErr"], name


def test_the_reference_tree_has_its_published_root() -> None:
    grown = frontier([leaf_hash(bytes.fromhex(each)) for each in LEAVES_OF_8])
    assert grown.root().hex() == ROOT_OF_8
    assert Frontier().root().hex() == EMPTY_ROOT


@given(size=st.integers(0, 70))
def test_a_frontier_has_the_root_that_the_definition_gives(size: int) -> None:
    grown = frontier(leaves(size))
    assert (grown.size, grown.root()) == (size, root(leaves(size)))


@given(size=SIZES, data=st.data())
def test_every_leafs_proof_is_accepted_at_its_place_alone(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(iter(hashes), index, size)
    accepted = [
        place
        for place in range(-1, size + 1)
        if check_inclusion(hashes[index], place, size, proof, root(hashes))
    ]
    assert accepted == [index]


@given(first=SIZES, more=st.integers(0, 70))
def test_every_beginning_is_shown_to_be_one(first: int, more: int) -> None:
    hashes = leaves(first + more)
    proof = consistency_proof(iter(hashes), first, first + more)
    roots = (root(hashes[:first]), root(hashes))
    assert check_consistency(first, first + more, *roots, proof)


@given(first=SIZES, more=st.integers(1, 70), data=st.data())
def test_what_is_no_beginning_is_not_shown_to_be_one(
    first: int, more: int, data: st.DataObject
) -> None:
    hashes = leaves(first + more)
    proof = consistency_proof(iter(hashes), first, first + more)
    changed = data.draw(st.integers(0, first - 1))
    forged = [*hashes[:changed], leaf_hash(b"forged"), *hashes[changed + 1 :]]
    roots = (root(forged[:first]), root(hashes))
    assert not check_consistency(first, first + more, *roots, proof)


def test_a_proof_holds_no_more_hashes_than_the_tree_has_levels() -> None:
    hashes = leaves(1000)
    assert max(len(inclusion_proof(hashes, at, 1000)) for at in (0, 511, 999)) == 10
    assert len(consistency_proof(hashes, 777, 1000)) <= 11


@pytest.mark.parametrize(
    ("prove", "numbers", "told"),
    [
        *((inclusion_proof, n, "there is no leaf") for n in ((-1, 3), (3, 3), (0, 0))),
        *((consistency_proof, n, "isn't the beginning of") for n in ((0, 3), (3, 2))),
        (inclusion_proof, (0, 5), "fewer than 5 leaves"),
    ],
)
def test_there_is_no_proof_of_what_is_not_there(
    prove: Callable[..., object], numbers: tuple[int, int], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        prove(leaves(4), *numbers)
