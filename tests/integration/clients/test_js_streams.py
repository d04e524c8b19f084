"""Both clients keep their places in the streams alike: JavaScript answers as Python does, step by step.

What Python's answers promise is shown in tests/unit/clients/test_streams.py.
"""

import random
from collections.abc import Callable
from typing import Any

from clients.python.event import Event
from clients.python.streams import Streams
from tests.support.browser import page_of_the_repository
from tests.support.stream_world import STEPS, STREAMS, World

STORIES = 400

REPLAY = """
async (stories) => {
  const { Streams } = await import("/clients/js/streams.js");
  const named = { begin_load: "beginLoad", end_load: "endLoad" };
  return stories.map((story) => {
    const streams = new Streams();
    return story.map(([step, argument]) => {
      const said = streams[named[step] ?? step](argument);
      return [said ?? null, streams.settled, streams.positions];
    });
  });
}
"""


class Recorder(Streams):
    """Notes what it is asked and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Any]] = []
        self.said: list[list[Any]] = []

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"lose", "greet", "ask", "answer", "begin_load", "end_load", "put", "pop"}:
            return found
        return lambda *arguments: self._noted(name, found, *map(on_the_wire, arguments))

    def _noted(self, name: str, method: Callable[..., Any], argument: Any = None) -> Any:
        self.asked.append((name, argument))
        said = method() if argument is None else method(Event("chat", **argument) if name == "put" else argument)
        self.said.append([on_the_wire(said) or None, self.settled, dict(self.positions)])
        return said


def on_the_wire(value: Any) -> Any:
    return {"name": value.name, "data": value.data, "meta": value.meta} if isinstance(value, Event) else value


def a_story(seed: int) -> Recorder:
    dice, streams = random.Random(seed), Recorder()
    world = World(streams)
    for _ in range(dice.randint(1, 80)):
        world.take(dice.choice(STEPS), dice.choice(STREAMS))
    world.settle()
    return streams


async def test_javascript_says_what_python_says() -> None:
    stories = [a_story(seed) for seed in range(STORIES)]
    async with page_of_the_repository() as page:
        in_javascript = await page.evaluate(REPLAY, [story.asked for story in stories])
    for story, said in zip(stories, in_javascript, strict=True):
        assert said == story.said
