-- Webhooks: where events are told to, with which secrets, how far each receiver got, and what it answered.

create table webhook_endpoints (
    org_id            uuid        not null,
    id                uuid        not null,
    url               text        not null constraint webhook_endpoints_url_length check (length(url) between 8 and 2000),
    event_types       text[]      not null constraint webhook_endpoints_event_types_length check (cardinality(event_types) between 1 and 100),
    description       text        constraint webhook_endpoints_description_length check (length(description) between 1 and 500),
    status            text        not null default 'active' constraint webhook_endpoints_status_check check (status in ('active', 'disabled')),
    disabled_because  text        constraint webhook_endpoints_disabled_because_check
        check (disabled_because in ('asked_to', 'gone', 'failing', 'reader_left')),
    reads_as          uuid,
    secret_changed_at timestamptz not null default now(),
    primary key (org_id, id),
    constraint disabled_for_a_reason check ((status = 'disabled') = (disabled_because is not null))
);
comment on column webhook_endpoints.reads_as is 'The user or API client whose permissions decide which events are told';
select manage_resource('webhook_endpoints');
create index webhook_endpoints_by_creation on webhook_endpoints (org_id, created_at, id);

-- Whoever says where it goes, what it tells, or learns its secret, answers for what they may read themselves: nobody bends
-- an endpoint that tells what others may read.
create function note_reader() returns trigger language plpgsql as $$
begin
    if current_actor_id() is not null and (tg_op = 'INSERT'
        or (new.url, new.event_types, new.secret_changed_at) is distinct from (old.url, old.event_types, old.secret_changed_at)
        or new.status = 'active' and old.status <> 'active') then
        new.reads_as := current_actor_id();
    end if;
    return new;
end $$;
create trigger note_reader before insert or update on webhook_endpoints for each row execute function note_reader();

-- Two at a time, so that a secret is replaced without a gap. They sign, so they can not be hashes; no event and no answer
-- tells of this table.
create table webhook_endpoint_secrets (
    org_id              uuid        not null,
    id                  uuid        not null,
    webhook_endpoint_id uuid        not null,
    slot                smallint    not null constraint webhook_endpoint_secrets_slot_range check (slot in (1, 2)),
    secret              bytea       not null constraint webhook_endpoint_secrets_secret_length check (length(secret) between 24 and 64),
    created_at          timestamptz not null default clock_timestamp(),
    primary key (org_id, id),
    constraint webhook_endpoint_secrets_slot_key unique (org_id, webhook_endpoint_id, slot),
    constraint webhook_endpoint_secrets_webhook_endpoint_id_fkey foreign key (org_id, webhook_endpoint_id)
        references webhook_endpoints (org_id, id) on delete cascade
);
select manage_record('webhook_endpoint_secrets');
grant select, insert, update, delete on webhook_endpoint_secrets to backoffice_service;

-- What was sent and what came back. A row is written when its fate is known, many at once: a delivery that succeeds at the
-- first attempt costs one row of one insert. It outlives its endpoint, so there is no foreign key.
create table webhook_deliveries (
    org_id              uuid        not null,
    id                  uuid        not null,
    version             bigint      not null default 1,
    webhook_endpoint_id uuid        not null,
    event_id            uuid        not null,
    event_type          text        not null,
    resource            text        not null,
    resource_id         uuid        not null,
    resource_version    bigint      not null,
    happened_at         timestamptz not null,
    -- The place of the event in the feed: deliveries of one resource go out in this order.
    transaction         bigint      not null,
    sequence            bigint      not null,
    status              text        not null constraint webhook_deliveries_status_check check (status in ('pending', 'retrying', 'delivered', 'failed')),
    attempts            integer     not null default 0,
    next_attempt_at     timestamptz,
    last_attempt_at     timestamptz,
    answer_status       smallint,
    answer              text        constraint webhook_deliveries_answer_length check (length(answer) <= 1000),
    failure             text        constraint webhook_deliveries_failure_length check (length(failure) <= 500),
    took_ms             integer,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    primary key (org_id, id),
    constraint webhook_deliveries_event_id_key unique (org_id, webhook_endpoint_id, event_id),
    constraint open_deliveries_have_a_next_attempt check ((status in ('pending', 'retrying')) = (next_attempt_at is not null))
);
create index webhook_deliveries_by_creation on webhook_deliveries (org_id, created_at, id);
create index webhook_deliveries_open on webhook_deliveries (org_id, webhook_endpoint_id, transaction, sequence)
    where status in ('pending', 'retrying');
