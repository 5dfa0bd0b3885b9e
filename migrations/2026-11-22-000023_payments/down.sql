delete from approvals where resource = 'payment-runs';
delete from approval_policies where resource = 'payment-runs';
delete from approvable_actions where resource = 'payment-runs';
drop index open_items_by_due_on;
drop table payment_run_items, payment_runs;
drop function payable_items, keep_payment_run, keep_payment_run_items;
drop function take_payment_numbers, payment_facts;
drop trigger show_settled on open_items;
create or replace function show_settled() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.resource in ('invoices', 'credit-notes', 'bills', 'debit-notes') then
        execute format('update %I d set open_amount = $3, status = settled_status(d.id, d.status, d.total_amount, $3,
                coalesce((to_jsonb(d) ->> ''credited_amount'')::numeric, 0)) where d.org_id = $1 and d.id = $2', replace(new.resource, '-', '_'))
            using new.org_id, new.id, new.open_amount;
    end if;
    return null;
end $$;
create trigger show_settled after update of open_amount on open_items for each row
    when (old.open_amount <> new.open_amount) execute function show_settled();
do $$
begin
    execute replace(pg_get_functiondef('entry_faults(jsonb)'::regprocedure), '(a.currency <> l.currency and not l.by_rule, ', '(a.currency <> l.currency, ');
end $$;
drop table payments, bank_accounts;
drop function keep_posted_payment;
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind in ('payments', 'payment-runs');
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind in ('payments', 'payment-runs'));
delete from number_series where kind in ('payments', 'payment-runs');
delete from number_kinds where kind in ('payments', 'payment-runs');
update accounts set role = null where role in ('bank_charges', 'discounts_given', 'discounts_taken');
alter table accounts drop constraint accounts_role_check;
alter table accounts add constraint accounts_role_check check (role in ('receivable', 'payable', 'bank', 'cash', 'tax_payable', 'tax_recoverable',
    'inventory', 'goods_received_not_invoiced', 'cost_of_sales', 'payroll_payable', 'retained_earnings', 'exchange_gain', 'exchange_loss',
    'rounding', 'suspense', 'fixed_asset', 'accumulated_depreciation', 'depreciation_expense', 'employee_reimbursements'));
delete from managed_tables where name in ('bank_accounts', 'payments', 'payment_runs', 'payment_run_items');
