"""The JSON Schema of a workflow.yaml, generated from the model: what an editor completes and marks as it is written.

Written to workflows/workflow.schema.json by the build. Draft 7, because that is what editors' YAML servers know.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tidings.workflow.model import Workflow
from tidings.workflow.model.values import DURATION_SCHEMA

FILE: Final = "workflow.schema.json"

_KEPT: Final = frozenset({"properties", "$defs"})
"""Below these stand names of the author's, not words of the schema."""


def schema() -> dict[str, Any]:
    """The schema, with a description and an example of each word."""
    made: dict[str, Any] = _tidied(Workflow.model_json_schema(by_alias=True, mode="validation"))
    properties = made["properties"]
    del properties["id"]
    made["required"] = [name for name in made["required"] if name in properties and name != "reentry"]
    rule = properties["exit"]
    rule |= {"anyOf": [rule.pop("items"), {"type": "array", "items": {"$ref": "#/$defs/ExitRule"}}]}
    del rule["type"]
    wait = made["$defs"]["WaitStep"]["properties"]["wait"]
    wait |= {"anyOf": [DURATION_SCHEMA, *wait.pop("anyOf")]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A workflow of Tidings",
        "description": "workflows/<name>/workflow.yaml: who gets what when. See docs/workflows.md.",
        **{name: made[name] for name in ("type", "additionalProperties", "required", "properties", "$defs")},
    }


def text() -> str:
    """The schema as it is written to its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def is_current(root: Path) -> bool:
    """Whether the file below `root`, the folder of workflows, is what `text` gives."""
    file = root / FILE
    return file.exists() and file.read_text("utf-8") == text()


def write(root: Path) -> None:
    """Write the file, unless it is current."""
    if not is_current(root):
        (root / FILE).write_text(text(), "utf-8")


def _tidied(value: Any, *, names: bool = False) -> Any:
    """Without what only Python means: titles, nulls for what is left out; alternatives as `anyOf`."""
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {
        "anyOf" if key == "oneOf" and not names else key: _tidied(each, names=key in _KEPT and not names)
        for key, each in value.items()
        if names or not (key == "title" or (key == "default" and each in (None, [], "")))
    }
    return found if names else _plain(found)


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """One schema, its `null` and its `$ref` beside other words resolved: Draft 7 ignores what stands beside one."""
    some = [each for each in found.get("anyOf", ()) if each != {"type": "null"}]
    if "anyOf" in found:
        rest = {key: each for key, each in found.items() if key != "anyOf"}
        found = {**some[0], **rest} if len(some) == 1 else {**rest, "anyOf": some}
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found
