"""The MCP front: tools for the model, and the tools that the client's hooks call."""
