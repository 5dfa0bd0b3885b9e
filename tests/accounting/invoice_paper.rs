//! Documents on paper, read back by somebody else's reader.
use crate::shop::{Shop, id};
use crate::support::{Request, run, service};
use reqwest::Method;
use serde_json::{Value, json};

const PDF: &str = "application/pdf";

/// The text of each page of a document, and the name of its file.
pub async fn printed(shop: &Shop, path: &str) -> (String, Vec<String>) {
    let request = reqwest::Client::new().get(format!("{}{path}", service().base)).header("accept", PDF);
    let request = request.header("authorization", format!("Bearer {}", shop.owner.token));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(response.headers()["content-type"], PDF);
    let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    let bytes = response.bytes().await.unwrap();
    let document = lopdf::Document::load_mem(&bytes).unwrap();
    let pages = document.get_pages().keys().map(|page| document.extract_text(&[*page]).unwrap()).collect();
    (name, pages)
}

#[track_caller]
pub fn says(pages: &[String], wanted: &[&str]) {
    let text = pages.concat();
    for each in wanted {
        assert!(text.contains(each), "{each} is not in {text}");
    }
}

/// The seller's own papers: where it is, and where to pay to.
async fn stationery(shop: &Shop) {
    let seller = json!({"legal_name": "Atelier Țăndărică SRL", "country": "RO", "tax_id": "RO18547290", "registration_number": "J08/12/2006",
        "address": "Str. Lungă 1\n500035 Brașov"});
    shop.owner.patch("/v1/organization", seller).await.is(200);
    let bank = json!({"code": "1010", "name": "Bank", "type": "asset", "role": "bank"});
    let bank = shop.owner.post("/v1/accounts", bank).await.is(201);
    let account = json!({"name": "Banca Transilvania", "iban": "RO49AAAA1B31007593840000", "bic": "BTRLRO22", "currency": "EUR", "account_id": bank["id"]});
    shop.owner.post("/v1/bank-accounts", account).await.is(201);
}

#[test]
fn a_customer_gets_an_invoice_in_their_language() {
    run(async {
        let mut shop = Shop::new().await;
        stationery(&shop).await;
        let party = json!({"is_customer": true, "legal_name": "Împăratul & Fiii SA", "language": "ro", "tax_id": "RO14399840",
            "billing_address": {"line1": "Calea Victoriei 100", "city": "București", "postal_code": "010061"}});
        shop.customer = shop.party(party).await;
        let [full, reduced, abroad, exempt] = [
            shop.tax("S19", "19", json!({"name": "TVA 19 %"})).await,
            shop.tax("S9", "9", json!({"name": "TVA 9 %"})).await,
            shop.tax("RC", "0", json!({"name": "Taxare inversă", "kind": "reverse_charge"})).await,
            shop.tax(
                "EX",
                "0",
                json!({"name": "Scutit", "kind": "exempt", "exemption_reason": "Art. 292 alin. (1) lit. a)"}),
            )
            .await,
        ];
        let mut chairs = shop.line("12", "100.50", &full);
        (chairs["description"], chairs["unit"], chairs["item_code"], chairs["discount_percent"]) =
            (json!("Scaune cu spătar înalt și tapițerie de in"), json!("buc"), json!("SC-1"), json!("10"));
        let lines = json!([
            chairs,
            shop.line("0.125", "80", &reduced),
            shop.line("1", "500", &abroad),
            shop.line("1", "50", &exempt)
        ]);
        let terms = json!({"name": "In two", "instalments": [{"percent": "30", "days": 0}, {"percent": "70", "days": 30}]});
        let terms = shop.owner.post("/v1/payment-terms", terms).await.is(201);
        let fields =
            json!({"reference": "PO 4711", "notes": "Vă mulțumim!", "payment_terms_id": terms["id"]});
        let draft = shop.draft(lines.clone(), fields.clone()).await;
        let (name, pages) = printed(&shop, &format!("/v1/invoices/{}", id(&draft))).await;
        assert_eq!(name, "inline; filename=\"invoice-draft.pdf\"");
        says(&pages, &["Factură (proiect)"]);

        let invoice = shop.invoice(lines, fields).await;
        let path = format!("/v1/invoices/{}", id(&invoice));
        let (name, pages) = printed(&shop, &path).await;
        let number = invoice["number"].as_str().unwrap();
        assert_eq!(name, format!("inline; filename=\"invoice-{number}.pdf\""));
        assert_eq!(pages.len(), 1);
        // 12 × 100.50 = 1,206.00, less 10 %: 1,085.40; 0.125 × 80 = 10.00; 500; 50: 1,645.40 in all. 19 % of 1,085.40 are 206.226,
        // 206.23; 9 % of 10 are 0.90; the customer owes the tax on the 500: 207.13. 1,852.53 in all, 30 % are 555.76, the rest 1,296.77.
        says(
            &pages,
            &[
                &format!("Factură {number}"),
                "Atelier Țăndărică SRL",
                "Str. Lungă 1",
                "500035 Brașov",
                "RO18547290",
                "J08/12/2006",
                "Împăratul & Fiii SA",
                "Calea Victoriei 100",
                "010061 București",
                "RO14399840",
                "Data emiterii",
                "31.03.2026",
                "30.04.2026",
                "PO 4711",
                "SC-1 Scaune cu spătar",
                "buc",
                "100,50",
                "10 %",
                "1.085,40",
                "0,125",
                "TVA 19 %",
                "19 %",
                "206,23",
                "9 %",
                "0,90",
                "Taxare inversă: TVA este datorată",
                "EX: Art. 292 alin. (1) lit. a)",
                "1.645,40 EUR",
                "207,13 EUR",
                "1.852,53 EUR",
                "Rest de plată",
                "555,76 EUR",
                "1.296,77 EUR",
                "RO49 AAAA 1B31 0075 9384 0000",
                "BTRLRO22",
                "Vă mulțumim!",
                "1 / 1",
            ],
        );
        // What was issued stays as it was issued, wherever its customer moves.
        let moved = json!({"legal_name": "Altcineva SA", "language": "en"});
        shop.owner.patch(&format!("/v1/parties/{}", shop.customer), moved).await.is(200);
        assert_eq!(printed(&shop, &path).await.1, pages);
        let (_, drafted) = printed(&shop, &format!("/v1/invoices/{}", id(&draft))).await;
        says(&drafted, &["Altcineva SA", "Invoice (draft)", "1,085.40", "31 March 2026"]);

        let note = shop.approved_note(&invoice, json!([{"line": 1, "quantity": "2"}])).await;
        let note = shop.post_note(&note).await.is(200);
        let (name, pages) = printed(&shop, &format!("/v1/credit-notes/{}", id(&note))).await;
        assert_eq!(
            name,
            format!("inline; filename=\"credit-note-{}.pdf\"", note["number"].as_str().unwrap())
        );
        // Two of twelve: 180.90, and 34.37 of tax.
        says(&pages, &["Credit note", number, "31 March 2026", "Broken", "180.90", "34.37", "215.27 EUR"]);
        let (_, pages) = printed(&shop, &path).await;
        says(&pages, &["Achitat sau creditat", "215,27 EUR", "1.637,26 EUR"]);
    });
}

