"""The words that the registers choose from, in the field's standard terms."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# --- AI systems ---


class SystemKind(models.TextChoices):
    PREDICTIVE = "predictive", _("Predictive")
    GENERATIVE = "generative", _("Generative")
    AGENTIC = "agentic", _("Agentic")
    DECISION_SUPPORT = "decision_support", _("Decision support")
    EMBEDDED_FEATURE = "embedded_feature", _("Embedded feature")
    RECOMMENDATION = "recommendation", _("Recommendation or ranking")
    RECOGNITION = "recognition", _("Vision or speech recognition")
    LANGUAGE = "language", _("Language processing")
    OTHER = "other", pgettext_lazy("kind", "Other")
    UNKNOWN = "unknown", _("Unknown")


class Stage(models.TextChoices):
    PLANNING = "planning", _("Planning")
    DEVELOPMENT = "development", _("Development")
    DEPLOYMENT = "deployment", _("Deployment")
    MONITORING = "monitoring", _("Monitoring")
    OPTIMIZATION = "optimization", _("Optimization")
    RETIREMENT = "retirement", _("Retirement")


class Build(models.TextChoices):
    IN_HOUSE = "in_house", _("In-house")
    CONTRACTED = "contracted", _("Contracted")
    BOTH = "both", _("In-house and contracted")
    PURCHASED = "purchased", _("Purchased")
    UNKNOWN = "unknown", _("Unknown")


class OperatedBy(models.TextChoices):
    OWN_TEAM = "own_team", _("Own team")
    VENDOR_MANAGED = "vendor_managed", _("Vendor-managed")
    UNKNOWN = "unknown", _("Unknown")


class UserBand(models.TextChoices):
    UNDER_10 = "under_10", _("Under 10")
    TO_100 = "10_to_100", _("10 to 100")
    TO_1000 = "100_to_1000", _("100 to 1,000")
    TO_5000 = "1000_to_5000", _("1,000 to 5,000")
    TO_50000 = "5000_to_50000", _("5,000 to 50,000")
    OVER_50000 = "over_50000", _("Over 50,000")
    UNKNOWN = "unknown", _("Unknown")


class Autonomy(models.TextChoices):
    IN_THE_LOOP = "in_the_loop", _("Human in the loop")
    ON_THE_LOOP = "on_the_loop", _("Human on the loop")
    OUT_OF_THE_LOOP = "out_of_the_loop", _("Human out of the loop")
    UNKNOWN = "unknown", _("Unknown")


class Criticality(models.TextChoices):
    LOW = "low", pgettext_lazy("criticality", "Low")
    MEDIUM = "medium", pgettext_lazy("criticality", "Medium")
    HIGH = "high", pgettext_lazy("criticality", "High")
    CRITICAL = "critical", pgettext_lazy("criticality", "Critical")
    UNKNOWN = "unknown", _("Unknown")


class Tier(models.TextChoices):
    LOW = "low", pgettext_lazy("tier", "Low")
    MEDIUM = "medium", pgettext_lazy("tier", "Medium")
    HIGH = "high", pgettext_lazy("tier", "High")


class Declaration(models.TextChoices):
    """Where a system's stage and risk class come from; blank is the ordinary way, through gates."""

    OPENING = "opening", _("Declared at opening, not approved here")


class AIActRole(models.TextChoices):
    """Roles of Article 3(3) to (7) of Regulation (EU) 2024/1689."""

    PROVIDER = "provider", _("Provider")
    DEPLOYER = "deployer", _("Deployer")
    IMPORTER = "importer", _("Importer")
    DISTRIBUTOR = "distributor", _("Distributor")
    NONE = "none", _("Not applicable")
    UNKNOWN = "unknown", _("Unknown")


class HipaaRole(models.TextChoices):
    """Roles of 45 CFR 160.103."""

    COVERED_ENTITY = "covered_entity", _("Covered entity")
    BUSINESS_ASSOCIATE = "business_associate", _("Business associate")
    NONE = "none", _("Not applicable")
    UNKNOWN = "unknown", _("Unknown")


class Environment(models.TextChoices):
    DEVELOPMENT = "development", _("Development")
    TEST = "test", _("Test")
    STAGING = "staging", _("Staging")
    PRODUCTION = "production", _("Production")


# --- Models ---


class Hosting(models.TextChoices):
    OWN = "own", _("Own data center")
    OWN_CLOUD = "own_cloud", _("Own cloud account")
    VENDOR = "vendor", _("At the vendor")
    DEVICE = "device", _("On the device")
    UNKNOWN = "unknown", _("Unknown")


