//! Every permission there is, and the roles that every organization begins with.
use crate::roles::{Grant, GrantReach};

/// A permission, and how far it can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What it is about: `employees`.
    pub resource: &'static str,
    /// What it allows: `read`.
    pub verb: &'static str,
    /// The reaches it can be granted with; less than the whole organization only for what is about a person.
    pub reaches: &'static [GrantReach],
}

const ORG: &[GrantReach] = &[GrantReach::Org];
const ANY: &[GrantReach] = &[GrantReach::Own, GrantReach::Team, GrantReach::Org];
/// What one started oneself, or everybody's.
const MAKER: &[GrantReach] = &[GrantReach::Own, GrantReach::Org];

/// What hangs on something: however far it is granted, it reaches what the permission on that reaches.
const FOLLOWS: &[GrantReach] = MAKER;

/// Resources, their verbs, and how far these reach.
const CATALOGUE: &[(&str, &[&str], &[GrantReach])] = &[
    ("absences", &["read"], ANY),
    ("access-grants", &["read", "write", "approve", "run"], ANY),
    ("access-review-items", &["read", "write"], MAKER),
    ("access-reviews", &["read", "write", "run"], ORG),
    ("accounts", &["read", "write"], ORG),
    ("allocations", &["read"], ORG),
    ("api-clients", &["read", "write"], ORG),
    ("applications", &["read", "write"], MAKER),
    ("approval-delegations", &["read", "write"], MAKER),
    ("approval-policies", &["read", "write"], ORG),
    ("approvals", &["read", "write", "approve"], MAKER),
    ("article-editions", &["read", "write", "approve"], MAKER),
    ("article-feedback", &["read", "write"], MAKER),
    ("articles", &["read", "write"], MAKER),
    ("asset-assignments", &["read", "write"], ANY),
    ("asset-audits", &["read"], ORG),
    ("asset-maintenances", &["read", "write"], ORG),
    ("asset-models", &["read", "write"], ORG),
    ("assets", &["read", "write", "assign"], ANY),
    ("assignments", &["read", "write"], ANY),
    ("backup-policies", &["read", "write"], ORG),
    ("backup-runs", &["read", "write"], ORG),
    ("bank-accounts", &["read", "write"], ORG),
    ("bank-rules", &["read", "write", "run"], ORG),
    ("bank-statement-lines", &["read", "post"], ORG),
    ("bank-statement-mappings", &["read", "write"], ORG),
    ("bank-statements", &["read", "write"], ORG),
    ("benefit-enrolments", &["read", "write", "approve", "run"], ANY),
    ("benefit-life-events", &["read", "write", "approve"], ANY),
    ("benefit-plans", &["read", "write"], ORG),
    ("benefit-windows", &["read", "write"], ORG),
    ("bills", &["read", "write", "approve", "post", "void"], ORG),
    ("budgets", &["read", "write", "approve"], ORG),
    ("business-hours", &["read", "write"], ORG),
    ("cables", &["read", "write"], ORG),
    ("calendar-feeds", &["read", "write"], MAKER),
    ("candidates", &["read", "write"], MAKER),
    ("case-decisions", &["read", "write", "approve"], ORG),
    ("case-files", &["read", "write"], ORG),
    ("case-steps", &["read", "write"], ORG),
    ("cases", &["read", "write", "assign", "run"], MAKER),
    ("certificates", &["read", "write", "void"], ANY),
    ("change-calendar-feeds", &["read", "write"], MAKER),
    ("change-freezes", &["read", "write"], ORG),
    ("change-links", &["read", "write"], ORG),
    ("change-risk-matrices", &["read", "write"], ORG),
    ("change-steps", &["read", "write"], ORG),
    ("changes", &["read", "write", "approve", "run"], ORG),
    ("checklist-tasks", &["read", "write", "assign", "run"], ANY),
    ("checklist-templates", &["read", "write"], ORG),
    ("checklists", &["read", "write"], ANY),
    ("checkpoints", &["read"], ORG),
    ("circuits", &["read", "write"], ORG),
    ("comments", &["read", "write"], FOLLOWS),
    ("compensations", &["read", "write"], MAKER),
    ("cost-centres", &["read", "write"], ORG),
    ("course-enrolments", &["read", "write"], ANY),
    ("course-requirements", &["read", "write"], ORG),
    ("course-sessions", &["read", "write", "run"], ORG),
    ("courses", &["read", "write"], ORG),
    ("credit-notes", &["read", "write", "approve", "post"], ORG),
    ("custom-fields", &["read", "write"], ORG),
    ("debit-notes", &["read", "write", "approve", "post"], ORG),
    ("departments", &["read", "write"], ORG),
    ("dependants", &["read", "write"], MAKER),
    ("depreciation-runs", &["read", "post"], ORG),
    ("devices", &["read", "write"], ORG),
    ("directory", &["read", "write"], ORG),
    ("dunning-holds", &["read", "write"], ORG),
    ("dunning-letters", &["read", "void"], ORG),
    ("dunning-levels", &["read", "write"], ORG),
    ("dunning-runs", &["read", "write", "post"], ORG),
    ("employees", &["read", "write"], ANY),
    ("escalation-rules", &["read", "write"], ORG),
    ("events", &["read"], ORG),
    ("exchange-rates", &["read", "write"], ORG),
    ("expense-categories", &["read", "write"], ORG),
    ("expense-claims", &["read", "write", "approve", "post", "run", "void"], ANY),
    ("file-integrity", &["read"], ORG),
    ("files", &["read", "write"], FOLLOWS),
    ("fiscal-periods", &["read", "run", "post-closed"], ORG),
    ("fiscal-years", &["read", "write", "run"], ORG),
    ("fixed-asset-categories", &["read", "write"], ORG),
    ("fixed-asset-movements", &["read"], ORG),
    ("fixed-asset-purchases", &["read"], ORG),
    ("fixed-assets", &["read", "write", "post"], ORG),
    ("goal-check-ins", &["read", "write"], ANY),
    ("goals", &["read", "write"], ANY),
    ("hiring-stages", &["read", "write"], ORG),
    ("identity-providers", &["read", "write"], ORG),
    ("import-mappings", &["read", "write"], ORG),
    ("imports", &["read", "write"], MAKER),
    ("interfaces", &["read", "write"], ORG),
    ("interviews", &["read", "write"], MAKER),
    ("invitations", &["read", "write"], ORG),
    ("invoices", &["read", "write", "approve", "post", "void", "exceed-credit"], ORG),
    ("ip-addresses", &["read", "write"], ORG),
    ("job-openings", &["read", "write", "approve"], ANY),
    ("jobs", &["read", "write"], MAKER),
    ("journal-entries", &["read", "write", "post"], ORG),
    ("journal-lines", &["read"], ORG),
    ("journals", &["read", "write"], ORG),
    ("kit-items", &["read", "write"], ORG),
    ("kits", &["read", "write", "assign"], ORG),
    ("leave-entitlements", &["read", "write"], ANY),
    ("leave-requests", &["read", "write", "approve"], ANY),
    ("leave-types", &["read", "write"], ORG),
    ("licence-assignments", &["read", "write"], ANY),
    ("licence-terms", &["read"], ORG),
    ("licences", &["read", "write"], ORG),
    ("locations", &["read", "write"], ORG),
    ("macros", &["read", "write"], ORG),
    ("memberships", &["read", "write", "assign"], ORG),
    ("network-designs", &["read", "write", "approve", "run"], ORG),
    ("number-series", &["read", "write"], ORG),
    ("offers", &["read", "write", "approve", "run"], ORG),
    ("org-chart", &["read"], ORG),
    ("organizations", &["read", "write", "export"], ORG),
    ("parties", &["read", "write"], ORG),
    ("pay-components", &["read", "write"], ORG),
    ("pay-groups", &["read", "write"], ORG),
    ("payment-runs", &["read", "write", "approve", "run", "post"], ORG),
    ("payment-terms", &["read", "write"], ORG),
    ("payments", &["read", "write", "post", "void"], ORG),
    ("payroll-inputs", &["read", "write"], ORG),
    ("payroll-runs", &["read", "write", "run", "approve", "post", "void"], ORG),
    ("payslips", &["read", "run"], MAKER),
    ("personal-data", &["read", "write"], MAKER),
    ("personal-data-changes", &["read", "write", "approve"], MAKER),
    ("personnel-document-kinds", &["read", "write"], ORG),
    ("personnel-documents", &["read", "write", "approve"], ANY),
    ("positions", &["read", "write"], ORG),
    ("prefixes", &["read", "write"], ORG),
    ("priority-matrices", &["read", "write"], ORG),
    ("projects", &["read", "write"], ORG),
    ("public-holidays", &["read", "write"], ORG),
    ("queues", &["read", "write"], ORG),
    ("record-quality", &["read"], ORG),
    ("recurring-entries", &["read", "write", "post"], ORG),
    ("recurring-invoices", &["read", "write", "post"], ORG),
    ("recurring-tasks", &["read", "write"], ANY),
    ("reports", &["read"], ORG),
    ("required-documents", &["read", "write"], ORG),
    ("restore-tests", &["read", "write"], ORG),
    ("review-calibrations", &["read", "write"], ORG),
    ("review-cycles", &["read", "write", "run"], ORG),
    ("review-parts", &["read", "write"], ANY),
    ("reviews", &["read", "write", "assign"], ANY),
    ("roles", &["read", "write"], ORG),
    ("routing-domains", &["read", "write"], ORG),
    ("routing-rules", &["read", "write"], ORG),
    ("scorecards", &["read", "write"], MAKER),
    ("security-deadlines", &["read", "write"], ORG),
    ("security-incident-entries", &["read", "write"], MAKER),
    ("security-incidents", &["read", "write", "run"], MAKER),
    ("service-requests", &["read", "write", "run"], ANY),
    ("services", &["read", "write"], ORG),
    ("sessions", &["read", "write"], ORG),
    ("sites", &["read", "write"], ORG),
    ("sla-policies", &["read", "write"], ORG),
    ("software-installations", &["read", "write"], ORG),
    ("supplies", &["read", "write", "assign"], ORG),
    ("supply-movements", &["read"], ANY),
    ("system-dependencies", &["read", "write"], ORG),
    ("system-roles", &["read", "write"], ORG),
    ("systems", &["read", "write"], MAKER),
    ("task-dependencies", &["read", "write"], ANY),
    ("tasks", &["read", "write", "assign"], ANY),
    ("tax-codes", &["read", "write"], ORG),
    ("ticket-deadlines", &["read"], ORG),
    ("ticket-links", &["read", "write"], ORG),
    ("ticket-messages", &["read", "write"], ANY),
    ("tickets", &["read", "write", "run", "assign"], ANY),
    ("timesheet-entries", &["read", "write"], ANY),
    ("timesheets", &["read", "write", "approve"], ANY),
    ("toxic-role-pairs", &["read", "write"], ORG),
    ("training-costs", &["read"], ORG),
    ("users", &["read", "write"], ORG),
    ("vlan-groups", &["read", "write"], ORG),
    ("vlans", &["read", "write"], ORG),
    ("vulnerabilities", &["read", "write", "approve", "run"], ORG),
    ("webhook-deliveries", &["read", "write"], ORG),
    ("webhook-endpoints", &["read", "write"], ORG),
    ("work-calendars", &["read", "write"], ORG),
    ("work-schedules", &["read", "write"], ANY),
    ("working-patterns", &["read", "write"], ORG),
];

