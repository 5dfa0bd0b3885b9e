//! A payment run as banks take it: ISO 20022 `pain.001.001.09`, a customer's credit transfers, one for each payee. In euros it is a SEPA
//! credit transfer (EPC132-08). The same run gives the same file, byte for byte.

use crate::payment_runs::{PaymentRun, Transfer};
use platform::prelude::*;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// Characters of a name, and of what a payment is for (`Max140Text`).
const LONGEST: usize = 140;

/// The file of a run that was exported; none before.
///
/// # Errors
/// 500 where it can not be written.
pub(crate) fn file(run: &PaymentRun) -> Result<Option<Vec<u8>>> {
    let (Some(at), Some(name), Some(account)) = (run.exported_at, &run.debtor_name, &run.debtor_account)
    else {
        return Ok(None);
    };
    let debtor = Debtor { name, account, bic: run.debtor_bic.as_deref() };
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    write(&mut xml, run, at, &debtor).map_err(Problem::internal)?;
    let mut file = xml.0.into_inner();
    file.push(b'\n');
    Ok(Some(file))
}

/// With as many decimals as the currency has.
fn told(amount: Money, currency: &str) -> String {
    let mut amount = amount.0;
    amount.rescale(ledger::currency::decimals(currency));
    amount.to_string()
}

struct Debtor<'a> {
    name: &'a str,
    account: &'a str,
    bic: Option<&'a str>,
}

fn write(xml: &mut Xml, run: &PaymentRun, at: DateTime<Utc>, debtor: &Debtor<'_>) -> io::Result<()> {
    xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let count = run.transfers.0.len().to_string();
    let sum = told(run.total_amount, &run.currency);
    let message = run.id.simple().to_string();
    let is_sepa = run.currency == "EUR";
    let document = BytesStart::new("Document").with_attributes([("xmlns", NAMESPACE)]);
    xml.0.write_event(Event::Start(document))?;
    xml.within(&["CstmrCdtTrfInitn"], |xml| {
        xml.within(&["GrpHdr"], |xml| {
            xml.text("MsgId", &message)?;
            xml.text("CreDtTm", &at.format("%Y-%m-%dT%H:%M:%SZ").to_string())?;
            xml.text("NbOfTxs", &count)?;
            xml.text("CtrlSum", &sum)?;
            xml.within(&["InitgPty"], |xml| xml.text("Nm", debtor.name))
        })?;
        xml.within(&["PmtInf"], |xml| {
            xml.text("PmtInfId", &run.number)?;
            xml.text("PmtMtd", "TRF")?;
            xml.text("NbOfTxs", &count)?;
            xml.text("CtrlSum", &sum)?;
            if is_sepa {
                xml.within(&["PmtTpInf", "SvcLvl"], |xml| xml.text("Cd", "SEPA"))?;
            }
            xml.within(&["ReqdExctnDt"], |xml| xml.text("Dt", &run.pay_on.to_string()))?;
            xml.within(&["Dbtr"], |xml| xml.text("Nm", debtor.name))?;
            xml.within(&["DbtrAcct"], |xml| {
                xml.within(&["Id"], |xml| {
                    if parties::identifiers::iban(debtor.account).is_ok() {
                        return xml.text("IBAN", debtor.account);
                    }
                    xml.within(&["Othr"], |xml| xml.text("Id", debtor.account))
                })?;
                xml.text("Ccy", &run.currency)
            })?;
            xml.within(&["DbtrAgt", "FinInstnId"], |xml| match debtor.bic {
                Some(bic) => xml.text("BICFI", bic),
                None => xml.within(&["Othr"], |xml| xml.text("Id", "NOTPROVIDED")),
            })?;
            xml.text("ChrgBr", if is_sepa { "SLEV" } else { "SHAR" })?;
            run.transfers.0.iter().try_for_each(|transfer| transaction(xml, run, transfer))
        })
    })?;
    xml.0.write_event(Event::End(BytesEnd::new("Document")))
}

