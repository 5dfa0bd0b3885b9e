//! The org chart: who reports to whom, how many are below, and which posts nobody fills; as data, or drawn.

use actix_web::http::{StatusCode, header};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use platform::api::OperationDoc;
use platform::may::Grants;
use platform::prelude::*;
use std::collections::HashMap;
use std::fmt::Write as _;

const SVG: &str = "image/svg+xml";

/// Names the permission to look at who reports to whom.
pub struct OrgChart;

impl Named for OrgChart {
    const NAME: &'static str = "org-chart";
}

/// What is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OrgChartAsked {
    /// The employee whose branch it is; the whole company, unless told.
    #[param(required = false)]
    manager_id: Option<Uuid>,
    /// How many levels below the top are shown; all, unless told. Those below are counted all the same.
    #[param(required = false, minimum = 0, maximum = 200)]
    depth: Option<i32>,
}

/// Who reports to whom.
#[derive(Serialize, ToSchema)]
pub struct Chart {
    /// How many are in the branch, shown or not.
    #[schema(minimum = 0, example = 250)]
    headcount: i64,
    /// How many posts of the company nobody fills.
    #[schema(minimum = 0, example = 12)]
    vacancies: i64,
    /// How many levels there are below the top.
    #[schema(minimum = 0, example = 5)]
    levels: i32,
    /// The people, each before those who report to them, who come by name.
    #[schema(max_items = 100_000)]
    people: Vec<ChartPerson>,
    /// The posts that nobody fills, by department.
    #[schema(max_items = 10_000)]
    departments: Vec<ChartDepartment>,
}

/// Somebody in the chart.
#[derive(Clone, Serialize, ToSchema, QueryableByName)]
pub struct ChartPerson {
    /// The employee.
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
    /// Whom they report to; null at the top.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    manager_id: Option<Uuid>,
    /// The number that the company knows them by.
    #[schema(max_length = 20, example = "E-0042")]
    #[diesel(sql_type = Text)]
    employee_number: String,
    /// Who it is.
    #[schema(max_length = 201, example = "Ana Pop")]
    #[diesel(sql_type = Text)]
    name: String,
    /// What they are.
    #[schema(max_length = 100, example = "Payroll accountant")]
    #[diesel(sql_type = Nullable<Text>)]
    position: Option<String>,
    /// The department they work in.
    #[schema(max_length = 100, example = "Finance")]
    #[diesel(sql_type = Nullable<Text>)]
    department: Option<String>,
    /// How many levels below the top of this chart.
    #[schema(minimum = 0, maximum = 200, example = 2)]
    #[diesel(sql_type = diesel::sql_types::Integer)]
    depth: i32,
    /// How many report to them directly.
    #[schema(minimum = 0, example = 6)]
    #[diesel(sql_type = BigInt)]
    reports: i64,
    /// How many are below them, however far, and they themselves.
    #[schema(minimum = 1, example = 31)]
    #[diesel(sql_type = BigInt)]
    headcount: i64,
}

/// The posts of a department.
#[derive(Clone, Serialize, ToSchema, QueryableByName)]
pub struct ChartDepartment {
    /// The department.
    #[diesel(sql_type = SqlUuid)]
    department_id: Uuid,
    /// Who heads it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    head_id: Option<Uuid>,
    /// How many may fill its posts.
    #[schema(minimum = 0, example = 10)]
    #[diesel(sql_type = BigInt)]
    approved: i64,
    /// How many do.
    #[schema(minimum = 0, example = 8)]
    #[diesel(sql_type = BigInt)]
    filled: i64,
    /// How many posts nobody fills.
    #[schema(minimum = 0, example = 2)]
    #[diesel(sql_type = BigInt)]
    vacant: i64,
}

/// The chart, or a drawing of it.
pub enum Drawn {
    Chart(Chart),
    Picture(String),
}

impl Outcome for Drawn {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(match self {
            Self::Chart(chart) => {
                Answer::new(StatusCode::OK, serde_json::to_vec(chart).map_err(Problem::internal)?)
            }
            Self::Picture(svg) => {
                // A drawing is looked at, and runs nothing.
                Answer::of_type(StatusCode::OK, SVG, svg.clone().into_bytes())
                    .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox")
            }
        })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<Chart>("200", "The chart");
        doc.answers_with("200", SVG, "");
    }
}

/// Read the org chart
///
/// Who reports to whom today, from any manager down, with how many are below each and which posts nobody fills. With `Accept: image/svg+xml` it is
/// drawn, a line for each. It changes nothing.
#[utoipa::path(get, path = "/v1/org-chart", tag = "People")]
async fn get_org_chart(may: May<Read, OrgChart>, asked: Params<OrgChartAsked>) -> Reply<Drawn> {
    let asked = asked.0;
    let is_drawn = asks_for_svg(&may);
    let (people, departments) = may
        .read(async |db| {
            let mut other = db.clone();
            let people = diesel::sql_query(PEOPLE)
                .bind::<SqlUuid, _>(db.organization())
                .bind::<Nullable<SqlUuid>, _>(asked.manager_id);
            let (people, departments): (Vec<ChartPerson>, Vec<ChartDepartment>) =
                futures_util::future::try_join(
                    people.load(db),
                    diesel::sql_query("select * from vacancies() order by department_id").load(&mut other),
                )
                .await?;
            if people.is_empty() && asked.manager_id.is_some() {
                let rule = "must be an employee of this organization who works here";
                return Err(Problem::invalid(vec![Fault::of("manager_id", "unknown-reference", rule)]));
            }
            Ok((people, departments))
        })
        .await?;
    let chart = chart(people, departments, asked.manager_id, asked.depth);
    let drawn = if is_drawn { Drawn::Picture(draw(&chart)) } else { Drawn::Chart(chart) };
    drawn.answer(may.grants())
}