/// Every permission there is.
pub fn catalogue() -> impl Iterator<Item = Permission> {
    CATALOGUE.iter().flat_map(|&(resource, verbs, reaches)| {
        verbs.iter().map(move |&verb| Permission { resource, verb, reaches })
    })
}

/// The permission of this name, such as `employees:read`.
#[must_use]
pub fn find(name: &str) -> Option<Permission> {
    let (resource, verb) = name.split_once(':')?;
    catalogue().find(|each| each.resource == resource && each.verb == verb)
}

/// A role that every organization has. `*` stands for every resource or every verb.
pub struct BuiltInRole {
    /// How programs call it.
    pub name: &'static str,
    /// How people call it.
    pub title: &'static str,
    /// Whose job it is.
    pub description: &'static str,
    /// What it may do in the whole organization.
    org: &'static [&'static str],
    /// What it may do for those who report to its holder, all the way down.
    team: &'static [&'static str],
    /// What it may do for its holder alone.
    own: &'static [&'static str],
}

/// The company's structure, which everybody who works here may look up.
const STRUCTURE: &[&str] = &["departments:read", "positions:read", "organizations:read", "org-chart:read"];

/// What every role may look up.
const ANYBODY: &[&str] = &[
    "asset-models:read",
    "benefit-plans:read",
    "benefit-windows:read",
    "course-requirements:read",
    "course-sessions:read",
    "courses:read",
    "expense-categories:read",
    "hiring-stages:read",
    "leave-types:read",
    "locations:read",
    "public-holidays:read",
    "queues:read",
    "review-cycles:read",
    "services:read",
    "system-roles:read",
    "work-calendars:read",
    "working-patterns:read",
];

