//! Who works at the demo companies: departments, posts, and how many people fill each. Everything follows from these
//! tables by counting, so the demo is the same on every machine.

/// A company of the demo.
pub struct Company {
    /// Keeps the ids of the companies apart.
    pub number: u8,
    pub slug: &'static str,
    pub name: &'static str,
    pub domain: &'static str,
    pub departments: &'static [Department],
}

/// A department; whoever fills its first post heads it.
pub struct Department {
    pub code: &'static str,
    pub name: &'static str,
    /// The code of the department above.
    pub parent: Option<&'static str>,
    pub posts: &'static [Post],
}

/// A post, and how many people fill it. They report to the head of the department unless told otherwise; the head
/// reports to the head of the department above.
pub struct Post {
    pub title: &'static str,
    pub people: usize,
    /// The post of the same department whose holders they report to, in turn.
    pub reports_to: Option<&'static str>,
    /// The role of the demo user whose login belongs to the first of them.
    pub role: Option<&'static str>,
}

const fn post(title: &'static str, people: usize) -> Post {
    Post { title, people, reports_to: None, role: None }
}

impl Post {
    const fn under(mut self, title: &'static str) -> Self {
        self.reports_to = Some(title);
        self
    }
    const fn with_login(mut self, role: &'static str) -> Self {
        self.role = Some(role);
        self
    }
}

const fn department(
    code: &'static str,
    name: &'static str,
    parent: Option<&'static str>,
    posts: &'static [Post],
) -> Department {
    Department { code, name, parent, posts }
}

/// A maker of measuring instruments: 250 people in 14 departments, five levels of managers in production.
#[rustfmt::skip]
pub const DEMO: Company = Company {
    number: 1,
    slug: "demo",
    name: "Meridian Instruments",
    domain: "demo.example",
    departments: &[
        department("MGT", "Management", None, &[
            post("Chief executive officer", 1).with_login("executive"),
            post("Executive assistant", 2),
            post("Back office manager", 1).with_login("back_office_manager"),
            post("Receptionist", 2).under("Back office manager").with_login("front_office"),
        ]),
        department("FIN", "Finance", Some("MGT"), &[
            post("Chief financial officer", 1),
            post("Controller", 3),
            post("Treasury analyst", 1),
            post("Data entry clerk", 2).with_login("data_entry_clerk"),
        ]),
        department("ACC", "Accounting", Some("FIN"), &[
            post("Accounting manager", 1).with_login("accounting_manager"),
            post("Accounting team leader", 2),
            post("Accountant", 12).under("Accounting team leader").with_login("accountant"),
        ]),
        department("HR", "Human resources", Some("MGT"), &[
            post("HR manager", 1).with_login("hr_manager"),
            post("HR officer", 5).with_login("hr_officer"),
            post("Recruiter", 3),
        ]),
        department("PAY", "Payroll", Some("HR"), &[
            post("Payroll team leader", 1),
            post("Payroll officer", 4).with_login("payroll_officer"),
        ]),
        department("IT", "Information technology", Some("MGT"), &[
            post("IT manager", 1).with_login("it_manager"),
            post("Support team leader", 1),
            post("Support specialist", 7).under("Support team leader").with_login("it_support"),
            post("System administrator", 5),
            post("Security engineer", 2),
        ]),
        department("OPS", "Operations", Some("MGT"), &[
            post("Chief operating officer", 1),
            post("Operations manager", 1).with_login("operations_manager"),
            post("Planner", 3).under("Operations manager"),
        ]),
        department("PRD", "Production", Some("OPS"), &[
            post("Production manager", 1),
            post("Shift leader", 3),
            post("Line leader", 8).under("Shift leader"),
            post("Technician", 70).under("Line leader"),
            post("Quality inspector", 10).under("Shift leader"),
        ]),
        department("WHS", "Warehouse", Some("OPS"), &[
            post("Warehouse manager", 1),
            post("Warehouse team leader", 2),
            post("Warehouse clerk", 17).under("Warehouse team leader").with_login("warehouse_clerk"),
        ]),
        department("PUR", "Purchasing", Some("OPS"), &[
            post("Purchasing manager", 1),
            post("Buyer", 6).with_login("buyer"),
        ]),
        department("SAL", "Sales", Some("MGT"), &[
            post("Sales director", 1),
            post("Regional sales manager", 3),
            post("Sales representative", 20).under("Regional sales manager"),
        ]),
        department("CUS", "Customer care", Some("SAL"), &[
            post("Customer care manager", 1),
            post("Customer care team leader", 2),
            post("Customer care agent", 14).under("Customer care team leader"),
        ]),
        department("ENG", "Engineering", Some("MGT"), &[
            post("Head of engineering", 1).with_login("department_head"),
            post("Engineering team leader", 3).with_login("team_leader"),
            post("Engineer", 18).under("Engineering team leader").with_login("employee"),
        ]),
        department("LEG", "Legal and compliance", Some("MGT"), &[
            post("General counsel", 1),
            post("Compliance officer", 2).with_login("compliance_officer"),
            post("Internal auditor", 1).with_login("auditor"),
            post("Lawyer", 1),
        ]),
    ],
};

/// A second organization, so that separation can be seen: 12 people.
#[rustfmt::skip]
pub const OTHER: Company = Company {
    number: 2,
    slug: "other",
    name: "Borealis Consulting",
    domain: "other.example",
    departments: &[
        department("MGT", "Management", None, &[post("Managing partner", 1), post("Office manager", 1)]),
        department("CON", "Consulting", Some("MGT"), &[
            post("Partner", 1),
            post("Senior consultant", 3),
            post("Consultant", 6).under("Senior consultant"),
        ]),
    ],
};

pub const GIVEN_NAMES: &[&str] = &[
    "Ana", "Mihai", "Zoë", "Omar", "Ingrid", "Kwame", "Yuki", "Łukasz", "Priya", "Mateo", "Aisha", "Søren",
    "Elena", "Dmytro", "Chloé", "Rajesh", "Fatima", "Liam", "Mei", "José", "Ioana", "Viktor", "Amara",
    "Jürgen", "Sofia", "Tariq", "Hanna", "Ștefan", "Leila", "Marco", "Nadia", "Erik", "Thandi", "Pavel",
    "Lucía", "Andrei", "Grace", "Hiroshi", "Maja", "Daniel", "Irina",
];

pub const FAMILY_NAMES: &[&str] = &[
    "Pop",
    "Kowalski",
    "Haddad",
    "Nguyen",
    "Müller",
    "Okafor",
    "Ionescu",
    "Tanaka",
    "Silva",
    "Novák",
    "Ahmed",
    "Larsen",
    "Rossi",
    "Shevchenko",
    "Dubois",
    "Sharma",
    "Mensah",
    "O'Brien",
    "Chen",
    "García",
    "Popescu",
    "Nagy",
    "Yilmaz",
    "Schneider",
    "Horvat",
    "Khan",
    "Virtanen",
    "Ștefănescu",
    "Rahimi",
    "Bianchi",
    "Petrov",
    "Lindqvist",
    "Dlamini",
    "Svoboda",
    "Fernández",
    "Stoica",
    "Murphy",
    "Sato",
    "Jovanović",
    "Cohen",
    "Marin",
    "Weber",
    "Diallo",
    "Costa",
    "Kaya",
    "Papadopoulos",
    "Zieliński",
    "Park",
    "Moreau",
    "Radu",
    "Hassan",
    "Jensen",
    "Dumitru",
];
