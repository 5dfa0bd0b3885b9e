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
    ("accounts", &["read", "write"], ORG),
    ("allocations", &["read"], ORG),
    ("api-clients", &["read", "write"], ORG),
    ("applications", &["read", "write"], MAKER),
    ("approval-delegations", &["read", "write"], MAKER),
    ("approval-policies", &["read", "write"], ORG),
    ("approvals", &["read", "write", "approve"], MAKER),
    ("assignments", &["read", "write"], ANY),
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
    ("calendar-feeds", &["read", "write"], MAKER),
    ("candidates", &["read", "write"], MAKER),
    ("certificates", &["read", "write", "void"], ANY),
    ("checklist-tasks", &["read", "write", "assign", "run"], ANY),
    ("checklist-templates", &["read", "write"], ORG),
    ("checklists", &["read", "write"], ANY),
    ("checkpoints", &["read"], ORG),
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
    ("directory", &["read", "write"], ORG),
    ("dunning-holds", &["read", "write"], ORG),
    ("dunning-letters", &["read", "void"], ORG),
    ("dunning-levels", &["read", "write"], ORG),
    ("dunning-runs", &["read", "write", "post"], ORG),
    ("employees", &["read", "write"], ANY),
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
    ("interviews", &["read", "write"], MAKER),
    ("invitations", &["read", "write"], ORG),
    ("invoices", &["read", "write", "approve", "post", "void", "exceed-credit"], ORG),
    ("job-openings", &["read", "write", "approve"], ANY),
    ("jobs", &["read", "write"], MAKER),
    ("journal-entries", &["read", "write", "post"], ORG),
    ("journal-lines", &["read"], ORG),
    ("journals", &["read", "write"], ORG),
    ("leave-entitlements", &["read", "write"], ANY),
    ("leave-requests", &["read", "write", "approve"], ANY),
    ("leave-types", &["read", "write"], ORG),
    ("memberships", &["read", "write", "assign"], ORG),
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
    ("projects", &["read", "write"], ORG),
    ("public-holidays", &["read", "write"], ORG),
    ("record-quality", &["read"], ORG),
    ("recurring-entries", &["read", "write", "post"], ORG),
    ("recurring-invoices", &["read", "write", "post"], ORG),
    ("reports", &["read"], ORG),
    ("required-documents", &["read", "write"], ORG),
    ("review-calibrations", &["read", "write"], ORG),
    ("review-cycles", &["read", "write", "run"], ORG),
    ("review-parts", &["read", "write"], ANY),
    ("reviews", &["read", "write", "assign"], ANY),
    ("roles", &["read", "write"], ORG),
    ("scorecards", &["read", "write"], MAKER),
    ("sessions", &["read", "write"], ORG),
    ("tax-codes", &["read", "write"], ORG),
    ("timesheet-entries", &["read", "write"], ANY),
    ("timesheets", &["read", "write", "approve"], ANY),
    ("training-costs", &["read"], ORG),
    ("users", &["read", "write"], ORG),
    ("webhook-deliveries", &["read", "write"], ORG),
    ("webhook-endpoints", &["read", "write"], ORG),
    ("work-calendars", &["read", "write"], ORG),
    ("work-schedules", &["read", "write"], ANY),
    ("working-patterns", &["read", "write"], ORG),
];

/// Every permission there is.
#[must_use]
pub fn catalogue() -> Vec<Permission> {
    let each = CATALOGUE.iter().flat_map(|&(resource, verbs, reaches)| {
        verbs.iter().map(move |&verb| Permission { resource, verb, reaches })
    });
    each.collect()
}

/// The permission of this name, such as `employees:read`.
#[must_use]
pub fn find(name: &str) -> Option<Permission> {
    let (resource, verb) = name.split_once(':')?;
    catalogue().into_iter().find(|each| each.resource == resource && each.verb == verb)
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
    "benefit-plans:read",
    "benefit-windows:read",
    "course-requirements:read",
    "course-sessions:read",
    "courses:read",
    "expense-categories:read",
    "hiring-stages:read",
    "leave-types:read",
    "public-holidays:read",
    "review-cycles:read",
    "work-calendars:read",
    "working-patterns:read",
];

