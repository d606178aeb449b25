"""Where the platform's CPU time goes: samples of a running process, by part and as flame graphs (`make profile`)."""
