"""What people steer in a persona bot itself: its commands with their buttons, and which chats it is in."""
