"""Reads the sample statements with pyiso20022, ofxtools, mt-940 and Python's own csv, and holds what they find against what
stands beside each sample."""

import csv
import datetime
import importlib.util
import json
import pathlib
import re
import sys
from decimal import Decimal
from typing import Any

import mt940
from ofxtools.Parser import OFXTree
from pyiso20022.camt import camt_053_001_02, camt_053_001_08
from xsdata.formats.dataclass.parsers import XmlParser

# The package of its tools asks for lxml, which this one of them needs not.
_tools = importlib.util.find_spec("pyiso20022").submodule_search_locations[0]  # type: ignore[union-attr, index]
_spec = importlib.util.spec_from_file_location("validation", f"{_tools}/tools/validation.py")
_validation = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(_validation)  # type: ignore[union-attr]

Found = dict[str, Any]
NOTHING = {None, "", "NONREF", "NOTPROVIDED"}


def reference(text: str | None) -> str | None:
    return None if text in NOTHING else text


def camt(path: pathlib.Path) -> list[Found]:
    version = camt_053_001_08 if b"camt.053.001.08" in path.read_bytes() else camt_053_001_02
    document = XmlParser().from_path(path, version.Document)
    checked = _validation.validate_message(document)
    if not checked.is_valid:
        sys.exit(f"{path.name}: {[str(each) for each in checked.errors]}")
    return [camt_statement(each) for each in document.bk_to_cstmr_stmt.stmt]


def camt_statement(statement: Any) -> Found:
    def signed(of: Any) -> Decimal:
        return of.amt.value if of.cdt_dbt_ind.value == "CRDT" else -of.amt.value

    def booked(entry: Any) -> bool:
        return (entry.sts.value if hasattr(entry.sts, "value") else entry.sts.cd) == "BOOK"

    def day(of: Any) -> str:
        return str(of.dt or of.dt_tm)[:10]

    def line(entry: Any) -> Found:
        found = {"booked_on": day(entry.bookg_dt), "value_on": day(entry.val_dt), "amount": signed(entry)}
        payments = [each for details in entry.ntry_dtls for each in details.tx_dtls]
        if len(payments) == 1:
            found["end_to_end_id"] = reference(payments[0].refs.end_to_end_id)
            text = " ".join(payments[0].rmt_inf.ustrd)
            found["text"] = text or None
            parties = payments[0].rltd_pties
            party = parties.dbtr if found["amount"] > 0 else parties.cdtr
            found["counterparty_name"] = getattr(party, "pty", party).nm
        if entry.acct_svcr_ref:
            found["bank_reference"] = entry.acct_svcr_ref
        return found

    balances = {each.tp.cd_or_prtry.cd if isinstance(each.tp.cd_or_prtry.cd, str) else each.tp.cd_or_prtry.cd.value: signed(each) for each in statement.bal}
    return {
        "account": statement.acct.id.iban,
        "currency": statement.acct.ccy,
        "number": str(statement.elctrnc_seq_nb),
        "opening": balances.get("OPBD", balances.get("PRCD")),
        "closing": balances["CLBD"],
        "lines": [line(each) for each in statement.ntry if booked(each)],
    }


def ofx(path: pathlib.Path) -> list[Found]:
    tree = OFXTree()
    tree.parse(path)

    def day(moment: datetime.datetime | None) -> str | None:
        return str(moment.date()) if moment else None

    def line(each: Any) -> Found:
        name = each.name or each.payee.name
        return {
            "booked_on": day(each.dtposted),
            "value_on": day(each.dtavail),
            "amount": each.trnamt,
            "reference": each.checknum,
            "counterparty_name": name,
            "text": each.memo or name,
            "bank_reference": each.fitid,
        }

    def statement(each: Any) -> Found:
        lines = sorted((line(one) for one in each.transactions), key=lambda one: one["booked_on"])
        moved = sum((one["amount"] for one in lines), Decimal())
        return {
            "account": each.account.acctid,
            "currency": each.curdef,
            "from_on": day(each.transactions.dtstart),
            "to_on": day(each.transactions.dtend),
            "opening": each.ledgerbal.balamt - moved,
            "closing": each.ledgerbal.balamt,
            "lines": lines,
        }

    return [statement(each) for each in tree.convert().statements]


