"""The clients' types, rendered from the models by which the server reads and writes."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel

from domain.core.events import Event
from domain.core.model import Command, Document
from realtime.auth import Handshake
from realtime.dispatch import Handler, Namespace, Reply, table_of
from realtime.events import Meta
from realtime.gateway import Common
from realtime.reference import COMMON_EVENTS
from rest.app import ROUTES

Model = type[BaseModel]
GENERATED = "Generated from the code by `make docs`: what clients send and are told, as it is on the wire."
LINE = 120


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes types. between: literals. In `literal`, `array` and `table`, `{}` is the type inside."""

    scalars: Mapping[Any, str]
    literal: str
    between: str
    array: str
    table: str


PYTHON = Language(
    {
        **dict.fromkeys((str, datetime, AwareDatetime), "str"),
        **{int: "int", float: "float", bool: "bool", NoneType: "None"},
    },
    literal="Literal[{}]",
    between=", ",
    array="list[{}]",
    table="dict[str, {}]",
)
TYPESCRIPT = Language(
    {
        **dict.fromkeys((str, datetime, AwareDatetime), "string"),
        **dict.fromkeys((int, float), "number"),
        **{bool: "boolean", NoneType: "null"},
    },
    literal="{}",
    between=" | ",
    array="Array<{}>",
    table="Record<string, {}>",
)


def written(annotation: Any, language: Language) -> str:
    """A type as that language writes it; raises TypeError when nobody has said how."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return language.literal.format(language.between.join(map(json.dumps, inner)))
    if origin in {Union, UnionType}:
        return " | ".join(written(choice, language) for choice in inner)
    if origin in {list, tuple, Sequence}:
        return language.array.format(written(inner[0], language))
    if origin in {dict, Mapping}:
        return language.table.format(written(inner[1], language))
    if origin in {Annotated, Reply}:
        return written(inner[0], language)
    return _plain(annotation, language)


def _plain(annotation: Any, language: Language) -> str:
    if isinstance(annotation, NewType):
        return written(annotation.__supertype__, language)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return name_of(annotation)
    if annotation not in language.scalars:
        raise TypeError(f"how do clients write {annotation}?")
    return language.scalars[annotation]


def name_of(model: Model) -> str:
    """What clients call a model. An event that is a view of something, and nothing more, is called as that is."""
    for base in model.__mro__:
        same = issubclass(base, BaseModel) and base.model_fields.keys() == model.model_fields.keys()
        if same and base.__name__.endswith("View"):
            return base.__name__.removesuffix("View")
    return model.__name__


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object on the wire."""

    name: str
    annotation: Any
    optional: bool

    def type(self, language: Language) -> str:
        """Its type; a field without a value is left out, so that it is never null."""
        inner = get_args(self.annotation)
        choices = [choice for choice in inner if choice is not NoneType] if NoneType in inner else [self.annotation]
        return " | ".join(written(choice, language) for choice in choices)


def fields(model: Model) -> Iterator[Field]:
    """The fields of a model. What a client may leave out has a default, what the server may leave out has no value."""
    for name, field in model.model_fields.items():
        if issubclass(model, Document) and name == "version":
            continue  # stays with the server
        left_out = not field.is_required() if issubclass(model, Command) else NoneType in get_args(field.annotation)
        yield Field(field.alias or name, field.annotation, left_out)


def objects(models: Iterable[Model]) -> list[Model]:
    """The models and those inside them, each once, the inner ones first; raises TypeError for two of one name."""
    found: dict[str, Model] = {}

    def visit(annotation: Any) -> None:
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            for inner in get_args(annotation):
                visit(inner)
            return
        known = found.get(name_of(annotation))
        if known and list(fields(known)) != list(fields(annotation)):
            raise TypeError(f"{known} and {annotation} have one name")
        for field in fields(annotation):
            visit(field.annotation)
        found.setdefault(name_of(annotation), annotation)

    for model in models:
        visit(model)
    return list(found.values())


