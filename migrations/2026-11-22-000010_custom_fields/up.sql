-- Custom fields: what an organization adds to a resource, typed. `select takes_custom_fields('employees')` makes a table
-- take them: a column `custom`, which holds only what the organization's fields allow, whoever writes it. What is in it
-- is kept once more in `custom_values`, whose indexes serve filters, sorting and uniqueness for any field of any
-- organization, so that a new field changes no table.

alter table managed_tables add column custom boolean not null default false;
comment on column managed_tables.custom is 'Whether the table takes custom fields';

create table custom_fields (
    org_id     uuid    not null,
    id         uuid    not null,
    applies_to text    not null constraint custom_fields_applies_to_format check (applies_to ~ '^[a-z][a-z-]{0,62}$'),
    name       text    not null constraint custom_fields_name_format check (name ~ '^[a-z][a-z0-9_]{0,39}$' and name !~ '_(from|to)$'),
    label      text    not null constraint custom_fields_label_length check (length(label) between 1 and 100),
    type       text    not null constraint custom_fields_type_check check (type in ('text', 'number', 'money', 'day', 'choice', 'reference')),
    required   boolean not null default false,
    "unique"   boolean not null default false,
    choices    text[]  constraint custom_fields_choices_length check (cardinality(choices) between 1 and 200),
    max_length integer constraint custom_fields_max_length_range check (max_length between 1 and 500),
    currency   text    constraint custom_fields_currency_format check (currency ~ '^[A-Z]{3}$'),
    refers_to  text    constraint custom_fields_refers_to_format check (refers_to ~ '^[a-z][a-z-]{0,62}$'),
    -- Who sees it; nobody in particular is everybody who sees the row.
    role_ids   uuid[]  not null default '{}' constraint custom_fields_role_ids_length check (cardinality(role_ids) <= 50),
    status     text    not null default 'active' constraint custom_fields_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint custom_fields_name_key unique (org_id, applies_to, name),
    constraint choices_come_with_a_choice check ((type = 'choice') = (choices is not null)),
    constraint max_length_comes_with_text check (type = 'text' or max_length is null),
    constraint currency_comes_with_money check ((type = 'money') = (currency is not null)),
    constraint refers_to_comes_with_a_reference check ((type = 'reference') = (refers_to is not null))
);
create index custom_fields_by_label on custom_fields (org_id, label, id);
select manage_resource('custom_fields');

-- `role_ids` once more, so that a role that a field is shown to can not go: kept by a trigger alone.
create table custom_field_roles (
    org_id   uuid not null,
    field_id uuid not null,
    role_id  uuid not null,
    primary key (org_id, field_id, role_id),
    constraint custom_field_roles_field_id_fkey foreign key (org_id, field_id) references custom_fields (org_id, id) on delete cascade,
    constraint custom_field_roles_role_ids_fkey foreign key (org_id, role_id) references roles (org_id, id)
);
create index custom_field_roles_by_role on custom_field_roles (org_id, role_id);

-- A field that ever held a value stays, as the history that tells of it does.
create table custom_fields_used (
    org_id   uuid not null,
    field_id uuid not null,
    primary key (org_id, field_id),
    constraint custom_fields_used_field_id_fkey foreign key (org_id, field_id) references custom_fields (org_id, id)
);

-- `value` is text that sorts as the type does (`custom_key`). Comparing text leaks nothing, comparing numerics may, and
-- under row-level security an index is not used for what may leak.
create table custom_values (
    org_id      uuid    not null,
    field_id    uuid    not null,
    resource_id uuid    not null,
    value       text    not null,
    is_unique   boolean not null,
    primary key (org_id, field_id, resource_id)
);
create index custom_values_by_value on custom_values (org_id, field_id, value, resource_id);
create unique index custom_values_value_key on custom_values (org_id, field_id, value) where is_unique;
create index custom_values_by_resource on custom_values (org_id, resource_id);

-- What a reference refers to is there and stays: a partition for each resource, with a foreign key to its table.
create table custom_references (
    org_id      uuid not null,
    field_id    uuid not null,
    resource_id uuid not null,
    refers_to   text not null,
    referred_id uuid not null,
    primary key (org_id, field_id, resource_id, refers_to)
) partition by list (refers_to);
create index custom_references_by_referred on custom_references (org_id, referred_id);
create index custom_references_by_resource on custom_references (org_id, resource_id);

do $$
declare
    table_name text;
