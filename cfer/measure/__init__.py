"""What belongs to a checkpoint and is measured on rendered people: landmark readout, relations and their controls."""
