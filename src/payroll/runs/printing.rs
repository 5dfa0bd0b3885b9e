//! A payslip on paper, in English or Romanian: what an employee has to be given in writing (in Romania by art. 168 of the Codul muncii).
use crate::engine::{LineKind, PayslipLine};
use crate::payslips::{Payslip, PayslipFactName};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use paper::{Align, Column, Fact, Kind, Numerals, Paper, Row, Setup, Table, Width};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What a payslip says beside its own fields.
#[derive(QueryableByName)]
pub struct PaperFacts {
    #[diesel(sql_type = Text)]
    language: String,
    #[diesel(sql_type = Text)]
    organization: String,
    #[diesel(sql_type = Nullable<Text>)]
    tax_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Text)]
    employee_number: String,
    #[diesel(sql_type = Text)]
    employee: String,
    #[diesel(sql_type = Nullable<Text>)]
    position: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    department: Option<String>,
}

const FACTS: &str = "
    select coalesce(p.language, case o.country when 'RO' then 'ro' else 'en' end) as language, coalesce(o.legal_name, o.name) as organization, o.tax_id,
        o.address, e.employee_number, e.given_name || ' ' || e.family_name as employee, q.title as position, d.name as department
    from payslips s
    join employees e on e.org_id = s.org_id and e.id = s.employee_id
    join organizations o on o.org_id = s.org_id and o.id = s.org_id
    left join parties p on p.org_id = s.org_id and p.employee_id = s.employee_id
    left join positions q on q.org_id = s.org_id and q.id = e.position_id
    left join departments d on d.org_id = s.org_id and d.id = s.department_id
    where s.org_id = $1 and s.id = $2";

/// The words of a language.
struct Words {
    tag: &'static str,
    numerals: Numerals,
    payslip: &'static str,
    draft: &'static str,
    employer: &'static str,
    employee: &'static str,
    number: &'static str,
    pay_on: &'static str,
    agreed: &'static str,
    days: &'static str,
    of: &'static str,
    unpaid: &'static str,
    overtime: &'static str,
    dependants: &'static str,
    line: &'static str,
    from: &'static str,
    amount: &'static str,
    year: &'static str,
    earnings: &'static str,
    deductions: &'static str,
    claims: &'static str,
    net: &'static str,
    borne: &'static str,
    figures: &'static str,
}

static ENGLISH: Words = Words {
    tag: "en",
    numerals: Numerals::ENGLISH,
    payslip: "Payslip",
    draft: "draft",
    employer: "Employer",
    employee: "Employee",
    number: "Number",
    pay_on: "Paid on",
    agreed: "Agreed for a month",
    days: "Days paid",
    of: "of",
    unpaid: "Unpaid days",
    overtime: "Hours of overtime",
    dependants: "Dependants",
    line: "For",
    from: "Worked out from",
    amount: "Amount",
    year: "In the year",
    earnings: "Earnings",
    deductions: "Deductions",
    claims: "Expenses paid back",
    net: "Net pay",
    borne: "Borne by the employer beside it",
    figures: "Figures",
};

static ROMANIAN: Words = Words {
    tag: "ro",
    numerals: Numerals::ROMANIAN,
    payslip: "Fluturaș de salariu",
    draft: "ciornă",
    employer: "Angajator",
    employee: "Salariat",
    number: "Marcă",
    pay_on: "Data plății",
    agreed: "Salariu lunar convenit",
    days: "Zile plătite",
    of: "din",
    unpaid: "Zile neplătite",
    overtime: "Ore suplimentare",
    dependants: "Persoane în întreținere",
    line: "Pentru",
    from: "Mod de calcul",
    amount: "Suma",
    year: "Cumulat în an",
    earnings: "Drepturi",
    deductions: "Rețineri",
    claims: "Cheltuieli decontate",
    net: "Net de plată",
    borne: "Suportat de angajator",
    figures: "Elemente de calcul",
};

impl Printed for Payslip {
    type Facts = PaperFacts;

    async fn facts(&self, db: &mut Db) -> Result<PaperFacts> {
        let facts =
            diesel::sql_query(FACTS).bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(self.id);
        Ok(facts.get_result(db).await?)
    }

    fn file_name(&self) -> String {
        format!("payslip-{}-{}", self.period, self.employee_id.simple())
    }

