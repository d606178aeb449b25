"""What a persona knows of chats and people: the local analyser of texts, and what is kept of what was said."""