class ModelRole(models.TextChoices):
    MAIN = "main", _("Main model")
    FALLBACK = "fallback", _("Fallback")
    EMBEDDING = "embedding", _("Embedding")
    RERANKING = "reranking", _("Reranking")
    GUARDRAIL = "guardrail", _("Guardrail")
    OTHER = "other", pgettext_lazy("kind", "Other")


# --- Vendors and agreements ---


class VendorKind(models.TextChoices):
    MODEL_PROVIDER = "model_provider", _("Model provider")
    SOFTWARE = "software", _("Software")
    CLOUD = "cloud", _("Cloud or hosting")
    DEVICE = "device", _("Device manufacturer")
    DATA = "data", _("Data provider")
    SERVICES = "services", _("Services or consulting")
    OTHER = "other", pgettext_lazy("kind", "Other")
    UNKNOWN = "unknown", _("Unknown")


class AgreementKind(models.TextChoices):
    BAA = "baa", _("Business associate agreement (BAA)")
    DPA = "dpa", _("Data processing agreement (DPA)")
    MSA = "msa", _("Master service agreement (MSA)")
    SLA = "sla", _("Service level agreement (SLA)")
    AI_TERMS = "ai_terms", _("AI terms")
    OTHER = "other", pgettext_lazy("kind", "Other")


class Clause(models.TextChoices):
    """What a reviewer looks for in an agreement about AI and health data."""

    PERMITTED_USES = "permitted_uses", _("Permitted uses and disclosures of health data")
    SAFEGUARDS = "safeguards", _("Safeguards for health data")
    INCIDENT_NOTICE = "incident_notice", _("Notice of incidents and breaches")
    SUBCONTRACTORS = "subcontractors", _("Subcontractors bound by the same terms")
    TRAINING = "training", _("Use of our data for training")
    OUTPUT_RIGHTS = "output_rights", _("Rights in inputs and outputs")
    RETURN_DESTRUCTION = "return_destruction", _("Return or destruction, embeddings and logs included")
    RESIDENCY = "residency", _("Where data is kept")
    AUDIT = "audit", _("Audit and access to records")
    MODEL_CHANGE = "model_change", _("Notice before a model changes or ends")
    AI_ACT = "ai_act", _("Information and cooperation under the EU AI Act")
    INDEMNITY = "indemnity", _("Indemnity and liability")


class AttestationKind(models.TextChoices):
    SOC2_TYPE2 = "soc2_type2", _("SOC 2 Type II")
    SOC2_TYPE1 = "soc2_type1", _("SOC 2 Type I")
    ISO_27001 = "iso_27001", "ISO/IEC 27001"
    ISO_27701 = "iso_27701", "ISO/IEC 27701"
    ISO_42001 = "iso_42001", "ISO/IEC 42001"
    HITRUST = "hitrust", "HITRUST"
    PENETRATION_TEST = "penetration_test", _("Penetration test")
    QUESTIONNAIRE = "questionnaire", _("Questionnaire")
    OTHER = "other", pgettext_lazy("kind", "Other")


class Opinion(models.TextChoices):
    """The auditor's opinion, or the outcome of a certification."""

    UNQUALIFIED = "unqualified", _("Unqualified")
    QUALIFIED = "qualified", _("Qualified")
    ADVERSE = "adverse", _("Adverse")
    DISCLAIMER = "disclaimer", _("Disclaimer of opinion")
    CERTIFIED = "certified", _("Certificate issued")
    NONE = "none", _("No opinion")
    UNKNOWN = "unknown", _("Unknown")


class CarveOut(models.TextChoices):
    """How a SOC report treats the vendor's own suppliers."""

    CARVE_OUT = "carve_out", _("Carved out")
    INCLUSIVE = "inclusive", _("Included")
    NONE = "none", _("No subservice organizations")
    UNKNOWN = "unknown", _("Unknown")


# --- Tools, agents ---


class ToolCategory(models.TextChoices):
    ASSISTANT = "assistant", _("Assistant or chat")
    CODING = "coding", _("Coding")
    EMBEDDED = "embedded", _("AI in a business application")
    CLINICAL = "clinical", _("Clinical")
    PLATFORM = "platform", _("Model or machine learning platform")
    SPEECH = "speech", _("Transcription or speech")
    SEARCH = "search", _("Search and retrieval")
    AUTOMATION = "automation", _("Automation and agents")
    OTHER = "other", pgettext_lazy("kind", "Other")
    UNKNOWN = "unknown", _("Unknown")


