"""The platform's own HTTP server."""
