"""HTTP mechanics: request ids, problem rendering, size limits, security headers."""
