"""Controller of a real single-node OpenStack: installs it, starts it, seeds it, ends it. Standard library only."""
