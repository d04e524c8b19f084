"""Nothing durable is lost, doubled or out of order, whatever the line and the server do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.python.event import Event
from clients.python.streams import MOST_ASKED, Streams
from tests.support.stream_world import CALM_STEPS, STEPS, STREAMS, World


def steps(names: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(st.sampled_from(names), st.sampled_from(STREAMS)), max_size=80)


@given(steps(STEPS))
@settings(max_examples=1000, deadline=None)
def test_each_durable_event_is_told_once_and_in_order_or_is_in_a_snapshot(story: list[tuple[str, str]]) -> None:
    world = World(Streams())
    for step, stream in story:
        world.take(step, stream)
    world.settle()


@given(steps(CALM_STEPS))
@settings(max_examples=300, deadline=None)
def test_once_it_has_the_state_a_client_whose_line_breaks_is_told_every_event(story: list[tuple[str, str]]) -> None:
    world = World(Streams())
    world.settle()
    before = {stream: log.seq for stream, log in world.logs.items()}
    world.app.told.clear()
    for step, stream in story:
        world.take(step, stream)
    world.settle()
    assert world.app.loads == 1
    for stream, log in world.logs.items():
        told = [e.meta["seq"] for e in world.app.told if e.meta["stream"] == stream and "seq" in e.meta]
        assert told == list(range(before[stream] + 1, log.seq + 1))


@given(steps(tuple(step for step in STEPS if step != "repeat")))
@settings(max_examples=300, deadline=None)
def test_a_server_that_cannot_resume_costs_snapshots_and_no_event(story: list[tuple[str, str]]) -> None:
    world = World(Streams(), can_resume=False)
    for step, stream in story:
        world.take(step, stream)
    world.settle()


def place(seq: int, epoch: str = "e") -> dict[str, object]:
    return {"epoch": epoch, "seq": seq, "at": f"at {epoch} {seq}"}


def durable(seq: int, stream: str = "s", epoch: str = "e") -> Event[dict[str, object]]:
    return Event("chat", f"{stream} {seq}", {}, {"stream": stream, **place(seq, epoch)})


def transient(name: str, stream: str = "s") -> Event[dict[str, object]]:
    return Event("chat", name, {}, {"stream": stream, "at": "now"})


def told(streams: Streams) -> list[str]:
    names = []
    while event := streams.pop():
        names.append(event.name)
    return names


def settled(**heads: int) -> Streams:
    streams = Streams()
    streams.greet({stream: place(seq) for stream, seq in heads.items()})
    assert not streams.ask()
    streams.begin_load()
    streams.end_load()
    assert streams.settled
    return streams


def test_a_client_that_missed_nothing_asks_nothing() -> None:
    streams = settled(s=3)
    streams.lose()
    assert not streams.settled
    streams.greet({"s": place(3)})
    assert streams.settled


def test_live_events_wait_for_the_ack_and_those_of_the_replay_do_not() -> None:
    streams = settled(s=3, t=0)
    streams.lose()
    streams.greet({"s": place(5), "t": place(0)})
    assert streams.ask() == {"s": place(3)}
    for event in (durable(6), durable(1, "t"), transient("typing"), durable(4), durable(5), durable(6)):
        streams.put(event)
    assert told(streams) == ["s 4", "s 5", "s 6"]
    streams.answer({"s": {"recovered": True, **place(6)}})
    assert told(streams) == ["t 1", "typing"]
    assert streams.positions == {"s": place(6), "t": place(1)}


def test_what_is_about_the_connection_never_waits() -> None:
    streams = Streams()
    streams.put(Event("chat", "kicked", {"reason": "banned"}, {"at": "now"}))
    assert told(streams) == ["kicked"]


@pytest.mark.parametrize(
    "end",
    [
        {"recovered": False, **place(9)},
        {"recovered": False, **place(9, "another")},
    ],
)
def test_a_stream_that_is_not_recovered_is_told_from_the_place_where_the_snapshot_was_due(
    end: dict[str, object],
) -> None:
    streams = settled(s=3)
    streams.lose()
    streams.greet({"s": place(8)})
    streams.ask()
    streams.answer({"s": end})
    assert not streams.ask()
    streams.begin_load()
    for event in (transient("old news"), durable(9, epoch=str(end["epoch"])), durable(10, epoch=str(end["epoch"]))):
        streams.put(event)
    streams.end_load()
    assert streams.settled
    assert told(streams) == ["old news", "s 10"]


def test_a_replay_may_leave_out_what_is_not_for_this_client() -> None:
    streams = settled(s=3)
    streams.put(durable(9))  # by which it has joined again
    assert told(streams) == []
    assert streams.ask() == {"s": place(3)}
    for event in (durable(9), durable(4), durable(11), durable(10)):
        streams.put(event)
    assert told(streams) == ["s 4"]
    streams.answer({"s": {"recovered": True, **place(10)}})
    assert told(streams) == ["s 9", "s 10", "s 11"]


@pytest.mark.parametrize("head", [place(3), {**place(5), "at": "another time"}])
def test_a_log_that_was_set_back_does_not_count_as_known(head: dict[str, object]) -> None:
    streams = settled(s=5)
    streams.greet({"s": head})
    assert streams.ask() == {"s": place(5)}
    streams.answer({"s": {"recovered": False, **head}})
    streams.begin_load()
    streams.end_load()
    assert streams.positions == {"s": head}


def test_a_stream_that_is_left_while_it_is_replayed_is_told_no_event_twice() -> None:
    streams = settled(s=3)
    streams.greet({"s": place(4)})
    streams.ask()
    for event in (durable(5), durable(4), durable(5)):
        streams.put(event)
    assert told(streams) == ["s 4", "s 5"]
    streams.answer({"s": {"recovered": False}})
    streams.begin_load()
    streams.end_load()
    assert told(streams) == []


def test_what_a_lost_connection_brought_in_passing_is_not_told_on_the_next() -> None:
    streams = settled(s=3)
    streams.greet({"s": place(4)})
    streams.ask()
    streams.put(transient("typing"))
    streams.lose()
    streams.greet({"s": place(4)})
    streams.ask()
    streams.put(durable(4))
    streams.answer({"s": {"recovered": True, **place(4)}})
    assert told(streams) == ["s 4"]


def test_a_stream_that_came_up_during_a_load_is_known_only_after_another() -> None:
    streams = settled(s=1)
    streams.doubt()
    streams.begin_load()
    streams.greet({"s": place(1), "t": place(5)})
    streams.end_load()
    assert not streams.settled
    assert "t" not in streams.positions
    streams.begin_load()
    streams.end_load()
    assert streams.positions == {"s": place(1), "t": place(5)}


def test_a_transient_event_older_than_the_snapshot_is_not_told_after_it() -> None:
    streams = settled(s=3)
    streams.doubt()
    streams.put(transient("before"))
    streams.begin_load()
    streams.put(transient("after"))
    streams.end_load()
    assert told(streams) == ["after"]


def test_the_first_event_of_an_unknown_stream_is_told_at_once() -> None:
    streams = settled(s=0)
    streams.put(durable(7, "lobby"))
    assert told(streams) == ["lobby 7"]
    assert streams.positions["lobby"] == place(7)


def test_a_stream_that_was_left_unseen_makes_the_state_stale() -> None:
    streams = settled(s=0, lobby=4)
    streams.lose()
    streams.greet({"s": place(0)})
    assert not streams.settled
    assert not streams.ask()
    assert "lobby" not in streams.positions


def test_an_answer_that_got_lost_is_asked_for_again_from_where_the_replay_had_come() -> None:
    streams = settled(s=1)
    streams.lose()
    streams.greet({"s": place(3)})
    streams.ask()
    streams.put(durable(2))
    assert streams.ask() == {"s": place(2)}


def test_a_load_that_the_line_interrupts_is_made_up_for_on_the_next() -> None:
    streams = settled(s=1)
    streams.doubt()
    streams.begin_load()
    streams.lose()
    streams.greet({"s": place(1)})
    assert not streams.settled


def test_more_streams_than_one_resume_takes_are_asked_for_in_turn() -> None:
    names = [f"s{number:03d}" for number in range(MOST_ASKED + 1)]
    streams = settled(**dict.fromkeys(names, 1))
    streams.lose()
    streams.greet({name: place(2) for name in names})
    asked = streams.ask()
    assert list(asked) == names[:MOST_ASKED]
    for name in asked:
        streams.put(durable(2, name))
    streams.answer({name: {"recovered": True, **place(2)} for name in asked})
    assert list(streams.ask()) == names[MOST_ASKED:]
