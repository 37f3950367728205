"""Request and button signatures.

`canonical` returns the canonical form of a request. `rsa_pss` signs and verifies it.
Both are pure functions of text and bytes, and re-exported here. `private_key`, `signer`
and `request_signer` build on them.
"""

from .canonical import canonical_headers as canonical_headers
from .canonical import canonical_path as canonical_path
from .canonical import canonical_query as canonical_query
from .canonical import canonical_query_of as canonical_query_of
from .canonical import canonical_request as canonical_request
from .canonical import percent_encode as percent_encode
from .rsa_pss import ALGORITHMS as ALGORITHMS
from .rsa_pss import V1 as V1
from .rsa_pss import V2 as V2
from .rsa_pss import Algorithm as Algorithm
from .rsa_pss import Authorization as Authorization
from .rsa_pss import MalformedAuthorization as MalformedAuthorization
from .rsa_pss import SignatureMismatch as SignatureMismatch
from .rsa_pss import algorithm_named as algorithm_named
from .rsa_pss import button_message as button_message
from .rsa_pss import message_to_sign as message_to_sign
from .rsa_pss import parse_authorization as parse_authorization
from .rsa_pss import rsa_signer as rsa_signer
from .rsa_pss import string_to_sign as string_to_sign
from .rsa_pss import verify as verify
