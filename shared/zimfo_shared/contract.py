"""What a contract is, and the output base that every tool's result derives from."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from zimfo_shared.arguments import Input
from zimfo_shared.schema import Schema, published_input, published_output


class Output(BaseModel):
    """Base of every tool's result; members that are `None` do not travel."""

    model_config = ConfigDict(extra="forbid")

    def payload(self) -> dict[str, Any]:
        """Return the structured content: JSON values only."""
        return self.model_dump(mode="json", exclude_none=True)


def as_text(payload: dict[str, Any]) -> str:
    """Return structured content as the text block that stands beside it: compact JSON, raw UTF-8."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Contract:
    """One tool: its names, its input and output. All tools are read-only and closed-world."""

    name: str
    title: str
    description: str
    input: type[Input]
    output: type[Output]

    def input_schema(self) -> Schema:
        """Return the published input schema."""
        return published_input(self.input)

    def output_schema(self) -> Schema:
        """Return the published output schema."""
        return published_output(self.output)
