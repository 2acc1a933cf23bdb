"""Keys and what is derived from them."""
