-- What is paid, from which account, and for what.

-- The organization's own accounts at banks.
create table bank_accounts (
    org_id         uuid not null,
    id             uuid not null,
    name           text not null constraint bank_accounts_name_length check (length(name) between 1 and 100),
    iban           text constraint bank_accounts_iban_format check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$'),
    account_number text constraint bank_accounts_account_number_format check (account_number ~ '^[A-Za-z0-9][A-Za-z0-9/.-]{0,33}$'),
    bic            text constraint bank_accounts_bic_format check (bic ~ '^[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$'),
    currency       text not null constraint bank_accounts_currency_format check (currency ~ '^[A-Z]{3}$'),
    -- Where the ledger keeps what is in it.
    account_id     uuid not null,
    status         text not null default 'active' constraint bank_accounts_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint bank_accounts_name_key unique (org_id, name),
    constraint bank_accounts_iban_key unique (org_id, iban),
    constraint bank_accounts_account_number_key unique (org_id, account_number, bic, currency),
    -- Or what is in the one could not be told from what is in the other.
    constraint bank_accounts_account_id_key unique (org_id, account_id),
    constraint bank_accounts_account_id_fkey foreign key (org_id, account_id) references accounts (org_id, id),
    constraint a_bank_account_has_an_iban_or_a_number check (iban is not null or account_number is not null)
);
select manage_resource('bank_accounts');
