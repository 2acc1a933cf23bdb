"""The derived index of one process: what it knows of each memory, how it scores them, and its file between starts."""
