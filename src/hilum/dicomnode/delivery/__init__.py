"""Results on their way out: what is due is made anew from the worklist, sent, and written down as sent."""
