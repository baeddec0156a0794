"""Barriers between a visitor and the model: limits, sessions, endpoints."""