class ToolStatus(models.TextChoices):
    APPROVED = "approved", _("Approved")
    RESTRICTED = "restricted", _("Restricted")
    PROHIBITED = "prohibited", _("Prohibited")
    UNDER_REVIEW = "under_review", _("Under review")


class AgentAutonomy(models.TextChoices):
    """How far an agent goes before a person takes part."""

    SUGGESTS = "suggests", _("Suggests; a person acts")
    CONFIRMS = "confirms", _("Acts after a person confirms")
    SUPERVISED = "supervised", _("Acts; a person watches and can stop it")
    AUTONOMOUS = "autonomous", _("Acts on its own")
    UNKNOWN = "unknown", _("Unknown")


class SpendPeriod(models.TextChoices):
    RUN = "run", _("per run")
    DAY = "day", _("per day")
    MONTH = "month", _("per month")


# --- Data ---


class DataSourceKind(models.TextChoices):
    DATABASE = "database", _("Database or warehouse")
    APPLICATION = "application", _("Application")
    STREAM = "stream", _("Stream or messages")
    FILES = "files", _("Files or data set")
    DOCUMENT_INDEX = "document_index", _("Document index (RAG)")
    API = "api", _("API")
    DEVICE = "device", _("Device or sensor")
    PUBLIC = "public", _("Public data")
    SYNTHETIC = "synthetic", _("Synthetic data")
    OTHER = "other", pgettext_lazy("kind", "Other")
    UNKNOWN = "unknown", _("Unknown")


class Classification(models.TextChoices):
    PUBLIC = "public", _("Public")
    INTERNAL = "internal", _("Internal")
    CONFIDENTIAL = "confidential", _("Confidential")
    RESTRICTED = "restricted", _("Restricted")
    UNKNOWN = "unknown", _("Unknown")


class FlowDirection(models.TextChoices):
    READS = "reads", _("Reads")
    SENDS = "sends", _("Sends")
    TRAINING = "training", _("Is trained or tuned on")


class RegulatedStatus(models.TextChoices):
    NOT_REGULATED = "not_regulated", _("Not regulated")
    ASSESSMENT = "assessment", _("Under assessment")
    AUTHORIZED = "authorized", _("Cleared, approved or CE-marked")
    EXPIRED = "expired", _("Expired or withdrawn")
    UNKNOWN = "unknown", _("Unknown")


class Severity(models.TextChoices):
    """What harm a wrong output can do to a patient."""

    NONE = "none", pgettext_lazy("harm", "None")
    MINOR = "minor", _("Minor")
    SERIOUS = "serious", _("Serious")
    CRITICAL = "critical", pgettext_lazy("harm", "Life-threatening")
    UNKNOWN = "unknown", _("Unknown")


# --- People, documents ---


class AssignmentRole(models.TextChoices):
    BUSINESS_OWNER = "business_owner", _("Business owner")
    TECHNICAL_OWNER = "technical_owner", _("Technical owner")
    SPONSOR = "sponsor", _("Sponsor")
    HUMAN_OVERSIGHT = "human_oversight", _("Human oversight")
    PRIVACY = "privacy", _("Privacy")
    SECURITY = "security", _("Security")
    CLINICAL_LEAD = "clinical_lead", _("Clinical lead")
    RISK = "risk", _("Risk")
    LEGAL = "legal", _("Legal")
    DATA_STEWARD = "data_steward", _("Data steward")
    VENDOR_MANAGER = "vendor_manager", _("Vendor manager")
    HEAD = "head", _("Head of unit")
    OTHER = "other", pgettext_lazy("role", "Other")


class DocumentKind(models.TextChoices):
    POLICY = "policy", _("Policy or procedure")
    INSTRUCTIONS = "instructions", _("Instructions for use")
    TECHNICAL = "technical", _("Technical documentation")
    MODEL_CARD = "model_card", _("Model card")
    CONFORMITY = "conformity", _("Declaration of conformity")
    CONTRACT = "contract", _("Contract")
    ASSESSMENT = "assessment", _("Assessment")
    TEST_REPORT = "test_report", _("Test or validation report")
    REPORT = "report", _("Audit report")
    TRAINING = "training", _("Training record")
    NOTICE = "notice", _("Notice to persons")
    OTHER = "other", pgettext_lazy("kind", "Other")
