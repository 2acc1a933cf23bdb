"""What runs on a technician's machine: the plugin of the client and the transcript sync. Standard library only."""
