"""For the tests of a merchant: notifications that are signed without Amazon.

Nothing here can be switched on by a setting or the environment, and what is verified
by it is never an object of the live environment.
"""

from ._authority import Authority as Authority
from ._authority import leaf_path as leaf_path
from ._simulator import verifier_for as verifier_for
