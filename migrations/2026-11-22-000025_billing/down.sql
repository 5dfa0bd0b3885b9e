drop index open_items_owed;
drop table dunning_reminders, dunning_letters, dunning_runs, dunning_holds, dunning_levels;
drop function dunning_due, keep_dunning_letter, is_held_from_dunning, keep_dunning_reminders, order_dunning_levels;
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind = 'dunning-letters';
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind = 'dunning-letters');
delete from number_series where kind = 'dunning-letters';
delete from number_kinds where kind = 'dunning-letters';
delete from open_items where resource = 'dunning-letters';
drop table recurring_invoice_runs, recurring_invoices;
drop function made_again_and_again, keep_recurring_invoice;
drop trigger keep_paper on debit_notes;
drop trigger keep_paper on credit_notes;
drop trigger keep_paper on invoices;
drop table document_papers;
drop function keep_paper, paper_facts, paper_sides;
delete from managed_tables where name in ('document_papers', 'recurring_invoices', 'recurring_invoice_runs',
    'dunning_levels', 'dunning_holds', 'dunning_runs', 'dunning_letters', 'dunning_reminders');
