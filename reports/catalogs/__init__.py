"""The words that the catalogs beside this file are written in.

A catalog may use no other: the loader in `reports.catalog` refuses them. Each word comes with the sentence
or phrase that is printed for it.
"""

from __future__ import annotations

from collections.abc import Mapping

CATALOGS: tuple[str, ...] = ("eu-ai-act", "hipaa", "soc2")

# What the register, as it is today, can give for a requirement; printed under the duty table.
PORTALS: Mapping[str, str] = {
    "direct": "A record of the register is itself evidence for the duty.",
    "supporting": "The register gives the population, the people or the context, not the proof itself.",
    "external": "A vendor or another system holds the proof; the register names it and where it lies.",
    "outside": "A register cannot show it; the requirement says who can.",
}

# How sure we are of the paraphrase, and of nothing else.
CONFIDENCES: Mapping[str, str] = {
    "high": "Two independent readings of the primary text agree.",
    "medium": "One good secondary reading.",
    "low": "Readings differ.",
    "memory": "Written from memory and not read again: check the text before you rely on it.",
}

# Whom a requirement is addressed to, as the law calls them; by framework.
ROLES: Mapping[str, Mapping[str, str]] = {
    "eu-ai-act": {
        "provider": "provider",
        "deployer": "deployer",
        "importer": "importer",
        "distributor": "distributor",
        "authorised_representative": "authorised representative",
        "product_manufacturer": "product manufacturer",
        "gpai_provider": "provider of a general-purpose AI model",
        "component_supplier": "supplier of components, tools or services",
    },
    "hipaa": {"covered_entity": "covered entity", "business_associate": "business associate"},
    "soc2": {"service_organization": "service organization"},
}

# What kind of row a requirement is; by framework.
KINDS: Mapping[str, Mapping[str, str]] = {
    "eu-ai-act": {
        "obligation": "obligation",
        "conditional_permission": "permission with conditions",
        "prohibited_practice": "prohibited practice",
    },
    "hipaa": {
        "standard": "standard",
        "required": "required implementation specification",
        "addressable": "addressable implementation specification",
        "privacy": "Privacy Rule provision",
        "breach": "Breach Notification Rule provision",
    },
    "soc2": {
        "security": "common criteria (security)",
        "availability": "availability",
        "confidentiality": "confidentiality",
        "processing_integrity": "processing integrity",
        "privacy": "privacy",
    },
}

# What a requirement touches: the population against which evidence is counted.
SCOPES: Mapping[str, str] = {
    "organization": "the organization as a whole",
    "all_systems": "all AI systems",
    "high_risk_annex_iii": "high-risk systems under Annex III",
    "high_risk_annex_iii_decisions": "Annex III systems that make or assist decisions about natural persons",
    "high_risk_annex_iii_except_2": "high-risk systems under Annex III, point 2 excepted",
    "high_risk_annex_iii_point_1a": "systems for post-remote biometric identification, Annex III, point 1(a)",
    "high_risk_annex_iii_point_2": "critical infrastructure systems under Annex III, point 2",
    "high_risk_annex_i": "high-risk systems under Annex I, Section A",
    "annex_iii_derogation": "Annex III systems held not to be high-risk under Art. 6(3)",
    "transparency_interaction": "systems that interact directly with natural persons",
    "transparency_synthetic": "generative systems placed on the market from 2 Aug 2026 on",
    "transparency_synthetic_legacy": "generative systems placed on the market before 2 Aug 2026",
    "transparency_emotion_biometric": "emotion recognition and biometric categorisation systems",
    "transparency_deep_fake": "systems that generate or manipulate deep fakes",
    "transparency_public_text": "systems that generate or manipulate text published to inform the public",
    "gpai": "general-purpose AI models placed on the market from 2 Aug 2025 on",
    "gpai_legacy": "general-purpose AI models placed on the market before 2 Aug 2025",
    "gpai_systemic_risk": "models with systemic risk placed on the market from 2 Aug 2025 on",
    "gpai_systemic_risk_legacy": "models with systemic risk placed on the market before 2 Aug 2025",
    "health_data": "AI systems that create, receive, maintain or transmit protected health information",
    "vendors_with_health_data": "vendors that handle protected health information",
    "deidentified_data": "data sources recorded as de-identified or as a limited data set",
    "health_data_incidents": "incidents with unsecured protected health information",
    "vendors": "vendors",
    "personal_data": "AI systems that use personal data",
    "personal_data_vendors": "vendors that handle personal data",
    "confidential_data": "AI systems and data sources with confidential information",
}

