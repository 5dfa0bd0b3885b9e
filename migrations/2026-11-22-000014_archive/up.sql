-- The archive of an organization: every row of it, in every table that there is, whoever made the table.

-- Tables that an archive leaves behind, and why. A table that is not here is in every archive, or keeps it from being made: one
-- that belongs to no organization and to no login has to be told here.
create table archive_exceptions (
    name   text primary key,
    reason text not null constraint archive_exceptions_reason_length check (length(reason) between 1 and 200)
);
grant select on archive_exceptions to backoffice_service;
insert into archive_exceptions values
    ('__diesel_schema_migrations', 'of the installation'),
    ('approvable_actions', 'of the installation'),
    ('archive_exceptions', 'of the installation'),
    ('events_cluster', 'of the installation'),
    ('managed_tables', 'of the installation'),
    ('number_kinds', 'of the installation'),
    ('schedules', 'of the installation'),
    ('signing_keys', 'of the installation, and secret: what it signed is verified by the public key beside it'),
    ('idempotency_keys', 'kept for a day, for whoever asks the same service again'),
    ('refresh_tokens', 'opens a session at the service that gave it: people sign in anew elsewhere');
insert into archive_exceptions select 'login_tokens', 'holds for minutes, at the service that gave it' where to_regclass('login_tokens') is not null;

-- How the rows of each table are found: those of the organization, and those of the logins that call it home. What another
-- organization knows of a login that it calls home stays there.
create function archived_tables() returns table (name text, columns text[], rows text, key text) language sql stable as $$
    with kept as (
        select c.oid, c.relname::text as name,
            array(select a.attname::text from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and not exists (select from archive_exceptions e where e.name = c.relname)
    )
    select k.name, k.columns,
        case when 'org_id' = any(k.columns) then 'org_id = current_org()'
            when 'organization_id' = any(k.columns) then 'organization_id = current_org()'
            when k.name = 'logins' then 'id in (select user_id from user_organizations where organization_id = current_org())'
            when 'user_id' = any(k.columns) then 'user_id in (select id from logins where home_organization_id = current_org())' end,
        -- Always in the same order, that of the feed for events; by a key, so that nothing has to be sorted.
        case k.name when 'events' then 'transaction, sequence' else (
            select string_agg(quote_ident(a.attname), ', ' order by place)
            from pg_index i, unnest(i.indkey::int2[]) with ordinality part (attnum, place)
            join pg_attribute a on a.attrelid = k.oid and a.attnum = part.attnum
            where i.indrelid = k.oid and i.indisprimary) end
    from kept k
$$;

-- A cursor over the organization's rows of a table, a JSON object each. As the owner, since passwords and what belongs to no
-- table of the service's move too; of the organization that is named alone.
create function open_archive(table_name text) returns refcursor language plpgsql security definer set search_path = public, pg_temp as $$
declare
    found record;
    chosen text;
    lines refcursor := 'archive';
begin
    select * into strict found from archived_tables() t where t.name = table_name;
    if found.rows is null or current_org() is null then
        raise exception 'the rows of % belong to no organization that is named', table_name;
    end if;
    select string_agg(quote_ident(each), ', ' order by place) into chosen from unnest(found.columns) with ordinality c (each, place);
    open lines for execute format('select (%s)::text as line from (select %s from %I where %s order by %s) r',
        -- How somebody signs in who is at home elsewhere is not this organization's to take along.
        case table_name when 'logins' then
            'to_jsonb(r) || case when home_organization_id = current_org() then ''{}'' else (select jsonb_object_agg(key, value)
                from jsonb_each(''{"password_hash": "!", "second_factor_enrolled_at": null}'') secret where to_jsonb(r) ? key) end'
            else 'row_to_json(r)' end,
        chosen, table_name, found.rows, found.key);
    return lines;
end $$;
revoke all on function open_archive(text) from public;
grant execute on function open_archive(text) to backoffice_service;
