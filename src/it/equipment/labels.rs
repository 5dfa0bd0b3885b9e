//! Labels of assets: a QR code (ISO/IEC 18004) of the asset's address with its tag beneath, as SVG to be printed.

use crate::assets::Asset;
use actix_web::http::{StatusCode, header};
use actix_web::web;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use platform::api::OperationDoc;
use platform::may::Grants;
use platform::prelude::*;
use platform::server::Settings;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

const SVG: &str = "image/svg+xml";
/// Empty modules around the code, as the standard asks (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;

/// A label to be printed.
pub struct Label {
    file_name: String,
    svg: String,
}

impl Outcome for Label {
    const CONTENT_TYPE: &'static str = SVG;

    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let answer = Answer::of_type(StatusCode::OK, SVG, self.svg.clone().into_bytes());
        Ok(answer.with(header::CONTENT_DISPOSITION, &format!("inline; filename=\"{}.svg\"", self.file_name)))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_with("200", SVG, "The label");
        doc.answer_header("200", "Content-Disposition", "What a file of the label is called (RFC 6266).");
    }
}

#[derive(diesel::QueryableByName)]
struct Labelled {
    #[diesel(sql_type = Text)]
    tag: String,
    #[diesel(sql_type = Nullable<Text>)]
    serial_number: Option<String>,
    #[diesel(sql_type = Text)]
    model: String,
}

/// Read the label of an asset
///
/// A QR code of the asset's address, below the service's own where no public one is set, with its tag, model and serial number, as SVG to be
/// printed and stuck on.
#[utoipa::path(get, path = "/v1/assets/{id}/label", tag = "Assets")]
async fn get_asset_label(may: May<Read, Asset>, id: Id<Asset>) -> Reply<Label> {
    let settings = may.http().app_data::<web::Data<Settings>>();
    let base = settings.and_then(|settings| settings.public_url.clone()).unwrap_or_default();
    let labelled: Labelled = may
        .read(async |db| {
            let labelled = diesel::sql_query(
                "select a.tag, a.serial_number, m.name as model from assets a
                join asset_models m on m.org_id = a.org_id and m.id = a.model_id where a.org_id = $1 and a.id = $2",
            );
            let labelled = labelled.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            Ok(labelled.get_result(db).await?)
        })
        .await?;
    let address = format!("{}/v1/assets/{}", base.trim_end_matches('/'), id.0);
    let file_name = labelled.tag.replace(['/', '.'], "-");
    Label { file_name, svg: drawn(&address, &labelled)? }.answer(&Grants::default())
}

fn drawn(address: &str, labelled: &Labelled) -> Result<String> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).map_err(Problem::internal)?;
    let width = code.width();
    let mut path = String::new();
    for (index, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = (index % width + QUIET, index / width + QUIET);
        write!(path, "M{x} {y}h1v1h-1z").map_err(Problem::internal)?;
    }
    let (side, height) = (width + 2 * QUIET, width + 2 * QUIET + 12);
    let serial = labelled.serial_number.as_deref().map(|serial| format!("S/N {serial}")).unwrap_or_default();
    let line = |below: usize, size: &str, text: &str| {
        let (middle, y) = (side / 2, side + below);
        // What is long is set closer, so that it stays on the label.
        let fit = if text.chars().count() > 22 {
            format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", side - 2)
        } else {
            String::new()
        };
        format!("<text x=\"{middle}\" y=\"{y}\" font-size=\"{size}\"{fit}>{}</text>", escaped(text))
    };
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {height}\" width=\"{side}mm\" height=\"{height}mm\">\
        <title>{}</title><rect width=\"{side}\" height=\"{height}\" fill=\"#fff\"/><path d=\"{path}\"/>\
        <g font-family=\"sans-serif\" text-anchor=\"middle\">{}{}{}</g></svg>",
        escaped(&labelled.tag),
        line(1, "4.5", &labelled.tag),
        line(5, "3", &labelled.model),
        line(9, "2.5", &serial),
    ))
}

/// Text between two tags (XML 1.0 §2.4).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_asset_label));
}

#[cfg(test)]
mod tests {
    use super::{Labelled, drawn};

    #[test]
    fn what_an_asset_is_called_is_text_on_its_label() {
        let labelled = Labelled {
            tag: "A-00042".into(),
            serial_number: None,
            model: "</text><script>alert(1)</script> & more".into(),
        };
        let svg = drawn("https://backoffice.example/v1/assets/1", &labelled).unwrap();
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;alert(1)") && !svg.contains("<script>"), "{svg}");
        assert!(svg.contains(">A-00042</text>"));
    }
}
