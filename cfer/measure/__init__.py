"""Measurements that belong to a checkpoint: landmark readout, relations with controls, units in photographs."""