    fn print(&self, facts: &PaperFacts) -> Vec<u8> {
        let words = if facts.language == "ro" { &ROMANIAN } else { &ENGLISH };
        let draft =
            if self.status.as_str() == "posted" { String::new() } else { format!(" ({})", words.draft) };
        let title = format!("{} {}{draft}", words.payslip, self.period);
        let mut paper = Paper::new(Setup {
            title: title.clone(),
            language: words.tag,
            numerals: words.numerals,
            landscape: false,
            footer: vec![facts.organization.clone()],
        });
        paper.title(&title);
        let lines = |all: &[Option<String>]| all.iter().flatten().cloned().collect::<Vec<_>>().join("\n");
        let who_pays =
            lines(&[Some(facts.organization.clone()), facts.address.clone(), facts.tax_id.clone()]);
        let who_is_paid =
            lines(&[Some(facts.employee.clone()), facts.position.clone(), facts.department.clone()]);
        paper.side_by_side(&[(words.employer, &who_pays), (words.employee, &who_is_paid)]);
        paper.facts(&self.printed_facts(words, &facts.employee_number));
        for (heading, kind, sum) in [
            (words.earnings, LineKind::Earning, Some(self.gross_amount)),
            (words.deductions, LineKind::Deduction, Some(self.deduction_amount)),
            (words.claims, LineKind::Claim, Some(self.claim_amount)),
            (words.borne, LineKind::EmployerCost, Some(self.employer_amount)),
            (words.figures, LineKind::Figure, None),
        ] {
            self.print_lines(&mut paper, words, heading, kind, sum);
            if kind == LineKind::Claim {
                let columns = vec![
                    Column::new("", Width::Share(1), Align::Left),
                    Column::new("", Width::Fit, Align::Decimal),
                ];
                let net = format!("{} {}", words.money(self.net_amount.0), self.currency);
                paper.table(&Table { columns, rows: vec![Row::total([words.net.to_owned(), net])] });
            }
        }
        paper.finish()
    }
}

impl Words {
    fn money(&self, amount: Decimal) -> String {
        self.numerals.write(&Money(amount).to_string())
    }
}

impl Payslip {
    fn printed_facts(&self, words: &Words, number: &str) -> Vec<Fact> {
        let fact = |label: &str, text: String| (label.to_owned(), text);
        let known = |name: PayslipFactName| self.fact(name);
        let mut facts = vec![
            fact(words.number, number.to_owned()),
            fact(words.pay_on, self.pay_on.format("%d.%m.%Y").to_string()),
            fact(words.agreed, words.numerals.write(known(PayslipFactName::AgreedSalary))),
            fact(
                words.days,
                format!(
                    "{} {} {}",
                    known(PayslipFactName::PaidDays),
                    words.of,
                    known(PayslipFactName::MonthDays)
                ),
            ),
        ];
        for (label, name) in [
            (words.unpaid, PayslipFactName::UnpaidDays),
            (words.overtime, PayslipFactName::OvertimeHours),
            (words.dependants, PayslipFactName::Dependants),
        ] {
            if known(name) != "0" {
                facts.push(fact(label, known(name).to_owned()));
            }
        }
        facts
    }

    fn print_lines(
        &self,
        paper: &mut Paper,
        words: &Words,
        heading: &str,
        kind: LineKind,
        sum: Option<Money>,
    ) {
        let lines: Vec<&PayslipLine> = self.lines.0.iter().filter(|line| line.kind == kind).collect();
        if lines.is_empty() {
            return;
        }
        paper.heading(heading);
        let columns = vec![
            Column::new(words.line, Width::Share(2), Align::Left),
            Column::new(words.from, Width::Share(3), Align::Left),
            Column::new(words.amount, Width::Fit, Align::Decimal),
            Column::new(words.year, Width::Fit, Align::Decimal),
        ];
        let row = |line: &&PayslipLine| {
            let name = if line.period == self.period {
                line.name.clone()
            } else {
                format!("{} ({})", line.name, line.period)
            };
            let so_far = self
                .year_to_date
                .0
                .iter()
                .find(|each| each.component == line.component && each.kind == line.kind);
            let so_far = so_far.filter(|_| line.period == self.period).map(|each| words.money(each.amount.0));
            Row::plain([name, line.formula.clone(), words.money(line.amount.0), so_far.unwrap_or_default()])
        };
        let mut rows: Vec<Row> = lines.iter().map(row).collect();
        if let Some(sum) = sum {
            let cells = [heading.to_owned(), String::new(), words.money(sum.0), String::new()];
            rows.push(Row::new(Kind::Subtotal, 0, cells));
        }
        paper.table(&Table { columns, rows });
    }
}