select manage_record('webhook_deliveries');
grant select, insert, update, delete on webhook_deliveries to backoffice_service;

-- The body of a webhook, in one place: what is sent is what the log shows. None of the values holds a quote.
create function webhook_payload(in_type text, at timestamptz, event_id uuid, in_resource text, resource_id uuid, in_version bigint)
    returns text language sql stable parallel safe as $$
    select format('{"type":"%s","timestamp":"%s","data":{"event_id":"%s","resource":"%s","resource_id":"%s","version":%s}}',
        in_type, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), event_id, in_resource, resource_id, in_version)
$$;

-- How far each endpoint got, of all organizations: a cursor on the feed. Found and kept by the functions below alone.
create table webhook_queues (
    endpoint_id     uuid        primary key,
    organization_id uuid        not null,
    is_active       boolean     not null default true,
    -- The feed was taken up to here, and events before `seen_at` were, give or take a transaction that lasts a day.
    transaction     xid8        not null,
    sequence        bigint      not null default 0,
    seen_at         timestamptz not null default now(),
    -- Counts how often the cursor was set from outside: a batch that began before does not move it.
    generation      integer     not null default 1,
    -- When the next delivery that is open should be tried, and how many are open.
    due_at          timestamptz,
    open_deliveries integer     not null default 0,
    -- The receiver asked for patience.
    held_until      timestamptz,
    -- The first of the failures that no success followed.
    failing_since   timestamptz,
    is_slow         boolean     not null default false,
    leased_by       uuid,
    leased_until    timestamptz,
    served_at       timestamptz not null default now()
);
create index webhook_queues_waiting on webhook_queues (served_at) where is_active;

create function keep_webhook_queue() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        delete from webhook_queues where endpoint_id = old.id;
    elsif tg_op = 'INSERT' then
        -- Whatever commits from now on has this number or a higher one.
        insert into webhook_queues (endpoint_id, organization_id, transaction, is_active)
            values (new.id, new.org_id, events_horizon(), new.status = 'active');
    elsif new.status <> old.status then
        update webhook_queues set is_active = new.status = 'active', held_until = null, failing_since = null, due_at = now()
            where endpoint_id = new.id;
    else
        -- Its state was set to what it is: something of it was made open.
        update webhook_queues set due_at = now(), held_until = null where endpoint_id = new.id;
    end if;
    return null;
end $$;
create trigger keep_queue after insert or update of status or delete on webhook_endpoints for each row execute function keep_webhook_queue();

-- What somebody may read in the whole organization, whether they are signed in or not; null where they are not there any more.
create function readable_by(in_reader uuid) returns text[] language sql stable as $$
    select case when cardinality(reader.role_ids) > 0 then array(
        select distinct p.resource from role_permissions p
        where p.org_id = (select current_org()) and p.role_id = any(reader.role_ids) and p.verb = 'read' and p.reach = 'org') else '{}' end
    from (
        select m.role_ids from memberships m join logins l on l.id = m.user_id
        where m.org_id = (select current_org()) and m.user_id = in_reader and m.status = 'active' and l.status = 'active'
        union all
        select array[c.id] from api_clients c
        where c.org_id = (select current_org()) and c.id = in_reader and c.status = 'active' and (c.expires_at is null or c.expires_at > now())
    ) reader
$$;

-- The feed behind a place, in its order. After a transaction that wrote many events the planner takes what is behind a place in
-- it for a handful, and sorts all of it for every page: so it may not sort, and reads the indexes of the partitions in step.
create function events_behind(in_transaction bigint, in_sequence bigint, in_horizon xid8, in_resources text[], in_type text, in_resource text,
    in_resource_id uuid, in_actor text, in_from timestamptz, in_to timestamptz, in_most bigint) returns setof events
    language plpgsql stable set enable_sort = off as $$
