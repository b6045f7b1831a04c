"""Where each session of a directory is."""

import json
from pathlib import Path

import attrs
import pytest

from replay import Limits
from replay.errors import BackendError, DecodeError
from replay_backends.files import catalogue as index
from replay_backends.files.catalogue import Catalogue
from replay_backends.files.file_access import open_folder
from replay_backends.files.session_file import Reading


@attrs.frozen
class Place:
    """A directory, and a catalogue that nobody has used yet."""

    folder: Path

    def catalogue(self, *, strict: bool = False) -> Catalogue:
        return Catalogue(
            lambda: open_folder(self.folder, "it"),
            lambda name: name.endswith(".json"),
            Reading(strict, Limits()),
        )

    def write(self, path: str, *ids: str, text: str = "Yes.") -> None:
        (self.folder / path).parent.mkdir(exist_ok=True)
        event = {"type": "text", "content": text}
        lines = [json.dumps({"session_id": each, "events": [event]}) for each in ids]
        (self.folder / path).write_text("\n".join(lines))

    def fill(self) -> None:
        """Add so many files that an index is kept."""
        for number in range(100):
            self.write(f"z{number:03}.json", f"z{number:03}")

    def text_of(self, session_id: str, catalogue: Catalogue | None = None) -> object:
        """Return what the session says; None: there is none."""
        session = (catalogue or self.catalogue()).session(session_id)
        return session and session.events[0].as_object()["content"]  # type: ignore[index]  # a text


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(index, "FEWEST", 100)
    monkeypatch.setattr(index, "TICK_NS", -1_000_000_000)  # trust what is new, too
    (tmp_path / "it").mkdir()
    return Place(tmp_path / "it")


def test_a_session_is_found_whatever_its_file_is_called(place: Place) -> None:
    place.write("sub/x.json", "a", "b", text="here")
    assert place.text_of("b") == "here"


def test_a_session_that_is_not_there_is_not_found(place: Place) -> None:
    assert place.text_of("a") is None


def test_of_several_sessions_of_an_id_the_first_is_found(place: Place) -> None:
    place.write("b.json", "a", text="second")
    place.write("a/x.json", "a", text="first")
    assert place.text_of("a") == "first"


def test_an_index_leads_to_the_first_one_too(place: Place) -> None:
    place.fill()
    place.write("b.json", "a", text="second")
    place.write("a.json", "a", text="first")
    list(place.catalogue().listing())
    assert place.text_of("a") == "first"


def test_a_session_that_was_added_is_found(place: Place) -> None:
    place.fill()
    catalogue = place.catalogue()
    assert place.text_of("a", catalogue) is None
    place.write("a.json", "a", text="new")
    assert place.text_of("a", catalogue) == "new"


@pytest.mark.parametrize("instead", ["broken", '{"session_id": "b", "events": []}'])
def test_a_session_that_was_moved_is_found(place: Place, instead: str) -> None:
    place.fill()
    place.write("a.json", "a", text="moved")
    catalogue = place.catalogue()
    assert place.text_of("a", catalogue) == "moved"
    (place.folder / "a.json").rename(place.folder / "b.json")
    (place.folder / "a.json").write_text(instead)
    assert place.text_of("a", catalogue) == "moved"


def test_a_session_that_was_taken_away_is_not_found(place: Place) -> None:
    place.fill()
    place.write("a.json", "a")
    catalogue = place.catalogue()
    assert place.text_of("a", catalogue) == "Yes."
    (place.folder / "a.json").unlink()
    assert place.text_of("a", catalogue) is None


def test_a_known_session_is_found_without_looking_at_other_files(place: Place) -> None:
    place.fill()
    list(place.catalogue().listing())
    for path in place.folder.glob("z*.json"):
        if path.name != "z042.json":
            path.write_text("broken")
    assert place.text_of("z042") == "Yes."


def test_an_index_never_leads_out_of_the_directory(place: Place) -> None:
    place.fill()
    list(place.catalogue().listing())
    place.write("../outside.json", "outside")
    kept = place.folder / index.NAME
    kept.write_text(kept.read_text().replace('"z000', '"../outside', 1))
    kept.write_text(kept.read_text().replace('"z000"', '"outside"', 1))
    assert "../outside.json" in kept.read_text()
    assert place.text_of("outside") is None


def test_a_broken_file_is_no_hindrance_to_finding_another_s_session(
    place: Place,
) -> None:
    place.write("b.json", "b", text="here")
    (place.folder / "a.json").write_text("broken")
    assert place.text_of("b") == "here"


def test_a_session_that_a_broken_file_may_hold_is_an_error(place: Place) -> None:
    place.write("b.json", "b")
    (place.folder / "a.json").write_text("broken")
    with pytest.raises(DecodeError, match=r"it/a\.json"):
        place.text_of("a")


def test_a_session_before_the_break_of_its_file_is_found(place: Place) -> None:
    place.write("a.json", "a", text="here")
    with (place.folder / "a.json").open("a") as file:
        file.write("\nbroken")
    assert place.text_of("a") == "here"
    (listed,) = place.catalogue().listing()
    assert [each.session_id for each in listed.summaries] == ["a"]
    assert isinstance(listed.error, DecodeError)


def test_what_is_no_file_is_an_error_where_it_may_hold_the_session(
    place: Place,
) -> None:
    (place.folder / "a.json").symlink_to("b.json")
    with pytest.raises(BackendError, match=r"it/a\.json: a symbolic link"):
        place.text_of("b")


def test_strictness_is_for_sessions_and_not_for_their_headers(place: Place) -> None:
    (place.folder / "a.json").write_text('[{"type": "unheard of"}]')
    catalogue = place.catalogue(strict=True)
    (listed,) = catalogue.listing()
    assert (listed.summaries[0].session_id, listed.error) == ("a", None)
    with pytest.raises(DecodeError, match="unheard of"):
        catalogue.session("a")


def test_a_file_s_name_is_decoded_to_an_id(place: Place) -> None:
    (place.folder / "%41%2f.json").write_text("[]")
    session = place.catalogue().session("A/")
    assert session is not None
    assert session.session_id == "A/"
