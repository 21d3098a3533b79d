"""Owns requests and answers around any handler; never imports what keeps or runs jobs."""