begin
    return query select e.* from events e
        where e.org_id = (select current_org()) and (e.transaction, e.sequence) > (in_transaction::text::xid8, in_sequence) and e.transaction < in_horizon
            and (in_resources is null or e.resource = any(in_resources))
            and (in_type is null or e.type = in_type) and (in_resource is null or e.resource = in_resource)
            and (in_resource_id is null or e.resource_id = in_resource_id) and (in_actor is null or e.actor = in_actor)
            and (in_from is null or e.at >= in_from) and (in_to is null or e.at <= in_to)
        order by e.transaction, e.sequence limit in_most;
end $$;

-- What changes whenever there may be something new in any feed.
create function events_pulse() returns text language sql volatile security definer set search_path = public, pg_temp as $$
    select last_value || ' ' || events_horizon() from events_sequence_seq
$$;

-- Of each of these organizations the newest place in the feed that is complete.
create function newest_events(in_organizations uuid[]) returns table (organization uuid, "transaction" bigint, "sequence" bigint)
    language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    here text := current_setting('app.org_id', true);
begin
    foreach organization in array in_organizations loop
        perform set_config('app.org_id', organization::text, true);
        select e.transaction::text::bigint, e.sequence into newest_events.transaction, newest_events.sequence from events e
            where e.org_id = organization and e.at > now() - interval '1 day' and e.transaction < events_horizon()
            order by e.transaction desc, e.sequence desc limit 1;
        if found then return next; end if;
    end loop;
    perform set_config('app.org_id', here, true);
end $$;

-- Keeps the leases on what the worker still serves, and takes up to so many endpoints that have something to send and that
-- nobody serves: quick ones and slow ones are counted apart, so that those who answer slowly never take all places.
-- New events are looked for only where the pulse is another than last time.
create function lease_webhooks(in_worker uuid, in_serving uuid[], in_quick int, in_slow int, in_pulse text)
    returns table (pulse text, organization uuid, endpoint uuid, is_slow boolean) language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    here text := current_setting('app.org_id', true);
    lease constant interval := '15 seconds';
    queue record;
    places int[] := array[in_quick, in_slow];
    class int;
begin
    update webhook_queues set leased_until = clock_timestamp() + lease where leased_by = in_worker and endpoint_id = any(in_serving);
    pulse := events_pulse();
    return next;
    for queue in
        select q.* from webhook_queues q
        where q.is_active and (q.leased_until is null or q.leased_until < clock_timestamp())
            and (q.held_until is null or q.held_until <= clock_timestamp())
            and (pulse is distinct from in_pulse or q.due_at <= clock_timestamp() or q.leased_by is not null)
        order by q.served_at
    loop
        class := 1 + queue.is_slow::int;
        continue when places[class] <= 0;
        if queue.due_at is null or queue.due_at > clock_timestamp() then
            perform set_config('app.org_id', queue.organization_id::text, true);
            continue when queue.open_deliveries >= 1000 or not exists (
                select from events e where e.org_id = queue.organization_id and e.at > queue.seen_at - interval '1 day'
                    and (e.transaction, e.sequence) > (queue.transaction, queue.sequence) and e.transaction < events_horizon());
        end if;
        update webhook_queues q set leased_by = in_worker, leased_until = clock_timestamp() + lease, served_at = clock_timestamp()
            where q.endpoint_id = queue.endpoint_id and q.is_active and (q.leased_until is null or q.leased_until < clock_timestamp());
        if found then
            places[class] := places[class] - 1;
            organization := queue.organization_id;
            endpoint := queue.endpoint_id;
            is_slow := queue.is_slow;
            return next;
        end if;
    end loop;
    perform set_config('app.org_id', here, true);
end $$;

-- Where the endpoint's cursor stands, for who holds its lease.
create function webhook_cursor(in_worker uuid, in_endpoint uuid) returns table ("transaction" bigint, "sequence" bigint, seen_at timestamptz, generation int)
    language sql stable security definer set search_path = public, pg_temp as $$
    select q.transaction::text::bigint, q.sequence, q.seen_at, q.generation from webhook_queues q
    where q.endpoint_id = in_endpoint and q.organization_id = (select current_org()) and q.leased_by = in_worker
$$;

