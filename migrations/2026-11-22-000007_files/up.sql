-- Files and comments: what hangs on another resource, whichever it is, and follows its permission.

-- Whether the caller of this request may do `in_verb` to that one. Within a transaction, which asks once whether the caller
-- may do anything at all, the last answer for each verb is remembered: a page of what hangs on one thing asks once.
create function caller_reaches(in_verb text, in_resource text, in_id uuid) returns boolean language plpgsql volatile as $$
declare
    asked constant text := in_id || in_resource || current_setting('app.session_id', true) || ' ';
    remembered constant text := current_setting('app.reached_' || in_verb, true);
    answer boolean;
begin
    if remembered = asked || 't' then return true; end if;
    if remembered = asked || 'f' then return false; end if;
    answer := may_reach(current_session(), in_verb, in_resource, in_id);
    perform set_config('app.reached_' || in_verb, asked || left(answer::text, 1), true);
    return answer;
end $$;

-- What something can hang on: every resource but those that hang themselves or go by themselves.
create function carries(in_resource text, hanging text) returns boolean language sql stable as $$
    select exists (select from managed_tables where name = replace(in_resource, '-', '_') and kind = 'resource')
        and in_resource <> all ('{comments,jobs,sessions}') and in_resource !~ '_' and not (in_resource = 'files' and hanging = 'files')
$$;

-- Whether the caller made it. Security definer: it is asked of what the caller may read, whichever table that is.
create function is_callers_own(in_resource text, in_id uuid) returns boolean language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    is_own boolean;
begin
    execute format('select created_by = current_caller() from %I where org_id = $1 and id = $2', replace(in_resource, '-', '_'))
        into is_own using current_org(), in_id;
    return coalesce(is_own, false);
end $$;
revoke all on function is_callers_own(text, uuid) from public;
grant execute on function is_callers_own(text, uuid) to backoffice_service;

-- Refuses to hang something where the caller may not, as an unknown id is refused where it is not even seen. Who opened something, such as the front
-- office a case, and may only take steps of it, hangs files on it all the same.
create function refuse_hanging(hanging text, in_verb text, in_resource text, in_id uuid) returns void language plpgsql as $$
begin
    if not carries(in_resource, hanging) then
        raise exception 'no such kind' using errcode = 'check_violation', table = hanging, constraint = hanging || '_resource_check';
    end if;
    if current_caller() is null then return; end if;
    if not caller_reaches('read', in_resource, in_id) then
        raise exception 'no such row' using errcode = 'foreign_key_violation', table = hanging, constraint = hanging || '_resource_id_fkey';
    end if;
    if in_verb <> 'read' and not caller_reaches(in_verb, in_resource, in_id)
            and not (hanging = 'files' and caller_reaches('run', in_resource, in_id) and is_callers_own(in_resource, in_id)) then
        if not may_reach(current_session(), 'read', in_resource, in_id) then -- it went in between
            raise exception 'no such row' using errcode = 'foreign_key_violation', table = hanging, constraint = hanging || '_resource_id_fkey';
        end if;
        raise exception 'forbidden: This needs the permission `%:%`, and that it reaches the one you name.', in_resource, in_verb
            using errcode = 'insufficient_privilege';
    end if;
end $$;

-- Keeps what something is hung on from going until the transaction ends, as a foreign key does. False where it is gone.
create function hold_in_place(in_resource text, in_id uuid) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    is_there boolean;
begin
    if not carries(in_resource, '') then return false; end if;
    execute format('select true from %I where org_id = $1 and id = $2 for key share', replace(in_resource, '-', '_'))
        into is_there using current_org(), in_id;
    return coalesce(is_there, false);
end $$;
revoke all on function hold_in_place(text, uuid) from public;
grant execute on function hold_in_place(text, uuid) to backoffice_service;

create function hang() returns trigger language plpgsql as $$
declare
    -- A file changes what it hangs on; a comment needs no more than to be able to read it, unless it is for those who write.
    verb text := case when tg_table_name = 'files' or to_jsonb(new) ->> 'visibility' = 'internal' then 'write' else 'read' end;