#[test]
fn an_invoice_in_another_currency_tells_its_tax_in_that_of_the_books() {
    run(async {
        let shop = Shop::new().await;
        stationery(&shop).await;
        let tax = shop.tax("S19", "19", json!({})).await;
        let invoice = shop
            .invoice(
                json!([shop.line("1", "1000", &tax)]),
                json!({"currency": "RON", "exchange_rate": "0.2"}),
            )
            .await;
        let (_, pages) = printed(&shop, &format!("/v1/invoices/{}", id(&invoice))).await;
        // 190 lei at 0.2 are 38 euros.
        says(
            &pages,
            &["1,190.00 RON", "Rate of exchange: 1 RON = 0.2 EUR. Total tax in EUR: 38.00", "Please pay to"],
        );
    });
}

#[test]
fn three_hundred_lines_go_on_over_pages_with_what_they_come_to_so_far() {
    run(async {
        let shop = Shop::new().await;
        let tax = shop.tax("S19", "19", json!({})).await;
        let lines: Vec<Value> = (1..=300)
            .map(|place| {
                let mut line = shop.line("1", "10", &tax);
                line["description"] = json!(format!("Position {place} of a long list of things that were delivered in the course of the month, each by itself"));
                line
            })
            .collect();
        let invoice = shop.invoice(json!(lines), json!({})).await;
        let (_, pages) = printed(&shop, &format!("/v1/invoices/{}", id(&invoice))).await;
        assert!(pages.len() > 5, "{} pages", pages.len());
        let position = |page: &str| {
            let last = page.rsplit("Position ").next().unwrap();
            last.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap()
        };
        for (place, page) in pages.iter().enumerate() {
            says(std::slice::from_ref(page), &[&format!("{} / {}", place + 1, pages.len())]);
            let follows = pages.get(place + 1).filter(|next| next.contains("Position "));
            let Some(next) = follows else { continue };
            // Each line is 10.00: what is carried is ten times the last position.
            let so_far = position(page) * 10;
            let so_far = if so_far < 1000 {
                format!("{so_far}.00")
            } else {
                format!("{},{:03}.00", so_far / 1000, so_far % 1000)
            };
            says(std::slice::from_ref(page), &["Carried forward", &so_far]);
            says(std::slice::from_ref(next), &["Brought forward", &so_far, "Description"]);
        }
        says(&pages, &["3,570.00 EUR"]);
    });
}

#[test]
fn what_is_not_offered_is_refused() {
    run(async {
        let shop = Shop::new().await;
        let tax = shop.tax("S19", "19", json!({})).await;
        let path =
            format!("/v1/invoices/{}", id(&shop.draft(json!([shop.line("1", "10", &tax)]), json!({})).await));
        let ask = |accept: &str| shop.owner.request(Method::GET, &path).header("accept", accept);
        ask("image/png").send().await.is_problem(406, "not-acceptable");
        ask("text/html, */*;q=0.1").send().await.is(200);
        ask("application/json").send().await.is(200);
        let stranger = Shop::new().await;
        for accept in [PDF, "application/json", "image/png"] {
            let theirs = stranger.owner.request(Method::GET, &path).header("accept", accept);
            theirs.send().await.is_problem(404, "not-found");
        }
        shop.organization
            .caller(&["parties:read"])
            .await
            .request(Method::GET, &path)
            .header("accept", PDF)
            .send()
            .await
            .is_problem(403, "forbidden");
        Request::new(Method::GET, &path)
            .header("accept", PDF)
            .send()
            .await
            .is_problem(401, "unauthenticated");
    });
}