def python(namespaces: Sequence[type[Namespace]]) -> str:
    """`clients/python/types.py`."""
    lines = [
        f'"""{GENERATED}"""',
        "",
        "from typing import Any, Literal, NotRequired, Protocol, TypedDict, overload",
        "",
        "from clients.python.event import Callback, Event, Predicate",
    ]
    for model in objects(_models(namespaces)):
        lines += ["", "", f"class {name_of(model)}(TypedDict):", *_docstring(model.__doc__, "    ")]
        if model.model_fields:
            lines.append("")
        for field in fields(model):
            text = field.type(PYTHON)
            lines += _annotated(field.name, f"NotRequired[{text}]" if field.optional else text)
    told = [(f'Literal["{event.wire_name}"]', name_of(event)) for event in _all_events(namespaces)] + [("str", "Any")]
    lines += ["", "", "class On(Protocol):", '    """Takes a callback for the events of a name."""']
    for name, data in dict(told).items():
        callback = f"callback: Callback[{data}]"
        lines += ["", "    @overload", *_call(f"name: {name}", callback, answer="None")]
    lines += ["", "", "class WaitFor(Protocol):", '    """Waits for an event of a name."""']
    for name, data in dict(told).items():
        predicate = f"predicate: Predicate[{data}] | None = None"
        call = _call(f"name: {name}", predicate, "timeout: float = ...", answer=f"Event[{data}]", prefix="async ")
        lines += ["", "    @overload", *call]
    lines += ["", "", f"Namespace = {written(Literal[*(space.name for space in namespaces)], PYTHON)}"]
    lines += ["", "", "class Call(Protocol):", '    """Emits an event and returns the data of its ack."""']
    for namespace, handlers in [("Namespace", table_of(Common)), *_tables(namespaces)]:
        for name, handler in handlers.items():
            emitted = (f"namespace: {namespace}", f'event: Literal["{name}"]', f"payload: {_payload(handler.model)}")
            answer = written(_answer(handler), PYTHON)
            lines += ["", "    @overload", *_call(*emitted, *CALL_OPTIONS, answer=answer, prefix="async ")]
    return "\n".join(lines) + "\n"


def _annotated(name: str, text: str) -> list[str]:
    """A field, over as many lines as it takes."""
    line = f"    {name}: {text}"
    head, bracket, inner = text.partition("[")
    if len(line) <= LINE or not bracket:
        return [line]
    return [f"    {name}: {head}[", f"        {inner.removesuffix(']')}", "    ]"]


def typescript(namespaces: Sequence[type[Namespace]]) -> str:
    """`clients/js/types.d.ts`."""
    lines = [f"// {GENERATED}"]
    for model in objects(_models(namespaces)):
        lines += ["", *_jsdoc(model.__doc__, ""), f"export interface {name_of(model)} {{"]
        for field in fields(model):
            lines.append(f"  {field.name}{'?' if field.optional else ''}: {field.type(TYPESCRIPT)};")
        lines.append("}")
    names = {space.name: space.name.title() for space in namespaces}
    lines += ["", f"export type Namespace = {' | '.join(map(json.dumps, names))};", "", TYPESCRIPT_ACK.strip(), ""]
    lines += _event_map("CommonEvents", COMMON_EVENTS)
    lines += _command_map("CommonCommands", table_of(Common))
    for space in namespaces:
        title = names[space.name]
        lines += _event_map(f"{title}Events extends CommonEvents", _events(space))
        lines += _command_map(f"{title}Commands extends CommonCommands", space.handlers)
    for what, each in (("ServerEvents", "Events"), ("ClientEvents", "Commands")):
        lines += [f"export interface {what} {{"]
        lines += [f"  {name}: {title}{each};" for name, title in names.items()]
        lines += ["}", ""]
    return "\n".join([*lines, TYPESCRIPT_CALL.strip()]) + "\n"


TYPESCRIPT_ACK = """
/** What acknowledges a client's event. */
export type Ack<T> =
  | { status: "success"; data: T; meta?: { streams?: Record<string, StreamPosition> } }
  | { status: "error"; error: { code: string; message: string; details?: unknown } };
"""

