"""Answering from memory: what is found for a question or a prompt, packed to a budget, framed, and noted."""
