"""A random walk of purchases under every fault, and the audit that follows it.

`plan` says what each order should come to; `shop` is the shop's own database; `worker`
carries orders out, a few at a time, and is killed now and then; `amazon` is a hostile
simulator, killed too; `wire` loses what passes between them; `supervisor` runs and
kills them all; `audit` compares the simulator's ledger, the journal and the shop's
belief with the plan, order by order, to the cent.
"""
