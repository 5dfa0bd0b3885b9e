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
