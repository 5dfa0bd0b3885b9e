//! Whom the demo company sells to and buys from, and what. Everything else about its books follows from these tables by
//! counting, so they are the same on every machine.

use rust_decimal::Decimal;

/// A customer.
pub struct Customer {
    pub name: &'static str,
    pub country: &'static str,
    pub city: &'static str,
    pub tax_id: Option<&'static str>,
    pub currency: &'static str,
    pub terms: &'static str,
}

/// A supplier.
pub struct Supplier {
    pub name: &'static str,
    pub country: &'static str,
    pub city: &'static str,
    pub tax_id: Option<&'static str>,
    /// The code of the account that their bills are booked on.
    pub account: &'static str,
    pub supplies: &'static str,
    /// What a bill of theirs comes to, without tax, in euros; by how many percent it differs; and how many there are a month.
    pub amount: i64,
    pub varies: i64,
    pub bills: u64,
    /// The bank and the account of theirs, as in a Dutch IBAN.
    pub bank: &'static str,
}

/// What the company sells.
pub struct Product {
    pub code: &'static str,
    pub name: &'static str,
    pub unit: &'static str,
    /// In euros.
    pub price: i64,
    /// How many are sold at once, at the most.
    pub most: u64,
    pub account: &'static str,
}

const fn customer(
    name: &'static str,
    country: &'static str,
    city: &'static str,
    tax_id: Option<&'static str>,
    terms: &'static str,
) -> Customer {
    Customer { name, country, city, tax_id, currency: "EUR", terms }
}

impl Customer {
    const fn paying(mut self, currency: &'static str) -> Self {
        self.currency = currency;
        self
    }
}

/// The terms by name: days, whether from the end of the month, and percent for whoever pays within ten days.
pub const TERMS: &[(&str, i32, bool, Option<&str>)] = &[
    ("14 days net", 14, false, None),
    ("30 days net", 30, false, None),
    ("30 days from the end of the month", 30, true, None),
    ("60 days net", 60, false, None),
    ("30 days net, 2 % within 10 days", 30, false, Some("2")),
];

/// Tax codes: what they are for, their rate and the box of the return.
pub const TAXES: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("S21", "VAT 21 % on sales", "sale", "standard", "21", "1a"),
    ("S9", "VAT 9 % on sales", "sale", "reduced", "9", "1b"),
    ("S0EU", "Supplies to other member states", "sale", "zero", "0", "3b"),
    ("S0EX", "Exports", "sale", "zero", "0", "3a"),
    ("P21", "VAT 21 % on purchases", "purchase", "standard", "21", "5b"),
    ("P9", "VAT 9 % on purchases", "purchase", "reduced", "9", "5b"),
    ("PRC", "Purchases from other member states", "purchase", "reverse_charge", "21", "4b"),
    ("P0", "Purchases without VAT", "purchase", "zero", "0", "5x"),
];

/// What a euro is worth in other currencies at the beginning of each quarter of the two years, in ten-thousandths.
pub const RATES: &[(&str, [i64; 8])] = &[
    ("USD", [11_050, 10_790, 10_713, 11_196, 10_389, 10_815, 11_720, 11_741]),
    ("GBP", [8_691, 8_551, 8_464, 8_354, 8_292, 8_354, 8_555, 8_734]),
];

/// What a unit of the currency is worth in euros in the month, counted from the first.
pub fn worth(currency: &str, month: u32) -> Decimal {
    let rates = RATES.iter().find(|(name, _)| *name == currency).map(|(_, rates)| rates);
    let rate = rates.and_then(|rates| rates.get(usize::try_from(month / 3).ok()?)).copied().unwrap_or(10_000);
    (Decimal::from(10_000) / Decimal::from(rate)).round_dp(6)
}

