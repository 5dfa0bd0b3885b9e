drop trigger keep_paper on debit_notes;
drop trigger keep_paper on credit_notes;
drop trigger keep_paper on invoices;
drop table document_papers;
drop function keep_paper, paper_facts, paper_sides;
delete from managed_tables where name = 'document_papers';
