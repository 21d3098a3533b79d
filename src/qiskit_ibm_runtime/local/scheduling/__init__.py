"""Owns jobs from acknowledgement to end: queues, turns, messages; never imports HTTP."""
