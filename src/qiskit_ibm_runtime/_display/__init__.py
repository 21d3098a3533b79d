"""What objects look like in a notebook, and what the command line shows of them."""
