delete from approvals where resource = 'expense-claims';
delete from approval_policies where resource = 'expense-claims';
delete from approvable_actions where resource = 'expense-claims';
drop trigger show_reimbursed on open_items;
delete from payment_run_items where item_id in (select id from open_items where resource = 'expense-claims');
delete from allocations where credit_item_id in (select id from open_items where resource = 'expense-claims');
delete from open_items where resource in ('expense-claims', 'journal-entries');
delete from document_taxes where resource = 'expense-claims' or document_id in (select reversal_entry_id from expense_claims);
drop function expense_facts, expense_booking_facts, show_reimbursed, with_approval_of_caller;
drop table expense_receipts, expense_lines, expense_claims, expense_categories;
drop function keep_posted_claim, reimbursed_status, keep_expense_claim, keep_expense_rows, keep_expense_category;
-- Who is in the books stays in them.
update parties set is_supplier = true where employee_id is not null and not (is_customer or is_supplier);
alter table parties drop constraint is_a_customer_a_supplier_or_an_employee,
    add constraint is_a_customer_or_a_supplier_or_both check (is_customer or is_supplier),
    drop column employee_id;
select tell_events('parties');
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind = 'expense-claims';
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind = 'expense-claims');
delete from number_series where kind = 'expense-claims';
delete from number_kinds where kind = 'expense-claims';
delete from managed_tables where name in ('expense_categories', 'expense_claims', 'expense_lines', 'expense_receipts');
