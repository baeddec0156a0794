"""What belongs to a checkpoint and is measured: landmark readout, relations with controls, units in photographs."""
