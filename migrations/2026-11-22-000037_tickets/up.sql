-- The desk: business hours, promises of service and the matrix of priorities; queues; tickets with what is said in them, what they are
-- about and what time they have; rules that route and escalate; macros; and the words of tickets, for search.

create extension if not exists btree_gin;

-- A fault at its place in the body: 422 where it is wrong in itself, 409 where other rows stand in the way.
create function tell_ticket_fault(in_status int, in_table text, pointer text, code text, rule text) returns void language plpgsql as $$
begin
    raise exception '%', rule using errcode = case in_status when 422 then 'check_violation' else 'unique_violation' end,
        table = in_table, constraint = in_table || '_rule_' || replace(code, '-', '_'),
        detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', pointer, 'code', code, 'detail', rule)));
end $$;

create table business_hours (
    org_id    uuid  not null,
    id        uuid  not null,
    name      text  not null constraint business_hours_name_length check (length(name) between 1 and 100),
    time_zone text  not null constraint business_hours_time_zone_length check (length(time_zone) between 1 and 64),
    intervals jsonb not null constraint business_hours_intervals_length check (jsonb_typeof(intervals) = 'array' and jsonb_array_length(intervals) between 1 and 50),
    holidays  jsonb not null default '[]' constraint business_hours_holidays_length check (jsonb_typeof(holidays) = 'array' and jsonb_array_length(holidays) <= 1000),
    primary key (org_id, id),
    constraint business_hours_name_key unique (org_id, name)
);
create index business_hours_by_name on business_hours (org_id, name, id);
select manage_resource('business_hours', singular => 'business_hours');
create index business_hours_by_created_at on business_hours (org_id, created_at, id);

create table sla_policies (
    org_id            uuid    not null,
    id                uuid    not null,
    name              text    not null constraint sla_policies_name_length check (length(name) between 1 and 100),
    -- Null is around the clock.
    business_hours_id uuid,
    targets           jsonb   not null constraint sla_policies_targets_length check (jsonb_typeof(targets) = 'array' and jsonb_array_length(targets) between 1 and 4),
    warn_at_percent   integer not null default 80 constraint sla_policies_warn_at_percent_range check (warn_at_percent between 1 and 99),
    primary key (org_id, id),
    constraint sla_policies_name_key unique (org_id, name),
    constraint sla_policies_business_hours_id_fkey foreign key (org_id, business_hours_id) references business_hours (org_id, id)
);
create index sla_policies_by_name on sla_policies (org_id, name, id);
create index sla_policies_by_business_hours on sla_policies (org_id, business_hours_id);
select manage_resource('sla_policies');
create index sla_policies_by_created_at on sla_policies (org_id, created_at, id);

-- What impact and urgency come to. One matrix of an organization counts, as far as it says something; else the usual one.
create table priority_matrices (
    org_id uuid  not null,
    id     uuid  not null,
    name   text  not null constraint priority_matrices_name_length check (length(name) between 1 and 100),
    cells  jsonb not null constraint priority_matrices_cells_length check (jsonb_typeof(cells) = 'array' and jsonb_array_length(cells) between 1 and 9),
    status text  not null default 'inactive' constraint priority_matrices_status_check check (status in ('inactive', 'active')),
    primary key (org_id, id),
    constraint priority_matrices_name_key unique (org_id, name)
);
create unique index one_priority_matrix_is_active on priority_matrices (org_id) where status = 'active';
create index priority_matrices_by_name on priority_matrices (org_id, name, id);
select manage_resource('priority_matrices', singular => 'priority_matrix');
create index priority_matrices_by_created_at on priority_matrices (org_id, created_at, id);

-- One takes over from the other; two at once take turns.
create function make_way_for_matrix() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('priority_matrices' || new.org_id, 0));
    update priority_matrices set status = 'inactive' where org_id = new.org_id and status = 'active' and id <> new.id;
    return new;
end $$;
create trigger make_way before update of status on priority_matrices for each row
    when (new.status = 'active' and old.status <> 'active') execute function make_way_for_matrix();

create function priority_of(in_impact text, in_urgency text) returns text language sql stable as $$
    select coalesce(
        (select cell ->> 'priority' from priority_matrices m, jsonb_array_elements(m.cells) cell
            where m.org_id = (select current_org()) and m.status = 'active' and cell ->> 'impact' = in_impact and cell ->> 'urgency' = in_urgency limit 1),
        (array['low', 'low', 'normal', 'high', 'urgent'])[array_position('{low,medium,high}', in_impact) + array_position('{low,medium,high}', in_urgency) - 1])
$$;

create table queues (
    org_id           uuid    not null,
    id               uuid    not null,
    name             text    not null constraint queues_name_length check (length(name) between 1 and 100),
    description      text    constraint queues_description_length check (length(description) between 1 and 2000),
    member_ids       uuid[]  not null default '{}' constraint queues_member_ids_length check (cardinality(member_ids) <= 500),
    assignment       text    not null default 'manual' constraint queues_assignment_check check (assignment in ('manual', 'round_robin', 'least_loaded')),
    sla_policy_id    uuid,
    -- Days after which what is solved is closed; until then it can be reopened.
    close_after_days integer not null default 7 constraint queues_close_after_days_range check (close_after_days between 1 and 365),
    status           text    not null default 'active' constraint queues_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint queues_name_key unique (org_id, name),
    constraint queues_sla_policy_id_fkey foreign key (org_id, sla_policy_id) references sla_policies (org_id, id)
);
create index queues_by_name on queues (org_id, name, id);
create index queues_by_sla_policy on queues (org_id, sla_policy_id);
select manage_resource('queues');
create index queues_by_created_at on queues (org_id, created_at, id);

-- `member_ids` once more, with when each last got a ticket.
create table queue_members (
    org_id        uuid not null,
    queue_id      uuid not null,
    employee_id   uuid not null,
    turn_taken_at timestamptz,
    primary key (org_id, queue_id, employee_id),
    constraint queue_members_queue_id_fkey foreign key (org_id, queue_id) references queues (org_id, id) on delete cascade,
    constraint queue_members_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id)
);
create index queue_members_by_employee on queue_members (org_id, employee_id);
insert into managed_tables (name, kind) values ('queue_members', 'derived');
select separate_organizations('queue_members');
grant select on queue_members to backoffice_service;

