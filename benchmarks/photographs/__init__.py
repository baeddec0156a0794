"""What holds on photographs of real people, and how they are found and framed."""
