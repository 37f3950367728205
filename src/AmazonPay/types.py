"""Every type of the API: what requests take, what answers hold, and their values.

Call the type of a request, and a checker sees what you write: a misspelt member, a
float amount, a missing member, a value that does not exist. When it runs, it is a
plain dict:

```python
CreateCharge(chargePermissionId="S01-…", chargeAmount=price("10.50", "USD"))
```

Members keep Amazon's names. Types of answers are open: a later version may add to them.
"""

from ._core.call import Body as Body
from .decisions import Outcome as Outcome
from .lifecycles import Kind as Kind
from .objects import AmazonObject as AmazonObject
from .objects import State as State
from .resources._button_payloads import BuyerAdditionalScope as BuyerAdditionalScope
from .resources._button_payloads import BuyNowPayload as BuyNowPayload
from .resources._button_payloads import CartDetails as CartDetails
from .resources._button_payloads import DeliveryOption as DeliveryOption
from .resources._button_payloads import LineItem as LineItem
from .resources._button_payloads import ShippingMethod as ShippingMethod
from .resources._button_payloads import SignInPayload as SignInPayload
from .resources._carrier_codes import KnownCarrierCode as KnownCarrierCode
from .resources._common import Address as Address
from .resources._common import Amount as Amount
from .resources._common import BuyerAdditionalInfo as BuyerAdditionalInfo
from .resources._common import BuyerDetails as BuyerDetails
from .resources._common import ChargePermissionType as ChargePermissionType
from .resources._common import CountryCode as CountryCode
from .resources._common import CurrencyCode as CurrencyCode
from .resources._common import Frequency as Frequency
from .resources._common import FrequencyInput as FrequencyInput
from .resources._common import FrequencyUnit as FrequencyUnit
from .resources._common import Id as Id
from .resources._common import KnownChargePermissionType as KnownChargePermissionType
from .resources._common import LedgerCurrency as LedgerCurrency
from .resources._common import MerchantMetadata as MerchantMetadata
from .resources._common import MerchantMetadataInput as MerchantMetadataInput
from .resources._common import OtherCurrency as OtherCurrency
from .resources._common import (
    PaymentMethodOnFileMetadata as PaymentMethodOnFileMetadata,
)
from .resources._common import (
    PaymentMethodOnFileMetadataInput as PaymentMethodOnFileMetadataInput,
)
from .resources._common import PaymentPreference as PaymentPreference
from .resources._common import PresentmentCurrency as PresentmentCurrency
from .resources._common import Price as Price
from .resources._common import PriceInput as PriceInput
from .resources._common import PrimeMembershipType as PrimeMembershipType
from .resources._common import ProviderMetadata as ProviderMetadata
from .resources._common import ProviderMetadataInput as ProviderMetadataInput
from .resources._common import RecurringMetadata as RecurringMetadata
from .resources._common import RecurringMetadataInput as RecurringMetadataInput
from .resources._common import ReleaseEnvironment as ReleaseEnvironment
from .resources._common import SoftDescriptor as SoftDescriptor
from .resources._common import Timestamp as Timestamp
from .resources._common import Unspecified as Unspecified
from .resources._common import Url as Url
from .resources.authorization_tokens import AuthorizationToken as AuthorizationToken
from .resources.buyers import Buyer as Buyer
from .resources.charge_permissions import ChargePermission as ChargePermission
from .resources.charge_permissions import (
    ChargePermissionReason as ChargePermissionReason,
)
from .resources.charge_permissions import ChargePermissionState as ChargePermissionState
from .resources.charge_permissions import (
    ChargePermissionStatusDetails as ChargePermissionStatusDetails,
)
from .resources.charge_permissions import CloseChargePermission as CloseChargePermission
from .resources.charge_permissions import (
    KnownChargePermissionState as KnownChargePermissionState,
)
from .resources.charge_permissions import Limits as Limits
from .resources.charge_permissions import ReasonDetails as ReasonDetails
from .resources.charge_permissions import (
    UpdateChargePermission as UpdateChargePermission,
)
from .resources.charges import CancelCharge as CancelCharge
from .resources.charges import CaptureCharge as CaptureCharge
from .resources.charges import Channel as Channel
from .resources.charges import Charge as Charge
from .resources.charges import ChargeInitiator as ChargeInitiator
from .resources.charges import ChargeReason as ChargeReason
from .resources.charges import ChargeState as ChargeState
from .resources.charges import ChargeStatusDetails as ChargeStatusDetails
from .resources.charges import ChargeWebCheckoutDetails as ChargeWebCheckoutDetails
from .resources.charges import CreateCharge as CreateCharge
from .resources.charges import (
    CreateChargeWebCheckoutDetails as CreateChargeWebCheckoutDetails,
)
from .resources.charges import KnownChargeReason as KnownChargeReason
from .resources.charges import KnownChargeState as KnownChargeState
from .resources.charges import UpdateCharge as UpdateCharge
from .resources.charges import UpdateChargeStatusDetails as UpdateChargeStatusDetails
from .resources.checkout_sessions import AddressDetails as AddressDetails
from .resources.checkout_sessions import AddressRestrictions as AddressRestrictions
from .resources.checkout_sessions import CheckoutSession as CheckoutSession
from .resources.checkout_sessions import CheckoutSessionReason as CheckoutSessionReason
from .resources.checkout_sessions import CheckoutSessionState as CheckoutSessionState
from .resources.checkout_sessions import (
    CheckoutSessionStatusDetails as CheckoutSessionStatusDetails,
)
from .resources.checkout_sessions import (
    CompleteCheckoutSession as CompleteCheckoutSession,
)
from .resources.checkout_sessions import Constraint as Constraint
from .resources.checkout_sessions import ConstraintId as ConstraintId
from .resources.checkout_sessions import CreateCheckoutSession as CreateCheckoutSession
from .resources.checkout_sessions import CreatePaymentDetails as CreatePaymentDetails
from .resources.checkout_sessions import (
    CreateWebCheckoutDetails as CreateWebCheckoutDetails,
)
from .resources.checkout_sessions import (
    DeliverySpecifications as DeliverySpecifications,
)
from .resources.checkout_sessions import FinalizeAddress as FinalizeAddress
from .resources.checkout_sessions import (
    FinalizeCheckoutSession as FinalizeCheckoutSession,
)
from .resources.checkout_sessions import (
    KnownCheckoutSessionState as KnownCheckoutSessionState,
)
from .resources.checkout_sessions import ListedAddress as ListedAddress
from .resources.checkout_sessions import (
    MultiAddressesCheckoutMetadata as MultiAddressesCheckoutMetadata,
)
from .resources.checkout_sessions import (
    MultiAddressesCheckoutMetadataInput as MultiAddressesCheckoutMetadataInput,
)
from .resources.checkout_sessions import PaymentDetails as PaymentDetails
from .resources.checkout_sessions import PaymentIntent as PaymentIntent
from .resources.checkout_sessions import ProductType as ProductType
from .resources.checkout_sessions import Restriction as Restriction
from .resources.checkout_sessions import Scope as Scope
from .resources.checkout_sessions import UpdateCheckoutSession as UpdateCheckoutSession
from .resources.checkout_sessions import UpdatePaymentDetails as UpdatePaymentDetails
from .resources.checkout_sessions import (
    UpdateWebCheckoutDetails as UpdateWebCheckoutDetails,
)
from .resources.checkout_sessions import WebCheckoutDetails as WebCheckoutDetails
from .resources.delivery_trackers import CarrierCode as CarrierCode
from .resources.delivery_trackers import CreateDeliveryTracker as CreateDeliveryTracker
from .resources.delivery_trackers import DeliveryDetails as DeliveryDetails
from .resources.delivery_trackers import DeliveryDetailsInput as DeliveryDetailsInput
from .resources.delivery_trackers import DeliveryTracker as DeliveryTracker
from .resources.disbursements import Disbursement as Disbursement
from .resources.disbursements import Disbursements as Disbursements
from .resources.disputes import AnsweredTime as AnsweredTime
from .resources.disputes import ContestDispute as ContestDispute
from .resources.disputes import CreateDispute as CreateDispute
from .resources.disputes import CreateDisputeStatusDetails as CreateDisputeStatusDetails
from .resources.disputes import Dispute as Dispute
from .resources.disputes import DisputeProviderMetadata as DisputeProviderMetadata
from .resources.disputes import DisputeReason as DisputeReason
from .resources.disputes import DisputeState as DisputeState
from .resources.disputes import DisputeStatusDetails as DisputeStatusDetails
from .resources.disputes import EpochTime as EpochTime
from .resources.disputes import EvidenceType as EvidenceType
from .resources.disputes import FilingReason as FilingReason
from .resources.disputes import KnownDisputeReason as KnownDisputeReason
from .resources.disputes import KnownDisputeState as KnownDisputeState
from .resources.disputes import KnownFilingReason as KnownFilingReason
from .resources.disputes import KnownResolution as KnownResolution
from .resources.disputes import MerchantEvidence as MerchantEvidence
from .resources.disputes import MerchantEvidenceInput as MerchantEvidenceInput
from .resources.disputes import ProviderDispute as ProviderDispute
from .resources.disputes import Resolution as Resolution
from .resources.disputes import UpdateDispute as UpdateDispute
from .resources.disputes import UpdateDisputeStatusDetails as UpdateDisputeStatusDetails
from .resources.files import File as File
from .resources.files import FileType as FileType
from .resources.files import UploadFile as UploadFile
from .resources.in_store import CommunicationContext as CommunicationContext
from .resources.in_store import InstoreCharge as InstoreCharge
from .resources.in_store import InstoreChargeResult as InstoreChargeResult
from .resources.in_store import InstoreMerchantScan as InstoreMerchantScan
from .resources.in_store import InstoreMerchantScanResult as InstoreMerchantScanResult
from .resources.in_store import InStoreMetadata as InStoreMetadata
from .resources.in_store import InstoreRefund as InstoreRefund
from .resources.in_store import InstoreRefundResult as InstoreRefundResult
from .resources.in_store import InStoreState as InStoreState
from .resources.in_store import InstoreStatus as InstoreStatus
from .resources.in_store import StoreLocation as StoreLocation
from .resources.merchant_accounts import AccountStore as AccountStore
from .resources.merchant_accounts import BeneficiaryOwner as BeneficiaryOwner
from .resources.merchant_accounts import BusinessAddress as BusinessAddress
from .resources.merchant_accounts import BusinessInfo as BusinessInfo
from .resources.merchant_accounts import ClaimMerchantAccount as ClaimMerchantAccount
from .resources.merchant_accounts import CreateMerchantAccount as CreateMerchantAccount
from .resources.merchant_accounts import CreateStore as CreateStore
from .resources.merchant_accounts import (
    CustomerSupportInformation as CustomerSupportInformation,
)
from .resources.merchant_accounts import Date as Date
from .resources.merchant_accounts import IntegrationInfo as IntegrationInfo
from .resources.merchant_accounts import MerchantAccount as MerchantAccount
from .resources.merchant_accounts import MerchantStatus as MerchantStatus
from .resources.merchant_accounts import PhoneNumber as PhoneNumber
from .resources.merchant_accounts import PrimaryContactPerson as PrimaryContactPerson
from .resources.merchant_accounts import StoreStatus as StoreStatus
from .resources.merchant_accounts import UpdateMerchantAccount as UpdateMerchantAccount
from .resources.merchant_accounts import UpdateStore as UpdateStore
from .resources.refunds import CreateRefund as CreateRefund
from .resources.refunds import KnownRefundState as KnownRefundState
from .resources.refunds import Refund as Refund
from .resources.refunds import RefundReason as RefundReason
from .resources.refunds import RefundState as RefundState
from .resources.refunds import RefundStatusDetails as RefundStatusDetails
from .resources.reports import CreatedReport as CreatedReport
from .resources.reports import CreatedReportSchedule as CreatedReportSchedule
from .resources.reports import CreateReport as CreateReport
from .resources.reports import CreateReportSchedule as CreateReportSchedule
from .resources.reports import ProcessingStatus as ProcessingStatus
from .resources.reports import Report as Report
from .resources.reports import ReportDocument as ReportDocument
from .resources.reports import Reports as Reports
from .resources.reports import ReportSchedule as ReportSchedule
from .resources.reports import ReportSchedules as ReportSchedules
from .resources.reports import ReportType as ReportType
from .resources.reports import RequestedReportType as RequestedReportType
from .resources.reports import ScheduledReportType as ScheduledReportType
from .resources.reports import ScheduleFrequency as ScheduleFrequency
