"""Work in the background: wake-ups, the sweep that makes up for lost ones, and what is done at intervals."""
