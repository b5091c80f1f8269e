"""Archives behind MCP: reads ZIM files and answers the eleven tools over stdio."""
