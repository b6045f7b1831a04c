"""The messages with the role of the user, and which of them a user wrote."""

from typing import NamedTuple

import attrs

from replay_backends.formats.agent_logs.codex.rollout_records import Parts, message_of
from replay_backends.formats.members import text_in
from replay_backends.formats.message_parts import split_content


class _Message(NamedTuple):
    place: int
    at: str
    is_users: bool | None  # None: it doesn't say
    looks_injected: bool
    key: int


@attrs.define
class Prompts:
    """The prompts of a session, and those that the user took back.

    Codex tells the model with the user's role where it runs, or what a file says. Newer
    versions mark such messages; older ones record each prompt a second time, as an
    event.
    """

    _messages: list[_Message] = attrs.field(factory=list)
    _events: dict[int, str] = attrs.field(factory=dict)  # place -> ``line:4``
    _told: set[int] = attrs.field(factory=set)  # keys of the events' texts
    _returns: list[tuple[int, int]] = attrs.field(factory=list)  # place, prompts

    def see(self, place: int, at: str, parts: Parts) -> None:
        """Take in the next record."""
        payload = parts.payload
        match parts.type, parts.kind:
            case "response_item", "message" if payload.get("role") == "user":
                found = message_of(payload)
                key = _key("".join(split_content(found.parts)[0]))
                self._messages.append(
                    _Message(place, at, found.is_users, found.looks_injected, key)
                )
            case "event_msg", "user_message":
                self._events[place] = at
                self._told.add(_key(text_in(payload, "message")))
            case "event_msg", "thread_rolled_back":
                count = payload.get("num_turns")
                if isinstance(count, int) and count > 0:
                    self._returns.append((place, count))

    def places(self) -> dict[int, str]:
        """Return where the user's prompts are: place -> ``line:4``."""
        if not self._messages:
            return self._events
        unsure = [each for each in self._messages if each.is_users is None]
        told = sum(each.key in self._told for each in unsure)
        others = len(unsure) - told - sum(each.looks_injected for each in unsure)
        # Where most prompts have no event, events don't tell who wrote the others.
        is_told = bool(self._told) and told >= others
        return {
            each.place: each.at
            for each in self._messages
            if self._is_users(each, is_told=is_told)
        }

    def dead(self) -> dict[int, str]:
        """Return the prompts that were taken back: place -> where its branch begins."""
        prompts = self.places()
        live: list[int] = []
        dead: dict[int, str] = {}
        for place, count in sorted([*((each, 0) for each in prompts), *self._returns]):
            if count:
                dead.update(dict.fromkeys(live[-count:], prompts[live[-count:][0]]))
                del live[-count:]
            else:
                live.append(place)
        return dead

    def _is_users(self, message: _Message, *, is_told: bool) -> bool:
        if message.is_users is not None:
            return message.is_users
        if message.key in self._told:
            return True
        return not (message.looks_injected or is_told)


def _key(text: str) -> int:
    """Return what is equal for texts that differ in blanks only."""
    return hash("".join(text.split()))
