"""Merchant accounts and their stores, managed by a solution provider.

Accounts are for authorized solution providers in Japan, stores for allow-listed ones.
The operations on "Amazon Pay accounts" are the older generation of the same paths and
have the same bodies. Members marked "Newer" came with the second generation.

Amazon's page:
`amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Required, TypeAlias

from typing_extensions import TypedDict

from .._core.call import Body
from .._core.operation import operation
from ..response import Response
from ._common import CountryCode, Id, LedgerCurrency, PriceInput, Unspecified
from ._constraints import Pattern

Date: TypeAlias = Annotated[str, Pattern("[0-9]{8}")]
"""As in `19800131`."""


# --- Parts of an account ----------------------------------------------------------


class PhoneNumber(TypedDict, total=False, closed=True):
    """A phone number in parts."""

    countryCode: str
    number: str
    extension: str


class BusinessAddress(TypedDict, total=False, closed=True):
    """The address of a business or a person."""

    addressLine1: str
    addressLine2: str
    city: str
    stateOrRegion: str
    postalCode: str
    countryCode: CountryCode
    phoneNumber: PhoneNumber
    """Newer."""


class CustomerSupportInformation(TypedDict, total=False, closed=True):
    """The contact for buyers; newer."""

    customerSupportEmail: str
    customerSupportPhoneNumber: PhoneNumber


class BusinessInfo(TypedDict, total=False, closed=True):
    """The merchant's business.

    Which members a new account needs is unconfirmed.
    """

    businessType: Literal["CORPORATE", "INDIVIDUAL"]
    countryOfEstablishment: CountryCode
    businessLegalName: str
    businessAddress: BusinessAddress
    email: str
    """Newer."""
    businessCategory: str
    """Newer."""
    businessDisplayName: str
    """Newer."""
    annualSalesVolume: PriceInput
    """Newer."""
    customerSupportInformation: CustomerSupportInformation
    """Newer."""


class PrimaryContactPerson(TypedDict, total=False, closed=True):
    """The person who is responsible for the business."""

    personFullName: str
    residentialAddress: BusinessAddress
    dateOfBirth: Date


class BeneficiaryOwner(TypedDict, total=False, closed=True):
    """A person who owns a part of the business; newer."""

    personId: str
    personFullName: str
    residentialAddress: BusinessAddress


class IntegrationInfo(TypedDict, total=False, closed=True):
    """Where notifications go; newer."""

    ipnEndpointUrls: list[str]


class StoreStatus(TypedDict, total=False, closed=True):
    """Whether a store is in use; a newer member of Amazon's."""

    state: Literal["ACTIVE"] | str
    """Other values than `ACTIVE` have not been seen."""
    reasonCode: str | None


class AccountStore(TypedDict, total=False, closed=True):
    """A store of a new account."""

    domainUrls: Required[list[str]]
    storeName: str
    privacyPolicyUrl: str
    storeStatus: StoreStatus


class MerchantStatus(TypedDict, total=False, closed=True):
    """A provider's status of the merchant; newer, and its values are unconfirmed."""

    statusProvider: str
    state: str
    reasonCode: str | None


# --- Requests ---------------------------------------------------------------------


class _AccountDetails(TypedDict, total=False):
    """Members that the creation and the update of an account share."""

    primaryContactPerson: PrimaryContactPerson
    beneficiaryOwners: list[BeneficiaryOwner]
    """Newer."""
    integrationInfo: IntegrationInfo
    """Newer."""
    stores: list[AccountStore]
    """Newer."""
    defaultStore: AccountStore
    """Older, in place of `stores`."""
    merchantStatus: MerchantStatus
    """Newer."""


class CreateMerchantAccount(_AccountDetails, total=False, closed=True):
    """A new merchant account."""

    uniqueReferenceId: Required[Id]
    """The solution provider's own id of the merchant."""
    ledgerCurrency: Required[LedgerCurrency]
    """`JPY`; whether others are accepted is unconfirmed."""
    businessInfo: Required[BusinessInfo]


class UpdateMerchantAccount(_AccountDetails, total=False, closed=True):
    """Changes of an account; its legal entity cannot change.

    That `uniqueReferenceId` and `ledgerCurrency` cannot be changed is unconfirmed.
    """

    businessInfo: BusinessInfo


class ClaimMerchantAccount(TypedDict, closed=True):
    """The merchant who claims the account."""

    uniqueReferenceId: Id
    """The solution provider's own id of the merchant."""


class CreateStore(TypedDict, total=False, closed=True):
    """A new store; which members it needs is unconfirmed."""

    allowedOriginDomains: list[str]
    allowedRedirectURLs: list[str]
    storeName: str
    privacyPolicyUrl: str
    merchantLogoUrl: str


class UpdateStore(CreateStore, total=False, closed=True):
    """Changes of a store."""


# --- The answer -------------------------------------------------------------------


class MerchantAccount(TypedDict):
    """The ids of a new account."""

    uniqueReferenceId: str
    merchantAccountId: str


# --- Operations -------------------------------------------------------------------