-- Employees that an array names: those that there are not, or that it names twice, by their places.
create function refuse_unknown_people(in_table text, in_column text, in_org uuid, people uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
begin
    select jsonb_agg(jsonb_build_object('pointer', format('/%s/%s', in_column, asked.place - 1),
            'code', case when e.id is null then 'unknown-reference' else 'repeated' end,
            'detail', case when e.id is null then 'there is no such row in this organization' else 'is named twice' end) order by asked.place)
        into faults
        from unnest(people) with ordinality asked (id, place)
        left join employees e on e.org_id = in_org and e.id = asked.id
        where e.id is null or asked.place > array_position(people, asked.id);
    if faults is not null then
        raise exception 'people' using errcode = 'check_violation', table = in_table, constraint = in_table || '_' || in_column || '_check',
            detail = jsonb_build_object('errors', faults);
    end if;
end $$;

create function keep_queue_members() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.org_id is distinct from current_org() then return null; end if;
    perform refuse_unknown_people('queues', 'member_ids', new.org_id, new.member_ids);
    delete from queue_members where org_id = new.org_id and queue_id = new.id and employee_id <> all (new.member_ids);
    insert into queue_members (org_id, queue_id, employee_id) select new.org_id, new.id, m from unnest(new.member_ids) m order by m on conflict do nothing;
    return null;
end $$;
create trigger keep_members after insert on queues for each row execute function keep_queue_members();
create trigger keep_changed_members after update of member_ids on queues for each row when (new.member_ids is distinct from old.member_ids) execute function keep_queue_members();

create table tickets (
    org_id               uuid        not null,
    id                   uuid        not null,
    number               text        not null constraint tickets_number_length check (length(number) between 1 and 20),
    kind                 text        not null constraint tickets_kind_check check (kind in ('incident', 'request', 'problem', 'question')),
    subject              text        not null constraint tickets_subject_length check (length(subject) between 1 and 200),
    description          text        not null constraint tickets_description_length check (length(description) between 1 and 20000),
    impact               text        not null constraint tickets_impact_check check (impact in ('low', 'medium', 'high')),
    urgency              text        not null constraint tickets_urgency_check check (urgency in ('low', 'medium', 'high')),
    priority             text        not null constraint tickets_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    queue_id             uuid,
    assignee_id          uuid,
    requester_id         uuid,
    requester_party_id   uuid,
    channel              text        not null constraint tickets_channel_check check (channel in ('portal', 'email', 'phone', 'chat', 'in_person', 'monitoring', 'other')),
    tags                 text[]      not null default '{}' constraint tickets_tags_length check (cardinality(tags) <= 20),
    watcher_ids          uuid[]      not null default '{}' constraint tickets_watcher_ids_length check (cardinality(watcher_ids) <= 50),
    reported_at          timestamptz not null default now(),
    first_answered_at    timestamptz,
    first_answer_due_at  timestamptz,
    solution_due_at      timestamptz,
    solved_at            timestamptz,
    closed_at            timestamptz,
    reopened_count       integer     not null default 0 constraint tickets_reopened_count_range check (reopened_count >= 0),
    merged_into_id       uuid,
    satisfaction         integer     constraint tickets_satisfaction_range check (satisfaction between 1 and 5),
    satisfaction_comment text        constraint tickets_satisfaction_comment_length check (length(satisfaction_comment) between 1 and 2000),
    status               text        not null default 'open' constraint tickets_status_check check (status in ('open', 'in_progress', 'waiting', 'solved', 'closed')),
    primary key (org_id, id),
    constraint tickets_number_key unique (org_id, number),
    constraint tickets_queue_id_fkey foreign key (org_id, queue_id) references queues (org_id, id),
    constraint tickets_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint tickets_requester_id_fkey foreign key (org_id, requester_id) references employees (org_id, id),
    constraint tickets_requester_party_id_fkey foreign key (org_id, requester_party_id) references parties (org_id, id),
    constraint tickets_merged_into_id_fkey foreign key (org_id, merged_into_id) references tickets (org_id, id),
    constraint a_ticket_is_an_employees_or_a_partys check (requester_id is null or requester_party_id is null),
    constraint a_ticket_is_not_merged_into_itself check (merged_into_id <> id),
    constraint what_is_closed_has_a_moment check ((status = 'closed') = (closed_at is not null)),
    constraint what_is_solved_has_a_moment check (status <> 'solved' or solved_at is not null)
);
create index tickets_by_queue on tickets (org_id, queue_id, status, id);
create index tickets_by_assignee on tickets (org_id, assignee_id, status, id);
create index tickets_by_requester on tickets (org_id, requester_id, id);
create index tickets_by_watcher on tickets using gin (org_id, watcher_ids) where watcher_ids <> '{}';
create index tickets_by_party on tickets (org_id, requester_party_id, id);
create index tickets_by_merged_into on tickets (org_id, merged_into_id);
create index tickets_by_reported_at on tickets (org_id, reported_at, id);
select manage_resource('tickets', person => 'requester_id', personal => '{subject,description,satisfaction_comment}');
create index tickets_by_created_at on tickets (org_id, created_at, id);
select numbered('tickets', 'number', longest => 20, format => 'T-{number:6}');

-- Who sees a ticket: who works on tickets; who asked, and who watches; who is above whoever asked, where the permission reaches the team.
create policy reach on tickets as restrictive for select to backoffice_service using (
    (select current_reach()) = 'org' or requester_id = (select current_person()) or (select current_person()) = any (watcher_ids)
    or (select current_reach()) = 'team' and (
        select true from reporting_lines line
        where line.org_id = tickets.org_id and line.above_id = (select current_person()) and line.below_id = tickets.requester_id));
create policy reach_of_opening on tickets as restrictive for insert to backoffice_service
    with check ((select current_reach()) = 'org' or requester_id = (select current_person()));
create policy reach_of_change on tickets as restrictive for update to backoffice_service
    using ((select current_reach()) = 'org' or requester_id = (select current_person()));
create policy reach_of_deletion on tickets as restrictive for delete to backoffice_service using ((select current_reach()) = 'org');

-- A page of the tickets that the caller sees, in the order of their ids. The policy above alone is held against one ticket after the other until there are
-- enough of them: against all, for whoever asked a few times. Here reach is applied by its indexes; in a large team enough are found one after the other.
create function page_of_tickets(in_status text, behind uuid, is_descending boolean, in_most bigint) returns uuid[]
    language plpgsql stable security definer set search_path = public, pg_temp set enable_seqscan = off set jit = off as $$
declare
    way constant text := case when is_descending then 'desc' else 'asc' end;
    page constant text := format('($2 is null or t.status = $2) and t.id %s $3 order by t.id %s limit $4', case when is_descending then '<' else '>' end, way);
    own constant text := format('(select t.id from tickets t where t.org_id = $1 and t.requester_id = $5 and %1$s)
        union (select t.id from tickets t where t.org_id = $1 and t.watcher_ids <> ''{}'' and t.watcher_ids @> array[$5] and %1$s)', page);
    of_team constant text := format(case when current_reach() = 'team' and (
                select count(*) <= 300 from (select from reporting_lines where org_id = current_org() and above_id = current_person() limit 301) few)
            then 'select below.id from reporting_lines line
                cross join lateral (select t.id from tickets t where t.org_id = $1 and t.requester_id = line.below_id and %s) below
                where line.org_id = $1 and line.above_id = $5'
            else '(select t.id from tickets t where t.org_id = $1 and (
                select true from reporting_lines line where line.org_id = $1 and line.above_id = $5 and line.below_id = t.requester_id) and %s)' end, page);
    found uuid[];
begin
    execute format('select array(select id from (%s) seen order by id %s limit $4)', case current_reach()
            when 'org' then format('select t.id from tickets t where t.org_id = $1 and %s', page)
            when 'team' then own || ' union ' || of_team
            else own end, way)
        into found using current_org(), in_status, behind, in_most, current_person();
    return found;
end $$;
revoke all on function page_of_tickets(text, uuid, boolean, bigint) from public;
grant execute on function page_of_tickets(text, uuid, boolean, bigint) to backoffice_service;

create function keep_ticket() returns trigger language plpgsql as $$
declare
    free constant text[] := '{satisfaction,satisfaction_comment,version,updated_at,updated_by}';
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' or new.watcher_ids is distinct from old.watcher_ids then
        perform refuse_unknown_people('tickets', 'watcher_ids', new.org_id, new.watcher_ids);
    end if;
    if new.queue_id is not null and (tg_op = 'INSERT' or new.queue_id is distinct from old.queue_id) then
        -- Whoever archives it waits for this, or this for them.
        if (select status from queues where org_id = new.org_id and id = new.queue_id for key share) = 'archived' then
            perform tell_ticket_fault(409, 'tickets', '/queue_id', 'archived', 'is archived: choose another queue');
        end if;
    end if;
    if tg_op = 'INSERT' then return new; end if;
    if old.status = 'closed' and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'closed' using errcode = 'restrict_violation', table = 'tickets', constraint = 'a_ticket_that_is_closed_stays_as_it_was_open_another_one';
    end if;
    if current_caller() is null then return new; end if;
    if current_reach() <> 'org' and (new.kind, new.impact, new.urgency, new.priority, new.queue_id, new.assignee_id, new.requester_id, new.requester_party_id,
            new.channel, new.tags, new.watcher_ids, new.reported_at) is distinct from (old.kind, old.impact, old.urgency, old.priority, old.queue_id,
            old.assignee_id, old.requester_id, old.requester_party_id, old.channel, old.tags, old.watcher_ids, old.reported_at) then
        raise exception 'forbidden: Who asked changes what they wrote. Where a ticket goes and how urgent it is, those say who work on tickets.' using errcode = 'insufficient_privilege';
    end if;
    if (new.satisfaction, new.satisfaction_comment) is distinct from (old.satisfaction, old.satisfaction_comment) and new.requester_id is distinct from current_person()
            and (new.requester_id is not null or current_reach() <> 'org') then
        raise exception 'forbidden: Only who asked says how satisfied they are.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger keep_ticket before insert or update on tickets for each row execute function keep_ticket();

create function keep_archived_queue_empty() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from queues where org_id = new.org_id and id = new.id for update;
    if exists (select from tickets where org_id = new.org_id and queue_id = new.id and status in ('open', 'in_progress', 'waiting')) then
        raise exception 'not empty' using errcode = 'restrict_violation', table = 'queues', constraint = 'a_queue_is_archived_when_none_of_its_tickets_is_open';
    end if;
    return null;
end $$;
create trigger keep_archived_empty after update of status on queues for each row when (new.status = 'archived') execute function keep_archived_queue_empty();

-- What is said in a ticket. Its text is in no event: what is told to nobody is told to none by accident.
create table ticket_messages (
    org_id     uuid        not null,
    id         uuid        not null,
    ticket_id  uuid        not null,
    visibility text        not null constraint ticket_messages_visibility_check check (visibility in ('public', 'internal')),
    author_id  uuid,
    by_requester boolean   not null,
    body       text        not null constraint ticket_messages_body_length check (length(body) between 1 and 20000),
    written_at timestamptz not null default now(),
    primary key (org_id, id),
    constraint ticket_messages_ticket_id_fkey foreign key (org_id, ticket_id) references tickets (org_id, id),
    constraint ticket_messages_author_id_fkey foreign key (org_id, author_id) references employees (org_id, id),
    constraint who_asked_writes_no_internal_notes check (not (by_requester and visibility = 'internal'))
);
create index ticket_messages_by_ticket on ticket_messages (org_id, ticket_id, written_at, id);
create index ticket_messages_by_author on ticket_messages (org_id, author_id);
create index ticket_messages_by_written_at on ticket_messages (org_id, written_at, id);
select manage_resource('ticket_messages', secret => '{body}', personal => '{author_id}');
create index ticket_messages_by_created_at on ticket_messages (org_id, created_at, id);

-- Whether the caller sees a message. Public ones are for everybody who sees the ticket. Internal ones are for those who work on tickets, and
-- never for who asked or watches, however far their permission reaches.
create function ticket_message_is_for_caller(in_ticket uuid, in_visibility text) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    me constant uuid := current_person();
    org constant uuid := current_org();
    reach constant text := current_reach();
    asked uuid;
    watching uuid[];
begin
    select requester_id, watcher_ids into asked, watching from tickets where org_id = org and id = in_ticket;
    if not found then return false; end if;
    if in_visibility = 'internal' then return reach = 'org' and (me is null or asked is distinct from me); end if;
    return reach = 'org' or asked = me or me = any (watching)
        or reach = 'team' and exists (select from reporting_lines where org_id = org and above_id = me and below_id = asked);
end $$;
create policy reach on ticket_messages as restrictive for select to backoffice_service using (
    (select current_caller()) is null or (select current_reach()) = 'org' and visibility = 'public' or ticket_message_is_for_caller(ticket_id, visibility));
create policy reach_of_writing on ticket_messages as restrictive for insert to backoffice_service
    with check ((select current_caller()) is null or ticket_message_is_for_caller(ticket_id, visibility));
-- Its events tell that something was said, and to nobody who does not see it.
create policy reach_of_ticket_messages on events as restrictive for select to backoffice_service using (
    resource <> 'ticket-messages' or (select current_caller()) is null
    or exists (select from ticket_messages m where m.org_id = events.org_id and m.id = events.resource_id));

-- What was said stays as it was; merging alone moves it.
create function keep_ticket_message() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
        if exists (select from tickets where org_id = new.org_id and id = new.ticket_id and closed_at < new.written_at) then
            perform tell_ticket_fault(409, 'ticket_messages', '/ticket_id', 'closed', 'is closed: open another one');
        end if;
        return new;
    end if;
    if tg_op = 'UPDATE' and to_jsonb(new) - '{ticket_id,version,updated_at,updated_by}'::text[] = to_jsonb(old) - '{ticket_id,version,updated_at,updated_by}'::text[]
        and exists (select from tickets a join tickets b on b.org_id = a.org_id and b.id = new.ticket_id
            where a.org_id = old.org_id and a.id = old.ticket_id and a.merged_into_id = b.id and a.requester_id is not distinct from b.requester_id
                and a.requester_party_id is not distinct from b.requester_party_id) then
        return new;
    end if;
    raise exception 'said' using errcode = 'restrict_violation', table = 'ticket_messages', constraint = 'what_was_said_in_a_ticket_stays_as_it_was';
end $$;
create trigger keep_message before insert or update or delete on ticket_messages for each row execute function keep_ticket_message();

-- What is said in a ticket is said in its messages, which know who may see them. A comment would be seen by all who may write the ticket.
create function refuse_comments_on_tickets() returns trigger language plpgsql as $$
begin
    perform tell_ticket_fault(422, 'comments', '/resource', 'has-messages', 'has messages of its own: write one at /v1/ticket-messages');
    return new;
end $$;
create trigger a_ticket_has_messages before insert on comments for each row
    when (new.resource in ('tickets', 'ticket-messages')) execute function refuse_comments_on_tickets();

-- What a ticket is about, and how it hangs together with others.
create table ticket_links (
    org_id      uuid not null,
    id          uuid not null,
    ticket_id   uuid not null,
    relation    text not null constraint ticket_links_relation_check check (relation in ('about', 'affects', 'parent', 'duplicate_of', 'caused_by', 'split_from', 'related')),
    resource    text not null constraint ticket_links_resource_length check (length(resource) between 1 and 63),
    resource_id uuid not null,
    primary key (org_id, id),
    constraint ticket_links_resource_id_key unique (org_id, ticket_id, relation, resource_id),
    constraint ticket_links_ticket_id_fkey foreign key (org_id, ticket_id) references tickets (org_id, id)
);
create index ticket_links_by_resource on ticket_links (org_id, resource_id, id);
select manage_resource('ticket_links');
create index ticket_links_by_created_at on ticket_links (org_id, created_at, id);

create function keep_ticket_link() returns trigger language plpgsql as $$
begin
    if is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if new.relation in ('parent', 'duplicate_of', 'caused_by', 'split_from') and new.resource <> 'tickets' and not (new.relation = 'caused_by') then
        perform tell_ticket_fault(422, 'ticket_links', '/resource', 'no-ticket', 'must be `tickets` for this relation');
    end if;
    perform refuse_hanging('ticket_links', 'read', new.resource, new.resource_id);
    if new.resource_id = new.ticket_id then
        perform tell_ticket_fault(422, 'ticket_links', '/resource_id', 'itself', 'is the ticket itself');
    end if;
    if not hold_in_place(new.resource, new.resource_id) then
        raise exception 'no such row' using errcode = 'foreign_key_violation', table = 'ticket_links', constraint = 'ticket_links_resource_id_fkey';
    end if;
    if new.relation = 'parent' then
        -- Two at once would each not see the other's.
        perform pg_advisory_xact_lock(hashtextextended('ticket_links' || new.org_id, 0));
        if exists (
            with recursive above as (
                select new.resource_id as id, 1 as depth
                union all
                select l.resource_id, a.depth + 1 from above a
                join ticket_links l on l.org_id = new.org_id and l.ticket_id = a.id and l.relation = 'parent' where a.depth < 100
            ) select from above where id = new.ticket_id or depth = 100) then
            perform tell_ticket_fault(409, 'ticket_links', '/resource_id', 'closes-a-ring', 'would stand above itself: choose a ticket that is not below this one');
        end if;
    end if;
    return new;
end $$;
create trigger keep_link before insert on ticket_links for each row execute function keep_ticket_link();

create table routing_rules (
    org_id      uuid    not null,
    id          uuid    not null,
    name        text    not null constraint routing_rules_name_length check (length(name) between 1 and 100),
    place       integer not null constraint routing_rules_place_range check (place between 1 and 1000),
    conditions  jsonb   not null default '[]' constraint routing_rules_conditions_length check (jsonb_typeof(conditions) = 'array' and jsonb_array_length(conditions) <= 10),
    queue_id    uuid,
    assignee_id uuid,
    priority    text    constraint routing_rules_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    tags        text[]  not null default '{}' constraint routing_rules_tags_length check (cardinality(tags) <= 20),
    status      text    not null default 'active' constraint routing_rules_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint routing_rules_name_key unique (org_id, name),
    constraint routing_rules_queue_id_fkey foreign key (org_id, queue_id) references queues (org_id, id),
    constraint routing_rules_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint a_routing_rule_says_where_to_or_how_urgent check (queue_id is not null or assignee_id is not null or priority is not null or cardinality(tags) > 0)
);
create index routing_rules_by_place on routing_rules (org_id, place, id);
create index routing_rules_by_queue on routing_rules (org_id, queue_id);
create index routing_rules_by_assignee on routing_rules (org_id, assignee_id);
select manage_resource('routing_rules');
create index routing_rules_by_created_at on routing_rules (org_id, created_at, id);

create table escalation_rules (
    org_id        uuid    not null,
    id            uuid    not null,
    name          text    not null constraint escalation_rules_name_length check (length(name) between 1 and 100),
    queue_id      uuid    not null,
    waits_for     text    not null constraint escalation_rules_waits_for_check check (waits_for in ('first_answer', 'solution')),
    after_minutes integer not null constraint escalation_rules_after_minutes_range check (after_minutes between 1 and 525600),
    to_queue_id   uuid,
    assignee_id   uuid,
    priority      text    constraint escalation_rules_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    status        text    not null default 'active' constraint escalation_rules_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint escalation_rules_name_key unique (org_id, name),
    constraint escalation_rules_queue_id_fkey foreign key (org_id, queue_id) references queues (org_id, id),
    constraint escalation_rules_to_queue_id_fkey foreign key (org_id, to_queue_id) references queues (org_id, id),
    constraint escalation_rules_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint an_escalation_changes_queue_assignee_or_priority check (to_queue_id is not null or assignee_id is not null or priority is not null),
    constraint an_escalation_goes_to_another_queue check (to_queue_id <> queue_id)
);
create index escalation_rules_by_name on escalation_rules (org_id, name, id);
create index escalation_rules_by_queue on escalation_rules (org_id, queue_id);
create index escalation_rules_by_to_queue on escalation_rules (org_id, to_queue_id);
create index escalation_rules_by_assignee on escalation_rules (org_id, assignee_id);
select manage_resource('escalation_rules');
create index escalation_rules_by_created_at on escalation_rules (org_id, created_at, id);

create table macros (
    org_id      uuid    not null,
    id          uuid    not null,
    name        text    not null constraint macros_name_length check (length(name) between 1 and 100),
    reply       text    constraint macros_reply_length check (length(reply) between 1 and 20000),
    is_internal boolean not null default false,
    action      text    constraint macros_action_check check (action in ('start', 'wait', 'resume', 'solve')),
    queue_id    uuid,
    assignee_id uuid,
    priority    text    constraint macros_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
    tags        text[]  not null default '{}' constraint macros_tags_length check (cardinality(tags) <= 20),
    status      text    not null default 'active' constraint macros_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint macros_name_key unique (org_id, name),
    constraint macros_queue_id_fkey foreign key (org_id, queue_id) references queues (org_id, id),
    constraint macros_assignee_id_fkey foreign key (org_id, assignee_id) references employees (org_id, id),
    constraint a_macro_says_or_changes_something check (reply is not null or action is not null or queue_id is not null or assignee_id is not null
        or priority is not null or cardinality(tags) > 0)
);
create index macros_by_name on macros (org_id, name, id);
create index macros_by_queue on macros (org_id, queue_id);
create index macros_by_assignee on macros (org_id, assignee_id);
select manage_resource('macros');
create index macros_by_created_at on macros (org_id, created_at, id);

-- What time a ticket has: for the first answer, for the solution, and until each rule escalates it. The service works the times out.
create table ticket_deadlines (
    org_id             uuid    not null,
    id                 uuid    not null,
    ticket_id          uuid    not null,
    target             text    not null constraint ticket_deadlines_target_check check (target in ('first_answer', 'solution', 'escalation')),
    escalation_rule_id uuid,
    allowed_minutes    integer not null constraint ticket_deadlines_allowed_minutes_range check (allowed_minutes > 0),
    -- Seconds of business time that were used up until it began to run last.
    elapsed_seconds    bigint  not null default 0 constraint ticket_deadlines_elapsed_seconds_range check (elapsed_seconds >= 0),
    running_since_at   timestamptz,
    warn_at            timestamptz,
    due_at             timestamptz,
    warned_at          timestamptz,
    met_at             timestamptz,
    status             text    not null constraint ticket_deadlines_status_check check (status in ('running', 'paused', 'warned', 'breached', 'met', 'cancelled')),
    primary key (org_id, id),
    constraint ticket_deadlines_ticket_id_key unique nulls not distinct (org_id, ticket_id, target, escalation_rule_id),
    constraint ticket_deadlines_ticket_id_fkey foreign key (org_id, ticket_id) references tickets (org_id, id),
    constraint ticket_deadlines_escalation_rule_id_fkey foreign key (org_id, escalation_rule_id) references escalation_rules (org_id, id),
    constraint what_escalates_names_its_rule check ((target = 'escalation') = (escalation_rule_id is not null)),
    constraint what_runs_is_due check (status not in ('running', 'warned') or due_at is not null and running_since_at is not null)
);
create index ticket_deadlines_by_escalation_rule on ticket_deadlines (org_id, escalation_rule_id);
create index ticket_deadlines_by_due_at on ticket_deadlines (org_id, due_at, id);
create index ticket_deadlines_by_status on ticket_deadlines (org_id, status, id);
select manage_resource('ticket_deadlines');
create index ticket_deadlines_by_created_at on ticket_deadlines (org_id, created_at, id);

-- When something is to be done about a ticket that nobody calls about: time is short or up, or what is solved is to be closed. Found over
-- all organizations by whoever works, and by nobody else.
create table ticket_alarms (
    organization_id uuid        not null,
    about_id        uuid        not null,
    what            text        not null check (what in ('deadline', 'close')),
    at              timestamptz not null,
    primary key (organization_id, about_id)
);
create index ticket_alarms_by_at on ticket_alarms (at);

create function set_deadline_alarm() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status in ('running', 'warned') then
        insert into ticket_alarms values (new.org_id, new.id, 'deadline', case new.status when 'running' then coalesce(new.warn_at, new.due_at) else new.due_at end)
            on conflict (organization_id, about_id) do update set at = excluded.at;
    elsif tg_op = 'UPDATE' then
        delete from ticket_alarms where organization_id = new.org_id and about_id = new.id;
    end if;
    return null;
end $$;
create trigger set_alarm after insert on ticket_deadlines for each row execute function set_deadline_alarm();
create trigger set_alarm_again after update on ticket_deadlines for each row
    when ((old.status, old.warn_at, old.due_at) is distinct from (new.status, new.warn_at, new.due_at)) execute function set_deadline_alarm();

create function reopenable_until(in_org uuid, in_queue uuid, in_solved timestamptz) returns timestamptz language sql stable as $$
    select in_solved + coalesce((select close_after_days from queues where org_id = in_org and id = in_queue), 7) * interval '1 day'
$$;
create function set_closing_alarm() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'solved' then
        insert into ticket_alarms values (new.org_id, new.id, 'close', reopenable_until(new.org_id, new.queue_id, new.solved_at))
            on conflict (organization_id, about_id) do update set at = excluded.at;
    elsif tg_op = 'UPDATE' then
        delete from ticket_alarms where organization_id = new.org_id and about_id = new.id;
    end if;
    return null;
end $$;
create trigger set_closing_alarm after update of status on tickets for each row
    when (old.status is distinct from new.status) execute function set_closing_alarm();
create trigger set_closing_alarm_of_new after insert on tickets for each row when (new.status = 'solved') execute function set_closing_alarm();

-- Warns of what is nearly due, tells what was due, and closes what was solved long enough ago: so many at a time. Answers how many.
create function ring_ticket_alarms(in_most int) returns int language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    own_org text := current_setting('app.org_id', true);
    alarm ticket_alarms;
    rung int := 0;
begin
    for alarm in
        select a.* from ticket_alarms a where a.at <= now() and not exists (
            select from ticket_deadlines d where a.what = 'deadline' and d.org_id = a.organization_id and d.id = a.about_id and d.target = 'escalation')
        order by a.at limit in_most for update skip locked
    loop
        perform set_config('app.org_id', alarm.organization_id::text, true);
        rung := rung + 1;
        if alarm.what = 'close' then
            perform from tickets where org_id = alarm.organization_id and id = alarm.about_id and status = 'solved' for no key update skip locked;
            continue when not found;
            update tickets set status = 'closed', closed_at = now() where org_id = alarm.organization_id and id = alarm.about_id;
        else
            perform from ticket_deadlines where org_id = alarm.organization_id and id = alarm.about_id for no key update skip locked;
            continue when not found;
            update ticket_deadlines set status = case when due_at <= now() then 'breached' else 'warned' end, warned_at = coalesce(warned_at, now())
                where org_id = alarm.organization_id and id = alarm.about_id and status in ('running', 'warned');
        end if;
    end loop;
    perform set_config('app.org_id', coalesce(own_org, ''), true);
    return rung;
end $$;

-- The escalations whose time has come, for the service to carry out one by one.
create function due_escalations(in_most int) returns table (organization uuid, deadline uuid) language sql stable security definer set search_path = public, pg_temp as $$
    select a.organization_id, a.about_id from ticket_alarms a
    join ticket_deadlines d on d.org_id = a.organization_id and d.id = a.about_id and d.target = 'escalation'
    where a.what = 'deadline' and a.at <= now() order by a.at limit in_most
$$;

-- Whether all conditions of a rule hold: `one_of` names the value, or one of the tags; `contains` is found in it, however it is written.
create function ticket_rule_holds(conditions jsonb, facts jsonb) returns boolean language plpgsql immutable as $$
declare
    c jsonb;
    value jsonb;
begin
    for c in select * from jsonb_array_elements(conditions) loop
        value := facts -> (c ->> 'field');
        if jsonb_typeof(c -> 'one_of') = 'array' then
            if jsonb_typeof(value) = 'array' then
                if not (value ?| array(select jsonb_array_elements_text(c -> 'one_of'))) then return false; end if;
            elsif not coalesce((c -> 'one_of') ? (value #>> '{}'), false) then return false;
            end if;
        elsif not coalesce(position(lower(c ->> 'contains') in lower(value #>> '{}')) > 0, false) then
            return false;
        end if;
    end loop;
    return true;
end $$;

-- Whose turn it is in a queue. Those who open tickets in it at once take turns themselves.
create function take_turn(in_queue uuid) returns uuid language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    how text;
    chosen uuid;
begin
    select assignment into how from queues where org_id = org and id = in_queue;
    if how is null or how = 'manual' then return null; end if;
    perform from queues where org_id = org and id = in_queue for no key update;
    select m.employee_id into chosen from queue_members m join employees e on e.org_id = m.org_id and e.id = m.employee_id and e.status in ('pending', 'active')
        where m.org_id = org and m.queue_id = in_queue
        order by case when how = 'least_loaded' then (select count(*) from tickets t where t.org_id = org and t.assignee_id = m.employee_id
                and t.status in ('open', 'in_progress', 'waiting')) end,
            m.turn_taken_at nulls first, m.employee_id limit 1;
    update queue_members set turn_taken_at = clock_timestamp() where org_id = org and queue_id = in_queue and employee_id = chosen;
    return chosen;
end $$;

-- What a queue promises for a priority: minutes, the hours in which they are counted, and what escalates.
create function promises_of(in_queue uuid, in_priority text) returns jsonb language sql stable as $$
    select jsonb_build_object('close_after_days', q.close_after_days, 'warn_at_percent', coalesce(p.warn_at_percent, 80),
        'first_answer_minutes', target.value -> 'first_answer_minutes', 'solution_minutes', target.value -> 'solution_minutes',
        'hours', case when h.id is not null then jsonb_build_object('time_zone', h.time_zone, 'intervals', h.intervals, 'holidays', h.holidays) end,
        'escalations', coalesce((select jsonb_agg(jsonb_build_object('id', e.id, 'waits_for', e.waits_for, 'after_minutes', e.after_minutes) order by e.id)
            from escalation_rules e where e.org_id = q.org_id and e.queue_id = q.id and e.status = 'active'), '[]'))
    from queues q
    left join sla_policies p on p.org_id = q.org_id and p.id = q.sla_policy_id
    left join business_hours h on h.org_id = p.org_id and h.id = p.business_hours_id
    left join lateral (select t.value from jsonb_array_elements(p.targets) t where t.value ->> 'priority' = in_priority limit 1) target on true
    where q.org_id = (select current_org()) and q.id = in_queue
$$;

-- Where tickets go that are to be opened: of each the queue, the priority, the assignee and the tags, and what its queue promises. What is given stays; of the
-- rules that hold, the first that says something says it.
create function plan_tickets(asked jsonb) returns jsonb language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    t jsonb;
    rule routing_rules;
    rules routing_rules[];
    facts jsonb;
    queue uuid;
    given_priority text;
    assignee uuid;
    tags jsonb;
    requester uuid;
    planned jsonb[] := '{}';
    known jsonb := '{}';
    promise text;
begin
    select array_agg(r order by r.place, r.id) into rules from routing_rules r where r.org_id = org and r.status = 'active';
    for t in select value from jsonb_array_elements(asked) loop
        if current_caller() is not null and current_reach() <> 'org' and (t ->> 'priority' is not null or t ->> 'assignee_id' is not null or t ->> 'impact' is not null
                or t ->> 'reported_at' is not null or t ->> 'requester_party_id' is not null or jsonb_array_length(coalesce(t -> 'watcher_ids', '[]')) > 0) then
            raise exception 'forbidden: Who asks says what it is about. Impact, priority, assignee, watchers and the time of the report, those say who work on tickets.'
                using errcode = 'insufficient_privilege';
        end if;
        requester := coalesce((t ->> 'requester_id')::uuid, case when t ->> 'requester_party_id' is null then current_person() end);
        queue := (t ->> 'queue_id')::uuid;
        given_priority := t ->> 'priority';
        assignee := (t ->> 'assignee_id')::uuid;
        tags := coalesce(t -> 'tags', '[]');
        facts := t || jsonb_build_object('priority', coalesce(given_priority, priority_of(t ->> 'impact_or_usual', t ->> 'urgency')), 'impact', t ->> 'impact_or_usual',
            'requester_department_id', case when rules is not null then (select e.department_id from employees e where e.org_id = org and e.id = requester) end);
        foreach rule in array coalesce(rules, '{}') loop
            continue when not ticket_rule_holds(rule.conditions, facts || jsonb_build_object('tags', tags));
            queue := coalesce(queue, rule.queue_id);
            given_priority := coalesce(given_priority, rule.priority);
            assignee := coalesce(assignee, rule.assignee_id);
            tags := (select coalesce(jsonb_agg(distinct tag), '[]') from (select jsonb_array_elements_text(tags) as tag union select unnest(rule.tags)) both_of);
        end loop;
        given_priority := coalesce(given_priority, facts ->> 'priority');
        if assignee is null and queue is not null and coalesce((t ->> 'takes_turn')::boolean, true) then assignee := take_turn(queue); end if;
        promise := coalesce(queue::text, '') || given_priority;
        if not known ? promise then known := known || jsonb_build_object(promise, promises_of(queue, given_priority)); end if;
        planned := planned || jsonb_build_object('requester_id', requester, 'queue_id', queue, 'priority', given_priority, 'assignee_id', assignee, 'tags', tags, 'promise', promise);
    end loop;
    return jsonb_build_object('now', now(), 'person', current_person(), 'tickets', to_jsonb(planned), 'promises', known);
end $$;

-- Writes tickets with their deadlines, links and messages, as the caller: what their permission does not reach is refused.
create function open_tickets(opened jsonb) returns void language plpgsql volatile as $$
begin
    insert into tickets (id, kind, subject, description, impact, urgency, priority, queue_id, assignee_id, requester_id, requester_party_id, channel, tags, watcher_ids,
            reported_at, first_answered_at, first_answer_due_at, solution_due_at, solved_at, closed_at, status)
        select t.id, t.kind, t.subject, t.description, t.impact, t.urgency, t.priority, t.queue_id, t.assignee_id, t.requester_id, t.requester_party_id, t.channel,
            array(select jsonb_array_elements_text(t.tags)), array(select jsonb_array_elements_text(coalesce(t.watcher_ids, '[]'))::uuid),
            t.reported_at, t.first_answered_at, t.first_answer_due_at, t.solution_due_at, t.solved_at, t.closed_at, t.status
        from jsonb_to_recordset(opened -> 'tickets') t (id uuid, kind text, subject text, description text, impact text, urgency text, priority text, queue_id uuid,
            assignee_id uuid, requester_id uuid, requester_party_id uuid, channel text, tags jsonb, watcher_ids jsonb, reported_at timestamptz,
            first_answered_at timestamptz, first_answer_due_at timestamptz, solution_due_at timestamptz, solved_at timestamptz, closed_at timestamptz, status text);
    if jsonb_array_length(opened -> 'deadlines') > 0 then
        perform save_deadlines(opened -> 'deadlines');
    end if;
    if jsonb_array_length(opened -> 'links') > 0 then
        insert into ticket_links (id, ticket_id, relation, resource, resource_id)
            select l.id, l.ticket_id, l.relation, l.resource, l.resource_id
            from jsonb_to_recordset(opened -> 'links') l (id uuid, ticket_id uuid, relation text, resource text, resource_id uuid);
    end if;
    if jsonb_array_length(opened -> 'messages') > 0 then
        insert into ticket_messages (id, ticket_id, visibility, author_id, by_requester, body, written_at)
            select m.id, m.ticket_id, m.visibility, m.author_id, m.by_requester, m.body, m.written_at
            from jsonb_to_recordset(opened -> 'messages') m (id uuid, ticket_id uuid, visibility text, author_id uuid, by_requester boolean, body text, written_at timestamptz);
    end if;
end $$;

create function save_deadlines(saved jsonb) returns void language sql volatile as $$
    insert into ticket_deadlines (id, ticket_id, target, escalation_rule_id, allowed_minutes, elapsed_seconds, running_since_at, warn_at, due_at, warned_at, met_at, status)
        select d.id, d.ticket_id, d.target, d.escalation_rule_id, d.allowed_minutes, d.elapsed_seconds, d.running_since_at, d.warn_at, d.due_at, d.warned_at, d.met_at, d.status
        from jsonb_to_recordset(saved) d (id uuid, ticket_id uuid, target text, escalation_rule_id uuid, allowed_minutes int, elapsed_seconds bigint, running_since_at timestamptz,
            warn_at timestamptz, due_at timestamptz, warned_at timestamptz, met_at timestamptz, status text) order by d.id
        on conflict (org_id, id) do update set (allowed_minutes, elapsed_seconds, running_since_at, warn_at, due_at, warned_at, met_at, status)
            = (excluded.allowed_minutes, excluded.elapsed_seconds, excluded.running_since_at, excluded.warn_at, excluded.due_at, excluded.warned_at, excluded.met_at, excluded.status)
        where (ticket_deadlines.allowed_minutes, ticket_deadlines.elapsed_seconds, ticket_deadlines.running_since_at, ticket_deadlines.warn_at, ticket_deadlines.due_at,
            ticket_deadlines.warned_at, ticket_deadlines.met_at, ticket_deadlines.status)
            is distinct from (excluded.allowed_minutes, excluded.elapsed_seconds, excluded.running_since_at, excluded.warn_at, excluded.due_at, excluded.warned_at, excluded.met_at, excluded.status)
$$;

-- What a ticket's clock stands on, now, and after a change of queue or priority: what is null of them follows from the rest.
create function read_clock(in_ticket uuid, in_queue uuid, in_priority text, in_impact text, in_urgency text) returns jsonb language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    t tickets;
    priority text := coalesce(in_priority, priority_of(in_impact, in_urgency));
begin
    select * into strict t from tickets where org_id = org and id = in_ticket;
    return jsonb_build_object('now', now(), 'person', current_person(), 'priority', priority,
        'reopenable_until', case when t.solved_at is not null then reopenable_until(org, t.queue_id, t.solved_at) end,
        'before', promises_of(t.queue_id, t.priority), 'after', promises_of(in_queue, priority),
        'deadlines', coalesce((select jsonb_agg(to_jsonb(d) order by d.id) from ticket_deadlines d where d.org_id = org and d.ticket_id = in_ticket), '[]'));
end $$;

-- Moves what was said in a ticket into the one that it was merged into: notes too, which whoever merges may not see.
create function move_ticket_messages(in_from uuid, in_to uuid) returns int language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    moved int;
begin
    update ticket_messages set ticket_id = in_to where org_id = current_org() and ticket_id = in_from;
    get diagnostics moved = row_count;
    return moved;
end $$;
revoke all on function move_ticket_messages(uuid, uuid) from public;
grant execute on function move_ticket_messages(uuid, uuid) to backoffice_service;

-- The words of tickets: of all that is said in them, and of what who asked may see, where that is less.
create table ticket_words (
    org_id       uuid     not null,
    ticket_id    uuid     not null,
    requester_id uuid,
    words        tsvector not null,
    public_words tsvector,
    primary key (org_id, ticket_id),
    constraint ticket_words_ticket_id_fkey foreign key (org_id, ticket_id) references tickets (org_id, id) on delete cascade
);
create index ticket_words_by_words on ticket_words using gin (org_id, words);
create index ticket_words_by_requester on ticket_words (org_id, requester_id, ticket_id);
insert into managed_tables (name, kind) values ('ticket_words', 'derived');
select separate_organizations('ticket_words');

create function words_of_ticket(number text, subject text, description text) returns tsvector language sql immutable parallel safe as $$
    select setweight(to_tsvector('simple', number || ' ' || subject), 'A') || setweight(to_tsvector('simple', description), 'B')
$$;
create function words_of_messages(in_org uuid, in_ticket uuid, also_internal boolean) returns tsvector language sql stable as $$
    select setweight(to_tsvector('simple', coalesce(left(string_agg(body, ' ' order by written_at, id), 200000), '')), 'C') from ticket_messages
    where org_id = in_org and ticket_id = in_ticket and (also_internal or visibility = 'public')
$$;

create function keep_words_of_tickets() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into ticket_words (org_id, ticket_id, requester_id, words)
            select org_id, id, requester_id, words_of_ticket(number, subject, description) from new_rows;
    else
        update ticket_words w set requester_id = n.requester_id,
                words = words_of_ticket(n.number, n.subject, n.description) || words_of_messages(n.org_id, n.id, true),
                public_words = case when w.public_words is not null then words_of_ticket(n.number, n.subject, n.description) || words_of_messages(n.org_id, n.id, false) end
            from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
            where w.org_id = n.org_id and w.ticket_id = n.id
                and (n.number, n.subject, n.description, n.requester_id) is distinct from (o.number, o.subject, o.description, o.requester_id);
    end if;
    return null;
end $$;
create trigger keep_words after insert on tickets referencing new table as new_rows for each statement execute function keep_words_of_tickets();
create trigger keep_changed_words after update on tickets referencing old table as old_rows new table as new_rows for each statement execute function keep_words_of_tickets();

create function keep_words_of_messages() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update ticket_words w set
            words = words_of_ticket(t.number, t.subject, t.description) || words_of_messages(t.org_id, t.id, true),
            public_words = case when exists (select from ticket_messages m where m.org_id = t.org_id and m.ticket_id = t.id and m.visibility = 'internal')
                then words_of_ticket(t.number, t.subject, t.description) || words_of_messages(t.org_id, t.id, false) end
        from (select distinct org_id, ticket_id from new_rows) n join tickets t on t.org_id = n.org_id and t.id = n.ticket_id
        where w.org_id = n.org_id and w.ticket_id = n.ticket_id;
    return null;
end $$;
create trigger keep_words after insert on ticket_messages referencing new table as new_rows for each statement execute function keep_words_of_messages();
create trigger keep_moved_words after update on ticket_messages referencing new table as new_rows for each statement execute function keep_words_of_messages();

-- The tickets that hold the words, best first: of those that the caller may see, by the words that they may see. A word that many tickets hold is
-- looked for in the newest 10,000, and the newest 1,000 that hold it are ranked; of a rarer one up to 3,000 besides. As the owner, since under row-level
-- security no index serves `@@`: organization and reach are applied here.
create function find_tickets(typed text, in_most int) returns table (id uuid, rank real)
    language plpgsql stable security definer set search_path = public, pg_temp set enable_seqscan = off set jit = off as $$
declare
    org constant uuid := current_org();
    me constant uuid := current_person();
    reach constant text := current_reach();
    asked constant tsquery := websearch_to_tsquery('simple', typed);
    found_ids uuid[];
    ranks real[];
    more_ids uuid[];
    more_ranks real[];
begin
    if numnode(asked) = 0 or reach is null then return; end if;
    if reach = 'org' then
        select array_agg(w.ticket_id), array_agg(ts_rank(w.seen, asked)) into found_ids, ranks from (
            select n.ticket_id, case when n.requester_id is distinct from me or n.public_words is null or me is null then n.words else n.public_words end as seen
            from (select x.ticket_id, x.words, x.public_words, x.requester_id from ticket_words x where x.org_id = org order by x.ticket_id desc limit 10000) n
            where n.words @@ asked limit 1000) w where w.seen @@ asked;
        if coalesce(cardinality(found_ids), 0) < 1000 and querytree(asked) not in ('', 'T') then
            -- Few of the newest hold it: the index finds the others. Words that it is to be without, and nothing else, no index knows.
            perform set_config('enable_indexscan', 'off', true);
            select array_agg(w.ticket_id), array_agg(ts_rank(w.seen, asked)) into more_ids, more_ranks from (
                select x.ticket_id, case when x.requester_id is distinct from me or x.public_words is null or me is null then x.words else x.public_words end as seen
                from ticket_words x where x.org_id = org and x.words @@ asked limit 3000) w where w.seen @@ asked;
            perform set_config('enable_indexscan', 'on', true);
        end if;
    elsif reach = 'team' then -- of what is their team's, the newest 5,000
        select array_agg(w.ticket_id), array_agg(ts_rank(w.seen, asked)) into found_ids, ranks from (
            select x.ticket_id, coalesce(x.public_words, x.words) as seen from reporting_lines l
            join ticket_words x on x.org_id = l.org_id and x.requester_id = l.below_id
            where l.org_id = org and l.above_id = me order by x.ticket_id desc limit 5000) w where w.seen @@ asked;
    else -- of what is theirs
        select array_agg(w.ticket_id), array_agg(ts_rank(w.seen, asked)) into found_ids, ranks from (
            select x.ticket_id, coalesce(x.public_words, x.words) as seen from ticket_words x
            where x.org_id = org and x.requester_id = me order by x.ticket_id desc limit 5000) w where w.seen @@ asked;
    end if;
    return query
        select f.id, max(f.rank) from (
            select unnest(found_ids) as id, unnest(ranks) as rank union all select unnest(more_ids), unnest(more_ranks)) f
        group by f.id order by 2 desc, 1 desc limit in_most;
end $$;
revoke all on function find_tickets(text, int) from public;
grant execute on function find_tickets(text, int) to backoffice_service;
