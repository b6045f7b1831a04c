"""The list of sessions."""

from collections.abc import Callable

import pytest

import replay
from chat_api import ChatAPI, document
from http_server import Server, always, in_turn, json_answer
from replay.errors import BadResponseError, DecodeError

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]


def page(*ids: str, **more: object) -> bytes:
    """Return a page that lists sessions."""
    items = [{k: v for k, v in document(i).items() if k != "events"} for i in ids]
    return json_answer({"items": items, **more})


def ids_of(source: replay.Source) -> list[str]:
    """Return what is listed."""
    return [each.session_id for each in source.summaries()]


def test_pages_are_asked_for_one_after_the_other(serve: Serve, source_of: Open) -> None:
    ids = [f"ses-{number}" for number in range(7)]
    server = serve(ChatAPI(map(document, ids), page_size=3))
    assert ids_of(source_of(server)) == ids
    assert [request.target for request in server.requests] == [
        "/api/v1/chat",
        "/api/v1/chat?page_token=3",
        "/api/v1/chat?page_token=6",
    ]


def test_a_page_may_be_as_long_as_one_likes(serve: Serve, source_of: Open) -> None:
    server = serve(ChatAPI(map(document, "abcde")))
    assert ids_of(source_of(server, page_size=4)) == [*"abcde"]
    assert server.requests[1].target == "/api/v1/chat?page_size=4&page_token=4"


@pytest.mark.parametrize(
    "more", [{}, {"next_page_token": None}, {"next_page_token": ""}]
)
def test_the_last_page_names_no_next_one(
    serve: Serve, source_of: Open, more: dict[str, object]
) -> None:
    server = serve(in_turn(page("a", next_page_token="t"), page("b", **more)))  # noqa: S106 - no password
    assert ids_of(source_of(server)) == ["a", "b"]
    assert len(server.requests) == 2


def test_an_empty_page_that_names_a_next_one_is_not_the_last(
    serve: Serve, source_of: Open
) -> None:
    server = serve(
        in_turn(page("a", next_page_token="1"), page(next_page_token="2"), page("b"))  # noqa: S106 - no password
    )
    assert ids_of(source_of(server)) == ["a", "b"]


def test_a_token_is_handed_back_as_it_came(serve: Serve, source_of: Open) -> None:
    server = serve(in_turn(page("a", next_page_token="a b+/=&ü"), page("b")))  # noqa: S106 - no password
    ids_of(source_of(server))
    assert server.requests[1].target.endswith("page_token=a+b%2B%2F%3D%26%C3%BC")


def test_pages_that_go_round_in_a_circle_end(serve: Serve, source_of: Open) -> None:
    server = serve(always(page("a", next_page_token="t")))  # noqa: S106 - no password
    with pytest.raises(BadResponseError, match="round in a circle"):
        ids_of(source_of(server))
    assert len(server.requests) == 2


@pytest.mark.parametrize(("empty", "is_enough"), [(99, True), (100, False)])
def test_empty_pages_without_end_are_an_error(
    serve: Serve, source_of: Open, empty: int, *, is_enough: bool
) -> None:
    empties = [page(next_page_token=f"t{number}") for number in range(empty)]
    server = serve(in_turn(page("a", next_page_token="t"), *empties, page("b")))  # noqa: S106 - no password
    summaries = source_of(server).summaries()
    assert next(summaries).session_id == "a"
    if is_enough:
        assert [each.session_id for each in summaries] == ["b"]
    else:
        with pytest.raises(BadResponseError, match="100 empty pages"):
            next(summaries)


def test_the_next_page_is_asked_for_when_it_is_needed(
    serve: Serve, source_of: Open
) -> None:
    server = serve(ChatAPI(map(document, "abcd")))
    summaries = source_of(server).summaries()
    next(summaries)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([], r"\$\.items"),
        ({}, r"\$\.items"),
        ({"items": {}}, r"\$\.items"),
        ({"items": [5]}, r"\$\.items\[0\]"),
        ({"items": [{"generated_title": "x"}]}, r"\$\.items\[0\]"),
        ({"items": [{"session_id": 5}]}, r"\$\.items\[0\]"),
        (
            {"items": [{"session_id": "a"}, {"session_id": "a", "generated_title": 5}]},
            r"\$\.items\[1\]\.generated_title",
        ),
        ({"items": [], "next_page_token": 5}, r"\$\.next_page_token"),
    ],
)
def test_what_is_no_list_of_sessions_is_refused(
    serve: Serve, source_of: Open, value: object, where: str
) -> None:
    with pytest.raises(DecodeError, match=f"/chat: {where}: "):
        ids_of(source_of(serve(always(json_answer(value)))))
