"""From what a model wrote to the tool calls in it, and to the prose that may be shown.

`parse_calls` reads a whole emission, `CallGate` decides while it streams. Both stand on the same scanner: `scan` finds
where a call may begin, `read` takes it from there through `decode` (JSON, repaired JSON, Python and Gemma notations),
`shapes` and `names`. Nothing here raises, whatever the model wrote, and all of it takes linear time.
"""

from zimfo_client.calls.gate import CallGate
from zimfo_client.calls.parse import ParsedReply, parse_calls
from zimfo_client.calls.read import ToolCall

__all__ = ["CallGate", "ParsedReply", "ToolCall", "parse_calls"]
