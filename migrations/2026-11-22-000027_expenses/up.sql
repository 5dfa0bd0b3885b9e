-- What employees spent for the company: categories with what the company's policy allows, claims, and what of them is owed back.

create table expense_categories (
    org_id                uuid          not null,
    id                    uuid          not null,
    code                  text          not null constraint expense_categories_code_format check (code ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    name                  text          not null constraint expense_categories_name_length check (length(name) between 1 and 100),
    kind                  text          not null default 'amount'
        constraint expense_categories_kind_check check (kind in ('amount', 'distance', 'per_diem')),
    account_id            uuid          not null,
    tax_code_id           uuid,
    -- What is counted, and what the company pays for one, where it is not what a receipt says.
    unit                  text          constraint expense_categories_unit_length check (length(unit) between 1 and 20),
    unit_rate             numeric(20,4) constraint expense_categories_unit_rate_range check (unit_rate > 0),
    -- In the organization's currency, tax included; null where there is no limit.
    max_per_item          numeric(20,4) constraint expense_categories_max_per_item_range check (max_per_item >= 0),
    max_per_day           numeric(20,4) constraint expense_categories_max_per_day_range check (max_per_day >= 0),
    max_per_month         numeric(20,4) constraint expense_categories_max_per_month_range check (max_per_month >= 0),
    receipt_required_over numeric(20,4) constraint expense_categories_receipt_required_over_range check (receipt_required_over >= 0),
    status                text          not null default 'active' constraint expense_categories_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint expense_categories_code_key unique (org_id, code),
    constraint expense_categories_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint expense_categories_tax_code_id_fkey foreign key (org_id, tax_code_id) references tax_codes (org_id, id),
    constraint what_is_counted_has_a_rate_and_what_is_not_has_none check ((kind = 'amount') = (unit_rate is null)),
    constraint what_is_paid_by_a_rate_bears_no_tax check (kind = 'amount' or tax_code_id is null)
);
create index expense_categories_by_name on expense_categories (org_id, name, id);
create index expense_categories_by_account on expense_categories (org_id, account_id);
create index expense_categories_by_tax_code on expense_categories (org_id, tax_code_id);
select manage_resource('expense_categories', 'expense_category');
create index expense_categories_by_created_at on expense_categories (org_id, created_at, id);

-- What is spent is booked to an expense, or to what one keeps, and its tax is one on purchases that the seller charges.
create function keep_expense_category() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
begin
    select jsonb_agg(jsonb_build_object('pointer', '/' || fault.field, 'code', fault.code, 'detail', fault.detail)) into faults
        from (select) one
        left join accounts a on a.org_id = new.org_id and a.id = new.account_id
        left join tax_codes t on t.org_id = new.org_id and t.id = new.tax_code_id
        cross join lateral (values
            (a.id is null, 'account_id', 'unknown-reference', 'there is no such row in this organization'),
            (a.type not in ('expense', 'asset'), 'account_id', 'wrong-account',
                format('must be an account of the type expense or asset, and %s is one of the type %s', a.code, a.type)),
            (a.is_group, 'account_id', 'is-group', format('is the group %s, which takes no postings: name one of the accounts below it', a.code)),
            (a.status = 'archived', 'account_id', 'archived', format('is the account %s, which is archived: restore it, or name another one', a.code)),
            (new.tax_code_id is not null and t.id is null, 'tax_code_id', 'unknown-reference', 'there is no such row in this organization'),
            (t.direction <> 'purchase', 'tax_code_id', 'other-direction', format('must be a tax on a purchase, and `%s` is not', t.code)),
            (t.kind = 'reverse_charge', 'tax_code_id', 'reverse-charge', format('must be a tax that the seller charges, and `%s` is not', t.code)),
            (t.status = 'archived', 'tax_code_id', 'archived', 'must not be archived: restore it, or name another')) fault (is_so, field, code, detail)
        where fault.is_so;
    if faults is not null then
        raise exception 'references' using errcode = 'check_violation', table = 'expense_categories', constraint = 'expense_categories_account_id_check',
            detail = jsonb_build_object('errors', faults);
    end if;
    return new;
end $$;
create trigger keep_category before insert or update of account_id, tax_code_id on expense_categories
    for each row execute function keep_expense_category();

create table expense_claims (
    org_id              uuid          not null,
    id                  uuid          not null,
    -- Taken when it is posted.
    number              text          constraint expense_claims_number_length check (length(number) between 1 and 40),
    employee_id         uuid          not null,
    title               text          not null constraint expense_claims_title_length check (length(title) between 1 and 200),
    -- The organization's: whatever currency was spent, this is what is owed.
    currency            text          not null constraint expense_claims_currency_format check (currency ~ '^[A-Z]{3}$'),
    lines               jsonb         not null constraint expense_claims_lines_type check (jsonb_typeof(lines) = 'array'),
    net_amount          numeric(20,4) not null constraint expense_claims_net_amount_range check (net_amount >= 0),
    tax_amount          numeric(20,4) not null constraint expense_claims_tax_amount_range check (tax_amount >= 0),
    total_amount        numeric(20,4) not null,
    -- What of it the employee paid; the rest the company paid itself.
    reimbursable_amount numeric(20,4) not null,
    open_amount         numeric(20,4) not null default 0,
    is_over_policy      boolean       not null default false,
    required_approvals  integer       not null default 1 constraint expense_claims_required_approvals_range check (required_approvals between 1 and 2),
    -- [{"by": …, "at": …}, …] since it was submitted.
    approvals           jsonb         not null default '[]' constraint expense_claims_approvals_type check (jsonb_typeof(approvals) = 'array'),
    rejection_reason    text          constraint expense_claims_rejection_reason_length check (length(rejection_reason) between 1 and 500),
    submitted_at        timestamptz,
    submitted_by        uuid,
    posted_on           date,
    voided_on           date,
    void_reason         text          constraint expense_claims_void_reason_length check (length(void_reason) between 1 and 500),
    -- What approved budgets warned of when it was posted.
    budget_warnings     jsonb         not null default '[]' constraint expense_claims_budget_warnings_type check (jsonb_typeof(budget_warnings) = 'array'),
    status              text          not null default 'draft' constraint expense_claims_status_check
        check (status in ('draft', 'submitted', 'approved', 'rejected', 'posted', 'partially_reimbursed', 'reimbursed', 'void')),
    journal_entry_id    uuid,
    reversal_entry_id   uuid,
    primary key (org_id, id),
    constraint expense_claims_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint expense_claims_journal_entry_id_fkey foreign key (org_id, journal_entry_id) references journal_entries (org_id, id),
    constraint expense_claims_reversal_entry_id_fkey foreign key (org_id, reversal_entry_id) references journal_entries (org_id, id),
    constraint net_and_tax_are_the_total check (net_amount + tax_amount = total_amount),
    constraint what_is_owed_back_is_part_of_the_total check (reimbursable_amount between 0 and total_amount),
    constraint what_is_open_is_part_of_what_is_owed_back check (open_amount between 0 and reimbursable_amount),
    constraint what_is_posted_has_a_number_a_day_and_an_entry check ((number is null) = (status in ('draft', 'submitted', 'approved', 'rejected'))
        and (number is null) = (posted_on is null) and (number is null) = (journal_entry_id is null)),
    constraint what_is_void_is_booked_back check ((status = 'void') = (reversal_entry_id is not null) and (reversal_entry_id is null) = (voided_on is null)
        and (voided_on is null) = (void_reason is null))
);
create unique index expense_claims_number_key on expense_claims (org_id, number);
create index expense_claims_by_employee on expense_claims (org_id, employee_id, id);
create index expense_claims_by_status on expense_claims (org_id, status, id);
create index expense_claims_by_title on expense_claims (org_id, title, id);
create index expense_claims_by_entry on expense_claims (org_id, journal_entry_id);
create index expense_claims_by_reversal on expense_claims (org_id, reversal_entry_id);
select manage_resource('expense_claims', 'expense_claim', person => 'employee_id');
create index expense_claims_by_created_at on expense_claims (org_id, created_at, id);
select limit_reach('expense_claims');
select approvable('expense_claims', '{approve}');
insert into number_kinds (kind, longest, format, reset) values ('expense-claims', 40, 'EXP-{year}-{number:6}', 'yearly');

-- The lines, a row each, so that what they refer to stays, and limits are looked up: kept by triggers alone.
create table expense_lines (
    org_id               uuid          not null,
    claim_id             uuid          not null,
    line                 integer       not null,
    employee_id          uuid          not null,
    category_id          uuid          not null,
    spent_on             date          not null,
    base_amount          numeric(20,4) not null,
    tax_code_id          uuid,
    department_id        uuid,
    cost_centre_id       uuid,
    project_id           uuid,
    receipt_file_id      uuid,
    paid_from_account_id uuid,
    primary key (org_id, claim_id, line),
    constraint expense_lines_claim_id_fkey foreign key (org_id, claim_id) references expense_claims (org_id, id) on delete cascade,
    constraint expense_lines_category_id_fkey foreign key (org_id, category_id) references expense_categories (org_id, id),
    constraint expense_lines_tax_code_id_fkey foreign key (org_id, tax_code_id) references tax_codes (org_id, id),
    constraint expense_lines_department_id_fkey foreign key (org_id, department_id) references departments (org_id, id),
    constraint expense_lines_cost_centre_id_fkey foreign key (org_id, cost_centre_id) references cost_centres (org_id, id),
    constraint expense_lines_project_id_fkey foreign key (org_id, project_id) references projects (org_id, id),
    constraint expense_lines_receipt_file_id_fkey foreign key (org_id, receipt_file_id) references files (org_id, id),
    constraint expense_lines_paid_from_account_id_fkey foreign key (org_id, paid_from_account_id) references accounts (org_id, id)
);
create index expense_lines_by_person on expense_lines (org_id, employee_id, category_id, spent_on);
create index expense_lines_by_category on expense_lines (org_id, category_id);
create index expense_lines_by_tax_code on expense_lines (org_id, tax_code_id);
create index expense_lines_by_department on expense_lines (org_id, department_id);
create index expense_lines_by_cost_centre on expense_lines (org_id, cost_centre_id);
create index expense_lines_by_project on expense_lines (org_id, project_id);
create index expense_lines_by_receipt on expense_lines (org_id, receipt_file_id);
create index expense_lines_by_paid_from on expense_lines (org_id, paid_from_account_id);

-- Which claim a receipt was handed in with, by what is in it: the same paper is paid once, whoever scans it again.
create table expense_receipts (
    org_id   uuid not null,
    sha256   text not null,
    claim_id uuid not null,
    primary key (org_id, sha256),
    constraint expense_receipts_claim_id_fkey foreign key (org_id, claim_id) references expense_claims (org_id, id) on delete cascade
);
create index expense_receipts_by_claim on expense_receipts (org_id, claim_id);

insert into managed_tables (name, kind) values ('expense_lines', 'derived'), ('expense_receipts', 'derived');
select separate_organizations('expense_lines'), separate_organizations('expense_receipts');
grant select on expense_lines, expense_receipts to backoffice_service;

create function keep_expense_rows() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
begin
    if tg_op = 'INSERT' or new.lines is distinct from old.lines then
        delete from expense_lines where org_id = new.org_id and claim_id = new.id;
        delete from expense_receipts where org_id = new.org_id and claim_id = new.id;
        insert into expense_lines (org_id, claim_id, line, employee_id, category_id, spent_on, base_amount, tax_code_id, department_id, cost_centre_id,
                project_id, receipt_file_id, paid_from_account_id)
            select new.org_id, new.id, line, new.employee_id, category_id, spent_on, base_amount, tax_code_id, department_id, cost_centre_id, project_id,
                receipt_file_id, paid_from_account_id
            from jsonb_to_recordset(new.lines) l (line int, category_id uuid, spent_on date, base_amount numeric, tax_code_id uuid, department_id uuid,
                cost_centre_id uuid, project_id uuid, receipt_file_id uuid, paid_from_account_id uuid);
        if new.total_amount is distinct from (select coalesce(sum(base_amount), 0) from expense_lines where org_id = new.org_id and claim_id = new.id) then
            raise exception 'lines and total' using errcode = 'check_violation', table = 'expense_claims', constraint = 'the_lines_are_the_total';
        end if;
        -- Of two who hand in the same paper at once the second waits here, and then finds the first.
        insert into expense_receipts (org_id, sha256, claim_id)
            select distinct new.org_id, f.sha256, new.id from expense_lines l join files f on f.org_id = l.org_id and f.id = l.receipt_file_id
            where l.org_id = new.org_id and l.claim_id = new.id order by 2
            on conflict do nothing;
        select jsonb_agg(jsonb_build_object('pointer', format('/lines/%s/receipt_file_id', l.line - 1), 'code', 'already-claimed',
                'detail', 'the same receipt was handed in with another claim: each is paid once') order by l.line) into faults
            from expense_lines l join files f on f.org_id = l.org_id and f.id = l.receipt_file_id
            join expense_receipts r on r.org_id = l.org_id and r.sha256 = f.sha256 and r.claim_id <> new.id
            where l.org_id = new.org_id and l.claim_id = new.id;
        if faults is not null then
            raise exception 'claimed already' using errcode = 'unique_violation', table = 'expense_claims', constraint = 'a_receipt_is_claimed_once',
                detail = jsonb_build_object('errors', faults);
        end if;
    end if;
    -- For the return of taxes: what is got back on the day of posting, and given back by the entry that reverses it on its day.
    if tg_op = 'UPDATE' and (old.number is null and new.number is not null or old.status <> 'void' and new.status = 'void') then
        insert into document_taxes (org_id, document_id, tax_code_id, resource, rate, taxed_on, is_posted, taxable_amount, tax_amount, base_taxable_amount, base_tax_amount)
            select new.org_id, coalesce(new.reversal_entry_id, new.id), l.tax_code_id, own.resource, coalesce(tax_rate_on(t.rates, own.taxed_on), max(l.tax_rate)),
                own.taxed_on, true, own.sign * sum(l.base_net_amount), own.sign * sum(l.base_tax_amount), own.sign * sum(l.base_net_amount), own.sign * sum(l.base_tax_amount)
            from jsonb_to_recordset(new.lines) l (tax_code_id uuid, tax_rate numeric, base_net_amount numeric, base_tax_amount numeric)
            join tax_codes t on t.org_id = new.org_id and t.id = l.tax_code_id
            cross join lateral (select coalesce(new.voided_on, new.posted_on) as taxed_on, case when new.voided_on is null then 1 else -1 end as sign,
                case when new.voided_on is null then 'expense-claims' else 'journal-entries' end as resource) own
            group by l.tax_code_id, t.rates, own.taxed_on, own.sign, own.resource;
    end if;
    if tg_op = 'UPDATE' and new.status = 'void' then
        delete from expense_receipts where org_id = new.org_id and claim_id = new.id;
    end if;
    return null;
end $$;
create trigger keep_rows after insert or update on expense_claims for each row execute function keep_expense_rows();

-- Only a draft is written in. Who submits begins the approvals anew; who says yes is nobody whose claim it is, and nobody twice.
create function keep_expense_claim() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free text[] := '{status,required_approvals,is_over_policy,approvals,rejection_reason,submitted_at,submitted_by,version,updated_at,updated_by}';
    me constant uuid := current_actor_id();
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'handed in' using errcode = 'restrict_violation', table = 'expense_claims', constraint = 'only_a_draft_of_a_claim_is_deleted_so_withdraw_it_first';
        end if;
        return old;
    elsif old.status = 'draft' and new.status = 'submitted' then
        new.submitted_at := now();
        new.submitted_by := me;
        new.approvals := '[]';
        new.rejection_reason := null;
    elsif new.status = 'draft' then
        new.approvals := '[]';
        if old.status <> 'draft' then new.submitted_at := null; end if;
    end if;
    if old.status = 'approved' and new.number is not null then
        free := free || '{number,posted_on,journal_entry_id,open_amount,budget_warnings}';
    end if;
    -- What submitting finds out about the lines stands in them: which are over the policy.
    if not (old.status = 'draft' and new.status in ('draft', 'submitted')) and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'handed in' using errcode = 'restrict_violation', table = 'expense_claims', constraint = 'only_a_draft_of_a_claim_is_written_in_so_withdraw_it_first';
    elsif new.status in ('submitted', 'approved') and jsonb_array_length(new.approvals) > jsonb_array_length(old.approvals) or new.status = 'rejected' and old.status <> 'rejected' then
        if me in (old.created_by, old.submitted_by)
            or exists (select from memberships where org_id = old.org_id and user_id = me and employee_id = old.employee_id) then
            raise exception 'forbidden: Nobody decides on what they claim or handed in themselves: ask somebody else to.' using errcode = 'insufficient_privilege';
        elsif new.status <> 'rejected' and old.approvals @> jsonb_build_array(jsonb_build_object('by', me)) then
            raise exception 'forbidden: You have approved it; it is over the policy, so somebody else has to, besides.' using errcode = 'insufficient_privilege';
        end if;
    end if;
    if new.status = 'approved' and jsonb_array_length(new.approvals) < new.required_approvals then
        raise exception 'too few' using errcode = 'restrict_violation', table = 'expense_claims', constraint = 'what_is_over_the_policy_is_approved_by_two';
    end if;
    return new;
end $$;
create trigger keep_claim before update or delete on expense_claims for each row when (old.number is null) execute function keep_expense_claim();

create function with_approval_of_caller(in_approvals jsonb) returns jsonb language sql stable as $$
    select in_approvals || jsonb_build_array(jsonb_build_object('by', current_actor_id(), 'at', now()))
$$;

-- What a posted claim has become through what settles it.
create function reimbursed_status(reimbursable numeric, open_now numeric, reversal uuid) returns text language sql immutable parallel safe as $$
    select case when reversal is not null then 'void' when open_now = 0 then 'reimbursed' when open_now = reimbursable then 'posted' else 'partially_reimbursed' end
$$;

-- Posted is final. What is open of it, and its state with that, follow from what settles it, whoever writes them.
create function keep_posted_claim() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,open_amount,reversal_entry_id,voided_on,void_reason,version,updated_at,updated_by}';
    open_now numeric;
