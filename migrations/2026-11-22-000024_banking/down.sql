drop function bank_proposals(uuid[], int), bank_reconciliation(uuid, date, int), bank_rules_for(uuid[], uuid, int);
drop view bank_match_candidates;
drop table bank_matches, bank_statement_lines, bank_rules, bank_statements, bank_accounts, bank_statement_mappings;
drop function keep_lines_explained(), keep_matches(), bank_movements(uuid[], uuid[]);
delete from managed_tables where name in
    ('bank_matches', 'bank_statement_lines', 'bank_rules', 'bank_statements', 'bank_accounts', 'bank_statement_mappings');
