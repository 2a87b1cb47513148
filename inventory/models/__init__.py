"""The registers' models, one concern a file."""

from inventory.models.agents import Agent, AgentCall, AgentTool
from inventory.models.ai_models import AIModel, ModelVersion, VersionModel
from inventory.models.data import DataFlow, DataSource
from inventory.models.documents import Document
from inventory.models.opening import OpeningBalance
from inventory.models.people import RoleAssignment
from inventory.models.products import RegulatedProduct
from inventory.models.risk import RiskClass
from inventory.models.systems import AISystem
from inventory.models.tools import SystemTool, Tool
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Agreement, AgreementClause, SubProcessor, Vendor, VendorAttestation
from inventory.models.versions import Deployment, SystemUse, SystemVersion

__all__ = [
    "AIModel",
    "AISystem",
    "Agent",
    "AgentCall",
    "AgentTool",
    "Agreement",
    "AgreementClause",
    "DataFlow",
    "DataSource",
    "Deployment",
    "Document",
    "ModelVersion",
    "OpeningBalance",
    "OrganizationUnit",
    "RegulatedProduct",
    "RiskClass",
    "RoleAssignment",
    "SubProcessor",
    "SystemTool",
    "SystemUse",
    "SystemVersion",
    "Tool",
    "Vendor",
    "VendorAttestation",
    "VersionModel",
]
