"""The local agent: a model on one side, a tool server on the other, and the loop between them."""