# Each name is a collector registered by the reports app; the sentence is what it returns.
COLLECTORS: Mapping[str, str] = {
    "system_inventory": "Every AI system in scope, with stage and public id, retired ones included.",
    "system_purpose": "Intended purpose of each system, in force and before.",
    "system_ownership": "Accountable people of each system, and from when.",
    "human_oversight": "People and measures of human oversight of each system.",
    "affected_persons": "Groups of persons each system affects.",
    "autonomy": "How far each system acts on its own.",
    "system_versions": "Versions of each system with their dates.",
    "deployments": "Where each system runs.",
    "system_uses": "Who uses each system, where and for what.",
    "model_versions": "Models and versions each system uses.",
    "training_data": "Data sources each model version was trained, validated or tested on.",
    "data_sources": "Data sources with owner, origin, categories and location.",
    "data_flows": "What data each system reads from and sends to where.",
    "health_data_flows": "Data flows that carry protected health information.",
    "vendors": "Vendors with what they supply.",
    "vendor_agreements": "Agreements with vendors, with parties, dates and status.",
    "business_associate_agreements": "Business associate agreements, against the vendors that need one.",
    "sub_processors": "Sub-processors and subcontractors behind each vendor.",
    "vendor_attestations": "Reports and attestations received from vendors, with the period they cover.",
    "tools": "Tools and components each system calls.",
    "agents": "Agents with identity, owner and the tools they may use.",
    "risk_classes": "Risk class of each system with its legal basis.",
    "stage_dates": "When each system entered each stage of its life.",
    "change_history": "Who changed what, when and why, from the history and ledger.",
    "access_roles": "People, roles and object permissions in this portal.",
    "documents": "Documents attached to records, with kind, version and date.",
    "organization_units": "Organization units and the systems and people in them.",
    "regulated_products": "Products under Annex I law that a system is, or is a safety component of.",
    "reviews_due": "Records whose review is due or overdue.",
}

# Evidence that the register does not hold yet. A pack names it as such instead of leaving it out.
LATER: Mapping[str, str] = {
    "access_reviews": "Periodic reviews of who may use a system.",
    "approval_decisions": "Decisions on requests, with requester, approver and exact version.",
    "authority_contacts": "Requests from and answers to authorities and notified bodies.",
    "breach_assessments": "Assessments whether an incident is a breach.",
    "change_requests": "Requests for change, with test, decision and rollout.",
    "classification_decisions": "Answered classification questions with rule version and approver.",
    "complaints": "Complaints, requests of individuals and their answers.",
    "conformity_records": "Conformity assessments, certificates, declarations and CE marking.",
    "continuity_plans": "Fallback, backup and recovery plans and their tests.",
    "control_checks": "Control tests, internal audits and management reviews with findings.",
    "corrective_actions": "Corrections, withdrawals and recalls, with the parties informed.",
    "data_quality_checks": "Checks of data for fitness, representativeness and bias.",
    "deidentification_records": "De-identification by method, data set version and person.",
    "disclosure_log": "Disclosures of data, with date, recipient and purpose.",
    "disposals": "Proof that data and media were destroyed or returned.",
    "impact_assessments": "Assessments of the impact on persons and their rights.",
    "incidents": "Incidents with times, assessment, notices and closure.",
    "log_settings": "What a system logs, where, and for how long.",
    "monitoring": "Monitoring plans, results and reviews of systems in use.",
    "notices": "Notices to users, workers, affected persons and the public.",
    "policies": "Policies and procedures with version, approval and acknowledgement.",
    "practice_screenings": "Screening of each system against Art. 5(1), point by point.",
    "reconciliations": "Comparison of the register with independent sources.",
    "registrations": "Registrations in the EU database or a national one.",
    "retention_rules": "How long each kind of record is kept.",
    "risk_assessments": "Identified risks, with likelihood, impact and residual risk.",
    "risk_treatments": "Actions that reduce risks, with owner and date.",
    "security_settings": "Authentication, encryption and network settings.",
    "test_reports": "Tests and evaluations against metrics set beforehand.",
    "training_records": "Who was trained in what, and when.",
    "vendor_reviews": "Reviews of vendors, with result and follow-up.",
}
