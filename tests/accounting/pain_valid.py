"""Holds the sample files for banks against the schema of pain.001.001.09 that sepaxml ships, and their sums against their transfers."""

import importlib.resources
import pathlib
import sys
from decimal import Decimal
from xml.etree import ElementTree

import xmlschema

NAMES = {"": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def check(path: pathlib.Path, schema: xmlschema.XMLSchema) -> None:
    schema.validate(path)
    message = ElementTree.parse(path).getroot()
    amounts = [Decimal(each.text or "") for each in message.iterfind(".//CdtTrfTxInf/Amt/InstdAmt", NAMES)]
    for part in (".//GrpHdr", ".//PmtInf"):
        told = message.findtext(f"{part}/NbOfTxs", "", NAMES), message.findtext(f"{part}/CtrlSum", "", NAMES)
        if (int(told[0]), Decimal(told[1])) != (len(amounts), sum(amounts)):
            sys.exit(f"{path.name}: {part[3:]} tells {told}, and there are {len(amounts)} of {sum(amounts)}")
    ids = [each.text for each in message.iterfind(".//EndToEndId", NAMES)]
    if len(set(ids)) != len(amounts):
        sys.exit(f"{path.name}: {ids} are not one for each transfer")


def main(folder: pathlib.Path) -> None:
    schema = xmlschema.XMLSchema(str(importlib.resources.files("sepaxml") / "schemas/pain.001.001.09.xsd"))
    samples = sorted(folder.glob("*.pain001.xml"))
    if len(samples) < 2:
        sys.exit(f"{folder} has no samples")
    for sample in samples:
        check(sample, schema)
    print(f"{len(samples)} files for banks keep to their schema.")


main(pathlib.Path(sys.argv[1]))
