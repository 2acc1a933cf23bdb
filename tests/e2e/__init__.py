"""End-to-end tests: the real client, offline, against a scripted stand-in for the model's API."""
