"""Full-text and vector search in the process: tokenising, embedding, BM25 and exact vector similarity."""
