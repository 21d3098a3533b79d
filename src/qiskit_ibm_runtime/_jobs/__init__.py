"""Jobs: how they are submitted, listed, waited for, streamed, decoded and pickled."""
