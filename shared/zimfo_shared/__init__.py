"""What both sides of the wire agree on: tool contracts, their errors, and the keys of request metadata.

Imports neither `mcp` nor anything of the server or the client, so that a worker process and a test can use it alone.
"""
