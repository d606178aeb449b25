"""For those who run the platform and those who own bots: notices, and the doctor."""