TYPESCRIPT_CALL = """
type Listener = (...parts: never[]) => void;

/** What an event of the client takes. */
export type Payload<N extends Namespace, E extends keyof ClientEvents[N]> =
  ClientEvents[N][E] extends Listener ? Parameters<ClientEvents[N][E]>[0] : never;

/** The data of its ack. */
export type Answer<N extends Namespace, E extends keyof ClientEvents[N]> =
  ClientEvents[N][E] extends (payload: never, ack: (answer: Ack<infer T>) => void) => void ? T : never;
"""


def _event_map(head: str, events: Iterable[type[Event]]) -> list[str]:
    lines = [f"export interface {head} {{"]
    for event in events:
        lines += [*_jsdoc(event.__doc__, "  "), f"  {event.wire_name}: (data: {name_of(event)}, meta: Meta) => void;"]
    return [*lines, "}", ""]


def _command_map(head: str, handlers: Mapping[str, Handler]) -> list[str]:
    lines = [f"export interface {head} {{"]
    for name, handler in handlers.items():
        ack = f"ack: (answer: Ack<{written(_answer(handler), TYPESCRIPT)}>) => void"
        lines += _jsdoc(handler.method.__doc__, "  ")
        lines += [f"  {name}: (payload: {name_of(handler.model)}, {ack}) => void;"]
    return [*lines, "}", ""]


CALL_OPTIONS = ("*", "timeout: float = ...", "repeat: bool = ...")


def _tables(namespaces: Sequence[type[Namespace]]) -> list[tuple[str, Mapping[str, Handler]]]:
    return [(f'Literal["{space.name}"]', space.handlers) for space in namespaces]


def _payload(model: Model) -> str:
    """A command that asks for nothing can be left out."""
    needed = any(not field.optional for field in fields(model))
    return name_of(model) if needed else f"{name_of(model)} | None = None"


def _call(*parameters: str, answer: str, prefix: str = "") -> list[str]:
    """An overload of `__call__`, as the formatter has it."""
    head, inside, tail = f"    {prefix}def __call__(", ", ".join(("self", *parameters)), f") -> {answer}: ..."
    if len(head + inside + tail) <= LINE:
        return [head + inside + tail]
    if len(f"        {inside}") <= LINE:
        return [head, f"        {inside}", f"    {tail}"]
    return [head, *(f"        {parameter}," for parameter in ("self", *parameters)), f"    {tail}"]


def _models(namespaces: Sequence[type[Namespace]]) -> Iterator[Any]:
    """Everything that is on the wire."""
    yield from (Handshake, Meta)
    for handlers in (table_of(Common), *(space.handlers for space in namespaces)):
        for handler in handlers.values():
            yield from (handler.model, _answer(handler))
    yield from _all_events(namespaces)
    for route in ROUTES:
        if route.permission is None:  # what players have no use for, their clients need no types of
            yield from filter(None, (route.body, route.query, route.answer))


def _all_events(namespaces: Sequence[type[Namespace]]) -> list[type[Event]]:
    return [*COMMON_EVENTS, *(event for space in namespaces for event in _events(space))]


def _events(space: type[Namespace]) -> Iterator[type[Event]]:
    for events in space.sends.values():
        yield from events


def _answer(handler: Handler) -> Any:
    return get_type_hints(handler.method, include_extras=True)["return"]


def _docstring(text: str | None, indent: str) -> list[str]:
    wrapped = textwrap.wrap(" ".join((text or "").split()), LINE - len(indent) - 6)
    if len(wrapped) < 2:
        return [f'{indent}"""{"".join(wrapped)}"""']
    return [f'{indent}"""{wrapped[0]}', *(indent + line for line in wrapped[1:]), f'{indent}"""']


def _jsdoc(text: str | None, indent: str) -> list[str]:
    wrapped = textwrap.wrap(" ".join((text or "").split()), LINE - len(indent) - 7)
    if len(wrapped) < 2:
        return [f"{indent}/** {''.join(wrapped)} */"]
    return [f"{indent}/**", *(f"{indent} * {line}" for line in wrapped), f"{indent} */"]
