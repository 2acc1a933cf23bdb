"""Work in the background: a queue in the database, leases on what is being worked on, workers, recurring work."""