/// What every role holds for its holder alone, unless it holds more: to follow what one started, to ask for approvals and
/// decide those that wait for one, to say who does so meanwhile, to say something and put papers where one may, to claim
/// what one spent, and to see one's own personnel file, bring papers to it and propose what should be in it.
/// Besides, to ask for leave and tell what one worked, to see who is away, and to decide on leave and weeks for somebody who is.
const EVERYBODY: &[&str] = &[
    "absences:read",
    "access-grants:approve",
    "access-grants:read",
    "access-grants:write",
    "access-review-items:read",
    "access-review-items:write",
    "applications:read",
    "approval-delegations:read",
    "approval-delegations:write",
    "approvals:approve",
    "approvals:read",
    "approvals:write",
    "article-feedback:read",
    "article-feedback:write",
    "articles:read",
    "asset-assignments:read",
    "asset-assignments:write",
    "assets:read",
    "assignments:read",
    "benefit-enrolments:read",
    "benefit-enrolments:write",
    "benefit-life-events:read",
    "benefit-life-events:write",
    "calendar-feeds:read",
    "calendar-feeds:write",
    "candidates:read",
    "certificates:read",
    "change-calendar-feeds:read",
    "change-calendar-feeds:write",
    "checklist-tasks:read",
    "checklist-tasks:write",
    "checklists:read",
    "comments:read",
    "comments:write",
    "compensations:read",
    "course-enrolments:read",
    "course-enrolments:write",
    "dependants:read",
    "expense-claims:read",
    "expense-claims:write",
    "files:read",
    "files:write",
    "goal-check-ins:read",
    "goal-check-ins:write",
    "goals:read",
    "goals:write",
    "imports:read",
    "imports:write",
    "interviews:read",
    "job-openings:read",
    "jobs:read",
    "jobs:write",
    "leave-entitlements:read",
    "leave-requests:approve",
    "leave-requests:read",
    "leave-requests:write",
    "licence-assignments:read",
    "payslips:read",
    "personal-data-changes:read",
    "personal-data-changes:write",
    "personal-data:read",
    "personnel-documents:read",
    "personnel-documents:write",
    "recurring-tasks:read",
    "recurring-tasks:write",
    "review-parts:read",
    "review-parts:write",
    "reviews:read",
    "reviews:write",
    "scorecards:read",
    "scorecards:write",
    "security-incident-entries:read",
    "security-incident-entries:write",
    "security-incidents:read",
    "security-incidents:write",
    "service-requests:read",
    "service-requests:write",
    "supply-movements:read",
    "systems:read",
    "task-dependencies:read",
    "task-dependencies:write",
    "tasks:read",
    "tasks:write",
    "ticket-messages:read",
    "ticket-messages:write",
    "tickets:read",
    "tickets:write",
    "timesheet-entries:read",
    "timesheet-entries:write",
    "timesheets:approve",
    "timesheets:read",
    "timesheets:write",
    "work-schedules:read",
];

