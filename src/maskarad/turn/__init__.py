"""A turn: the persona's one act of answering all that is unread in a link."""