def swift(path: pathlib.Path) -> list[Found]:
    messages = re.split(r"^-\}?\r?\n", path.read_bytes().decode(), flags=re.MULTILINE)
    return [swift_statement(mt940.parse(message)) for message in messages if message.strip()]


def swift_statement(read: Any) -> Found:
    def line(data: Found) -> Found:
        found = {
            "booked_on": str(data["entry_date"]),
            "value_on": str(data["date"]),
            "amount": data["amount"].amount,
            "reference": reference(data["customer_reference"]),
            "bank_reference": reference(data["bank_reference"]),
        }
        if data.get("purpose"):
            found["text"] = data["purpose"]
            found["end_to_end_id"] = data.get("end_to_end_reference")
        elif data.get("transaction_details") and not data["transaction_details"].startswith("/"):
            found["text"] = data["transaction_details"].replace("\n", " ")
        return found

    head = read.data
    lines = [line(each.data) for each in read.transactions if each.data.get("date")]
    return {
        "account": head["account_identification"],
        "currency": head["final_opening_balance"].amount.currency,
        "number": f"{head['statement_number']}/{head['sequence_number']}",
        "to_on": str(head["final_closing_balance"].date),
        "opening": head["final_opening_balance"].amount.amount,
        "closing": head["final_closing_balance"].amount.amount,
        "lines": lines,
    }


def table(path: pathlib.Path, mapping: Found) -> list[Found]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(mapping["skipped_lines"]):
            next(file)
        rows = list(csv.DictReader(file, delimiter=mapping["delimiter"]))

    def money(text: str) -> Decimal:
        sign = -1 if text.startswith(("-", "(")) else 1
        plain = text.strip("-()").replace("." if mapping["decimal_separator"] == "," else ",", "").replace(",", ".")
        return sign * Decimal(plain)

    def day(text: str) -> str:
        return str(datetime.datetime.strptime(text[:10], mapping["date_format"].replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")).date())

    def line(row: Found) -> Found:
        if "amount" in mapping:
            amount = money(row[mapping["amount"]])
        else:
            debit, credit = row[mapping["debit"]], row[mapping["credit"]]
            amount = -abs(money(debit)) if debit else money(credit)
        found = {"booked_on": day(row[mapping["booking_day"]]), "amount": amount}
        for name in ("reference", "counterparty_name", "text", "bank_reference"):
            if name in mapping:
                found[name] = row[mapping[name]].replace("\n", " ") or None
        return found

    lines = sorted((line(row) for row in rows), key=lambda one: one["booked_on"])
    return [{"lines": [one for one in lines if one["amount"]]}]


def same(found: Any, told: Any, place: str) -> int:
    """Holds what was found against what is told; how many values that was."""
    if isinstance(found, dict):
        return sum(same(value, told[name], f"{place} {name}") for name, value in found.items())
    if isinstance(found, list):
        if len(found) != len(told):
            sys.exit(f"{place}: {len(found)} and not {len(told)}")
        return sum(same(*pair, f"{place} {index}") for index, pair in enumerate(zip(found, told)))
    if isinstance(found, Decimal):
        told = Decimal(told)
    if found != told:
        sys.exit(f"{place}: {found!r}, and beside it stands {told!r}")
    return 1


def main() -> None:
    held = 0
    samples = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.suffix != ".json")
    for path in samples:
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        readers = {"camt053": camt, "ofx": ofx, "mt940": swift}
        found = table(path, told["mapping"]) if told["format"] == "csv" else readers[told["format"]](path)
        held += same(found, told["statements"], path.name)
    if len(samples) < 8 or held < 200:
        sys.exit(f"{len(samples)} samples and {held} values are fewer than there were")
    print(f"{len(samples)} statements, {held} values: other parsers read what stands beside them")


main()
