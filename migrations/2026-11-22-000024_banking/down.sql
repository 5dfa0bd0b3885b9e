drop function bank_certainties(uuid), bank_proposals(uuid[], int, boolean), bank_reconciliation(uuid, date, int), bank_rules_for(uuid[], uuid, int), squeezed(text);
drop table bank_matches, bank_statement_lines, bank_rules, bank_statements, bank_statement_mappings;
drop function keep_lines_explained(), keep_matches(), moved_in_bank(journal_lines, text, text), follow_last_statement();
delete from managed_tables where name in ('bank_matches', 'bank_statement_lines', 'bank_rules', 'bank_statements', 'bank_statement_mappings');
