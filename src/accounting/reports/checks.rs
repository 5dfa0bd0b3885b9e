//! What is held against the whole ledger: each check is one statement, which finds what doesn't hold. `$1` is the organization.
//! Those that read every line take a fiscal year at a time, from `$2` to `$3`, so that no statement is as long as the ledger.

/// A check, and what it finds: `(resource, id, what, expected, found)`.
pub struct Check {
    pub name: CheckName,
    /// What holds where nothing is found.
    pub says: &'static str,
    pub by_year: bool,
    pub sql: &'static str,
}

platform::text_enum! {
    /// What is held against the ledger.
    pub enum CheckName {
        EntriesBalance = "entries_balance", EntriesInPeriod = "entries_in_period", ReversalsMirror = "reversals_mirror",
        BalancesAreLines = "balances_are_lines", GrainsAgree = "grains_agree", NumbersGapless = "numbers_gapless",
        EntriesNumbered = "entries_numbered", DaysBalance = "days_balance", SubLedgersTie = "sub_ledgers_tie",
        OpenItemsTie = "open_items_tie", OpenItemsSettled = "open_items_settled", DocumentsBooked = "documents_booked", AssetsTie = "assets_tie",
        ClosedYearsClosed = "closed_years_closed", BalanceSheetBalances = "balance_sheet_balances", CashFlowTies = "cash_flow_ties",
    }
}

