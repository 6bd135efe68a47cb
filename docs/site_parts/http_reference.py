"""The HTTP reference: the server's own OpenAPI document, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Part = dict[str, Any]


def http_reference(document: Part) -> str:
    """Every route and every schema of an OpenAPI 3.1 document."""
    lines: list[str] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += _operation(path, method, operation)
    lines += ["## Schemas", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += [f"### {name}", "", *_described(schema), *_properties(schema)]
    return "\n".join(lines)


def _operation(path: str, method: str, operation: Part) -> Iterator[str]:
    yield from (f"## {method.upper()} {path}", "", operation["summary"] + ".", "")
    parameters = operation.get("parameters", ())
    if parameters:
        rows = ((_parameter(one), _words(one)) for one in parameters)
        yield from _table(("parameter", "what it is"), rows)
    body = operation.get("requestBody")
    if body:
        kinds = ", ".join(f"`{kind}`: {_type(one)}" for kind, one in body["content"].items())
        yield from (f"Body: {kinds}.", "")
    rows = ((f"{status}", _answer(one)) for status, one in operation["responses"].items())
    yield from _table(("answer", "when"), rows)


def _parameter(one: Part) -> str:
    needed = ", required" if one.get("required") else ""
    return f"`{one['name']}` ({one['in']}{needed})"


def _answer(one: Part) -> str:
    bodies = [_type(content) for content in one.get("content", {}).values()]
    return " ".join([one["description"], *(f"({body})" for body in bodies)])


def _words(one: Part) -> str:
    return f"{one.get('description', '')} {_bounds(one['schema'])}".strip()


def _properties(schema: Part) -> Iterator[str]:
    properties = schema.get("properties")
    if not properties:
        return
    required = schema.get("required", ())
    rows = (
        (f"`{name}`" + (" (required)" if name in required else ""), _property(one))
        for name, one in properties.items()
    )
    yield from _table(("member", "what it is"), rows)


def _property(schema: Part) -> str:
    return " ".join(filter(None, (_type(schema), schema.get("description", ""), _bounds(schema))))


def _described(schema: Part) -> Iterator[str]:
    if "description" in schema:
        yield from (schema["description"].rstrip(".") + ".", "")


def _type(schema: Part) -> str:
    """A schema in a word, or a link to it."""
    schema = schema.get("schema", schema)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _bounds(schema: Part) -> str:
    names = ("minimum", "maximum", "minLength", "maxLength", "maxItems", "format")
    return ", ".join(f"{name} {schema[name]}" for name in names if name in schema)


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for left, right in rows:
        yield f"| {_cell(left)} | {_cell(right)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
