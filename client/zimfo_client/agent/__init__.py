"""One turn of a conversation: recognise, decide, call, compact, answer, check."""