begin
    if tg_op = 'UPDATE' then
        if (new.resource, new.resource_id) is not distinct from (old.resource, old.resource_id) then return new; end if;
        if old.resource_id is not null then
            raise exception 'hangs already' using errcode = 'restrict_violation', table = tg_table_name,
                constraint = 'what_hangs_on_something_stays_there';
        end if;
    end if;
    -- What is incomplete, or another organization's, is refused by the rules of the table.
    if new.resource is null or new.resource_id is null or new.org_id is distinct from current_org() then return new; end if;
    perform refuse_hanging(tg_table_name, verb, new.resource, new.resource_id);
    if not hold_in_place(new.resource, new.resource_id) then
        raise exception 'no such row' using errcode = 'foreign_key_violation', table = tg_table_name,
            constraint = tg_table_name || '_resource_id_fkey';
    end if;
    return new;
end $$;

-- What was uploaded, once per organization however often: never shared between organizations, which would tell one what
-- another has. The object in the store is named after the id, which is never given again: so what is swept up and what
-- is uploaded at the same time can not be the same object, and this row's lock decides.
create table file_contents (
    org_id     uuid        not null,
    id         uuid        not null,
    sha256     text        not null constraint file_contents_sha256_format check (sha256 ~ '^[0-9a-f]{64}$'),
    size       bigint      not null constraint file_contents_size_range check (size > 0),
    -- What the virus scanner said; null where it was not asked, or has not answered.
    verdict    text        constraint file_contents_verdict_check check (verdict in ('clean', 'infected')),
    scanned_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (org_id, id),
    constraint file_contents_sha256_key unique (org_id, sha256),
    constraint scanned_when_there_is_a_verdict check ((verdict is null) = (scanned_at is null))
);
select manage_record('file_contents');
grant select, insert, update, delete on file_contents to backoffice_service;

create table files (
    org_id       uuid   not null,
    id           uuid   not null,
    name         text   not null constraint files_name_length check (length(name) between 1 and 255),
    purpose      text   not null constraint files_purpose_check check (purpose in ('attachment', 'document', 'portrait', 'import')),
    content_type text   not null constraint files_content_type_length check (length(content_type) between 3 and 100),
    size         bigint not null constraint files_size_range check (size > 0),
    sha256       text   not null constraint files_sha256_format check (sha256 ~ '^[0-9a-f]{64}$'),
    status       text   not null constraint files_status_check check (status in ('quarantined', 'available', 'infected')),
    resource     text   constraint files_resource_length check (length(resource) between 1 and 63),
    resource_id  uuid,
    content_id   uuid   not null,
    primary key (org_id, id),
    constraint files_content_id_fkey foreign key (org_id, content_id) references file_contents (org_id, id),
    constraint resource_and_its_id_come_together check ((resource is null) = (resource_id is null))
);
select manage_resource('files', secret => '{content_id}', personal => '{name}');
create index files_by_content on files (org_id, content_id);
create index files_by_resource on files (org_id, resource_id, id);
create index files_by_maker on files (org_id, created_by, id);
create index files_by_maker_and_time on files (org_id, created_by, created_at, id);
create index files_by_maker_and_name on files (org_id, created_by, name, id);
create trigger hang before insert or update on files for each row execute function hang();

-- What a file hangs on rules who reads and changes it, however far the caller's permission on files reaches; one that hangs
-- on nothing is its maker's. Work that no caller asked for sees all.
create policy reach on files as restrictive for select to backoffice_service using (
    (select current_caller()) is null
    or case when resource_id is null then created_by = (select current_caller()) else caller_reaches('read', resource, resource_id) end);
create policy reach_of_change on files as restrictive for update to backoffice_service using (
    (select current_caller()) is null
    or case when resource_id is null then created_by = (select current_caller()) else caller_reaches('write', resource, resource_id) end)
    -- Where somebody hangs a file of theirs, `hang` has asked already.
    with check (true);
create policy reach_of_deletion on files as restrictive for delete to backoffice_service using (
    (select current_caller()) is null
    or case when resource_id is null then created_by = (select current_caller()) else caller_reaches('write', resource, resource_id) end);

