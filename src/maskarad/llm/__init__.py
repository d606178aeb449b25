"""The language model's edge: keys, tries, circuits, streams."""