begin
    if tg_op = 'DELETE' or to_jsonb(new) - free <> to_jsonb(old) - free or old.status = 'void'
        and (new.reversal_entry_id, new.voided_on, new.void_reason) is distinct from (old.reversal_entry_id, old.voided_on, old.void_reason) then
        raise exception 'final' using errcode = 'restrict_violation', table = 'expense_claims', constraint = 'what_is_posted_is_final_so_void_it_instead';
    end if;
    select coalesce((select open_amount from open_items where org_id = new.org_id and id = new.id), 0) into open_now;
    if new.open_amount <> open_now or new.status <> reimbursed_status(new.reimbursable_amount, open_now, new.reversal_entry_id) then
        raise exception 'final' using errcode = 'restrict_violation', table = 'expense_claims', constraint = 'what_is_open_follows_from_what_settles_it';
    end if;
    return new;
end $$;
create trigger keep_posted before update or delete on expense_claims for each row when (old.number is not null) execute function keep_posted_claim();

-- What settles an open item shows on its claim.
create function show_reimbursed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update expense_claims c set open_amount = n.open_amount, status = reimbursed_status(c.reimbursable_amount, n.open_amount, c.reversal_entry_id)
        from new_rows n
        where n.resource = 'expense-claims' and c.org_id = n.org_id and c.id = n.id and c.open_amount <> n.open_amount;
    return null;
