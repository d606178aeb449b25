"""What workers add, what a message costs in each process, and how soon a turn begins: a cluster on one machine."""
