delete from custom_fields where applies_to = 'parties';
delete from approvals where resource = 'parties';
delete from approval_policies where resource = 'parties';
delete from approvable_actions where resource = 'parties';
alter table journal_lines drop constraint journal_lines_party_id_fkey;
drop table custom_references_parties;
drop table party_keys, party_bank_accounts, parties, payment_terms;
drop function keep_party_accounts, refuse_archived_payment_terms, refuse_duplicate_parties, keep_party_bank_accounts, keep_party, party_keys_of,
    compact_id, vat_prefix, keep_instalments_whole, number_parties;
alter table numbers_given disable trigger frozen;
delete from numbers_given where kind = 'parties';
alter table numbers_given enable trigger frozen;
delete from number_counters where series_id in (select id from number_series where kind = 'parties');
delete from number_series where kind = 'parties';
delete from number_kinds where kind = 'parties';
delete from managed_tables where name in ('payment_terms', 'parties', 'party_bank_accounts', 'party_keys');
