"""Masking of secrets in URLs and other words."""

import pytest

from replay.security.masking import excerpt, masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://me:word@bucket/a", "s3://***@bucket/a"),
        ("s3://:word@bucket/a", "s3://***@bucket/a"),
        ("s3://b/a?X-Amz-Signature=1f&X-Amz-Date=2", "s3://b/a?***"),
        ("abfs://c/a?sv=1&sig=abc", "abfs://c/a?***"),
        ("s3://b/a?AWSAccessKeyId=AKIA", "s3://b/a?***"),
        ("s3://me:w/or/d+@bucket/a", "s3://***@bucket/a"),
        ("s3:///me:word@bucket/a", "s3://***@bucket/a"),
        ("zip://in::s3://me:word@bucket/a", "zip://in::s3://***@bucket/a"),
    ],
)
def test_passwords_and_signed_queries_are_not_shown(url: str, shown: str) -> None:
    assert masked(f"no: {url} (again)") == f"no: {shown} (again)"
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "location",
    [
        "s3://b/a?b.json",
        "abfs://c@account.dfs.core.windows.net/a",
        "s3://b/me@home:1",
        "s3://arn:aws:s3:region:1:accesspoint/me@home",
        "http://127.0.0.1:9000/b/10:20/me@home",
        "zip://C:/me@home.zip",
        "zip://in::s3://b/10:20/me@home.zip",
    ],
)
def test_other_urls_are_shown_as_they_are(location: str) -> None:
    assert masked(location) == location


@pytest.mark.parametrize("piece", ["?", "?sig", "sig", "://", "://a:", ":////"])
def test_no_text_takes_time_out_of_proportion(piece: str) -> None:
    text = f"s3://b/?{piece * 100_000}"  # it took hours
    assert masked(text) == text


@pytest.mark.parametrize("end", [" ", "\t", "\n", '"', "'", ",", ";"])
def test_no_piece_of_a_word_stays_when_a_text_is_cut(end: str) -> None:
    text = f"the key is{end}sk-abcdef"
    assert excerpt(text, len(text)) == text
    assert {excerpt(text, cut) for cut in range(10, len(text))} == {"the key is"}


def test_a_text_of_one_word_is_cut_within_it() -> None:
    assert excerpt("sk-abcdef", 4) == "sk-a"
    assert excerpt("a " + "x" * 9000, 4000) == "a " + "x" * 3998