/// Whoever works here, in the branch that is asked for; by name.
const PEOPLE: &str = "select e.id as employee_id, e.manager_id, e.employee_number, e.given_name || ' ' || e.family_name as name,
        p.title as position, d.name as department, 0 as depth, 0::bigint as reports, 1::bigint as headcount
    from employees e
    left join positions p on p.org_id = e.org_id and p.id = e.position_id
    left join departments d on d.org_id = e.org_id and d.id = e.department_id
    where e.org_id = $1 and e.status <> 'terminated'
        and ($2::uuid is null or e.id in (select below_id from reporting_lines where org_id = $1 and above_id = $2))
    order by e.family_name, e.given_name, e.employee_number";

fn asks_for_svg<V: Verb, R: Named>(may: &May<V, R>) -> bool {
    let accept = may.http().headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut types = accept.unwrap_or_default().split(',').filter_map(|each| each.split(';').next());
    types.any(|each| each.trim() == SVG)
}

/// Puts people in the order of the tree, and counts who is below whom. Whose manager is not among them stands at the top.
fn chart(
    people: Vec<ChartPerson>,
    departments: Vec<ChartDepartment>,
    top: Option<Uuid>,
    depth: Option<i32>,
) -> Chart {
    let places: HashMap<Uuid, usize> =
        people.iter().enumerate().map(|(place, person)| (person.employee_id, place)).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); people.len()];
    let mut tops = Vec::new();
    for (place, person) in people.iter().enumerate() {
        match person.manager_id.filter(|_| Some(person.employee_id) != top).and_then(|id| places.get(&id)) {
            Some(above) => below[*above].push(place),
            None => tops.push(place),
        }
    }
    // Depth first, each before those below, so that counting backwards finds everybody counted who is below.
    let mut order = Vec::with_capacity(people.len());
    let mut waiting: Vec<(usize, i32)> = tops.iter().rev().map(|top| (*top, 0)).collect();
    while let Some((place, depth)) = waiting.pop() {
        order.push((place, depth));
        waiting.extend(below[place].iter().rev().map(|each| (*each, depth + 1)));
    }
    let mut headcounts = vec![1_i64; people.len()];
    for (place, _) in order.iter().rev() {
        headcounts[*place] += below[*place].iter().map(|each| headcounts[*each]).sum::<i64>();
    }
    let levels = order.iter().map(|(_, depth)| *depth).max().unwrap_or_default();
    let shown = order.iter().filter(|(_, level)| depth.is_none_or(|depth| *level <= depth));
    Chart {
        headcount: i64::try_from(people.len()).unwrap_or(i64::MAX),
        vacancies: departments.iter().map(|department| department.vacant).sum(),
        levels,
        people: shown
            .map(|(place, level)| ChartPerson {
                depth: *level,
                reports: i64::try_from(below[*place].len()).unwrap_or(i64::MAX),
                headcount: headcounts[*place],
                ..people[*place].clone()
            })
            .collect(),
        departments,
    }
}

/// How far a level is set in, how high a line is, and how wide a box, in pixels.
const INDENT: usize = 28;
const LINE: usize = 34;
const BOX: usize = 360;

/// Draws a line for each, set in by level and joined to whom they report to.
fn draw(chart: &Chart) -> String {
    let deepest = chart.people.iter().map(|person| person.depth).max().unwrap_or_default();
    let across = |depth: i32| 8 + usize::try_from(depth).unwrap_or_default() * INDENT;
    let (width, height) = (across(deepest) + BOX + 8, chart.people.len() * LINE + 16);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
         <title>Org chart</title><style>text{{font:13px sans-serif}}.s{{fill:#555;font-size:11px}}rect{{fill:#f4f6f8;stroke:#9aa5b1}}path{{fill:none;stroke:#9aa5b1}}</style>"
    );
    let mut lines: Vec<usize> = Vec::new();
    for (line, person) in chart.people.iter().enumerate() {
        let (x, y) = (across(person.depth), 8 + line * LINE);
        let level = usize::try_from(person.depth).unwrap_or_default();
        lines.truncate(level);
        if let Some(above) = level.checked_sub(1).and_then(|above| lines.get(above)) {
            let (from_x, from_y) = (x - INDENT / 2, 8 + above * LINE + LINE - 6);
            let _ = write!(svg, "<path d=\"M{from_x} {from_y}V{}H{x}\"/>", y + 14);
        }
        lines.push(line);
        let what = [person.position.as_deref(), person.department.as_deref()];
        let what: Vec<String> = what.into_iter().flatten().map(escaped).collect();
        let below = if person.reports > 0 { format!(" · {}", person.headcount) } else { String::new() };
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"28\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}{below}</text><text class=\"s\" x=\"{}\" y=\"{}\">{}</text>",
            x + 8,
            y + 13,
            escaped(&person.name),
            x + 8,
            y + 25,
            what.join(", ")
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Text as XML holds it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_org_chart));
}
