"""The project's own rules of style, where no ready-made linter has them. Run by `python -m lint FOLDER...`."""
