"""One module for each way of loading the platform."""