end $$;
create trigger show_reimbursed after update on open_items referencing new table as new_rows
    for each statement execute function show_reimbursed();

-- An employee to whom the company owes something is a party, one for each: so what is owed to them is open, grows old, and is paid
-- as everything else is. It is made when their first claim is posted.
alter table parties add column employee_id uuid,
    add constraint parties_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    drop constraint is_a_customer_or_a_supplier_or_both,
    add constraint is_a_customer_a_supplier_or_an_employee check (is_customer or is_supplier or employee_id is not null);
create unique index parties_employee_id_key on parties (org_id, employee_id);
select tell_events('parties');

-- What a claim is booked with; makes the party where there is none. Two who post for one employee take turns at the employee.
create function expense_booking_facts(in_employee uuid, in_party uuid, in_codes uuid[]) returns jsonb
    language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    party uuid;
begin
    select id into party from parties where org_id = org and employee_id = in_employee;
    if party is null then
        perform from employees where org_id = org and id = in_employee for no key update;
        select id into party from parties where org_id = org and employee_id = in_employee;
    end if;
    if party is null then
        insert into parties (org_id, id, name, country, employee_id, allow_duplicate)
            select org, in_party, left(e.given_name || ' ' || e.family_name, 200), coalesce(o.country, 'ZZ'), e.id, true
            from employees e join organizations o on o.org_id = e.org_id and o.id = e.org_id where e.org_id = org and e.id = in_employee
            returning id into party;
    end if;
    return jsonb_build_object(
        'party_id', party,
        'reimbursements_account_id', (select id from accounts where org_id = org and role = 'employee_reimbursements' and status = 'active'),
        'tax_recoverable_account_id', (select id from accounts where org_id = org and role = 'tax_recoverable' and status = 'active'),
        'tax_accounts', (select coalesce(jsonb_object_agg(id, recoverable_account_id), '{}') from tax_codes
            where org_id = org and id = any(in_codes) and recoverable_account_id is not null));
