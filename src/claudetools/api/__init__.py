"""The REST front: the application factory and the routes that no entity declaration gives."""
