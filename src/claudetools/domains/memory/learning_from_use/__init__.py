"""What use and votes tell of memories, and how often what failed before failed again."""
