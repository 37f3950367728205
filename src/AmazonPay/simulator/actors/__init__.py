"""Who else acts: the buyer, the bank, and the calls that stand for them."""