create table comments (
    org_id      uuid   not null,
    id          uuid   not null,
    resource    text   not null constraint comments_resource_length check (length(resource) between 1 and 63),
    resource_id uuid   not null,
    body        text   not null constraint comments_body_length check (length(body) between 1 and 10000),
    visibility  text   not null default 'everyone' constraint comments_visibility_check check (visibility in ('everyone', 'internal', 'private')),
    mentions    uuid[] not null default '{}' constraint comments_mentions_length check (cardinality(mentions) <= 20),
    reply_to_id uuid,
    primary key (org_id, id),
    constraint comments_reply_to_id_fkey foreign key (org_id, reply_to_id) references comments (org_id, id)
);
select manage_resource('comments', personal => '{body}');
create index comments_by_resource on comments (org_id, resource_id, id);
create index comments_by_resource_and_time on comments (org_id, resource_id, created_at, id);
create index comments_by_reply_to on comments (org_id, reply_to_id);
create index comments_by_maker on comments (org_id, created_by, id);
create index comments_by_maker_and_time on comments (org_id, created_by, created_at, id);
create trigger hang before insert or update on comments for each row execute function hang();

-- Who sees a comment: nobody who may not read what it hangs on. `internal` is for those who may write it, `private` for its
-- author and whom it mentions.
create function comment_is_for_caller(in_resource text, in_id uuid, visibility text, author uuid, mentions uuid[]) returns boolean
    language plpgsql volatile as $$
begin
    return caller_reaches('read', in_resource, in_id) and case
        when author = current_caller() or visibility = 'everyone' then true
        when visibility = 'internal' then caller_reaches('write', in_resource, in_id)
        else current_caller() = any(mentions) end;
end $$;
create policy reach on comments as restrictive for select to backoffice_service using (
    (select current_caller()) is null or comment_is_for_caller(resource, resource_id, visibility, created_by, mentions));
create policy reach_of_change on comments as restrictive for update to backoffice_service using (
    (select current_caller()) is null or created_by = (select current_caller()));
create policy reach_of_deletion on comments as restrictive for delete to backoffice_service using (
    (select current_caller()) is null or created_by = (select current_caller()));

-- Whether a member, who need not be the caller, may read that one: nobody is called to what they can not see.
create function member_may_read(in_user uuid, in_resource text, in_id uuid) returns boolean language plpgsql volatile as $$
declare
    own_reach text := current_setting('app.reach', true);
    file files;
    held record;
    is_there boolean;
begin
    select r.reach, coalesce(m.employee_id::text, '') as employee into held
        from memberships m
        join role_permissions r on r.org_id = m.org_id and r.role_id = any(m.role_ids) and r.resource = in_resource and r.verb = 'read'
        where m.org_id = (select current_org()) and m.user_id = in_user and m.status = 'active'
        order by array_position('{org,team,own}', r.reach) limit 1;
    if not found then return false; end if;
    if in_resource = 'files' then -- which follow what they hang on
        select * into file from files where org_id = (select current_org()) and id = in_id;
        return case when file.resource_id is null then file.created_by = in_user
            else member_may_read(in_user, file.resource, file.resource_id) end;
    end if;
    perform set_config('app.reach', held.reach || ':' || held.employee || ':' || in_user, true);
    execute format('select exists (select from %I where org_id = (select current_org()) and id = $1)', replace(in_resource, '-', '_'))
        into is_there using in_id;
    perform set_config('app.reach', own_reach, true);
    return is_there;
end $$;

-- A reply hangs where the comment hangs that it answers, and only somebody who may see it is mentioned.
-- Named so that it runs after `hang`.
create function keep_thread() returns trigger language plpgsql as $$
begin
    if new.org_id is distinct from current_org() then return new; end if;
    if new.reply_to_id is not null and not exists (
        select from comments where org_id = new.org_id and id = new.reply_to_id and resource_id = new.resource_id) then
        raise exception 'no such comment' using errcode = 'foreign_key_violation', table = 'comments', constraint = 'comments_reply_to_id_fkey';
    end if;
    if current_caller() is not null and exists (
        select from unnest(new.mentions) mentioned where not member_may_read(mentioned, new.resource, new.resource_id)) then
        raise exception 'nobody who sees it' using errcode = 'foreign_key_violation', table = 'comments', constraint = 'comments_mentions_fkey';
    end if;
    return new;
end $$;
create trigger keep_thread before insert on comments for each row execute function keep_thread();

