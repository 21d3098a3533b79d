"""Job queues, scheduling, and messages of running jobs. Does not import HTTP code."""
