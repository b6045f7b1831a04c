from replay.model.events import ToolCall, UnknownEvent, UserInput
from replay.model.messages import Message, Step, ToolExchange, Turn

CALL = ToolCall("call_1", "find_files", {})


def said(content: str, index: int) -> Message:
    return Message("text", content, index, "full")


def turn(*steps: Step) -> Turn:
    return Turn(UserInput("What?"), steps, None, "incomplete", None)


def test_the_answer_is_the_text_after_the_last_exchange() -> None:
    exchange = ToolExchange(CALL, (), "unresolved", 2, 2)
    assert turn(said("I look.", 1), exchange, said("12%", 3)).answer == "12%"


def test_an_exchange_ends_with_its_last_event() -> None:
    exchange = ToolExchange(CALL, (), "resolved", 1, 3)
    assert turn(exchange, said("I look.", 2), said("12%", 4)).answer == "12%"


def test_the_answers_messages_are_joined_as_they_stand() -> None:
    assert turn(said("12", 1), said("%", 2)).answer == "12%"


def test_the_very_first_text_is_part_of_the_answer() -> None:
    assert turn(said("12%", 0)).answer == "12%"


def test_a_message_is_whole_unless_it_is_said_not_to_be() -> None:
    assert said("12%", 0).complete


def test_thinking_is_no_part_of_the_answer() -> None:
    thought = Message("thinking", "Hm.", 1, "full")
    assert turn(thought, said("12%", 2)).answer == "12%"


def test_an_unknown_event_is_no_part_of_the_answer() -> None:
    assert turn(said("12", 1), UnknownEvent("odd"), said("%", 3)).answer == "12%"


def test_a_late_exchange_does_not_hide_the_answer() -> None:
    late = ToolExchange(CALL, (), "late", 2, 2)
    assert turn(said("12%", 1), late).answer == "12%"


def test_a_turn_that_ends_with_an_exchange_has_no_answer() -> None:
    exchange = ToolExchange(CALL, (), "unresolved", 2, 2)
    assert turn(said("I look.", 1), exchange).answer == ""
