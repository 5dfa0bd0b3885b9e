//! How files name what rows of more than one kind refer to.
use platform::prelude::*;

/// An employee, by the number that the company knows them by.
pub const EMPLOYEE: Reference = Reference {
    field: "employee_id",
    column: "employee_number",
    table: "employees",
    by: "employee_number",
    within: None,
};

/// A course, by its code.
pub const COURSE: Reference =
    Reference { field: "course_id", column: "course_code", table: "courses", by: "code", within: None };
