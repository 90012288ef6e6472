"""What differs on the embedded AWS, each with its reason; everything else is infra/template.yaml as it is.

- The functions run as `provided.al2023` under `awslambdaric`, the runtime client that AWS itself uses: the
  emulator's own Python worker loses the class names of errors, which the state machines catch by name.
- That runtime gets no layers there: the bootstrap puts the virtual environment and build/layer on the path.
- They must call the emulator, the recorder in place of SES, and the shop's clock.
- The HTTP API answers below the emulator's address, not at a host name of its own.
- The HTTP API's CORS settings are spelled as its own API does: the emulator does not translate CloudFormation's.
- `ses:SendEmail`, `ssm:GetParameters` and `states:SendTaskSuccess` are checked there against the resource `*` only.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]

_LAYERS = ("DependenciesLayer", "CommonLayer")
_WITHOUT_RESOURCE = {"ses:SendEmail", "ssm:GetParameters", "states:SendTaskSuccess"}


def load(path: Path) -> Template:
    """A CloudFormation template, its short intrinsic functions written out."""
    return json.loads(json.dumps(yaml_parse(path.read_text(encoding="utf-8"))))  # type: ignore[no-any-return]


def functions(template: Template) -> dict[str, str]:
    """Folder of each function by its logical name."""
    return {
        name: Path(resource["Properties"]["CodeUri"]).name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def nested(template: Template) -> dict[str, str]:
    """File of each nested template by its logical name."""
    return {
        name: resource["Properties"]["TemplateURL"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudFormation::Stack"
    }


def localize(
    template: Template, code: Mapping[str, str], templates: Mapping[str, str], environment: Mapping[str, str]
) -> Template:
    """The template as the embedded AWS takes it.

    `code` and `templates` say where each function's package and each nested template lies (address by logical
    name); `environment` is added to every function's.
    """
    local: Template = json.loads(json.dumps(template))
    common = local["Globals"]["Function"]
    del common["Layers"], common["Architectures"]
    common["Runtime"] = "provided.al2023"
    common["Environment"]["Variables"].update(environment)
    for name in _LAYERS:
        del local["Resources"][name]
    for name, address in code.items():
        properties = local["Resources"][name]["Properties"]
        properties["CodeUri"] = address
        for policy in properties["Policies"]:
            for statement in policy["Statement"]:
                if not _WITHOUT_RESOURCE.isdisjoint(statement["Action"]):
                    statement["Resource"] = "*"
    for name, address in templates.items():
        local["Resources"][name]["Properties"]["TemplateURL"] = address
    return local


def _in_camel_case(value: Any) -> Any:
    """CORS settings as the emulator looks them up: it keeps CloudFormation's names as they are."""
    if isinstance(value, list):
        return [_in_camel_case(each) for each in value]
    if not isinstance(value, dict):
        return value
    cors = re.compile("Allow|MaxAge|Expose")
    return {
        name[0].lower() + name[1:] if cors.match(name) else name: _in_camel_case(held)
        for name, held in value.items()
    }


def localize_nested(template: Template, endpoint: str) -> Template:
    """A nested template as the embedded AWS at `endpoint` takes it: the HTTP API's address and CORS settings differ."""
    local: Template = json.loads(json.dumps(template))
    if "HttpApi" in local["Resources"]:
        api = local["Resources"]["HttpApi"]["Properties"]
        api["CorsConfiguration"] = _in_camel_case(api["CorsConfiguration"])
        local["Outputs"]["Url"]["Value"] = {"Fn::Sub": f"{endpoint}/_aws/execute-api/${{HttpApi}}"}
    return local
