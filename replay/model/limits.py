"""Limits on the size of a recording, past which it is refused."""

import attrs

from replay.errors import wrong_type

DEEPEST = 500  #: pickle and copy.deepcopy fail on values nested deeper than this


def _check_type(_: object, field: "attrs.Attribute[int]", value: object) -> None:
    if type(value) is not int:
        raise wrong_type(value, f"a whole number as {field.name}", "Limits(depth=400)")


@attrs.frozen
class Limits:
    """Sizes past which a recording is refused, as a guard against hostile input.

    A document as a whole has no limit.

    Args:
        event_bytes: The longest event, and line of a JSON Lines file, in bytes.
        depth: How deep arrays and objects may be nested within one event or header
            field; at most 500, since Python's own copying fails beyond that.
        response_bytes: The longest HTTP response, in decoded bytes.
        record_events: The most events that one record of another format may become.

    Raises:
        ValueError: A limit is below 1, or *depth* is above 500.
        TypeError: A limit isn't a whole number.
    """

    event_bytes: int = attrs.field(
        default=64 << 20, validator=[_check_type, attrs.validators.ge(1)]
    )
    depth: int = attrs.field(
        default=200,
        validator=[_check_type, attrs.validators.ge(1), attrs.validators.le(DEEPEST)],
    )
    response_bytes: int = attrs.field(
        default=256 << 20, validator=[_check_type, attrs.validators.ge(1)]
    )
    record_events: int = attrs.field(
        default=100_000, validator=[_check_type, attrs.validators.ge(1)]
    )
