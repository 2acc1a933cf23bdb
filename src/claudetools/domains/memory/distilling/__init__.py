"""What distilling takes: pieces, sentences and what they state, tool uses and what became of them."""
