"""What can be learned from rendered faces, and what they cost."""