end $$;

-- What the lines of a claim are figured with, each with what it refers to: [{…}] in their order. Where they are handed in, whoever
-- hands in for the same employee waits here, so that two claims can not both pass a limit that has room for one.
create function expense_facts(in_claim uuid, in_employee uuid, in_lines jsonb, is_final boolean) returns jsonb language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    claimant constant uuid := coalesce(in_employee, current_person());
begin
    if is_final then
        perform pg_advisory_xact_lock(hashtextextended('expenses ' || org || claimant, 3));
    end if;
    return jsonb_build_object(
        'currency', books_currency(),
        'employee', (select jsonb_build_object('id', e.id, 'status', e.status, 'department_id', e.department_id)
            from employees e where e.org_id = org and e.id = claimant),
        'lines', (select coalesce(jsonb_agg(jsonb_build_object(
                'category', (select jsonb_build_object('code', c.code, 'kind', c.kind, 'account_id', c.account_id, 'tax_code_id', c.tax_code_id,
                        'unit', c.unit, 'unit_rate', c.unit_rate::text, 'max_per_item', c.max_per_item::text, 'max_per_day', c.max_per_day::text,
                        'max_per_month', c.max_per_month::text, 'receipt_required_over', c.receipt_required_over::text, 'status', c.status)
                    from expense_categories c where c.org_id = org and c.id = l.category_id),
                'tax', (select jsonb_build_object('id', t.id, 'code', t.code, 'direction', t.direction, 'kind', t.kind, 'status', t.status,
                        'rate', tax_rate_on(t.rates, l.spent_on)::text)
                    from tax_codes t where t.org_id = org and t.id = coalesce(l.tax_code_id,
                        (select c.tax_code_id from expense_categories c where c.org_id = org and c.id = l.category_id))),
                'exchange_rate', exchange_rate_on(coalesce(l.currency, books_currency()), l.spent_on)::text,
                'receipt', (select jsonb_build_object('status', f.status, 'is_elsewhere', f.resource_id is not null
                        and (f.resource, f.resource_id) is distinct from ('expense-claims', in_claim))
                    from files f where f.org_id = org and f.id = l.receipt_file_id),
                'paid_from', (select jsonb_build_object('type', a.type, 'role', a.role, 'is_group', a.is_group, 'status', a.status)
                    from accounts a where a.org_id = org and a.id = l.paid_from_account_id),
                'knows_department', exists (select from departments d where d.org_id = org and d.id = l.department_id),
                'knows_cost_centre', exists (select from cost_centres d where d.org_id = org and d.id = l.cost_centre_id),
                'knows_project', exists (select from projects d where d.org_id = org and d.id = l.project_id),
                'spent_that_day', (select coalesce(sum(x.base_amount), 0)::text from expense_lines x
                    join expense_claims c on c.org_id = x.org_id and c.id = x.claim_id and c.status not in ('draft', 'rejected', 'void')
                    where x.org_id = org and x.employee_id = claimant and x.category_id = l.category_id and x.spent_on = l.spent_on
                        and x.claim_id is distinct from in_claim),
                'spent_that_month', (select coalesce(sum(x.base_amount), 0)::text from expense_lines x
                    join expense_claims c on c.org_id = x.org_id and c.id = x.claim_id and c.status not in ('draft', 'rejected', 'void')
                    where x.org_id = org and x.employee_id = claimant and x.category_id = l.category_id
                        and x.spent_on between date_trunc('month', l.spent_on)::date and (date_trunc('month', l.spent_on) + interval '1 month - 1 day')::date
                        and x.claim_id is distinct from in_claim)) order by place), '[]')
            from jsonb_array_elements(in_lines) with ordinality given (each, place),
            jsonb_to_record(each) l (spent_on date, category_id uuid, tax_code_id uuid, currency text, department_id uuid, cost_centre_id uuid,
                project_id uuid, receipt_file_id uuid, paid_from_account_id uuid)));
end $$;
