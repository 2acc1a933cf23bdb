"""What reading hook events and transcript lines takes: careful fields, clean text, tool uses, prompt ids."""
