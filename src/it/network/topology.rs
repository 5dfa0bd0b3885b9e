//! Topology: what of a site is joined to what, planned next to what is there; as data, or drawn.

use crate::cables::Cable;
use crate::sites::Site;
use actix_web::http::{StatusCode, header};
use diesel::QueryableByName;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::api::OperationDoc;
use platform::may::Grants;
use platform::prelude::*;
use std::collections::HashMap;
use std::fmt::Write as _;

const SVG: &str = "image/svg+xml";

/// What of a site is joined to what.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct SiteTopology {
    /// The site.
    site_id: Uuid,
    /// Its code.
    #[schema(max_length = 20, example = "BUH1")]
    code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Bucharest, head office")]
    name: String,
    /// The devices of the site, and those of other sites that cables or lines lead to; by role and name.
    #[schema(max_items = 10_000)]
    nodes: Vec<TopologyNode>,
    /// The cables and the lines that end at one of them.
    #[schema(max_items = 20_000)]
    links: Vec<TopologyLink>,
}

/// A device in a topology.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TopologyNode {
    /// Which one.
    device_id: Uuid,
    /// What it is called.
    #[schema(max_length = 64, example = "buh1-sw-01")]
    name: String,
    /// What it does.
    #[schema(max_length = 20, example = "switch")]
    role: String,
    /// Its state; `planned` where it is not there yet.
    #[schema(max_length = 20, example = "active")]
    status: String,
    /// The code of the site that it is at.
    #[schema(max_length = 20, example = "BUH1")]
    site: String,
    /// Whether it is of this site.
    #[schema(example = true)]
    is_here: bool,
}

/// A cable or a line in a topology.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TopologyLink {
    /// `cable`, or `circuit`.
    #[schema(max_length = 10, example = "cable")]
    via: String,
    /// Which one.
    via_id: Uuid,
    /// What is written on it, or the provider's number of it.
    #[schema(max_length = 100, example = "BUH1-0042")]
    label: Option<String>,
    /// Its state; `planned` where it is not there yet.
    #[schema(max_length = 20, example = "connected")]
    status: String,
    /// The device at its one end; null where a line goes into none of ours.
    a_device_id: Option<Uuid>,
    /// The interface there.
    #[schema(max_length = 64, example = "Gi1/0/48")]
    a_interface: Option<String>,
    /// The device at its other end.
    z_device_id: Option<Uuid>,
    /// The interface there.
    #[schema(max_length = 64, example = "Gi0/1")]
    z_interface: Option<String>,
}

/// The topology, or a drawing of it.
pub enum Drawn {
    Data(SiteTopology),
    Picture(String),
}

impl Outcome for Drawn {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(match self {
            Self::Data(topology) => {
                Answer::new(StatusCode::OK, serde_json::to_vec(topology).map_err(Problem::internal)?)
            }
            Self::Picture(svg) => {
                // A drawing is looked at, and runs nothing.
                Answer::of_type(StatusCode::OK, SVG, svg.clone().into_bytes()).with(
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'unsafe-inline'; sandbox",
                )
            }
        })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<SiteTopology>("200", "The topology");
        doc.answers_with("200", SVG, "");
    }
}

/// Read the topology of a site
///
/// Its devices, what they are joined to, here and elsewhere, by cables and by the lines of providers; what is planned next to what is there. With
/// `Accept: image/svg+xml` it is drawn: routers and firewalls above, then switches, then what hangs on them; what is planned is dashed. It changes nothing.
#[utoipa::path(get, path = "/v1/sites/{id}/topology", tag = "Network")]
async fn get_site_topology(may: May<Read, Cable>, id: Id<Site>) -> Reply<Drawn> {
    let is_drawn = asks_for_svg(&may);
    let topology = may
        .read(async |db| {
            #[derive(QueryableByName)]
            struct Found {
                #[diesel(sql_type = Jsonb)]
                topology: serde_json::Value,
            }
            let asked =
                diesel::sql_query(TOPOLOGY).bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            let found: Option<Found> = asked.get_result(db).await.optional()?;
            let found = found.ok_or_else(Problem::not_found)?;
            serde_json::from_value::<SiteTopology>(found.topology).map_err(Problem::internal)
        })
        .await?;
    let drawn = if is_drawn { Drawn::Picture(draw(&topology)) } else { Drawn::Data(topology) };
    drawn.answer(may.grants())
}