/// The roles that every organization has, by what their holders do all day.
#[rustfmt::skip]
pub const BUILT_IN_ROLES: &[BuiltInRole] = &[
    BuiltInRole { name: "owner", title: "Owner", description: "Answers for the organization and may do everything.",
        org: &["*:*"], team: &[], own: &[] },
    BuiltInRole { name: "back_office_manager", title: "Back office manager", description: "Runs everything behind the front office: structure, people, and who has access.",
        org: &["custom-fields:*", "departments:*", "positions:*", "employees:*", "memberships:*", "invitations:*", "number-series:*", "approval-policies:*", "approval-delegations:*", "approvals:read", "approvals:write", "events:read", "roles:read", "sessions:read", "users:read", "organizations:read", "organizations:write", "import-mappings:*", "parties:*", "payment-terms:*", "budgets:read", "assignments:*", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "leave-types:*", "public-holidays:*", "work-calendars:*", "working-patterns:*", "goals:*", "goal-check-ins:*", "hiring-stages:read", "job-openings:*", "applications:read", "offers:read", "offers:approve", "checklist-templates:*", "checklists:*", "checklist-tasks:*", "locations:*", "assets:read", "asset-assignments:read", "asset-audits:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "licence-assignments:read", "software-installations:read", "supplies:read", "supply-movements:read", "kits:read", "kit-items:read", "systems:read", "system-dependencies:read", "backup-runs:read", "restore-tests:read", "changes:read", "change-freezes:read", "security-incidents:read", "vulnerabilities:read", "access-grants:read", "access-reviews:read", "business-hours:*", "sla-policies:*", "priority-matrices:*", "queues:*", "routing-rules:*", "escalation-rules:*", "macros:*", "tickets:*", "ticket-messages:*", "ticket-links:*", "ticket-deadlines:read"], team: &[], own: &[] },
    BuiltInRole { name: "executive", title: "Executive", description: "Leads the company and looks at all of it.",
        org: &["departments:read", "positions:read", "employees:read", "organizations:read", "approval-policies:read", "approvals:read", "events:read", "accounts:read", "cost-centres:read", "projects:read", "fiscal-years:read", "fiscal-periods:read", "journals:read", "journal-entries:read", "journal-lines:read", "parties:read", "payment-terms:read", "tax-codes:read", "invoices:read", "credit-notes:read", "bills:read", "debit-notes:read", "allocations:read", "fixed-assets:read", "fixed-asset-categories:read", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:read", "budgets:read", "budgets:approve", "expense-claims:read", "expense-claims:approve", "bank-accounts:read", "payments:read", "payment-runs:read", "payment-runs:approve", "reports:read", "recurring-invoices:read", "dunning-runs:read", "dunning-letters:read", "bank-statements:read", "bank-statement-lines:read", "assignments:read", "org-chart:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "goals:*", "goal-check-ins:*", "reviews:read", "review-calibrations:read", "review-calibrations:write", "payroll-runs:read", "payroll-runs:approve", "hiring-stages:read", "job-openings:read", "job-openings:approve", "applications:read", "offers:read", "offers:approve", "assets:read", "asset-assignments:read", "asset-audits:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "licence-assignments:read", "software-installations:read", "supplies:read", "supply-movements:read", "kits:read", "kit-items:read", "sites:read", "circuits:read", "network-designs:read", "systems:read", "system-dependencies:read", "backup-runs:read", "restore-tests:read", "changes:read", "change-freezes:read", "security-incidents:read", "vulnerabilities:read", "tickets:read", "ticket-messages:read", "ticket-deadlines:read", "queues:read", "cases:read", "case-files:read", "case-steps:read", "case-decisions:read", "case-decisions:approve", "tasks:*", "task-dependencies:*", "recurring-tasks:*", "service-requests:read", "article-feedback:read"], team: &[], own: &[] },
    BuiltInRole { name: "department_head", title: "Head of department", description: "Heads a department and sees everybody in it, all the way down.",
        org: STRUCTURE, team: &["employees:read", "expense-claims:read", "expense-claims:approve", "assignments:read", "personnel-documents:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "course-enrolments:read", "course-enrolments:write", "goals:read", "goals:write", "goal-check-ins:read", "goal-check-ins:write", "reviews:read", "reviews:assign", "job-openings:read", "job-openings:write", "checklists:read", "checklist-tasks:read", "assets:read", "asset-assignments:read", "licence-assignments:read", "supply-movements:read", "access-grants:read", "access-grants:write", "tickets:read", "ticket-messages:read", "tasks:*", "task-dependencies:*", "recurring-tasks:*", "service-requests:read"], own: &[] },
    BuiltInRole { name: "team_leader", title: "Team leader", description: "Leads a team and sees who belongs to it.",
        org: STRUCTURE, team: &["employees:read", "expense-claims:read", "expense-claims:approve", "assignments:read", "personnel-documents:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "course-enrolments:read", "course-enrolments:write", "goals:read", "goals:write", "goal-check-ins:read", "goal-check-ins:write", "reviews:read", "reviews:assign", "job-openings:read", "checklists:read", "checklist-tasks:read", "assets:read", "asset-assignments:read", "licence-assignments:read", "supply-movements:read", "access-grants:read", "access-grants:write", "tickets:read", "ticket-messages:read", "tasks:*", "task-dependencies:*", "recurring-tasks:*", "service-requests:read"], own: &[] },
    BuiltInRole { name: "employee", title: "Employee", description: "Works here and sees the structure and their own file.",
        org: STRUCTURE, team: &[], own: &["employees:read"] },
    BuiltInRole { name: "front_office", title: "Front office", description: "Deals with customers and finds who is responsible.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "tax-codes:read", "invoices:read", "invoices:write", "credit-notes:read", "payments:read", "recurring-invoices:read", "dunning-letters:read", "cases:read", "cases:run"], team: &[], own: &[] },
    BuiltInRole { name: "auditor", title: "Auditor", description: "Reads everything and writes nothing.",
        org: &["*:read"], team: &[], own: &[] },
    BuiltInRole { name: "hr_manager", title: "HR manager", description: "Answers for people and structure, and lets new people in.",
        org: &["custom-fields:*", "departments:*", "positions:*", "employees:*", "invitations:*", "number-series:*", "organizations:read", "events:read", "memberships:read", "roles:read", "users:read", "import-mappings:*", "assignments:*", "personal-data:*", "personal-data-changes:*", "dependants:*", "personnel-documents:*", "personnel-document-kinds:*", "required-documents:*", "record-quality:read", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "leave-types:*", "public-holidays:*", "work-calendars:*", "working-patterns:*", "benefit-plans:*", "benefit-windows:*", "benefit-life-events:*", "benefit-enrolments:*", "courses:*", "course-requirements:*", "course-sessions:*", "training-costs:read", "course-enrolments:*", "certificates:*", "goals:*", "goal-check-ins:*", "review-cycles:*", "reviews:read", "reviews:assign", "review-parts:read", "review-calibrations:*", "compensations:*", "pay-groups:read", "pay-components:read", "payroll-runs:read", "payroll-inputs:read", "payslips:run", "hiring-stages:*", "job-openings:*", "candidates:*", "applications:*", "interviews:*", "scorecards:read", "offers:*", "checklist-templates:*", "checklists:*", "checklist-tasks:*", "assets:read", "asset-assignments:read", "licence-assignments:read", "supply-movements:read", "kits:read", "kit-items:read", "access-grants:read", "access-grants:write", "article-editions:read", "article-editions:write", "articles:write"], team: &[], own: &[] },
    BuiltInRole { name: "hr_officer", title: "HR officer", description: "Keeps the files of people.",
        org: &["import-mappings:*", "employees:*", "departments:read", "positions:read", "organizations:read", "assignments:*", "personal-data:*", "personal-data-changes:*", "dependants:*", "personnel-documents:*", "personnel-document-kinds:read", "required-documents:read", "record-quality:read", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "public-holidays:*", "benefit-plans:*", "benefit-windows:*", "benefit-life-events:*", "benefit-enrolments:*", "courses:*", "course-requirements:*", "course-sessions:*", "training-costs:read", "course-enrolments:*", "certificates:*", "goals:read", "goal-check-ins:read", "review-cycles:read", "reviews:read", "reviews:assign", "review-parts:read", "compensations:read", "compensations:write", "pay-groups:read", "hiring-stages:read", "job-openings:read", "job-openings:write", "candidates:*", "applications:*", "interviews:*", "scorecards:read", "offers:read", "offers:write", "offers:run", "checklist-templates:read", "checklists:*", "checklist-tasks:*", "assets:read", "asset-assignments:read", "licence-assignments:read", "supply-movements:read", "kits:read", "kit-items:read", "business-hours:read", "sla-policies:read", "priority-matrices:read", "routing-rules:read", "escalation-rules:read", "macros:read", "tickets:*", "ticket-messages:*", "ticket-links:*", "ticket-deadlines:read"], team: &[], own: &[] },
    BuiltInRole { name: "payroll_officer", title: "Payroll officer", description: "Pays everybody, so knows everybody.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "expense-claims:read", "expense-claims:run", "assignments:read", "personal-data:read", "dependants:read", "org-chart:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "timesheets:read", "timesheet-entries:read", "work-schedules:read", "benefit-enrolments:read", "benefit-enrolments:run", "compensations:*", "pay-groups:*", "pay-components:*", "payroll-inputs:*", "payroll-runs:read", "payroll-runs:write", "payroll-runs:run", "payslips:*"], team: &[], own: &[] },
    BuiltInRole { name: "accountant", title: "Accountant", description: "Keeps the books by department.",
        org: &["departments:read", "positions:read", "organizations:read", "accounts:*", "cost-centres:*", "projects:*", "exchange-rates:*", "fiscal-years:read", "fiscal-periods:read", "journals:*", "journal-entries:*", "journal-lines:read", "recurring-entries:*", "import-mappings:*", "parties:*", "payment-terms:*", "tax-codes:*", "invoices:read", "invoices:write", "invoices:approve", "invoices:post", "invoices:void", "credit-notes:*", "allocations:read", "bills:read", "bills:write", "bills:post", "bills:void", "debit-notes:read", "debit-notes:write", "debit-notes:post", "fixed-assets:*", "fixed-asset-categories:*", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:*", "budgets:read", "budgets:write", "expense-categories:*", "expense-claims:read", "expense-claims:write", "expense-claims:post", "bank-accounts:read", "payments:*", "payment-runs:read", "payment-runs:write", "payment-runs:post", "reports:read", "recurring-invoices:*", "dunning-levels:*", "dunning-holds:*", "dunning-runs:*", "dunning-letters:*", "bank-rules:*", "bank-statement-lines:*", "bank-statement-mappings:*", "bank-statements:*", "payment-runs:run", "timesheet-entries:read", "payroll-runs:read", "payroll-runs:post", "pay-groups:read", "assets:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "cases:read", "cases:write", "case-files:*", "case-steps:*", "case-decisions:read", "case-decisions:write"], team: &[], own: &["employees:read"] },
    BuiltInRole { name: "accounting_manager", title: "Accounting manager", description: "Answers for the books and for those who keep them.",
        org: &["departments:read", "positions:read", "organizations:read", "organizations:write", "number-series:*", "events:read", "accounts:*", "cost-centres:*", "projects:*", "exchange-rates:*", "fiscal-years:*", "fiscal-periods:*", "journals:*", "journal-entries:*", "journal-lines:read", "recurring-entries:*", "import-mappings:*", "parties:*", "payment-terms:*", "tax-codes:*", "invoices:*", "credit-notes:*", "allocations:read", "bills:*", "debit-notes:*", "fixed-assets:*", "fixed-asset-categories:*", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:*", "budgets:*", "expense-categories:*", "expense-claims:*", "bank-accounts:*", "payments:*", "payment-runs:*", "reports:read", "recurring-invoices:*", "dunning-levels:*", "dunning-holds:*", "dunning-runs:*", "dunning-letters:*", "bank-rules:*", "bank-statement-lines:*", "bank-statement-mappings:*", "bank-statements:*", "timesheet-entries:read", "payroll-runs:read", "payroll-runs:approve", "payroll-runs:post", "payroll-runs:void", "pay-groups:read", "pay-components:read", "payslips:read", "assets:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "cases:*", "case-files:*", "case-steps:*", "case-decisions:*"], team: &["employees:read"], own: &[] },
    BuiltInRole { name: "it_manager", title: "IT manager", description: "Answers for access: users, roles, sessions, API clients.",
        org: &["users:*", "memberships:*", "roles:*", "invitations:*", "sessions:*", "api-clients:*", "webhook-endpoints:*", "webhook-deliveries:*", "events:read", "departments:read", "positions:read", "employees:read", "organizations:read", "directory:*", "checklists:read", "checklist-tasks:read", "checklist-tasks:write", "checklist-tasks:run", "asset-models:*", "locations:*", "assets:*", "asset-assignments:*", "asset-audits:read", "asset-maintenances:*", "licences:*", "licence-terms:read", "licence-assignments:*", "software-installations:*", "supplies:*", "supply-movements:read", "kits:*", "kit-items:*", "parties:read", "import-mappings:*", "sites:*", "routing-domains:*", "prefixes:*", "ip-addresses:*", "vlan-groups:*", "vlans:*", "devices:*", "interfaces:*", "cables:*", "circuits:*", "network-designs:*", "systems:*", "system-dependencies:*", "backup-policies:*", "backup-runs:*", "restore-tests:*", "changes:*", "change-steps:*", "change-freezes:*", "change-risk-matrices:*", "change-links:*", "system-roles:*", "toxic-role-pairs:*", "access-grants:*", "access-reviews:*", "access-review-items:*", "security-incidents:*", "security-incident-entries:*", "security-deadlines:*", "vulnerabilities:*", "business-hours:*", "sla-policies:*", "priority-matrices:*", "queues:*", "routing-rules:*", "escalation-rules:*", "macros:*", "tickets:*", "ticket-messages:*", "ticket-links:*", "ticket-deadlines:read", "services:*", "service-requests:*", "articles:*", "article-editions:*", "article-feedback:read", "tasks:*", "task-dependencies:*", "recurring-tasks:*"], team: &[], own: &[] },
    BuiltInRole { name: "it_support", title: "IT support", description: "Helps those who can not sign in, and ends sessions that should not be.",
        org: &["sessions:*", "users:read", "memberships:read", "roles:read", "invitations:read", "departments:read", "positions:read", "employees:read", "organizations:read", "checklists:read", "checklist-tasks:read", "checklist-tasks:write", "checklist-tasks:run", "assets:*", "asset-assignments:*", "asset-audits:read", "asset-maintenances:*", "licences:read", "licence-terms:read", "licence-assignments:*", "software-installations:*", "supplies:read", "supplies:assign", "supply-movements:read", "kits:read", "kits:assign", "kit-items:read", "parties:read", "sites:read", "routing-domains:read", "prefixes:read", "ip-addresses:read", "vlan-groups:read", "vlans:read", "devices:read", "interfaces:read", "cables:read", "circuits:read", "ip-addresses:write", "interfaces:write", "cables:write", "network-designs:read", "network-designs:write", "systems:read", "system-dependencies:read", "backup-policies:read", "backup-runs:*", "restore-tests:*", "changes:read", "changes:write", "changes:run", "change-steps:*", "change-freezes:read", "change-risk-matrices:read", "change-links:*", "toxic-role-pairs:read", "access-grants:read", "access-grants:write", "access-grants:run", "security-incidents:*", "security-incident-entries:*", "security-deadlines:read", "vulnerabilities:read", "vulnerabilities:write", "vulnerabilities:run", "business-hours:read", "sla-policies:read", "priority-matrices:read", "routing-rules:read", "escalation-rules:read", "macros:*", "tickets:*", "ticket-messages:*", "ticket-links:*", "ticket-deadlines:read", "service-requests:read", "service-requests:run", "articles:read", "articles:write", "article-editions:read", "article-editions:write", "article-feedback:read"], team: &[], own: &[] },
    BuiltInRole { name: "operations_manager", title: "Operations manager", description: "Keeps the company running, and finds who is responsible.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "absences:read", "locations:*", "assets:read", "asset-assignments:read", "asset-audits:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "licence-assignments:read", "software-installations:read", "supplies:read", "supply-movements:read", "kits:read", "kit-items:read", "sites:read", "circuits:read", "systems:read", "changes:read", "change-freezes:read", "business-hours:read", "sla-policies:read", "priority-matrices:read", "routing-rules:read", "escalation-rules:read", "macros:*", "tickets:*", "ticket-messages:*", "ticket-links:*", "ticket-deadlines:read", "cases:*", "case-files:*", "case-steps:*", "case-decisions:*", "services:*", "service-requests:*", "articles:*", "article-editions:*", "article-feedback:read", "tasks:*", "task-dependencies:*", "recurring-tasks:*"], team: &[], own: &[] },
    BuiltInRole { name: "buyer", title: "Buyer", description: "Buys for all departments.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "tax-codes:read", "bills:read", "bills:write", "debit-notes:read", "payments:read", "assets:read", "asset-maintenances:read", "licences:read", "licence-terms:read", "supplies:read", "circuits:read"], team: &[], own: &[] },
    BuiltInRole { name: "warehouse_clerk", title: "Warehouse clerk", description: "Takes in, keeps and hands out goods.",
        org: STRUCTURE, team: &[], own: &["employees:read"] },
    BuiltInRole { name: "compliance_officer", title: "Compliance officer", description: "Watches that rules are kept: who has access, and what was changed.",
        org: &["*:read"], team: &[], own: &[] },
    BuiltInRole { name: "data_entry_clerk", title: "Data entry clerk", description: "Enters what others bring on paper.",
        org: &["import-mappings:*", "employees:*", "positions:*", "departments:read", "organizations:read", "parties:*", "payment-terms:read", "assignments:*"], team: &[], own: &[] },
];

impl BuiltInRole {
    /// What it grants, written out.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let with = |patterns: &'static [&'static str], reach: GrantReach| {
            patterns
                .iter()
                .flat_map(|pattern| matching(pattern))
                .map(move |permission| Grant { permission, reach })
        };
        let mut grants: Vec<Grant> = with(self.org, GrantReach::Org)
            .chain(with(self.team, GrantReach::Team))
            .chain(with(self.own, GrantReach::Own))
            .collect();
        for grant in with(ANYBODY, GrantReach::Org).chain(with(EVERYBODY, GrantReach::Own)) {
            if grants.iter().all(|held| held.permission != grant.permission) {
                grants.push(grant);
            }
        }
        grants.sort_by(|a, b| a.permission.cmp(&b.permission));
        grants
    }
}

/// The names of the permissions that a pattern such as `employees:*` or `*:read` means.
fn matching(pattern: &str) -> Vec<String> {
    let (resource, verb) = pattern.split_once(':').unwrap_or((pattern, ""));
    let fits = |wanted: &str, is: &str| wanted == "*" || wanted == is;
    let all = catalogue().filter(|each| fits(resource, each.resource) && fits(verb, each.verb));
    all.map(|each| format!("{}:{}", each.resource, each.verb)).collect()
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN_ROLES, BuiltInRole, EVERYBODY, catalogue, find, matching};
    use std::collections::HashSet;

    fn role(name: &str) -> &'static BuiltInRole {
        BUILT_IN_ROLES.iter().find(|role| role.name == name).unwrap()
    }

    #[test]
    fn roles_hold_what_there_is_once_and_as_far_as_it_reaches() {
        for role in BUILT_IN_ROLES {
            for pattern in [role.org, role.team, role.own].concat() {
                assert!(!matching(pattern).is_empty(), "{}: {pattern} means nothing", role.name);
            }
            let grants = role.grants();
            let once: HashSet<_> = grants.iter().map(|grant| &grant.permission).collect();
            assert_eq!(once.len(), grants.len(), "{} holds something twice", role.name);
            for grant in &grants {
                assert!(
                    find(&grant.permission).unwrap().reaches.contains(&grant.reach),
                    "{}: {}",
                    role.name,
                    grant.permission
                );
            }
        }
    }

    #[test]
    fn every_job_is_there_once() {
        let names: HashSet<_> = BUILT_IN_ROLES.iter().map(|role| role.name).collect();
        assert_eq!((names.len(), BUILT_IN_ROLES.len()), (20, 20));
    }

    #[test]
    fn the_owner_may_do_everything_and_the_auditor_reads_everything() {
        assert_eq!(role("owner").grants().len(), catalogue().count());
        let reads = catalogue().filter(|each| each.verb == "read").count();
        let (read, others): (Vec<_>, Vec<_>) =
            role("auditor").grants().into_iter().partition(|grant| grant.permission.ends_with(":read"));
        assert_eq!(read.len(), reads);
        assert!(others.iter().all(|each| EVERYBODY.contains(&each.permission.as_str())), "{others:?}");
    }
}