class MerchantAccounts:
    """The operations on merchant accounts and their stores."""

    @operation(
        "POST",
        "/merchantAccounts",
        repeat="reference",
        answers=(201,),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def register_amazon_pay_account(
        self, body: CreateMerchantAccount | Body, *, idempotency_key: str | None = None
    ) -> Response[MerchantAccount]:
        """Register a merchant's account; no money moves, verification begins.

        The older name of `create_merchant_account`. After a lost answer, repeat with
        the same `uniqueReferenceId`: "already used" then means that the first call may
        have worked.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`; the code for a
        `uniqueReferenceId` in use is unconfirmed.
        """
        ...

    @operation(
        "PATCH",
        "/merchantAccounts/{merchant_account_id}",
        repeat="state",
        empty_answer=True,
        answers=(204,),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def update_amazon_pay_account(
        self, merchant_account_id: str, body: UpdateMerchantAccount | Body
    ) -> Response[Unspecified]:
        """Update a merchant's account, but not its legal entity; no money moves.

        The older name of `update_merchant_account`. A delegated call: use
        `with_options(auth_token=…)`.
        The answer is 204 without a body.

        Errors: 403 `InvalidAuthorizationToken`; 404 `ResourceNotFound`; others are
        unconfirmed.
        """
        ...

    @operation(
        "DELETE",
        "/merchantAccounts/{merchant_account_id}",
        repeat="state",
        empty_answer=True,
        answers=(202,),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def delete_amazon_pay_account(
        self, merchant_account_id: str
    ) -> Response[Unspecified]:
        """Delete a merchant's account: it can take no more payments.

        The answer means that Amazon has accepted the deletion, not finished it.

        Errors: 404 `ResourceNotFound`, also if a lost first call has worked; others
        are unconfirmed.
        """
        ...

    @operation(
        "POST",
        "/merchantAccounts",
        repeat="reference",
        answers=(201,),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def create_merchant_account(
        self, body: CreateMerchantAccount | Body, *, idempotency_key: str | None = None
    ) -> Response[MerchantAccount]:
        """Create a merchant's account; no money moves, verification begins.

        After a lost answer, repeat with the same `uniqueReferenceId`: "already used"
        then means that the first call may have worked.

        Errors: 400 `InvalidParameterValue`, `MissingParameterValue`; the code for a
        `uniqueReferenceId` in use is unconfirmed.
        """
        ...

    @operation(
        "PATCH",
        "/merchantAccounts/{merchant_account_id}",
        repeat="state",
        empty_answer=True,
        answers=(
            200,
            204,
        ),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def update_merchant_account(
        self, merchant_account_id: str, body: UpdateMerchantAccount | Body
    ) -> Response[Unspecified]:
        """Update a merchant's account, but not its legal entity; no money moves.

        A delegated call: use `with_options(auth_token=…)`.
        The answer is 200, or 204 without a body.

        Errors: 403 `InvalidAuthorizationToken`; 404 `ResourceNotFound`; others are
        unconfirmed.
        """
        ...

    @operation(
        "POST",
        "/merchantAccounts/{merchant_account_id}/claim",
        repeat="once",
        empty_answer=True,
        answers=(
            303,
            200,
        ),
        page="amazon-pay-registration/jp-merchant-onboarding-and-account-management-APIs.html",
    )
    def claim_merchant_account(
        self,
        merchant_account_id: str,
        body: ClaimMerchantAccount | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[Unspecified]:
        """Claim an account that a solution provider has created for a merchant.

        No money moves. On 303 send the merchant's browser to the answer's `location`
        to finish; the SDK does not follow it. The client does not repeat this call
        after a part of it has left.
        The answer is 303 with `location`, or 200 if nothing is left to do.

        Errors: 404 `ResourceNotFound`; others are unconfirmed.
        """
        ...

    # That answers about a store have a body is unconfirmed.

    @operation(
        "POST",
        "/merchantAccounts/{merchant_account_id}/stores",
        repeat="once",
        empty_answer=True,
        answers=(201,),
        page="amazon-pay-api-v2/introduction.html",
    )
    def create_store(
        self,
        merchant_account_id: str,
        body: CreateStore | Body,
        *,
        idempotency_key: str | None = None,
    ) -> Response[Unspecified]:
        """Create a store of a merchant's account; no money moves.

        A delegated call: use `with_options(auth_token=…)`. The client does not repeat
        this call after a part of it has left, because that might create a second store.

        Errors: 403 `InvalidAuthorizationToken`; 404 `ResourceNotFound`; others are
        unconfirmed.
        """
        ...

    @operation(
        "PATCH",
        "/merchantAccounts/{merchant_account_id}/stores/{store_id}",
        repeat="state",
        empty_answer=True,
        answers=(200,),
        page="amazon-pay-api-v2/introduction.html",
    )
    def update_store(
        self, merchant_account_id: str, store_id: str, body: UpdateStore | Body
    ) -> Response[Unspecified]:
        """Update a store of a merchant's account; no money moves.

        A delegated call: use `with_options(auth_token=…)`.

        Errors: 403 `InvalidAuthorizationToken`; 404 `ResourceNotFound`; others are
        unconfirmed.
        """
        ...