#[rustfmt::skip]
pub const CUSTOMERS: &[Customer] = &[
    customer("Aalder Waterworks", "NL", "Arnhem", Some("NL887789328B01"), "30 days net"),
    customer("Brenk Dairy", "NL", "Zwolle", Some("NL892174213B01"), "30 days net"),
    customer("Delta Pumping", "NL", "Vlissingen", Some("NL196792903B01"), "30 days net"),
    customer("Dommel Chemicals", "NL", "Eindhoven", Some("NL200339072B01"), "60 days net"),
    customer("Eemhaven Terminals", "NL", "Rotterdam", Some("NL679383475B01"), "30 days from the end of the month"),
    customer("Hofstra Heating", "NL", "Groningen", Some("NL117468149B01"), "14 days net"),
    customer("Kanters Brewing", "NL", "Breda", Some("NL638401914B01"), "30 days net, 2 % within 10 days"),
    customer("Lekstroom Gas", "NL", "Utrecht", Some("NL714610033B01"), "30 days net"),
    customer("Maasland Foods", "NL", "Venlo", Some("NL407666199B01"), "30 days net"),
    customer("Noordzij Shipyards", "NL", "Den Helder", Some("NL445145067B01"), "60 days net"),
    customer("Anlagenbau Hollweg", "DE", "Bremen", Some("DE123740959"), "30 days net"),
    customer("Brennstofftechnik Kuhnert", "DE", "Essen", Some("DE561113932"), "30 days net"),
    customer("Fernwärme Lausitz", "DE", "Cottbus", Some("DE195597295"), "60 days net"),
    customer("Molkerei Westerhagen", "DE", "Oldenburg", Some("DE892622435"), "30 days net, 2 % within 10 days"),
    customer("Papierfabrik Ulmbach", "DE", "Fulda", Some("DE432836794"), "30 days net"),
    customer("Stadtwerke Tannroda", "DE", "Weimar", Some("DE260110845"), "30 days from the end of the month"),
    customer("Brasserie des Trois Ponts", "BE", "Namur", Some("BE0443301480"), "30 days net"),
    customer("Leiewater", "BE", "Kortrijk", Some("BE0773002403"), "30 days net"),
    customer("Scheldezuivering", "BE", "Antwerpen", Some("BE0689215286"), "60 days net"),
    customer("Laiteries du Cotentin", "FR", "Cherbourg", Some("FR25145211785"), "30 days from the end of the month"),
    customer("Papeteries de l'Aulne", "FR", "Brest", Some("FR62025517160"), "60 days net"),
    customer("Thermes de Valbrune", "FR", "Grenoble", Some("FR85111146569"), "30 days net"),
    customer("Apă Canal Someșul", "RO", "Cluj-Napoca", Some("RO27735640"), "30 days net"),
    customer("Berăria Târnava", "RO", "Mediaș", Some("RO16336393"), "30 days net"),
    customer("Calder Valley Water", "GB", "Leeds", None, "30 days net").paying("GBP"),
    customer("Thameside Distillers", "GB", "London", None, "30 days net").paying("GBP"),
    customer("Blue Ridge Process Controls", "US", "Roanoke", None, "60 days net").paying("USD"),
    customer("Cascade Instrument Supply", "US", "Tacoma", None, "30 days net").paying("USD"),
    customer("Great Lakes Metering", "US", "Duluth", None, "30 days net").paying("USD"),
    customer("Fjordvann", "NO", "Bergen", None, "30 days net"),
];

const fn supplier(
    name: &'static str,
    country: &'static str,
    city: &'static str,
    tax_id: Option<&'static str>,
    bank: &'static str,
) -> Supplier {
    Supplier { name, country, city, tax_id, account: "", supplies: "", amount: 0, varies: 0, bills: 0, bank }
}

impl Supplier {
    const fn of(mut self, supplies: &'static str, account: &'static str) -> Self {
        self.supplies = supplies;
        self.account = account;
        self
    }
    const fn at(mut self, amount: i64, varies: i64, bills: u64) -> Self {
        self.amount = amount;
        self.varies = varies;
        self.bills = bills;
        self
    }
}