-- `mentions` once more, so that one finds where one is mentioned: kept by a trigger alone.
create table comment_mentions (
    org_id     uuid not null,
    user_id    uuid not null,
    comment_id uuid not null,
    primary key (org_id, user_id, comment_id),
    constraint comment_mentions_comment_id_fkey foreign key (org_id, comment_id) references comments (org_id, id) on delete cascade
);
create index comment_mentions_by_comment on comment_mentions (org_id, comment_id);
insert into managed_tables (name, kind) values ('comment_mentions', 'derived');
select separate_organizations('comment_mentions');
grant select on comment_mentions to backoffice_service;

create function list_mentions() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into comment_mentions (org_id, user_id, comment_id)
        select distinct n.org_id, mentioned, n.id from new_rows n, unnest(n.mentions) mentioned;
    return null;
end $$;
create trigger list_mentions after insert on comments referencing new table as new_rows for each statement execute function list_mentions();

-- What a deleted file or comment hung on, and whose it was.
create function gone_from(in_resource text, in_id uuid) returns jsonb language sql stable security definer set search_path = public, pg_temp as $$
    select jsonb_object_agg(field.key, field.value -> 'before')
    from (select changes from events
        where org_id = (select current_org()) and resource = in_resource and resource_id = in_id and type like '%.deleted'
        order by transaction desc, sequence desc limit 1) last,
        jsonb_each(last.changes) field
    where field.key in ('resource', 'resource_id', 'created_by', 'visibility', 'mentions')
$$;
revoke all on function gone_from(text, uuid) from public;
grant execute on function gone_from(text, uuid) to backoffice_service;

-- Events of files and comments are for those who may see the file or the comment; once it is gone, for those who could have.
create function event_is_for_caller(in_resource text, in_id uuid) returns boolean language plpgsql volatile as $$
declare
    here uuid := current_org();
    gone jsonb;
    parent text;
    parent_id uuid;
begin
    if in_resource = 'files' and exists (select from files where org_id = here and id = in_id)
        or in_resource = 'comments' and exists (select from comments where org_id = here and id = in_id) then
        return true;
    end if;
    gone := gone_from(in_resource, in_id);
    parent := gone ->> 'resource';
    parent_id := gone ->> 'resource_id';
    if gone is null then return false; end if;
    if parent is null then
        return (gone ->> 'created_by')::uuid = current_caller();
    end if;
    -- Where what it hung on is gone, too, its events are for those who read all of its kind.
    if not caller_reaches('read', parent, parent_id)
        and (parent in ('files', 'comments') or parent <> all (readable_resources(current_session()))) then
        return false;
    end if;
    return case coalesce(gone ->> 'visibility', 'everyone')
        when 'everyone' then true
        when 'internal' then (gone ->> 'created_by')::uuid is not distinct from current_caller() or caller_reaches('write', parent, parent_id)
        else (gone ->> 'created_by')::uuid is not distinct from current_caller() or gone -> 'mentions' ? current_caller()::text end;
end $$;
create policy reach on events as restrictive for select to backoffice_service using (
    resource <> all ('{files,comments}') or (select current_caller()) is null or event_is_for_caller(resource, resource_id));

-- What goes takes its comments along, which live on in their events. What has files stays: they are deleted one by one, on
-- purpose. Every resource keeps this, by having been made one.
create function let_go_of_what_hangs() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from old_rows o join files f on f.org_id = o.org_id and f.resource_id = o.id) then
        raise exception 'update or delete would leave files behind' using errcode = 'foreign_key_violation', table = tg_table_name,
            constraint = 'files_resource_id_fkey';
    end if;
    delete from comments c using old_rows o where c.org_id = o.org_id and c.resource_id = o.id;
    return null;
end $$;

create function let_things_hang(table_name text) returns void language plpgsql as $$
begin
    if carries(replace(table_name, '_', '-'), '') then
        execute format('create or replace trigger let_go after delete on %I referencing old table as old_rows
            for each statement execute function let_go_of_what_hangs()', table_name);
    end if;
end $$;
create function let_things_hang_on_resource() returns trigger language plpgsql as $$
begin
    perform let_things_hang(new.name);
    return null;
end $$;
create trigger let_things_hang after insert or update on managed_tables for each row
    when (new.kind = 'resource') execute function let_things_hang_on_resource();
select let_things_hang(name) from managed_tables where kind = 'resource';
