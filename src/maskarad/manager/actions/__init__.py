"""What buttons and messages do. An action reads or changes something and returns the screen that follows."""