begin
    foreach table_name in array array['custom_field_roles', 'custom_fields_used', 'custom_values', 'custom_references'] loop
        insert into managed_tables (name, kind) values (table_name, 'derived');
        perform separate_organizations(table_name);
        execute format('grant select on %I to backoffice_service', table_name);
    end loop;
end $$;

-- The value as text that sorts as the type does: 18 digits and 8 decimals behind a sign, negative ones complemented.
create function custom_key(in_type text, in_value text) returns text language sql immutable parallel safe as $$
    select case
        when in_type in ('number', 'money') and in_value::numeric >= 0
            then '1' || lpad(trunc(in_value::numeric * 100000000)::text, 26, '0')
        when in_type in ('number', 'money')
            then '0' || translate(lpad(trunc(-in_value::numeric * 100000000)::text, 26, '0'), '0123456789', '9876543210')
        when in_type = 'reference' then in_value::uuid::text
        else in_value end
$$;

create function custom_is_day(in_value text) returns boolean language sql immutable parallel safe as $$
    select case when in_value ~ '^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
        then right(in_value, 2)::int <= extract(day from
            make_date(left(in_value, 4)::int, substr(in_value, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
        else false end
$$;

-- Decimals that amounts of a currency have (ISO 4217).
create function currency_decimals(in_currency text) returns int language sql immutable parallel safe as $$
    select case
        when in_currency = any('{BIF,CLP,DJF,GNF,ISK,JPY,KMF,KRW,PYG,RWF,UGX,UYI,VND,VUV,XAF,XOF,XPF}') then 0
        when in_currency = any('{BHD,IQD,JOD,KWD,LYD,OMR,TND}') then 3
        when in_currency = any('{CLF,UYW}') then 4
        else 2 end
$$;

-- The roles of whoever calls; an API client is a role to itself; null is the system, which sees everything.
create function caller_roles() returns uuid[] language sql stable security definer set search_path = public, pg_temp as $$
    select case when current_caller() is not null then coalesce(
        (select role_ids from memberships where org_id = (select current_org()) and user_id = (select current_caller())),
        array[current_caller()]) end
$$;

-- Whether a field with these roles is shown to somebody with those.
create function custom_is_shown(in_role_ids uuid[], in_caller_roles uuid[]) returns boolean language sql immutable parallel safe as $$
    select in_role_ids = '{}' or in_caller_roles is null or in_role_ids && in_caller_roles
$$;

-- The fields of the resource that rows do not show to the caller: those of others, and archived ones.
create function hidden_custom(in_resource text) returns text[] language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    roles constant uuid[] := caller_roles();
begin
    return array(select name from custom_fields where org_id = (select current_org()) and applies_to = in_resource
        and (status = 'archived' or not custom_is_shown(role_ids, roles)));
end $$;

-- Whether anything in the history has to be kept from the caller; nearly always not, and then nothing more is asked.
create function hides_custom() returns boolean language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    roles constant uuid[] := caller_roles();
begin
    return exists (select from custom_fields where org_id = (select current_org()) and not custom_is_shown(role_ids, roles));
end $$;

create function shown_changes(in_changes jsonb, in_resource text) returns jsonb language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    roles constant uuid[] := caller_roles();
begin
    return in_changes - array(select 'custom.' || name from custom_fields
        where org_id = (select current_org()) and applies_to = in_resource and not custom_is_shown(role_ids, roles));
end $$;

-- What is wrong with what was given for the custom fields of rows: `given` as in a merge patch, null where nothing is;
-- `before` is what the row holds, null for a new row. Answers [{id, pointer, code, detail}], or null where all is well.
create function custom_faults(in_resource text, ids uuid[], given jsonb[], before jsonb[]) returns jsonb
    language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    roles constant uuid[] := caller_roles();
    is_uuid constant text := '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$';
    is_number constant text := '^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?$';
    target record;
    absent text[];
    missing text[] := '{}';
begin
    for target in
        select f.refers_to, array_agg(distinct v.value::uuid) as wanted
        from custom_fields f, unnest(given) g cross join lateral jsonb_each_text(g) v
        where f.org_id = org and f.applies_to = in_resource and f.type = 'reference' and v.key = f.name
            and case when v.value ~ is_uuid then true else false end
        group by f.refers_to
    loop
        execute format('select array(select $3 || wanted from unnest($1) wanted where not exists (select from %I where org_id = $2 and id = wanted))',
            replace(target.refers_to, '-', '_')) into absent using target.wanted, org, target.refers_to;
        missing := missing || absent;
    end loop;

    return (
        with fields as materialized (
            select * from custom_fields f
            where f.org_id = org and f.applies_to = in_resource and f.status = 'active' and custom_is_shown(f.role_ids, roles)
        ), row_given as (
            select * from unnest(ids, given, before) r (id, given, before)
        ), fault as (
            select r.id, v.key as name, f as field, case
                when f.id is null then 'unknown-field'
                when v.value = 'null' then case when f.required and r.before ? f.name then 'required' end
                when jsonb_typeof(v.value) <> 'string' then 'wrong-type'
                when f.type = 'text' and v.value = '""' then 'too-short'
                when f.type = 'text' and length(v.value #>> '{}') > coalesce(f.max_length, 500) then 'too-long'
                when f.type = 'choice' and v.value #>> '{}' <> all(f.choices) then 'unknown-value'
                when f.type in ('number', 'money') and v.value #>> '{}' !~ is_number then 'wrong-format'
                when f.type = 'money' then case when scale((v.value #>> '{}')::numeric) > currency_decimals(f.currency) then 'wrong-format' end
                when f.type = 'day' and not custom_is_day(v.value #>> '{}') then 'wrong-format'
                when f.type = 'reference' and v.value #>> '{}' !~ is_uuid then 'wrong-format'
                when f.type = 'reference' then case when f.refers_to || (v.value #>> '{}')::uuid = any(missing) then 'unknown-reference' end
                end as code
            from row_given r cross join lateral jsonb_each(r.given) v left join fields f on f.name = v.key
            union all
            select r.id, f.name, f, 'required' from row_given r, fields f
            where r.before is null and f.required and coalesce(r.given -> f.name, 'null') = 'null'
        )
        select jsonb_agg(jsonb_build_object('id', id, 'code', code,
            'pointer', '/custom/' || replace(replace(name, '~', '~0'), '/', '~1'),
            'detail', case code
                when 'unknown-field' then 'there is no such field here'
                when 'required' then 'must be given'
                when 'wrong-type' then 'must be a string; numbers with decimals are strings, too'
                when 'too-short' then 'must have at least 1 characters; null clears it'
                when 'too-long' then 'must have at most ' || coalesce((field).max_length, 500) || ' characters'
                when 'unknown-value' then 'must be one of ' || to_jsonb((field).choices)::text
                when 'unknown-reference' then 'there is no such row among the ' || replace((field).refers_to, '-', ' ') || ' of this organization'
                else case (field).type
                    when 'day' then 'must be a day as YYYY-MM-DD, from 1900 to 2200'
                    when 'reference' then 'must be a UUID'
                    when 'money' then 'must be an amount in ' || (field).currency || ' such as "1234' ||
                        case currency_decimals((field).currency) when 0 then '' else rpad('.50', 1 + currency_decimals((field).currency), '0') end || '"'
                    else 'must be a decimal such as "42" or "-0.5", with at most 18 digits before the point and 8 behind it' end
                end) order by id, name)
        from fault where code is not null);
end $$;

-- Faults found beside others in the body of a request, before anything is written: of a new row, or of a change of this one.
create function custom_faults_of(in_resource text, in_id uuid, in_given jsonb) returns jsonb language plpgsql stable as $$
declare
    before jsonb;
begin
    if not exists (select from managed_tables where name = replace(in_resource, '-', '_') and custom) then return null; end if;
    if in_id is not null then
        execute format('select custom from %I where org_id = (select current_org()) and id = $1', replace(in_resource, '-', '_'))
            into before using in_id;
        if before is null then return null; end if;
    end if;
    return custom_faults(in_resource, array[in_id], array[in_given], array[before]);
end $$;

create function refuse_custom(faults jsonb) returns void language plpgsql as $$
begin
    if faults is not null then
        raise exception 'custom fields' using errcode = 'check_violation', constraint = 'custom_fields_hold', detail = faults::text;
    end if;
end $$;

-- `set custom = merge_custom(tableoid, custom, '{"shoe_size": "42"}')`: JSON Merge Patch. What the caller may not see is
-- not there for them, also where they say what it is, and is kept.
create function merge_custom(in_table oid, before jsonb, patch jsonb) returns jsonb language plpgsql stable as $$
declare
    in_resource constant text := (select replace(relname, '_', '-') from pg_class where oid = in_table);
    roles constant uuid[] := caller_roles();
begin
    if exists (
        select from jsonb_object_keys(patch) given where not exists (
            select from custom_fields f where f.org_id = (select current_org()) and f.applies_to = in_resource and f.name = given
                and f.status = 'active' and custom_is_shown(f.role_ids, roles))) then
        perform refuse_custom(custom_faults(in_resource, array[null::uuid], array[patch], array[before]));
    end if;
    return jsonb_strip_nulls(before || patch);
end $$;

-- Writers of rows with custom fields share the lock, who changes a field has it alone: so no row slips in under the
-- rules of before.
create function custom_lock(in_resource text) returns bigint language sql stable as $$
    select hashtextextended('custom fields ' || current_org() || in_resource, 0)
$$;

-- Holds what is written against the fields, and keeps `custom_values` and `custom_references`. Set-based, and nothing but
-- a look at an index where the organization has no custom fields.
create function keep_custom() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    in_resource constant text := tg_argv[0];
    org constant uuid := current_org();
    ids uuid[];
    given jsonb[];
    before jsonb[];
    faults jsonb;
begin
    if tg_op = 'DELETE' then
        if exists (select from old_rows where custom <> '{}') then
            delete from custom_values v using old_rows o where v.org_id = o.org_id and v.resource_id = o.id;
            delete from custom_references r using old_rows o where r.org_id = o.org_id and r.resource_id = o.id;
        end if;
        return null;
    elsif tg_op = 'INSERT' then
        if not exists (select from new_rows where custom <> '{}') and not exists (
            select from custom_fields where org_id = org and applies_to = in_resource and required and status = 'active') then
            return null;
        end if;
        select array_agg(id), array_agg(custom), array_agg(null::jsonb) into ids, given, before from new_rows;
    else
        if not exists (select from new_rows where custom <> '{}') and not exists (select from old_rows where custom <> '{}') then
            return null;
        end if;
        select array_agg(n.id), array_agg(patch.given), array_agg(o.custom) into ids, given, before
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
        cross join lateral (
            select jsonb_object_agg(key, coalesce(a.value, 'null')) as given
            from jsonb_each(o.custom) b full join jsonb_each(n.custom) a using (key) where a.value is distinct from b.value
        ) patch
        where n.custom <> o.custom;
    end if;
    if ids is null then return null; end if;

    perform pg_advisory_xact_lock_shared(custom_lock(in_resource));
    perform refuse_custom(custom_faults(in_resource, ids, given, before));
    if tg_op = 'UPDATE' then
        with gone as (
            select f.id as field_id, r.id as resource_id from unnest(ids, given) r (id, given)
            join custom_fields f on f.org_id = org and f.applies_to = in_resource and r.given ? f.name
        ), unreferred as (
            delete from custom_references r using gone g where r.org_id = org and r.field_id = g.field_id and r.resource_id = g.resource_id
        )
        delete from custom_values v using gone g where v.org_id = org and v.field_id = g.field_id and v.resource_id = g.resource_id;
    end if;
    with wanted as materialized (
        select f.id as field_id, r.id as resource_id, f.name, f."unique" as is_unique, f.refers_to, custom_key(f.type, v.value) as value
        from unnest(ids, given) r (id, given) cross join lateral jsonb_each_text(r.given) v
        join custom_fields f on f.org_id = org and f.applies_to = in_resource and f.name = v.key
        where v.value is not null
    ), kept as (
        insert into custom_values (org_id, field_id, resource_id, value, is_unique)
        select org, field_id, resource_id, value, is_unique from wanted
        on conflict do nothing returning field_id, resource_id
    ), referred as (
        insert into custom_references (org_id, field_id, resource_id, refers_to, referred_id)
        select org, field_id, resource_id, refers_to, value::uuid from wanted where refers_to is not null
    ), used as (
        insert into custom_fields_used (org_id, field_id)
        select distinct org, field_id from wanted w
        where not exists (select from custom_fields_used u where u.org_id = org and u.field_id = w.field_id)
        on conflict do nothing
    )
    select jsonb_agg(jsonb_build_object('id', resource_id, 'code', 'already-taken', 'pointer', '/custom/' || name,
        'detail', 'must be unique, and another one has this value')) into faults
    from wanted where is_unique and (field_id, resource_id) not in (select field_id, resource_id from kept);
    perform refuse_custom(faults);
    return null;
end $$;

create function takes_custom_fields(table_name text) returns void language plpgsql as $$
declare
    resource constant text := replace(table_name, '_', '-');
    operation text;
begin
    execute format('alter table %I add column custom jsonb not null default ''{}'' constraint %I check (jsonb_typeof(custom) = ''object'')',
        table_name, table_name || '_custom_type');
    update managed_tables set custom = true where name = table_name;
    perform tell_events(table_name);
    foreach operation in array array['insert', 'update', 'delete'] loop
        execute format('create trigger keep_custom_%1$s after %1$s on %2$I %3$s for each statement execute function keep_custom(%4$L)',
            operation, table_name,
            case operation when 'insert' then 'referencing new table as new_rows'
                when 'update' then 'referencing old table as old_rows new table as new_rows'
                else 'referencing old table as old_rows' end,
            resource);
    end loop;
    execute format('create table %I partition of custom_references (
            constraint %I foreign key (org_id, referred_id) references %I (org_id, id)) for values in (%L)',
        'custom_references_' || table_name, 'custom_references_' || table_name || '_fkey', table_name, resource);
end $$;

-- A field keeps what its values rest on. What would put present values in the wrong is refused and says so.
create function keep_custom_field() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    resources text;
    faults jsonb := '[]';
    held text;
begin
    if tg_op = 'DELETE' then
        perform pg_advisory_xact_lock(custom_lock(old.applies_to));
        return old;
    end if;
    perform pg_advisory_xact_lock(custom_lock(new.applies_to));
    if tg_op = 'INSERT' then
        resources := (select string_agg(replace(name, '_', '-'), ', ' order by name) from managed_tables where custom);
        if not exists (select from managed_tables where name = replace(new.applies_to, '-', '_') and custom) then
            faults := faults || jsonb_build_object('pointer', '/applies_to', 'code', 'unknown-value', 'detail', 'must be one of ' || resources);
        end if;
        if new.refers_to is not null and not exists (select from managed_tables where name = replace(new.refers_to, '-', '_') and custom) then
            faults := faults || jsonb_build_object('pointer', '/refers_to', 'code', 'unknown-value', 'detail', 'must be one of ' || resources);
        end if;
    elsif (new.applies_to, new.name, new.type, new.currency, new.refers_to) is distinct from (old.applies_to, old.name, old.type, old.currency, old.refers_to) then
        raise exception 'fixed' using errcode = 'restrict_violation', constraint = 'a_custom_field_keeps_its_name_and_type', table = 'custom_fields';
    end if;
    if new.status = 'active' and (tg_op = 'INSERT' or old.status <> 'active') and
        (select count(*) from custom_fields where org_id = new.org_id and applies_to = new.applies_to and status = 'active') >= 200 then
        faults := faults || jsonb_build_object('pointer', '/applies_to', 'code', 'in-use', 'detail', 'has 200 active fields already, which is the most: archive one first');
    end if;
    if tg_op = 'UPDATE' then
        if old.choices is distinct from new.choices then
            select value into held from custom_values where org_id = org and field_id = new.id
                and value = any(array(select unnest(old.choices) except select unnest(new.choices))) limit 1;
            if found then
                faults := faults || jsonb_build_object('pointer', '/choices', 'code', 'in-use', 'detail', format('must keep "%s", which rows hold', held));
            end if;
        end if;
        if coalesce(new.max_length, 500) < coalesce(old.max_length, 500) then
            select max(length(value)) into held from custom_values where org_id = org and field_id = new.id;
            if held::int > coalesce(new.max_length, 500) then
                faults := faults || jsonb_build_object('pointer', '/max_length', 'code', 'in-use', 'detail', format('must be at least %s, which rows hold', held));
            end if;
        end if;
        if new."unique" and not old."unique" and exists (
            select from custom_values where org_id = org and field_id = new.id group by value having count(*) > 1) then
            faults := faults || jsonb_build_object('pointer', '/unique', 'code', 'in-use', 'detail', 'must stay false: rows hold the same value');
        end if;
    end if;
    if faults <> '[]' then perform refuse_custom(faults); end if;
    if tg_op = 'UPDATE' and new."unique" <> old."unique" then
        update custom_values set is_unique = new."unique" where org_id = org and field_id = new.id;
    end if;
    return new;
end $$;
create trigger keep_custom_field before insert or update or delete on custom_fields for each row execute function keep_custom_field();

create function hold_custom_field_roles() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into custom_field_roles (org_id, field_id, role_id)
        select distinct new.org_id, new.id, role_id from unnest(new.role_ids) role_id on conflict do nothing;
    delete from custom_field_roles where org_id = new.org_id and field_id = new.id and role_id <> all(new.role_ids);
    return null;
end $$;
create trigger hold_custom_field_roles after insert or update of role_ids on custom_fields for each row execute function hold_custom_field_roles();

select takes_custom_fields('departments');
select takes_custom_fields('positions');
select takes_custom_fields('employees');
select manage_resource('employees', person => 'id', personal => '{given_name,family_name,work_email,phone,termination_reason,custom}');