pub const CHECKS: &[Check] = &[
    Check {
        name: CheckName::EntriesBalance,
        says: "Every posted entry has two lines at least, as many as it says, on its own day, and its debits are its credits and its total; \
               every line is of a posted entry.",
        by_year: true,
        sql: "
            select 'journal-entries' as resource, e.id, 'Entry ' || e.number as what,
                format('%s lines of %s with debits and credits of %s', e.line_count, e.posted_on, trim_scale(e.total)) as expected,
                case when l.lines is null then 'no lines' else format('%s lines of %s to %s with debits of %s and credits of %s',
                    l.lines, l.first, l.last, trim_scale(l.debit), trim_scale(l.credit)) end as found
            from journal_entries e
            left join (
                select entry_id, count(*) as lines, sum(debit) as debit, sum(credit) as credit, min(posted_on) as first, max(posted_on) as last
                from journal_lines where org_id = $1 and posted_on between $2 and $3 group by 1
            ) l on l.entry_id = e.id
            where e.org_id = $1 and e.posted_on between $2 and $3 and e.status <> 'draft' and (l.lines is null or l.lines < 2 or l.lines <> e.line_count or l.debit <> l.credit
                or l.debit <> e.total or l.first <> e.posted_on or l.last <> e.posted_on)
            union all
            select 'journal-entries', e.id, 'Draft of ' || e.posted_on, 'no lines in the books', 'lines in the books' from journal_entries e
            where e.org_id = $1 and e.posted_on between $2 and $3 and e.status = 'draft' and exists (select from journal_lines l where l.org_id = $1 and l.entry_id = e.id)",
    },
    Check {
        name: CheckName::EntriesInPeriod,
        says: "The day of every posted entry is in its fiscal period, and the period in its year; years follow each other without gap or overlap.",
        by_year: false,
        sql: "
            select 'journal-entries' as resource, e.id, 'Entry ' || e.number as what, format('a day from %s to %s', p.starts_on, p.ends_on) as expected,
                e.posted_on::text as found
            from journal_entries e join fiscal_periods p on p.org_id = $1 and p.id = e.fiscal_period_id
            where e.org_id = $1 and e.posted_on not between p.starts_on and p.ends_on
            union all
            select 'fiscal-periods', p.id, 'Period ' || p.code, format('within %s to %s', y.starts_on, y.ends_on), format('%s to %s', p.starts_on, p.ends_on)
            from fiscal_periods p join fiscal_years y on y.org_id = $1 and y.id = p.fiscal_year_id
            where p.org_id = $1 and (p.starts_on < y.starts_on or p.ends_on > y.ends_on)
            union all
            select 'fiscal-years', y.id, 'Fiscal year ' || y.code, 'begins on ' || (y.before + 1), 'begins on ' || y.starts_on
            from (select id, code, starts_on, lag(ends_on) over (order by starts_on) as before from fiscal_years where org_id = $1) y
            where y.starts_on <> y.before + 1",
    },
    Check {
        name: CheckName::ReversalsMirror,
        says: "What reverses an entry has its lines with debits and credits exchanged, and both name each other.",
        by_year: false,
        sql: "
            select 'journal-entries' as resource, r.id, 'Entry ' || r.number as what, 'reverses ' || o.number || ', which is reversed by it' as expected,
                format('%s is %s', o.number, o.status) as found
            from journal_entries r join journal_entries o on o.org_id = $1 and o.id = r.reversal_of_id
            where r.org_id = $1 and (o.status <> 'reversed' or o.reversed_by_id is distinct from r.id)
            union all
            select 'journal-entries', o.id, 'Entry ' || o.number, 'an entry that reverses it', 'none' from journal_entries o
            where o.org_id = $1 and o.status = 'reversed'
                and not exists (select from journal_entries r where r.org_id = $1 and r.id = o.reversed_by_id and r.reversal_of_id = o.id)
            union all
            select 'journal-entries', d.id, 'Entry ' || d.number, 'the lines of ' || d.reversed || ' with debits and credits exchanged',
                d.lines || ' lines that differ'
            from (
                select r.id, r.number, o.number as reversed, count(*) as lines
                from journal_entries r
                join journal_entries o on o.org_id = $1 and o.id = r.reversal_of_id
                cross join lateral (
                    select from (select * from journal_lines l where l.org_id = $1 and l.entry_id = r.id) one
                    full join (select * from journal_lines l where l.org_id = $1 and l.entry_id = o.id) other on other.line = one.line
                    where (one.account_id, one.debit, one.credit, one.currency, coalesce(one.foreign_debit, 0), coalesce(one.foreign_credit, 0),
                            one.department_id, one.cost_centre_id, one.project_id, one.party_id)
                        is distinct from (other.account_id, other.credit, other.debit, other.currency, coalesce(other.foreign_credit, 0),
                            coalesce(other.foreign_debit, 0), other.department_id, other.cost_centre_id, other.project_id, other.party_id)
                ) differs
                where r.org_id = $1 group by 1, 2, 3
            ) d",
    },
    Check {
        name: CheckName::BalancesAreLines,
        says: "The balances of every account, day by day, in every currency and for every dimension by month, are the sums of its lines.",
        by_year: true,
        sql: "
            with lines as materialized (
                select account_id, posted_on as day, currency, is_closing, department_id, cost_centre_id, project_id, sum(debit) as debit, sum(credit) as credit,
                    sum(coalesce(foreign_debit - foreign_credit, debit - credit)) as net
                from journal_lines where org_id = $1 and posted_on between $2 and $3 group by 1, 2, 3, 4, 5, 6, 7
            ), balances as materialized (
                select account_id, begins_on as day, currency, is_closing, nullif(department_id, '00000000-0000-0000-0000-000000000000') as department_id,
                    nullif(cost_centre_id, '00000000-0000-0000-0000-000000000000') as cost_centre_id,
                    nullif(project_id, '00000000-0000-0000-0000-000000000000') as project_id, sum(debit) as debit, sum(credit) as credit, sum(foreign_net) as net
                from (
                    select account_id, begins_on, currency, is_closing, department_id, cost_centre_id, project_id, debit, credit, foreign_net
                    from account_balances where org_id = $1 and grain = 'day' and begins_on between $2 and $3
                    union all
                    select account_id, begins_on, currency, is_closing, department_id, cost_centre_id, project_id, debit, credit, foreign_net
                    from balance_deltas where org_id = $1 and begins_on between $2 and $3
                ) b group by 1, 2, 3, 4, 5, 6, 7
            ), sides as (
                select true as is_lines, * from lines union all select false, * from balances
            )
            select 'accounts' as resource, a.id, format('Account %s on %s in %s', a.code, s.day, s.currency) as what,
                format('debits of %s, credits of %s', trim_scale(s.lines_debit), trim_scale(s.lines_credit)) as expected,
                format('debits of %s, credits of %s', trim_scale(s.debit), trim_scale(s.credit)) as found
            from (
                select account_id, day, currency, is_closing, coalesce(sum(debit) filter (where is_lines), 0) as lines_debit,
                    coalesce(sum(credit) filter (where is_lines), 0) as lines_credit, coalesce(sum(net) filter (where is_lines), 0) as lines_net,
                    coalesce(sum(debit) filter (where not is_lines), 0) as debit, coalesce(sum(credit) filter (where not is_lines), 0) as credit,
                    coalesce(sum(net) filter (where not is_lines), 0) as net
                from sides group by 1, 2, 3, 4, department_id, cost_centre_id, project_id
            ) s join accounts a on a.org_id = $1 and a.id = s.account_id
            where (s.lines_debit, s.lines_credit, s.lines_net) <> (s.debit, s.credit, s.net)",
    },
    Check {
        name: CheckName::GrainsAgree,
        says: "Balances by month, with dimensions and without, are the sums of those by day.",
        by_year: false,
        sql: "
            select 'accounts' as resource, a.id, format('Account %s in %s in %s, %s', a.code, to_char(g.month, 'YYYY-MM'), g.currency,
                    case when g.is_dimensional then 'by dimension' else 'as a whole' end) as what,
                format('debits of %s, credits of %s', trim_scale(g.day_debit), trim_scale(g.day_credit)) as expected,
                format('debits of %s, credits of %s', trim_scale(g.debit), trim_scale(g.credit)) as found
            from (
                select account_id, month, currency, is_closing, is_dimensional,
                    coalesce(sum(debit) filter (where by_day), 0) as day_debit, coalesce(sum(credit) filter (where by_day), 0) as day_credit,
                    coalesce(sum(foreign_net) filter (where by_day), 0) as day_net, coalesce(sum(debit) filter (where not by_day), 0) as debit,
                    coalesce(sum(credit) filter (where not by_day), 0) as credit, coalesce(sum(foreign_net) filter (where not by_day), 0) as net
                from (
                    select account_id, date_trunc('month', begins_on)::date as month, currency, is_closing, d.is_dimensional, grain = 'day' as by_day,
                        case when d.is_dimensional then department_id end as department_id, case when d.is_dimensional then cost_centre_id end as cost_centre_id,
                        case when d.is_dimensional then project_id end as project_id, debit, credit, foreign_net
                    from account_balances b
                    cross join (values (true), (false)) d (is_dimensional)
                    where b.org_id = $1 and case b.grain when 'month' then not d.is_dimensional when 'month_by_dimension' then d.is_dimensional
                        else not d.is_dimensional or (department_id, cost_centre_id, project_id) is distinct from ('00000000-0000-0000-0000-000000000000'::uuid,
                            '00000000-0000-0000-0000-000000000000'::uuid, '00000000-0000-0000-0000-000000000000'::uuid) end
                ) b group by 1, 2, 3, 4, 5, department_id, cost_centre_id, project_id
            ) g join accounts a on a.org_id = $1 and a.id = g.account_id
            where (g.day_debit, g.day_credit, g.day_net) <> (g.debit, g.credit, g.net)",
    },
    Check {
        name: CheckName::NumbersGapless,
        says: "In every series and period, each number from the first to the last was given, and the counter stands at the last.",
        by_year: false,
        sql: "
            select 'number-series' as resource, s.id, format('Series %s %s %s', s.kind, s.scope, n.period) as what,
                'the number ' || (n.before + 1) as expected, case when n.ordinal = n.before then 'the number before twice' else 'the number ' || n.ordinal end as found
            from (
                select n.series_id, n.period, n.ordinal, lag(n.ordinal, 1, c.first - 1) over (partition by n.series_id, n.period order by n.ordinal) as before
                from numbers_given n join number_counters c on c.org_id = $1 and c.series_id = n.series_id and c.period = n.period
                where n.org_id = $1
            ) n join number_series s on s.org_id = $1 and s.id = n.series_id
            where n.ordinal <> n.before + 1
            union all
            select 'number-series', s.id, format('Series %s %s %s', s.kind, s.scope, c.period), 'the counter at ' || coalesce(n.last, c.first - 1),
                'the counter at ' || c.last
            from number_counters c
            join number_series s on s.org_id = $1 and s.id = c.series_id
            left join lateral (select max(n.ordinal) as last from numbers_given n where n.org_id = $1 and n.series_id = c.series_id and n.period = c.period) n on true
            where c.org_id = $1 and c.last is distinct from n.last",
    },
    Check {
        name: CheckName::EntriesNumbered,
        says: "Every posted entry has the number that was given to it, and every number of the journals was given to a posted entry.",
        by_year: false,
        sql: "
            select 'journal-entries' as resource, coalesce(e.id, n.resource_id) as id, 'Entry ' || coalesce(e.number, n.number) as what,
                coalesce('the number ' || n.number, 'a number of its series') as expected, coalesce('the number ' || e.number, 'no posted entry') as found
            from (select id, number from journal_entries where org_id = $1 and status <> 'draft') e
            full join (select resource_id, number from numbers_given where org_id = $1 and kind = 'journal-entries') n on n.resource_id = e.id
            where e.number is distinct from n.number",
    },
    Check {
        name: CheckName::DaysBalance,
        says: "On every day the balances of all accounts have as many debits as credits.",
        by_year: false,
        sql: "
            select 'journal-entries' as resource, null::uuid as id, format('The books on %s', b.begins_on) as what,
                'debits of ' || trim_scale(sum(b.debit)) as expected, 'credits of ' || trim_scale(sum(b.credit)) as found
            from (
                select begins_on, debit, credit from account_balances where org_id = $1 and grain = 'day'
                union all
                select begins_on, debit, credit from balance_deltas where org_id = $1
            ) b group by b.begins_on having sum(b.debit) <> sum(b.credit)",
    },
    Check {
        name: CheckName::SubLedgersTie,
        says: "What the accounts of customers and suppliers stand at is what their parties owe and are owed: nothing on them belongs to nobody.",
        by_year: false,
        sql: "
            select 'accounts' as resource, a.id, format('Account %s in %s', a.code, l.currency) as what, 'all of it on parties' as expected,
                trim_scale(l.net) || ' on no party' as found
            from (
                select l.account_id, l.currency, sum(l.debit - l.credit) as net from journal_lines l
                where l.org_id = $1 and l.party_id is null
                    and l.account_id in (select id from accounts where org_id = $1 and role in ('receivable', 'payable'))
                group by 1, 2 having sum(l.debit - l.credit) <> 0
            ) l join accounts a on a.org_id = $1 and a.id = l.account_id",
    },
    Check {
        name: CheckName::OpenItemsTie,
        says: "What is open on documents and payments is what the accounts of customers and suppliers stand at, less what was posted on them by hand.",
        by_year: false,
        sql: "
            select 'accounts' as resource, a.id, 'Account ' || a.code as what,
                format('%s open, and %s posted by hand', trim_scale(coalesce(i.net, 0)), trim_scale(coalesce(l.by_hand, 0))) as expected,
                'a balance of ' || trim_scale(coalesce(l.net, 0)) as found
            from (select id, code from control_accounts('asset') union all select id, code from control_accounts('liability')) a
            left join (
                select account_id, sum(case side when 'debit' then open_base_amount else -open_base_amount end) as net from open_items where org_id = $1 group by 1
            ) i on i.account_id = a.id
            left join (
                -- What no document, payment or allocation posted, and no mirror of theirs.
                select l.account_id, sum(l.debit - l.credit) as net, coalesce(sum(l.debit - l.credit) filter (where e.resource is distinct from 'allocations'
                    and not exists (select from open_items i where i.org_id = $1 and i.journal_entry_id in (e.id, e.reversal_of_id))), 0) as by_hand
                from journal_lines l join journal_entries e on e.org_id = $1 and e.id = l.entry_id
                where l.org_id = $1 and l.account_id in (select id from control_accounts('asset') union all select id from control_accounts('liability'))
                group by 1
            ) l on l.account_id = a.id
            where coalesce(i.net, 0) <> coalesce(l.net, 0) - coalesce(l.by_hand, 0)",
    },
    Check {
        name: CheckName::OpenItemsSettled,
        says: "What is open of every document and payment is what it came to, less what is allocated to it, in its own currency and in the \
               organization's; and both sides of an allocation are of one party.",
        by_year: false,
        sql: "
            select i.resource, i.id, i.number as what, format('%s open, worth %s', trim_scale(i.amount - coalesce(a.amount, 0)),
                    trim_scale(i.base_amount - coalesce(a.base_amount, 0))) as expected,
                format('%s open, worth %s', trim_scale(i.open_amount), trim_scale(i.open_base_amount)) as found
            from open_items i
            left join (
                select id, sum(amount) as amount, sum(base_amount) as base_amount from (
                    select debit_item_id as id, debit_amount as amount, debit_base_amount as base_amount from allocations where org_id = $1
                    union all
                    select credit_item_id, credit_amount, credit_base_amount from allocations where org_id = $1
                ) each group by 1
            ) a on a.id = i.id
            where i.org_id = $1 and (i.open_amount, i.open_base_amount) <> (i.amount - coalesce(a.amount, 0), i.base_amount - coalesce(a.base_amount, 0))
            union all
            select 'allocations', a.id, format('%s set off against %s', c.number, d.number), 'one party, a debit and a credit', 'two parties, or one side twice'
            from allocations a
            join open_items d on d.org_id = $1 and d.id = a.debit_item_id
            join open_items c on c.org_id = $1 and c.id = a.credit_item_id
            where a.org_id = $1 and (d.party_id <> c.party_id or d.side <> 'debit' or c.side <> 'credit')",
    },
    Check {
        name: CheckName::DocumentsBooked,
        says: "Every posted document is in the books on its day with its total, is open with what is not settled, and its tax and what is taxed are those of its tax table; \
               what a payment takes off taxes is what it booked.",
        by_year: false,
        sql: "
            with documents as materialized (
                select 'invoices' as resource, id, number, issued_on, journal_entry_id, 1 as sign, total_amount, base_total_amount, base_tax_amount, open_amount from invoices
                    where org_id = $1 and number is not null
                union all
                select 'credit-notes', id, number, issued_on, journal_entry_id, -1, total_amount, base_total_amount, base_tax_amount, open_amount from credit_notes
                    where org_id = $1 and number is not null
                union all
                select 'bills', id, number, issued_on, journal_entry_id, -1, total_amount, base_total_amount, base_tax_amount, open_amount from bills
                    where org_id = $1 and number is not null
                union all
                select 'debit-notes', id, number, issued_on, journal_entry_id, 1, total_amount, base_total_amount, base_tax_amount, open_amount from debit_notes
                    where org_id = $1 and number is not null
            ), faults as (
                select d.*, 'booked on ' || d.issued_on || ' with ' || trim_scale(d.base_total_amount) as expected,
                    case when e.id is null then 'no entry of its own' else format('an entry of %s with %s', e.posted_on, trim_scale(coalesce(l.net, 0) * d.sign)) end as found
                from documents d
                left join open_items i on i.org_id = $1 and i.id = d.id
                left join journal_entries e on e.org_id = $1 and e.id = d.journal_entry_id and e.resource = d.resource and e.resource_id = d.id
                left join lateral (
                    select sum(l.debit - l.credit) as net from journal_lines l where l.org_id = $1 and l.entry_id = e.id and l.account_id = i.account_id
                ) l on true
                where d.base_total_amount <> 0 and (e.id is null or e.posted_on <> d.issued_on or l.net is distinct from d.sign * d.base_total_amount)
                union all
                select d.*, format('%s in all, %s open', trim_scale(d.total_amount), trim_scale(d.open_amount)),
                    case when i.id is null then 'not open anywhere' else format('%s in all, %s open', trim_scale(i.amount), trim_scale(i.open_amount)) end
                from documents d left join open_items i on i.org_id = $1 and i.id = d.id
                where d.base_total_amount <> 0 and (i.amount, i.base_amount, i.open_amount) is distinct from (d.total_amount, d.base_total_amount, d.open_amount)
                union all
                select d.*, 'tax of ' || trim_scale(d.base_tax_amount), 'a tax table with ' || trim_scale(t.tax)
                from documents d
                cross join lateral (
                    select coalesce(sum(t.base_tax_amount), 0) as tax from document_taxes t join tax_codes c on c.org_id = $1 and c.id = t.tax_code_id
                    where t.org_id = $1 and t.document_id = d.id and c.kind <> 'reverse_charge'
                ) t
                where t.tax <> d.base_tax_amount
                union all
                select d.*, format('%s taxed by %s', trim_scale(t.base_taxable_amount), c.code), 'lines with ' || trim_scale(l.taxed)
                from documents d
                join document_taxes t on t.org_id = $1 and t.document_id = d.id
                join tax_codes c on c.org_id = $1 and c.id = t.tax_code_id
                cross join lateral (
                    select -d.sign * coalesce(sum(l.debit - l.credit), 0) as taxed from journal_lines l
                    where l.org_id = $1 and l.entry_id = d.journal_entry_id and t.tax_code_id = any(l.taxed_by)
                ) l
                where t.base_taxable_amount <> l.taxed
            )
            select resource, id, number as what, expected, found from faults
            union all
            -- What was kept for paying early, and what was booked back of that.
            select 'payments', p.id, p.number, format('%s taxed by %s, and tax of %s', trim_scale(t.taxable), c.code, trim_scale(t.tax)),
                format('lines with %s, and tax of %s', trim_scale(l.taxable), trim_scale(l.tax))
            from payments p
            cross join lateral (values (p.id, p.journal_entry_id), (p.void_entry_id, p.void_entry_id)) own (id, entry_id)
            cross join lateral (select distinct tax_code_id from jsonb_to_recordset(p.discount_taxes) each (tax_code_id uuid)) each
            join tax_codes c on c.org_id = $1 and c.id = each.tax_code_id
            cross join lateral (
                select coalesce(sum(base_taxable_amount), 0) as taxable, coalesce(sum(base_tax_amount), 0) as tax from document_taxes
                where org_id = $1 and document_id = own.id and tax_code_id = c.id
            ) t
            cross join lateral (
                select coalesce(sum(side.sign * (l.credit - l.debit)) filter (where c.id = any(l.taxed_by)), 0) as taxable,
                    coalesce(sum(side.sign * (l.credit - l.debit)) filter (where l.tax_code_id = c.id and l.tax_side = side.name), 0) as tax
                from (select case c.direction when 'sale' then 1 else -1 end as sign, case c.direction when 'sale' then 'payable' else 'recoverable' end as name) side
                left join journal_lines l on l.org_id = $1 and l.entry_id = own.entry_id
            ) l
            where p.org_id = $1 and p.discount_taxes <> '[]' and own.id is not null and (t.taxable, t.tax) <> (l.taxable, l.tax)",
    },
    Check {
        name: CheckName::AssetsTie,
        says: "What every fixed asset cost and is depreciated by is the sum of its movements, and the entries that book those say the same.",
        by_year: false,
        sql: "
            select 'fixed-assets' as resource, a.id, coalesce(a.number, a.name) as what, 'depreciated by ' || trim_scale(m.depreciation) as expected,
                'depreciated by ' || trim_scale(a.accumulated_depreciation) as found
            from fixed_assets a
            join (select fixed_asset_id, sum(depreciation) as depreciation from fixed_asset_movements where org_id = $1 group by 1) m on m.fixed_asset_id = a.id
            where a.org_id = $1 and a.accumulated_depreciation <> m.depreciation
            union all
            select 'journal-entries', e.id, 'Entry ' || e.number, trim_scale(w.net)::text || ' on account ' || a.code || ', by its movements',
                'no account with that'
            from (
                select m.journal_entry_id, x.account_id, sum(x.net) as net
                from fixed_asset_movements m
                join fixed_assets f on f.org_id = $1 and f.id = m.fixed_asset_id
                join fixed_asset_categories c on c.org_id = $1 and c.id = f.category_id
                cross join lateral (values (c.asset_account_id, m.cost), (c.accumulated_depreciation_account_id, -m.depreciation)) x (account_id, net)
                where m.org_id = $1 and m.journal_entry_id is not null
                group by 1, 2
            ) w
            join journal_entries e on e.org_id = $1 and e.id = w.journal_entry_id
            join accounts a on a.org_id = $1 and a.id = w.account_id
            -- A category may have other accounts by now than when this was booked.
            where w.net <> 0 and not exists (
                select from journal_lines l where l.org_id = $1 and l.entry_id = w.journal_entry_id
                group by l.account_id having sum(l.debit - l.credit) = w.net)",
    },
    Check {
        name: CheckName::ClosedYearsClosed,
        says: "Income and expenses of a closed year are zero after its closing entry.",
        by_year: false,
        sql: "
            select 'fiscal-years' as resource, y.id, format('Account %s in %s', a.code, y.code) as what, '0' as expected,
                trim_scale(sum(b.debit - b.credit))::text as found
            from fiscal_years y
            join (
                select account_id, begins_on, debit, credit from account_balances where org_id = $1 and grain = 'month'
                union all
                select account_id, date_trunc('month', begins_on)::date, debit, credit from balance_deltas where org_id = $1
            ) b on b.begins_on between y.starts_on and y.ends_on
            join accounts a on a.org_id = $1 and a.id = b.account_id and a.type in ('income', 'expense')
            where y.org_id = $1 and y.status = 'closed'
            group by y.id, y.code, a.code having sum(b.debit - b.credit) <> 0",
    },
];
