delete from approvals where resource in ('invoices', 'credit-notes', 'bills', 'debit-notes');
delete from approval_policies where resource in ('invoices', 'credit-notes', 'bills', 'debit-notes');
delete from approvable_actions where resource in ('invoices', 'credit-notes', 'bills', 'debit-notes');
drop trigger keep_used on tax_codes;
drop table document_taxes, document_lines, allocations, open_items, debit_notes, bills, credit_notes, invoices;
drop function booking_facts, document_facts, keep_used_tax_code, credit_document, show_settled, keep_posted_document, settled_status,
    keep_document_rows, refuse_own_bill, make_documents, settle_open_items, open_whole;
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind in ('invoices', 'credit-notes', 'bills', 'debit-notes');
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind in ('invoices', 'credit-notes', 'bills', 'debit-notes'));
delete from number_series where kind in ('invoices', 'credit-notes', 'bills', 'debit-notes');
delete from number_kinds where kind in ('invoices', 'credit-notes', 'bills', 'debit-notes');
delete from managed_tables where name in
    ('invoices', 'credit_notes', 'bills', 'debit_notes', 'open_items', 'allocations', 'document_lines', 'document_taxes');
