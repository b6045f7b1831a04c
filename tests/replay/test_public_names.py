"""Public names of `replay`, and the codes that programs branch on."""

import inspect
import pickle
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_origin

import pytest

import replay
from replay import errors
from replay.model import diagnostics

FUNCTIONS = """
    coalesce dump dumps hookimpl load load_plugin loads open render replay_many
    transcript
"""
CLASSES = """
    Backend BatchProgress BatchReport BatchResult BatchResults Boundary Context
    ConversionNote ConversionReport Delta Diagnostic Event Format FullEvent
    ImageAttachment JobMetadata Kind Limits LiveStream Message Portion PortionedBackend
    Problem ReplayEngine ReplayReport Session SessionSummary Source Stop Stored Text
    TextDelta Thinking ThinkingDelta ToolCall ToolExchange ToolResult Transcript Turn
    UnknownEvent Usage UserInput
"""
CONSTANTS = "DELTA_FAMILY DIAGNOSTIC_CODES"
ERRORS = {
    "AuditError": "audit-error",
    "AuditFullError": "audit-full",
    "AuditLockedError": "audit-locked",
    "AuditPoisonedError": "audit-poisoned",
    "AuditTamperedError": "audit-tampered",
    "AuthError": "auth-error",
    "BackendError": "backend-error",
    "BackendUnavailableError": "backend-unavailable",
    "BadResponseError": "bad-response",
    "BatchError": "batch-error",
    "CheckpointError": "checkpoint-error",
    "DeadlineExceededError": "deadline-exceeded",
    "DecodeError": "decode-error",
    "EncodeError": "encode-error",
    "InvalidRequestError": "invalid-request",
    "LimitExceededError": "limit-exceeded",
    "MustStopError": "must-stop",
    "PermissionDeniedError": "permission-denied",
    "PluginError": "plugin-error",
    "RateLimitedError": "rate-limited",
    "ReplayError": "replay-error",
    "SessionNotFoundError": "session-not-found",
    "StreamInterruptedError": "stream-interrupted",
    "TLSError": "tls-error",
    "TruncatedResponseError": "truncated-response",
    "UnknownNameError": "unknown-name",
    "UnrecognizedError": "unrecognized",
    "UnsafeRedirectError": "unsafe-redirect",
    "UnsupportedError": "unsupported",
    "WorkerError": "worker-error",
}
DIAGNOSTICS = """
    bad-frame bad-utf-8 byte-order-mark
    delta-gap delta-mismatch delta-surplus duplicate-key
    error-flag-differs frame-name-differs invalid-event late-full late-full-differs
    late-result missing-type orphan-result repeated-full repeated-session-id
    repeated-stop replayed-deltas result-name-differs torn-frame torn-line unknown-type
    bad-line nan-as-null
"""


def run(program: str) -> str:
    """Return the output of *program* in a new Python process."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words


def test_the_public_names_are_these_and_no_others() -> None:
    names = {*FUNCTIONS.split(), *CLASSES.split(), *CONSTANTS.split()}
    names |= {*ERRORS, "StopReplay"}
    assert dir(replay) == sorted(names)


def test_a_star_import_brings_the_public_names() -> None:
    program = "from replay import *; import replay; print(set(dir(replay)) - {*dir()})"
    assert run(program) == "set()\n"


def test_every_error_is_public_and_has_its_code() -> None:
    codes = {
        name: value.code
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ReplayError)
    }
    assert codes == ERRORS


def test_the_codes_of_diagnostics_are_these_each_explained_by_a_sentence() -> None:
    assert set(diagnostics.DIAGNOSTIC_CODES) == set(DIAGNOSTICS.split())
    for sentence in diagnostics.DIAGNOSTIC_CODES.values():
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
    with pytest.raises(TypeError):
        diagnostics.DIAGNOSTIC_CODES["new"] = "A new code."  # type: ignore[index]  # what the test is about


def test_the_delta_family_says_that_deltas_and_full_events_disagree() -> None:
    family = "delta-gap delta-mismatch delta-surplus late-full late-full-differs "
    family += "repeated-full replayed-deltas"
    assert set(family.split()) == diagnostics.DELTA_FAMILY


def test_a_public_name_has_a_docstring() -> None:
    for name in dir(replay):
        public = getattr(replay, name)
        members = vars(public).items() if inspect.isclass(public) else ()
        undocumented = [
            member
            for member, value in members
            if not member.startswith("_")
            and (inspect.isfunction(value) or isinstance(value, property))
            and not inspect.getdoc(value)
        ]
        is_value = name in CONSTANTS.split() or get_origin(public) is Literal
        assert public.__doc__ or is_value, name
        assert not undocumented, name


def test_a_public_name_survives_pickling() -> None:
    others = {"Event", "hookimpl"}  # a union, and a mark of pluggy's
    names = {*dir(replay)} - {*CONSTANTS.split(), *others}
    kept = [getattr(replay, name) for name in names]
    assert pickle.loads(pickle.dumps(kept)) == kept  # noqa: S301 - our own bytes


def test_no_module_bears_a_public_name() -> None:
    modules = {path.stem for path in Path(replay.__file__).parent.iterdir()}
    assert modules.isdisjoint(dir(replay))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'replay' has no attribute 'opne'"):
        replay.opne  # type: ignore[attr-defined]  # noqa: B018 - what the test is about


def test_importing_the_package_imports_nothing_of_it() -> None:
    program = "import sys, replay; print([m for m in sys.modules if 'replay.' in m])"
    assert run(program) == "[]\n"


def test_the_names_are_found_without_the_source_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # it wants the source
    path = tmp_path / "replay" / "__init__.pyc"
    path.parent.mkdir()
    py_compile.compile(str(replay.__file__), str(path))
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "import replay; print(replay.__file__, len(dir(replay)))"
    )
    assert run(program) == f"{path} {len(dir(replay))}\n"


def test_reading_a_session_imports_neither_the_terminal_nor_the_plugins() -> None:
    program = (
        "import sys, replay; replay.loads('[]');"
        "print({'click', 'rich', 'pluggy', 'requests'} & set(sys.modules))"
    )
    assert run(program) == "set()\n"