/// What every role holds for its holder alone, unless it holds more: to follow what one started, to ask for approvals and
/// decide those that wait for one, to say who does so meanwhile, to say something and put papers where one may, to claim
/// what one spent, and to see one's own personnel file, bring papers to it and propose what should be in it.
/// Besides, to ask for leave and tell what one worked, to see who is away, and to decide on leave and weeks for somebody who is.
const EVERYBODY: &[&str] = &[
    "absences:read",
    "applications:read",
    "approval-delegations:read",
    "approval-delegations:write",
    "approvals:approve",
    "approvals:read",
    "approvals:write",
    "assignments:read",
    "benefit-enrolments:read",
    "benefit-enrolments:write",
    "benefit-life-events:read",
    "benefit-life-events:write",
    "calendar-feeds:read",
    "calendar-feeds:write",
    "candidates:read",
    "certificates:read",
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
    "payslips:read",
    "personal-data-changes:read",
    "personal-data-changes:write",
    "personal-data:read",
    "personnel-documents:read",
    "personnel-documents:write",
    "review-parts:read",
    "review-parts:write",
    "reviews:read",
    "reviews:write",
    "scorecards:read",
    "scorecards:write",
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
        org: &["custom-fields:*", "departments:*", "positions:*", "employees:*", "memberships:*", "invitations:*", "number-series:*", "approval-policies:*", "approval-delegations:*", "approvals:read", "approvals:write", "events:read", "roles:read", "sessions:read", "users:read", "organizations:read", "organizations:write", "import-mappings:*", "parties:*", "payment-terms:*", "budgets:read", "assignments:*", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "leave-types:*", "public-holidays:*", "work-calendars:*", "working-patterns:*", "goals:*", "goal-check-ins:*", "hiring-stages:read", "job-openings:*", "applications:read", "offers:read", "offers:approve", "checklist-templates:*", "checklists:*", "checklist-tasks:*"], team: &[], own: &[] },
    BuiltInRole { name: "executive", title: "Executive", description: "Leads the company and looks at all of it.",
        org: &["departments:read", "positions:read", "employees:read", "organizations:read", "approval-policies:read", "approvals:read", "events:read", "accounts:read", "cost-centres:read", "projects:read", "fiscal-years:read", "fiscal-periods:read", "journals:read", "journal-entries:read", "journal-lines:read", "parties:read", "payment-terms:read", "tax-codes:read", "invoices:read", "credit-notes:read", "bills:read", "debit-notes:read", "allocations:read", "fixed-assets:read", "fixed-asset-categories:read", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:read", "budgets:read", "budgets:approve", "expense-claims:read", "expense-claims:approve", "bank-accounts:read", "payments:read", "payment-runs:read", "payment-runs:approve", "reports:read", "recurring-invoices:read", "dunning-runs:read", "dunning-letters:read", "bank-statements:read", "bank-statement-lines:read", "assignments:read", "org-chart:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "goals:*", "goal-check-ins:*", "reviews:read", "review-calibrations:read", "review-calibrations:write", "payroll-runs:read", "payroll-runs:approve", "hiring-stages:read", "job-openings:read", "job-openings:approve", "applications:read", "offers:read", "offers:approve"], team: &[], own: &[] },
    BuiltInRole { name: "department_head", title: "Head of department", description: "Heads a department and sees everybody in it, all the way down.",
        org: STRUCTURE, team: &["employees:read", "expense-claims:read", "expense-claims:approve", "assignments:read", "personnel-documents:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "course-enrolments:read", "course-enrolments:write", "goals:read", "goals:write", "goal-check-ins:read", "goal-check-ins:write", "reviews:read", "reviews:assign", "job-openings:read", "job-openings:write", "checklists:read", "checklist-tasks:read"], own: &[] },
    BuiltInRole { name: "team_leader", title: "Team leader", description: "Leads a team and sees who belongs to it.",
        org: STRUCTURE, team: &["employees:read", "expense-claims:read", "expense-claims:approve", "assignments:read", "personnel-documents:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "leave-requests:approve", "timesheets:read", "timesheets:approve", "timesheet-entries:read", "work-schedules:read", "certificates:read", "course-enrolments:read", "course-enrolments:write", "goals:read", "goals:write", "goal-check-ins:read", "goal-check-ins:write", "reviews:read", "reviews:assign", "job-openings:read", "checklists:read", "checklist-tasks:read"], own: &[] },
    BuiltInRole { name: "employee", title: "Employee", description: "Works here and sees the structure and their own file.",
        org: STRUCTURE, team: &[], own: &["employees:read"] },
    BuiltInRole { name: "front_office", title: "Front office", description: "Deals with customers and finds who is responsible.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "tax-codes:read", "invoices:read", "invoices:write", "credit-notes:read", "payments:read", "recurring-invoices:read", "dunning-letters:read"], team: &[], own: &[] },
    BuiltInRole { name: "auditor", title: "Auditor", description: "Reads everything and writes nothing.",
        org: &["*:read"], team: &[], own: &[] },
    BuiltInRole { name: "hr_manager", title: "HR manager", description: "Answers for people and structure, and lets new people in.",
        org: &["custom-fields:*", "departments:*", "positions:*", "employees:*", "invitations:*", "number-series:*", "organizations:read", "events:read", "memberships:read", "roles:read", "users:read", "import-mappings:*", "assignments:*", "personal-data:*", "personal-data-changes:*", "dependants:*", "personnel-documents:*", "personnel-document-kinds:*", "required-documents:*", "record-quality:read", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "leave-types:*", "public-holidays:*", "work-calendars:*", "working-patterns:*", "benefit-plans:*", "benefit-windows:*", "benefit-life-events:*", "benefit-enrolments:*", "courses:*", "course-requirements:*", "course-sessions:*", "training-costs:read", "course-enrolments:*", "certificates:*", "goals:*", "goal-check-ins:*", "review-cycles:*", "reviews:read", "reviews:assign", "review-parts:read", "review-calibrations:*", "compensations:*", "pay-groups:read", "pay-components:read", "payroll-runs:read", "payroll-inputs:read", "payslips:run", "hiring-stages:*", "job-openings:*", "candidates:*", "applications:*", "interviews:*", "scorecards:read", "offers:*", "checklist-templates:*", "checklists:*", "checklist-tasks:*"], team: &[], own: &[] },
    BuiltInRole { name: "hr_officer", title: "HR officer", description: "Keeps the files of people.",
        org: &["import-mappings:*", "employees:*", "departments:read", "positions:read", "organizations:read", "assignments:*", "personal-data:*", "personal-data-changes:*", "dependants:*", "personnel-documents:*", "personnel-document-kinds:read", "required-documents:read", "record-quality:read", "org-chart:read", "absences:read", "leave-entitlements:*", "leave-requests:*", "timesheets:*", "timesheet-entries:*", "work-schedules:*", "public-holidays:*", "benefit-plans:*", "benefit-windows:*", "benefit-life-events:*", "benefit-enrolments:*", "courses:*", "course-requirements:*", "course-sessions:*", "training-costs:read", "course-enrolments:*", "certificates:*", "goals:read", "goal-check-ins:read", "review-cycles:read", "reviews:read", "reviews:assign", "review-parts:read", "compensations:read", "compensations:write", "pay-groups:read", "hiring-stages:read", "job-openings:read", "job-openings:write", "candidates:*", "applications:*", "interviews:*", "scorecards:read", "offers:read", "offers:write", "offers:run", "checklist-templates:read", "checklists:*", "checklist-tasks:*"], team: &[], own: &[] },
    BuiltInRole { name: "payroll_officer", title: "Payroll officer", description: "Pays everybody, so knows everybody.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "expense-claims:read", "expense-claims:run", "assignments:read", "personal-data:read", "dependants:read", "org-chart:read", "absences:read", "leave-entitlements:read", "leave-requests:read", "timesheets:read", "timesheet-entries:read", "work-schedules:read", "benefit-enrolments:read", "benefit-enrolments:run", "compensations:*", "pay-groups:*", "pay-components:*", "payroll-inputs:*", "payroll-runs:read", "payroll-runs:write", "payroll-runs:run", "payslips:*"], team: &[], own: &[] },
    BuiltInRole { name: "accountant", title: "Accountant", description: "Keeps the books by department.",
        org: &["departments:read", "positions:read", "organizations:read", "accounts:*", "cost-centres:*", "projects:*", "exchange-rates:*", "fiscal-years:read", "fiscal-periods:read", "journals:*", "journal-entries:*", "journal-lines:read", "recurring-entries:*", "import-mappings:*", "parties:*", "payment-terms:*", "tax-codes:*", "invoices:read", "invoices:write", "invoices:approve", "invoices:post", "invoices:void", "credit-notes:*", "allocations:read", "bills:read", "bills:write", "bills:post", "bills:void", "debit-notes:read", "debit-notes:write", "debit-notes:post", "fixed-assets:*", "fixed-asset-categories:*", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:*", "budgets:read", "budgets:write", "expense-categories:*", "expense-claims:read", "expense-claims:write", "expense-claims:post", "bank-accounts:read", "payments:*", "payment-runs:read", "payment-runs:write", "payment-runs:post", "reports:read", "recurring-invoices:*", "dunning-levels:*", "dunning-holds:*", "dunning-runs:*", "dunning-letters:*", "bank-rules:*", "bank-statement-lines:*", "bank-statement-mappings:*", "bank-statements:*", "payment-runs:run", "timesheet-entries:read", "payroll-runs:read", "payroll-runs:post", "pay-groups:read"], team: &[], own: &["employees:read"] },
    BuiltInRole { name: "accounting_manager", title: "Accounting manager", description: "Answers for the books and for those who keep them.",
        org: &["departments:read", "positions:read", "organizations:read", "organizations:write", "number-series:*", "events:read", "accounts:*", "cost-centres:*", "projects:*", "exchange-rates:*", "fiscal-years:*", "fiscal-periods:*", "journals:*", "journal-entries:*", "journal-lines:read", "recurring-entries:*", "import-mappings:*", "parties:*", "payment-terms:*", "tax-codes:*", "invoices:*", "credit-notes:*", "allocations:read", "bills:*", "debit-notes:*", "fixed-assets:*", "fixed-asset-categories:*", "fixed-asset-movements:read", "fixed-asset-purchases:read", "depreciation-runs:*", "budgets:*", "expense-categories:*", "expense-claims:*", "bank-accounts:*", "payments:*", "payment-runs:*", "reports:read", "recurring-invoices:*", "dunning-levels:*", "dunning-holds:*", "dunning-runs:*", "dunning-letters:*", "bank-rules:*", "bank-statement-lines:*", "bank-statement-mappings:*", "bank-statements:*", "timesheet-entries:read", "payroll-runs:read", "payroll-runs:approve", "payroll-runs:post", "payroll-runs:void", "pay-groups:read", "pay-components:read", "payslips:read"], team: &["employees:read"], own: &[] },
    BuiltInRole { name: "it_manager", title: "IT manager", description: "Answers for access: users, roles, sessions, API clients.",
        org: &["users:*", "memberships:*", "roles:*", "invitations:*", "sessions:*", "api-clients:*", "webhook-endpoints:*", "webhook-deliveries:*", "events:read", "departments:read", "positions:read", "employees:read", "organizations:read", "directory:*", "checklists:read", "checklist-tasks:read", "checklist-tasks:write", "checklist-tasks:run"], team: &[], own: &[] },
    BuiltInRole { name: "it_support", title: "IT support", description: "Helps those who can not sign in, and ends sessions that should not be.",
        org: &["sessions:*", "users:read", "memberships:read", "roles:read", "invitations:read", "departments:read", "positions:read", "employees:read", "organizations:read", "checklists:read", "checklist-tasks:read", "checklist-tasks:write", "checklist-tasks:run"], team: &[], own: &[] },
    BuiltInRole { name: "operations_manager", title: "Operations manager", description: "Keeps the company running, and finds who is responsible.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "absences:read"], team: &[], own: &[] },
    BuiltInRole { name: "buyer", title: "Buyer", description: "Buys for all departments.",
        org: &["departments:read", "positions:read", "organizations:read", "employees:read", "parties:read", "payment-terms:read", "tax-codes:read", "bills:read", "bills:write", "debit-notes:read", "payments:read"], team: &[], own: &[] },
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
    let all = catalogue().into_iter().filter(|each| fits(resource, each.resource) && fits(verb, each.verb));
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
        assert_eq!(role("owner").grants().len(), catalogue().len());
        let reads = catalogue().into_iter().filter(|each| each.verb == "read").count();
        let (read, others): (Vec<_>, Vec<_>) =
            role("auditor").grants().into_iter().partition(|grant| grant.permission.ends_with(":read"));
        assert_eq!(read.len(), reads);
        assert!(others.iter().all(|each| EVERYBODY.contains(&each.permission.as_str())), "{others:?}");
    }
}