-- Moves the cursor behind a batch and sees what is open: 'kept', 'failing' where nothing succeeded for days, or 'lost' where
-- another worker took over.
create function settle_webhook(in_worker uuid, in_endpoint uuid, in_generation int, in_transaction bigint, in_sequence bigint, in_seen_at timestamptz,
    in_succeeded boolean, in_failed boolean, in_hold_ms bigint, in_slow boolean) returns text
    language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    queue webhook_queues;
    open_now int;
    due timestamptz;
begin
    select * into queue from webhook_queues where endpoint_id = in_endpoint and organization_id = current_org() for update;
    if not found or queue.leased_by is distinct from in_worker then return 'lost'; end if;
    select count(*), min(next_attempt_at) filter (where is_head) into open_now, due from (
        select d.next_attempt_at, row_number() over (partition by d.resource, d.resource_id order by d.transaction, d.sequence) = 1 as is_head
        from webhook_deliveries d
        where d.org_id = (select current_org()) and d.webhook_endpoint_id = in_endpoint and d.status in ('pending', 'retrying')) each;
    if queue.generation = in_generation then
        queue.transaction := in_transaction::text::xid8;
        queue.sequence := in_sequence;
        queue.seen_at := greatest(in_seen_at, queue.seen_at);
    end if;
    queue.failing_since := case when in_succeeded then null when in_failed then coalesce(queue.failing_since, clock_timestamp()) else queue.failing_since end;
    update webhook_queues set transaction = queue.transaction, sequence = queue.sequence, seen_at = queue.seen_at,
        open_deliveries = open_now, due_at = due, failing_since = queue.failing_since, is_slow = in_slow,
        held_until = case when in_hold_ms > 0 then clock_timestamp() + in_hold_ms * interval '1 millisecond' end,
        leased_until = clock_timestamp() + interval '15 seconds'
        where endpoint_id = in_endpoint;
    return case when queue.failing_since < now() - interval '3 days' then 'failing' else 'kept' end;
end $$;

create function release_webhook(in_worker uuid, in_endpoint uuid) returns void language sql volatile security definer set search_path = public, pg_temp as $$
    update webhook_queues set leased_by = null, leased_until = null where endpoint_id = in_endpoint and leased_by = in_worker
$$;

-- A delivery is made open again: its endpoint is woken, and the organization told. False where the endpoint is gone.
create function resend_webhook(in_delivery uuid) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
    delivery webhook_deliveries;
begin
    select * into delivery from webhook_deliveries where org_id = current_org() and id = in_delivery;
    update webhook_queues set due_at = clock_timestamp(), held_until = null
        where endpoint_id = delivery.webhook_endpoint_id and organization_id = current_org();
    if not found then return false; end if;
    insert into events (org_id, type, resource, resource_id, version, changes) values (current_org(), 'webhook_delivery.pending', 'webhook-deliveries',
        in_delivery, delivery.version + 1, jsonb_build_object('status', jsonb_build_object('before', delivery.status, 'after', 'pending')));
    return true;
end $$;

-- Puts the cursor back to the first event that happened at that moment or later.
create function rewind_webhook(in_endpoint uuid, in_since timestamptz) returns void
    language sql volatile security definer set search_path = public, pg_temp as $$
    update webhook_queues q set transaction = least(q.transaction, found.transaction), sequence = 0, seen_at = least(q.seen_at, in_since),
        generation = q.generation + 1, held_until = null, due_at = clock_timestamp()
    from (select min(e.transaction) as transaction from events e where e.org_id = (select current_org()) and e.at >= in_since) found
    where q.endpoint_id = in_endpoint and q.organization_id = (select current_org()) and found.transaction is not null
$$;

do $$
declare
    door text;
begin
    foreach door in array array['events_pulse()', 'newest_events(uuid[])', 'lease_webhooks(uuid, uuid[], int, int, text)', 'webhook_cursor(uuid, uuid)',
        'settle_webhook(uuid, uuid, int, bigint, bigint, timestamptz, boolean, boolean, bigint, boolean)', 'release_webhook(uuid, uuid)',
        'resend_webhook(uuid)', 'rewind_webhook(uuid, timestamptz)'] loop
        execute 'revoke all on function ' || door || ' from public';
        execute 'grant execute on function ' || door || ' to backoffice_service';
    end loop;
end $$;
