//! How files name the people and the places that rows of any room refer to.
use platform::prelude::*;

/// An employee, by the number that the company knows them by.
pub const EMPLOYEE: Reference = Reference {
    field: "employee_id",
    column: "employee_number",
    table: "employees",
    by: "employee_number",
    within: None,
};

/// Whom somebody reports to, by their number.
pub const MANAGER: Reference =
    Reference { field: "manager_id", column: "manager_employee_number", ..EMPLOYEE };

/// A department, by its code.
pub const DEPARTMENT: Reference = Reference {
    field: "department_id",
    column: "department_code",
    table: "departments",
    by: "code",
    within: None,
};

/// A position, by its title in the department that the row names.
pub const POSITION: Reference = Reference {
    field: "position_id",
    column: "position",
    table: "positions",
    by: "title",
    within: Some("department_id"),
};