#[rustfmt::skip]
pub const SUPPLIERS: &[Supplier] = &[
    supplier("Vastgoed Havenkwartier", "NL", "Rotterdam", Some("NL223100778B01"), "INGB0001048576").of("Rent of the works and offices", "6100").at(64_000, 0, 1),
    supplier("Stroomdal Energie", "NL", "Arnhem", Some("NL383783264B01"), "RABO0102030405").of("Electricity and gas", "6110").at(41_000, 35, 1),
    supplier("Randstad Netwerken", "NL", "Utrecht", Some("NL716630497B01"), "ABNA0417164300").of("Telephone and internet", "6150").at(6_400, 8, 1),
    supplier("Schoon & Zoon", "NL", "Schiedam", Some("NL503269918B01"), "INGB0007654321").of("Cleaning of the works", "6120").at(11_800, 0, 1),
    supplier("Halm Metall", "DE", "Solingen", Some("DE464697485"), "RABO0300065264").of("Steel and brass", "1310").at(92_000, 30, 3),
    supplier("Kessler Sensorik", "DE", "Jena", Some("DE312378997"), "ABNA0123456789").of("Sensor elements", "1310").at(88_000, 30, 3),
    supplier("Lambrecht Optique", "FR", "Besançon", Some("FR17405429382"), "INGB0002445588").of("Glass and lenses", "1310").at(47_000, 40, 2),
    supplier("Vlaamse Printplaten", "BE", "Gent", Some("BE0758929087"), "RABO0331811234").of("Circuit boards", "1310").at(74_000, 25, 2),
    supplier("Turnătoria Mureșul", "RO", "Târgu Mureș", Some("RO23227500"), "INGB0005550123").of("Castings", "1310").at(61_000, 30, 2),
    supplier("Verpakkingen Van Loon", "NL", "Tilburg", None, "ABNA0987654321").of("Packing", "1310").at(18_000, 20, 1),
    supplier("Kantoorhuis De Linde", "NL", "Delft", None, "RABO0222333444").of("Office supplies", "6130").at(2_900, 60, 1),
    supplier("Cloudwerk Software", "NL", "Amsterdam", None, "INGB0009988776").of("Software subscriptions", "6140").at(23_500, 5, 1),
    supplier("Bureau Lindeboom", "NL", "Den Haag", None, "ABNA0567123456").of("Trade fairs and advertising", "6200").at(19_000, 70, 1),
    supplier("Reisbureau Oost", "NL", "Enschede", None, "RABO0145678901").of("Travel", "6210").at(14_500, 50, 1),
    supplier("Notermans Accountants", "NL", "Rotterdam", None, "INGB0004567890").of("Accounts and tax returns", "6300").at(9_500, 25, 1),
    supplier("Verzekeringen Maaszicht", "NL", "Dordrecht", None, "ABNA0334455667").of("Insurance", "6310").at(12_700, 0, 1),
];

#[rustfmt::skip]
pub const PRODUCTS: &[Product] = &[
    Product { code: "PG-40", name: "Pressure gauge PG-40", unit: "pcs", price: 148, most: 240, account: "4010" },
    Product { code: "PT-12", name: "Pressure transmitter PT-12", unit: "pcs", price: 412, most: 90, account: "4010" },
    Product { code: "TC-K", name: "Thermocouple TC-K", unit: "pcs", price: 63, most: 400, account: "4010" },
    Product { code: "FM-2", name: "Flow meter FM-2", unit: "pcs", price: 1_315, most: 40, account: "4010" },
    Product { code: "FM-9", name: "Magnetic flow meter FM-9", unit: "pcs", price: 3_980, most: 16, account: "4010" },
    Product { code: "LV-1", name: "Level sensor LV-1", unit: "pcs", price: 690, most: 60, account: "4010" },
    Product { code: "DL-8", name: "Data logger DL-8", unit: "pcs", price: 1_780, most: 25, account: "4010" },
    Product { code: "MS-200", name: "Metering skid MS-200", unit: "pcs", price: 38_500, most: 2, account: "4010" },
    Product { code: "CAL", name: "Calibration on site", unit: "h", price: 135, most: 80, account: "4020" },
    Product { code: "MNT", name: "Maintenance, a year", unit: "pcs", price: 7_400, most: 3, account: "4020" },
];

/// What was there on the first day: accounts and euros, debits above zero.
pub const OPENING: &[(&str, i64)] = &[
    ("1010", 1_850_000),
    ("1030", 4_200),
    ("1310", 2_400_000),
    ("1520", 3_600_000),
    ("1610", -900_000),
    ("1710", 310_000),
    ("1730", -124_000),
    ("2510", -2_250_000),
    ("3010", -500_000),
    ("3030", -1_200_000),
    ("3050", -3_190_200),
];

/// Categories of assets: the account, and where depreciation is gathered.
pub const CATEGORIES: &[(&str, &str, &str)] =
    &[("Machinery", "1530", "1620"), ("Vehicles", "1540", "1630"), ("Office equipment", "1550", "1640")];

/// What is bought in the two years: category, name, day, euros, months of use.
pub const ASSETS: &[(&str, &str, &str, i64, i32)] = &[
    ("Machinery", "Turning centre", "2024-02-12", 384_000, 96),
    ("Machinery", "Calibration rig for flow", "2024-05-06", 156_000, 120),
    ("Machinery", "Reflow oven", "2025-03-17", 98_500, 84),
    ("Vehicles", "Delivery van", "2024-09-02", 46_800, 60),
    ("Vehicles", "Delivery van, electric", "2025-06-16", 57_900, 60),
    ("Office equipment", "Laptops for engineering", "2024-04-08", 41_200, 36),
    ("Office equipment", "Meeting rooms", "2025-01-20", 33_400, 84),
];
