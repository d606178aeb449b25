"""What the persona does of its own accord: it feels, reacts, and speaks unasked."""