fn transaction(xml: &mut Xml, run: &PaymentRun, transfer: &Transfer) -> io::Result<()> {
    xml.within(&["CdtTrfTxInf"], |xml| {
        xml.within(&["PmtId"], |xml| xml.text("EndToEndId", &transfer.end_to_end_id))?;
        xml.within(&["Amt"], |xml| {
            let amount = BytesStart::new("InstdAmt").with_attributes([("Ccy", run.currency.as_str())]);
            xml.0.write_event(Event::Start(amount))?;
            xml.0.write_event(Event::Text(BytesText::new(&told(transfer.amount, &run.currency))))?;
            xml.0.write_event(Event::End(BytesEnd::new("InstdAmt")))
        })?;
        if let Some(bic) = &transfer.bic {
            xml.within(&["CdtrAgt", "FinInstnId"], |xml| xml.text("BICFI", bic))?;
        }
        xml.within(&["Cdtr"], |xml| xml.text("Nm", &transfer.name))?;
        let iban = transfer.iban.as_deref().unwrap_or_default();
        xml.within(&["CdtrAcct", "Id"], |xml| xml.text("IBAN", iban))?;
        xml.within(&["RmtInf"], |xml| xml.text("Ustrd", &transfer.remittance))
    })
}

struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// What is written stands in these elements, one in the other.
    fn within(&mut self, names: &[&str], inside: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        for name in names {
            self.0.write_event(Event::Start(BytesStart::new(*name)))?;
        }
        inside(self)?;
        names.iter().rev().try_for_each(|name| self.0.write_event(Event::End(BytesEnd::new(*name))))
    }

    /// Text of which XML takes every character, as long as banks take it.
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        let kept = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let kept: String = kept.filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}')).take(LONGEST).collect();
        let kept = kept.trim_end();
        self.0.write_event(Event::Start(BytesStart::new(name)))?;
        self.0.write_event(Event::Text(BytesText::new(kept)))?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::file;
    use crate::payment_runs::{PaymentRun, PaymentRunStatus, Transfer};
    use platform::list::List;
    use platform::prelude::{DateTime, Money, NaiveDate, Utc, Uuid};

    fn transfer(place: u32, name: &str, iban: &str, bic: Option<&str>, amount: &str, what: &str) -> Transfer {
        Transfer {
            party_id: Uuid::nil(),
            name: name.into(),
            iban: Some(iban.into()),
            bic: bic.map(str::to_owned),
            amount: Money(amount.parse().unwrap()),
            remittance: what.into(),
            end_to_end_id: format!("RUN-00042-{place}"),
        }
    }

    fn run(currency: &str, bic: Option<&str>, transfers: Vec<Transfer>) -> PaymentRun {
        let at: DateTime<Utc> = "2026-04-28T09:30:00.123456Z".parse().unwrap();
        let total = transfers.iter().map(|transfer| transfer.amount.0).sum();
        PaymentRun {
            id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0042),
            version: 3,
            number: "RUN-00042".into(),
            bank_account_id: Uuid::nil(),
            pay_on: NaiveDate::from_ymd_opt(2026, 4, 30).unwrap(),
            due_by: None,
            currency: currency.into(),
            items: List(Vec::new()),
            transfers: List(transfers),
            total_amount: Money(total),
            notes: None,
            status: PaymentRunStatus::Exported,
            debtor_name: Some("Backoffice & Söhne <GmbH>".into()),
            debtor_account: Some("DE89370400440532013000".into()),
            debtor_bic: bic.map(str::to_owned),
            exported_at: Some(at),
            payment_ids: List(Vec::new()),
            created_at: at,
            updated_at: at,
        }
    }

    /// The samples are held against the published schema by `tests/accounting/pain_valid`.
    #[test]
    fn the_samples_are_what_is_written() {
        let euros = run(
            "EUR",
            Some("COBADEFFXXX"),
            vec![
                transfer(
                    1,
                    "Sfat & Fiii SRL",
                    "RO49AAAA1B31007593840000",
                    Some("BTRLRO22"),
                    "119.5",
                    "F-1, F-2 <copy>",
                ),
                transfer(
                    2,
                    &"Very long ".repeat(20),
                    "AT611904300234573201",
                    None,
                    "1000",
                    &"4711 ".repeat(40),
                ),
            ],
        );
        let yen = run("JPY", None, vec![transfer(1, "Öl AG", "CH9300762011623852957", None, "5000", "R\t1")]);
        for (run, sample) in [
            (euros, include_str!("../../../tests/data/payments/sepa.pain001.xml")),
            (yen, include_str!("../../../tests/data/payments/abroad.pain001.xml")),
        ] {
            let written = String::from_utf8(file(&run).unwrap().unwrap()).unwrap();
            assert_eq!(written, sample);
        }
    }

    #[test]
    fn what_was_not_exported_has_no_file() {
        let mut draft = run("EUR", None, Vec::new());
        (draft.exported_at, draft.debtor_name) = (None, None);
        assert!(file(&draft).unwrap().is_none());
    }
}