const TOPOLOGY: &str = "with here as (
        select i.id from devices d join interfaces i on i.org_id = d.org_id and i.device_id = d.id where d.org_id = $1 and d.site_id = $2
    ), joined as (
        select 'cable' as via, c.id, c.label, c.status, c.a_interface_id, c.z_interface_id from cables c
        where c.org_id = $1 and (c.a_interface_id in (select id from here) or c.z_interface_id in (select id from here))
        union all
        select 'circuit', l.id, l.circuit_number, l.status, l.a_interface_id, l.z_interface_id from circuits l
        where l.org_id = $1 and l.status <> 'retired' and (l.a_site_id = $2 or l.z_site_id = $2)
    ), links as (
        select j.*, a.device_id as a_device_id, a.name as a_interface, z.device_id as z_device_id, z.name as z_interface
        from joined j left join interfaces a on a.org_id = $1 and a.id = j.a_interface_id left join interfaces z on z.org_id = $1 and z.id = j.z_interface_id
    ), nodes as (
        select d.id, d.name, d.role, d.status, s.code as site, d.site_id = $2 as is_here from devices d join sites s on s.org_id = d.org_id and s.id = d.site_id
        where d.org_id = $1 and (d.site_id = $2 or d.id in (select a_device_id from links union select z_device_id from links))
    )
    select jsonb_build_object('site_id', s.id, 'code', s.code, 'name', s.name,
        'nodes', (select coalesce(jsonb_agg(jsonb_build_object('device_id', id, 'name', name, 'role', role, 'status', status, 'site', site, 'is_here', is_here)
            order by not is_here, array_position(array['router', 'firewall', 'load_balancer', 'switch', 'access_point'], role), role, name), '[]') from nodes),
        'links', (select coalesce(jsonb_agg(jsonb_build_object('via', via, 'via_id', id, 'label', label, 'status', status,
            'a_device_id', a_device_id, 'a_interface', a_interface, 'z_device_id', z_device_id, 'z_interface', z_interface) order by via, id), '[]') from links)) as topology
    from sites s where s.org_id = $1 and s.id = $2";

fn asks_for_svg<V: Verb, R: Named>(may: &May<V, R>) -> bool {
    let accept = may.http().headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut types = accept.unwrap_or_default().split(',').filter_map(|each| each.split(';').next());
    types.any(|each| each.trim() == SVG)
}

/// How wide and high a box is, and how far the next one and the next row are, in pixels.
const BOX: (usize, usize) = (170, 40);
const STEP: (usize, usize) = (190, 110);
/// Boxes in a row.
const ACROSS: usize = 8;

/// In which rows a device is drawn: what is elsewhere above, then what routes, what switches, and the rest.
fn layer(node: &TopologyNode) -> usize {
    match node.role.as_str() {
        _ if !node.is_here => 0,
        "router" | "firewall" | "load_balancer" => 1,
        "switch" => 2,
        "patch_panel" => 3,
        _ => 4,
    }
}

/// Draws devices in rows and lines between them.
fn draw(topology: &SiteTopology) -> String {
    let mut places: HashMap<Uuid, (usize, usize)> = HashMap::new();
    let (mut top, mut widest) = (40, 1);
    for each in 0..=4 {
        let row: Vec<_> = topology.nodes.iter().filter(|node| layer(node) == each).collect();
        for line in row.chunks(ACROSS) {
            widest = widest.max(line.len());
            for (column, node) in line.iter().enumerate() {
                places.insert(node.device_id, (10 + column * STEP.0, top));
            }
            top += STEP.1;
        }
    }
    // Lines that end at none of our devices are drawn to the edge below.
    let (width, height) = (20 + widest * STEP.0, top + 20);
    let title = escaped(&format!("Topology of {} ({})", topology.name, topology.code));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
         <title>{title}</title><style>text{{font:13px sans-serif}}.s{{fill:#555;font-size:11px}}rect{{fill:#f4f6f8;stroke:#9aa5b1}}\
         path{{fill:none;stroke:#52606d}}.c{{stroke:#b44d12;stroke-width:2}}.p{{stroke-dasharray:5 4}}</style>\
         <text x=\"10\" y=\"22\">{title}</text>"
    );
    for link in &topology.links {
        let class = match (link.via.as_str(), link.status.as_str()) {
            ("circuit", "planned") => "c p",
            ("circuit", _) => "c",
            (_, "planned") => "p",
            _ => "l",
        };
        let label = escaped(link.label.as_deref().unwrap_or_default());
        let middle = |place: &(usize, usize)| (place.0 + BOX.0 / 2, place.1 + BOX.1 / 2);
        let ends = (
            link.a_device_id.and_then(|id| places.get(&id)),
            link.z_device_id.and_then(|id| places.get(&id)),
        );
        let ((from_x, from_y), (to_x, to_y)) = match ends {
            (Some(a), Some(z)) => (middle(a), middle(z)),
            (Some(one), None) | (None, Some(one)) => {
                let (x, y) = middle(one);
                ((x, y), (x, height - 10))
            }
            (None, None) => continue,
        };
        let _ = write!(
            svg,
            "<path class=\"{class}\" d=\"M{from_x} {from_y}L{to_x} {to_y}\"><title>{label}</title></path>"
        );
    }
    for node in &topology.nodes {
        let Some((x, y)) = places.get(&node.device_id) else { continue };
        let class = if node.status == "planned" { " class=\"p\"" } else { "" };
        let place = if node.is_here { String::new() } else { format!(" · {}", escaped(&node.site)) };
        let _ = write!(
            svg,
            "<rect{class} x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text><text class=\"s\" x=\"{}\" y=\"{}\">{}{place}</text>",
            BOX.0,
            BOX.1,
            x + 8,
            y + 17,
            escaped(&node.name),
            x + 8,
            y + 32,
            escaped(&node.role.replace('_', " "))
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Text as XML holds it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_site_topology));
}
