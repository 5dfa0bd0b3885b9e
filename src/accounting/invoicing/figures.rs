//! The columns that tables of documents have alike, as they are written.

/// Declares what is written of a document's figures to its table: `figures_of!(InvoiceFigures, invoices)`.
#[macro_export]
macro_rules! figures_of {
    ($name:ident, $table:ident) => {
        #[derive(diesel::Insertable, diesel::AsChangeset)]
        #[diesel(table_name = $table)]
        struct $name {
            currency: String,
            exchange_rate: rust_decimal::Decimal,
            tax_rounding: $crate::figuring::TaxRounding,
            lines: platform::list::List<$crate::lines::DocumentLine>,
            taxes: platform::list::List<$crate::lines::DocumentTax>,
            net_amount: rust_decimal::Decimal,
            tax_amount: rust_decimal::Decimal,
            total_amount: rust_decimal::Decimal,
            base_net_amount: rust_decimal::Decimal,
            base_tax_amount: rust_decimal::Decimal,
            base_total_amount: rust_decimal::Decimal,
        }

        impl From<$crate::figuring::Figured> for $name {
            fn from(figured: $crate::figuring::Figured) -> Self {
                Self {
                    currency: figured.currency,
                    exchange_rate: figured.exchange_rate,
                    tax_rounding: figured.tax_rounding,
                    lines: platform::list::List(figured.lines),
                    taxes: platform::list::List(figured.taxes),
                    net_amount: figured.amounts.net,
                    tax_amount: figured.amounts.tax,
                    total_amount: figured.amounts.total,
                    base_net_amount: figured.amounts.base_net,
                    base_tax_amount: figured.amounts.base_tax,
                    base_total_amount: figured.amounts.base_total,
                }
            }
        }
    };
}
