-- From the opening to the first day and to the last: stages, openings, candidates, applications, interviews with their panels and
-- scorecards, offers, and the checklists of those who come and go.

create extension if not exists btree_gist;

-- A fault at its place in the body, told as it stands: 422 where it is wrong in itself, 409 where other rows stand in the way.
create function tell_fault(in_status int, in_table text, pointer text, code text, rule text) returns void language plpgsql as $$
begin
    raise exception '%', rule using errcode = case in_status when 422 then 'check_violation' else 'unique_violation' end,
        table = in_table, constraint = in_table || '_rule_' || replace(code, '-', '_'),
        detail = jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('pointer', pointer, 'code', code, 'detail', rule)));
end $$;

create function today_utc() returns date language sql stable parallel safe as $$ select (now() at time zone 'utc')::date $$;

-- The stages that the organization names, in the order of their places.
create table hiring_stages (
    org_id uuid    not null,
    id     uuid    not null,
    name   text    not null constraint hiring_stages_name_length check (length(name) between 1 and 100),
    place  integer not null constraint hiring_stages_place_range check (place between 1 and 1000),
    status text    not null default 'active' constraint hiring_stages_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint hiring_stages_name_key unique (org_id, name)
);
create index hiring_stages_by_place on hiring_stages (org_id, place, id);
select manage_resource('hiring_stages');
create index hiring_stages_by_created_at on hiring_stages (org_id, created_at, id);

create table job_openings (
    org_id            uuid          not null,
    id                uuid          not null,
    title             text          not null constraint job_openings_title_length check (length(title) between 1 and 200),
    position_id       uuid          not null,
    -- How many people are wanted, and how many of them have accepted.
    seats             integer       not null constraint job_openings_seats_range check (seats between 1 and 1000),
    filled_seats      integer       not null default 0,
    hiring_manager_id uuid,
    description       text          constraint job_openings_description_length check (length(description) between 1 and 10000),
    contract_type     text          not null default 'permanent' constraint job_openings_contract_type_check
        check (contract_type in ('permanent', 'fixed_term', 'apprentice', 'intern', 'contractor')),
    workplace         text          not null default 'office' constraint job_openings_workplace_check check (workplace in ('office', 'remote', 'abroad')),
    location          text          constraint job_openings_location_length check (length(location) between 1 and 100),
    country           text          constraint job_openings_country_format check (country ~ '^[A-Z]{2}$'),
    salary_from       numeric(20,4) constraint job_openings_salary_from_range check (salary_from >= 0),
    salary_to         numeric(20,4) constraint job_openings_salary_to_range check (salary_to >= 0),
    currency          text          constraint job_openings_currency_format check (currency ~ '^[A-Z]{3}$'),
    opened_on         date,
    filled_on         date,
    closed_on         date,
    close_reason      text          constraint job_openings_close_reason_length check (length(close_reason) between 1 and 500),
    status            text          not null default 'draft'
        constraint job_openings_status_check check (status in ('draft', 'approved', 'open', 'filled', 'closed')),
    primary key (org_id, id),
    constraint job_openings_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id),
    constraint job_openings_hiring_manager_id_fkey foreign key (org_id, hiring_manager_id) references employees (org_id, id),
    constraint filled_seats_are_seats_of_the_opening check (filled_seats between 0 and seats),
    constraint the_highest_salary_is_not_below_the_lowest check (salary_to >= salary_from),
    constraint a_salary_comes_with_its_currency check ((currency is not null) = (salary_from is not null or salary_to is not null)),
    constraint what_is_closed_has_a_day_and_a_reason check ((status = 'closed') = (closed_on is not null) and (closed_on is null) = (close_reason is null))
);
create index job_openings_by_title on job_openings (org_id, title, id);
create index job_openings_by_status on job_openings (org_id, status, id);
create index job_openings_by_position on job_openings (org_id, position_id, status);
create index job_openings_by_hiring_manager on job_openings (org_id, hiring_manager_id, id);
select manage_resource('job_openings', person => 'hiring_manager_id');
create index job_openings_by_created_at on job_openings (org_id, created_at, id);
select limit_reach('job_openings');
select approvable('job_openings', '{approve}');

-- What an opening asks for was agreed to: only a draft is written in, and who wrote it does not approve it. Seats that are approved
-- and not filled are kept free in the position: they and whoever fills it are no more than its approved headcount, counted under
-- its lock, so that of two that are approved at once one fits.
create function keep_job_opening() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{title,description,hiring_manager_id,location,status,filled_seats,opened_on,filled_on,closed_on,close_reason,version,updated_at,updated_by}';
    headcount int;
    taken bigint;
    reserved bigint;
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'approved' using errcode = 'restrict_violation', table = 'job_openings', constraint = 'only_a_draft_of_an_opening_is_deleted_so_close_it_instead';
        end if;
        return old;
    end if;
    if old.status = 'closed' then
        raise exception 'closed' using errcode = 'restrict_violation', table = 'job_openings', constraint = 'an_opening_that_is_closed_stays_as_it_was';
    end if;
    if old.status <> 'draft' and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'approved' using errcode = 'restrict_violation', table = 'job_openings', constraint = 'what_was_approved_of_an_opening_stays_so_revise_it_first';
    end if;
    if old.status = 'draft' and new.status = 'approved' and current_actor_id() in (old.created_by, old.updated_by) then
        raise exception 'forbidden: Nobody approves an opening that they wrote: ask somebody else to.' using errcode = 'insufficient_privilege';
    end if;
    if new.status in ('approved', 'open') and old.status = 'draft' then
        select approved_headcount into headcount from positions where org_id = new.org_id and id = new.position_id for no key update;
        -- Whose last day is known makes room.
        select count(*) into taken from assignments where org_id = new.org_id and position_id = new.position_id and ends_on is null;
        select coalesce(sum(seats - filled_seats), 0) into reserved from job_openings
            where org_id = new.org_id and position_id = new.position_id and status in ('approved', 'open') and id <> new.id;
        if taken + reserved + new.seats > headcount then
            perform tell_fault(409, 'job_openings', '/seats', 'headcount-exceeded', format(
                'would be more than the position''s approved headcount of %s: %s filled, %s kept for other openings; ask for fewer, or raise the headcount',
                headcount, taken, reserved));
        end if;
    end if;
    if new.status = 'open' and old.status <> 'open' then new.opened_on := coalesce(new.opened_on, today_utc()); end if;
    if new.filled_seats = new.seats and new.status = 'open' then
        new.status := 'filled';
        new.filled_on := today_utc();
    end if;
    return new;
end $$;
create trigger keep_opening before update or delete on job_openings for each row execute function keep_job_opening();

-- Who might work here. What tells who they are is in no event: what is sealed can not be forgotten, and this has to be.
create table candidates (
    org_id          uuid not null,
    id              uuid not null,
    given_name      text constraint candidates_given_name_length check (length(given_name) between 1 and 100),
    family_name     text constraint candidates_family_name_length check (length(family_name) between 1 and 100),
    email           text constraint candidates_email_length check (length(email) between 3 and 254),
    phone           text constraint candidates_phone_format check (phone ~ '^\+?[0-9 ()./-]{3,30}$'),
    location        text constraint candidates_location_length check (length(location) between 1 and 100),
    profile_url     text constraint candidates_profile_url_length check (length(profile_url) between 8 and 500),
    notes           text constraint candidates_notes_length check (length(notes) between 1 and 10000),
    source          text not null constraint candidates_source_check
        check (source in ('website', 'job_board', 'referral', 'agency', 'social_network', 'event', 'internal', 'other')),
    referred_by_id  uuid,
    consent_given_on date not null default (now() at time zone 'utc')::date,
    consent_ends_on date not null,
    employee_id     uuid,
    anonymized_at   timestamptz,
    status          text not null default 'active' constraint candidates_status_check check (status in ('active', 'anonymized')),
    primary key (org_id, id),
    constraint candidates_referred_by_id_fkey foreign key (org_id, referred_by_id) references employees (org_id, id),
    constraint candidates_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint consent_ends_after_it_is_given check (consent_ends_on > consent_given_on),
    constraint a_candidate_has_a_name_until_anonymized check (case status when 'active' then given_name is not null and family_name is not null and anonymized_at is null
        else anonymized_at is not null and coalesce(given_name, family_name, email, phone, location, profile_url, notes) is null end)
);
create unique index candidates_email_key on candidates (org_id, lower(email));
create index candidates_by_consent_end on candidates (org_id, consent_ends_on, id);
create index candidates_by_source on candidates (org_id, source, id);
create index candidates_by_referrer on candidates (org_id, referred_by_id);
create index candidates_by_employee on candidates (org_id, employee_id);
select manage_resource('candidates', secret => '{given_name,family_name,email,phone,location,profile_url,notes}');
create index candidates_by_created_at on candidates (org_id, created_at, id);
create function refuse_anonymized() returns trigger language plpgsql as $$
begin
    raise exception 'anonymized' using errcode = 'restrict_violation', table = 'candidates', constraint = 'who_was_anonymized_stays_so';
end $$;
create trigger keep_anonymized before update on candidates for each row when (old.status = 'anonymized') execute function refuse_anonymized();

create table applications (
    org_id           uuid not null,
    id               uuid not null,
    candidate_id     uuid not null,
    job_opening_id   uuid not null,
    stage_id         uuid not null,
    applied_on       date not null,
    -- When it came to its stage.
    stage_since_at   timestamptz not null default now(),
    cover_letter     text constraint applications_cover_letter_length check (length(cover_letter) between 1 and 10000),
    end_reason       text constraint applications_end_reason_length check (length(end_reason) between 1 and 500),
    ended_on         date,
    status           text not null default 'active' constraint applications_status_check check (status in ('active', 'rejected', 'withdrawn', 'hired')),
    primary key (org_id, id),
    constraint applications_job_opening_id_key unique (org_id, candidate_id, job_opening_id),
    constraint applications_candidate_id_fkey foreign key (org_id, candidate_id) references candidates (org_id, id),
    constraint applications_job_opening_id_fkey foreign key (org_id, job_opening_id) references job_openings (org_id, id),
    constraint applications_stage_id_fkey foreign key (org_id, stage_id) references hiring_stages (org_id, id),
    constraint what_has_ended_has_a_day check ((status = 'active') = (ended_on is null))
);
create index applications_by_opening on applications (org_id, job_opening_id, id);
create index applications_by_stage on applications (org_id, stage_id, id);
create index applications_by_status on applications (org_id, status, id);
create index applications_by_applied_on on applications (org_id, applied_on, id);
select manage_resource('applications', secret => '{cover_letter,end_reason}');
create index applications_by_created_at on applications (org_id, created_at, id);

create function keep_application() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{cover_letter,end_reason,version,updated_at,updated_by}';
    opening text;
    candidate candidates;
    stage text;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        new.applied_on := coalesce(new.applied_on, today_utc());
        select * into candidate from candidates where org_id = new.org_id and id = new.candidate_id for key share;
        select status into opening from job_openings where org_id = new.org_id and id = new.job_opening_id for key share;
        if opening <> 'open' then
            perform tell_fault(409, 'applications', '/job_opening_id', 'not-open', format('takes no applications: it is %s; `open` it, or name another one', opening));
        elsif candidate.status = 'anonymized' or candidate.consent_ends_on < today_utc() then
            perform tell_fault(409, 'applications', '/candidate_id', 'no-consent', 'has not consented to be kept on record any more: ask for consent anew');
        end if;
        if new.stage_id is null then
            select id into new.stage_id from hiring_stages where org_id = new.org_id and status = 'active' order by place, id limit 1;
            if not found then
                perform tell_fault(422, 'applications', '/stage_id', 'required', 'must be given, and there is no stage yet: name the first one with `POST /v1/hiring-stages`');
            end if;
        end if;
    elsif old.status = 'hired' and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'hired' using errcode = 'restrict_violation', table = 'applications', constraint = 'an_application_that_led_to_a_hire_stays_as_it_is';
    end if;
    if tg_op = 'INSERT' or new.stage_id is distinct from old.stage_id then
        select status into stage from hiring_stages where org_id = new.org_id and id = new.stage_id;
        if stage = 'archived' then
            perform tell_fault(409, 'applications', '/stage_id', 'archived', 'is archived: restore it, or name another one');
        end if;
        new.stage_since_at := now();
    end if;
    new.ended_on := case when new.status = 'active' then null else coalesce(new.ended_on, today_utc()) end;
    return new;
end $$;
create trigger keep_application before insert or update on applications for each row execute function keep_application();

create table interviews (
    org_id              uuid        not null,
    id                  uuid        not null,
    application_id      uuid        not null,
    title               text        not null constraint interviews_title_length check (length(title) between 1 and 200),
    kind                text        not null constraint interviews_kind_check check (kind in ('phone', 'video', 'on_site')),
    starts_at           timestamptz not null,
    ends_at             timestamptz not null,
    place               text        constraint interviews_place_length check (length(place) between 1 and 300),
    link                text        constraint interviews_link_format check (link ~ '^https://' and length(link) between 10 and 500),
    -- The employees who ask.
    panel               uuid[]      not null constraint interviews_panel_length check (cardinality(panel) between 1 and 20),
    -- How often it was moved, as calendars count (RFC 5545 §3.8.7.4).
    sequence            integer     not null default 0,
    cancellation_reason text        constraint interviews_cancellation_reason_length check (length(cancellation_reason) between 1 and 500),
    status              text        not null default 'planned' constraint interviews_status_check check (status in ('planned', 'held', 'cancelled')),
    primary key (org_id, id),
    constraint interviews_application_id_fkey foreign key (org_id, application_id) references applications (org_id, id),
    constraint an_interview_ends_after_it_starts check (ends_at > starts_at and ends_at <= starts_at + interval '1 day'),
    constraint who_cancels_an_interview_says_why check ((status = 'cancelled') = (cancellation_reason is not null))
);
create index interviews_by_application on interviews (org_id, application_id, id);
create index interviews_by_start on interviews (org_id, starts_at, id);
create index interviews_by_status on interviews (org_id, status, id);
select manage_resource('interviews', secret => '{cancellation_reason}');
create index interviews_by_created_at on interviews (org_id, created_at, id);

-- Who sits in which interview, and when: nobody in two at once. Kept by a trigger alone.
create table interview_panel (
    org_id       uuid        not null,
    interview_id uuid        not null,
    employee_id  uuid        not null,
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    -- A cancelled interview books nobody.
    is_booked    boolean     not null,
    primary key (org_id, interview_id, employee_id),
    constraint interview_panel_interview_id_fkey foreign key (org_id, interview_id) references interviews (org_id, id) on delete cascade,
    constraint interview_panel_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint an_interviewer_is_in_one_interview_at_a_time exclude using gist
        (org_id with =, employee_id with =, tstzrange(starts_at, ends_at) with &&) where (is_booked)
);
create index interview_panel_by_employee on interview_panel (org_id, employee_id);
insert into managed_tables (name, kind) values ('interview_panel', 'derived');
select separate_organizations('interview_panel');
grant select on interview_panel to backoffice_service;

create function keep_interview_panel() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    faults jsonb;
begin
    if tg_op = 'UPDATE' and (new.panel, new.starts_at, new.ends_at, new.status) is not distinct from (old.panel, old.starts_at, old.ends_at, old.status) then
        return null;
    end if;
    if tg_op = 'INSERT' or new.panel <> old.panel then
        select jsonb_agg(jsonb_build_object('pointer', '/panel/' || p.place - 1, 'code', p.code, 'detail', p.rule) order by p.place) into faults from (
            select asked.place, case when e.id is null then 'unknown-reference' when e.status = 'terminated' then 'left' else 'repeated' end as code,
                case when e.id is null then 'there is no such row in this organization' when e.status = 'terminated' then 'does not work here any more'
                    else 'is on the panel already' end as rule
            from unnest(new.panel) with ordinality asked (id, place)
            left join employees e on e.org_id = new.org_id and e.id = asked.id
            where e.id is null or e.status = 'terminated'
                or exists (select from unnest(new.panel) with ordinality o (id, place) where o.id = asked.id and o.place < asked.place)) p;
        if faults is not null then
            raise exception 'panel' using errcode = 'check_violation', table = 'interviews', constraint = 'interviews_panel_check', detail = jsonb_build_object('errors', faults);
        end if;
        select jsonb_agg(jsonb_build_object('pointer', '/panel', 'code', 'has-filed', 'detail', format('must keep %s, who has filed a scorecard of it', s.interviewer_id))) into faults
            from scorecards s where s.org_id = new.org_id and s.interview_id = new.id and s.interviewer_id <> all (new.panel);
        if faults is not null then
            raise exception 'panel' using errcode = 'unique_violation', table = 'interviews', constraint = 'interviews_panel_filed', detail = jsonb_build_object('errors', faults);
        end if;
    end if;
    begin
        delete from interview_panel where org_id = new.org_id and interview_id = new.id;
        insert into interview_panel (org_id, interview_id, employee_id, starts_at, ends_at, is_booked)
            select new.org_id, new.id, member, new.starts_at, new.ends_at, new.status <> 'cancelled' from unnest(new.panel) member order by member;
    exception when exclusion_violation then
        select jsonb_agg(jsonb_build_object('pointer', '/panel/' || asked.place - 1, 'code', 'booked', 'detail',
                format('is in another interview from %s to %s: choose another time, or somebody else', to_char(p.starts_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"'),
                    to_char(p.ends_at at time zone 'utc', 'HH24:MI"Z"'))) order by asked.place, p.starts_at) into faults
            from unnest(new.panel) with ordinality asked (id, place)
            join interview_panel p on p.org_id = new.org_id and p.employee_id = asked.id and p.interview_id <> new.id and p.is_booked
                and p.starts_at < new.ends_at and p.ends_at > new.starts_at;
        raise exception 'booked' using errcode = 'unique_violation', table = 'interviews', constraint = 'an_interviewer_is_in_one_interview_at_a_time',
            detail = jsonb_build_object('errors', coalesce(faults, '[{"pointer": "/panel", "code": "booked", "detail": "has somebody who is in another interview then: choose another time"}]'));
    end;
    return null;
end $$;
create trigger keep_panel after insert or update on interviews for each row execute function keep_interview_panel();

create function keep_interview() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{cancellation_reason,version,updated_at,updated_by}';
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        if exists (select from applications where org_id = new.org_id and id = new.application_id and status <> 'active') then
            perform tell_fault(409, 'interviews', '/application_id', 'ended', 'has ended: `reconsider` it first, or name another one');
        end if;
    elsif old.status <> 'planned' and to_jsonb(new) - free <> to_jsonb(old) - free then
        raise exception 'over' using errcode = 'restrict_violation', table = 'interviews', constraint = 'an_interview_that_is_over_or_cancelled_stays_as_it_was';
    elsif (new.starts_at, new.ends_at, new.place, new.link, new.panel, new.status, new.title)
            is distinct from (old.starts_at, old.ends_at, old.place, old.link, old.panel, old.status, old.title) then
        new.sequence := old.sequence + 1;
    end if;
    return new;
end $$;
create trigger keep_interview before insert or update on interviews for each row execute function keep_interview();

create table scorecards (
    org_id         uuid  not null,
    id             uuid  not null,
    interview_id   uuid  not null,
    -- The interview's, so that who may read it is looked up once.
    application_id uuid  not null,
    interviewer_id uuid  not null,
    -- In no event, whoever reads those; and so null in the past.
    recommendation text  constraint scorecards_recommendation_check check (recommendation is not null and recommendation in ('strong_no', 'no', 'yes', 'strong_yes')),
    ratings        jsonb constraint scorecards_ratings_length check (ratings is not null and jsonb_typeof(ratings) = 'array' and jsonb_array_length(ratings) <= 30),
    strengths      text  constraint scorecards_strengths_length check (length(strengths) between 1 and 5000),
    concerns       text  constraint scorecards_concerns_length check (length(concerns) between 1 and 5000),
    primary key (org_id, id),
    constraint scorecards_interview_id_key unique (org_id, interview_id, interviewer_id),
    constraint scorecards_interview_id_fkey foreign key (org_id, interview_id) references interviews (org_id, id),
    constraint scorecards_application_id_fkey foreign key (org_id, application_id) references applications (org_id, id),
    constraint scorecards_interviewer_id_fkey foreign key (org_id, interviewer_id) references employees (org_id, id)
);
create index scorecards_by_application on scorecards (org_id, application_id, id);
create index scorecards_by_interviewer on scorecards (org_id, interviewer_id, id);
select manage_resource('scorecards', person => 'interviewer_id', secret => '{recommendation,ratings,strengths,concerns}');
create index scorecards_by_created_at on scorecards (org_id, created_at, id);

-- Filed once, by whoever sat there, and never changed: what the candidate asks to be forgotten aside.
create function keep_scorecard() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{strengths,concerns,version,updated_at,updated_by}';
    interview interviews;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'INSERT' then
        select * into interview from interviews where org_id = new.org_id and id = new.interview_id for key share;
        new.application_id := interview.application_id;
        new.interviewer_id := current_person();
        new.ratings := coalesce(new.ratings, '[]');
        if interview.id is null then
            perform tell_fault(422, 'scorecards', '/interview_id', 'unknown-reference', 'there is no such row in this organization');
        elsif new.interviewer_id is null or new.interviewer_id <> all (interview.panel) then
            raise exception 'forbidden: Only who sits on the panel of an interview files a scorecard of it, and only their own.' using errcode = 'insufficient_privilege';
        elsif interview.status = 'cancelled' then
            perform tell_fault(409, 'scorecards', '/interview_id', 'cancelled', 'was cancelled: there is nothing to score');
        end if;
        return new;
    elsif tg_op = 'UPDATE' and to_jsonb(new) - free = to_jsonb(old) - free and coalesce(new.strengths, new.concerns) is null and exists (
        select from applications a join candidates c on c.org_id = a.org_id and c.id = a.candidate_id and c.status = 'anonymized'
        where a.org_id = old.org_id and a.id = old.application_id) then
        return new;
    end if;
    raise exception 'filed' using errcode = 'restrict_violation', table = 'scorecards', constraint = 'a_scorecard_that_is_filed_stays_as_it_is';
end $$;
create trigger keep_scorecard before insert or update or delete on scorecards for each row execute function keep_scorecard();

-- Whether the caller sits on a panel of this application, and still owes a scorecard of it: until then the others' are kept from them,
-- whatever their permission, so that everybody judges for themselves.
create function sits_for(in_application uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from interviews i join interview_panel p on p.org_id = i.org_id and p.interview_id = i.id and p.employee_id = current_person()
        where i.org_id = current_org() and i.application_id = in_application and i.status <> 'cancelled')
$$;
create function owes_scorecard(in_application uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from interviews i join interview_panel p on p.org_id = i.org_id and p.interview_id = i.id and p.employee_id = current_person()
        where i.org_id = current_org() and i.application_id = in_application and i.status <> 'cancelled'
            and not exists (select from scorecards s where s.org_id = i.org_id and s.interview_id = i.id and s.interviewer_id = p.employee_id))
$$;
-- Whether an application is the caller's concern: they interview the candidate, or the opening is theirs.
create function concerns_caller(in_application uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select sits_for(in_application) or exists (
        select from applications a join job_openings o on o.org_id = a.org_id and o.id = a.job_opening_id
        where a.org_id = current_org() and a.id = in_application and o.hiring_manager_id = current_person())
$$;
create function candidate_concerns_caller(in_candidate uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from applications a where a.org_id = current_org() and a.candidate_id = in_candidate and concerns_caller(a.id))
$$;
create policy reach on candidates as restrictive to backoffice_service using ((select current_reach()) = 'org' or candidate_concerns_caller(id));
create policy reach on applications as restrictive to backoffice_service using ((select current_reach()) = 'org' or concerns_caller(id));
create policy reach on interviews as restrictive to backoffice_service using ((select current_reach()) = 'org'
    or (select current_person()) = any (panel) or concerns_caller(application_id));
create policy reach on scorecards as restrictive to backoffice_service using (
    (select current_caller()) is null or interviewer_id = (select current_person())
    or ((select current_reach()) = 'org' or concerns_caller(application_id)) and not owes_scorecard(application_id));
-- Their events tell that somebody filed one, and no more than they do.
create policy reach_of_scorecards on events as restrictive for select to backoffice_service using (
    resource <> 'scorecards' or (select current_caller()) is null
    or exists (select from scorecards s where s.org_id = events.org_id and s.id = events.resource_id));

-- What hangs on a candidate tells who they are: its name and its text are in no event either.
create function keep_candidate_out_of_events() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    hangs_on text := coalesce(new.changes #>> '{resource,after}', new.changes #>> '{resource,before}');
begin
    if hangs_on is null and new.resource = 'files' then
        select resource into hangs_on from files where org_id = new.org_id and id = new.resource_id;
    elsif hangs_on is null then
        select resource into hangs_on from comments where org_id = new.org_id and id = new.resource_id;
    end if;
    if hangs_on in ('candidates', 'applications', 'interviews', 'scorecards', 'offers') then
        new.changes := new.changes - '{name,body}'::text[];
    end if;
    return new;
end $$;
create trigger keep_candidate_out before insert on events for each row when (new.resource in ('files', 'comments')) execute function keep_candidate_out_of_events();

create table offers (
    org_id               uuid          not null,
    id                   uuid          not null,
    application_id       uuid          not null,
    starts_on            date          not null,
    contract_type        text          not null default 'permanent' constraint offers_contract_type_check
        check (contract_type in ('permanent', 'fixed_term', 'apprentice', 'intern', 'contractor')),
    contract_ends_on     date,
    full_time_equivalent numeric(5,4)  not null default 1 constraint offers_full_time_equivalent_range check (full_time_equivalent > 0 and full_time_equivalent <= 1),
    workplace            text          not null default 'office' constraint offers_workplace_check check (workplace in ('office', 'remote', 'abroad')),
    location             text          constraint offers_location_length check (length(location) between 1 and 100),
    country              text          constraint offers_country_format check (country ~ '^[A-Z]{2}$'),
    grade                text          constraint offers_grade_length check (length(grade) between 1 and 20),
    manager_id           uuid,
    pay_basis            text          not null constraint offers_pay_basis_check check (pay_basis in ('monthly', 'yearly', 'hourly')),
    pay_amount           numeric(20,4) not null constraint offers_pay_amount_range check (pay_amount > 0),
    pay_currency         text          not null constraint offers_pay_currency_format check (pay_currency ~ '^[A-Z]{3}$'),
    pay_group_id         uuid          not null,
    expires_on           date          not null,
    message              text          constraint offers_message_length check (length(message) between 1 and 5000),
    answer_reason        text          constraint offers_answer_reason_length check (length(answer_reason) between 1 and 500),
    sent_at              timestamptz,
    answered_at          timestamptz,
    employee_id          uuid,
    status               text          not null default 'draft'
        constraint offers_status_check check (status in ('draft', 'approved', 'sent', 'accepted', 'declined', 'expired', 'withdrawn')),
    primary key (org_id, id),
    constraint offers_application_id_fkey foreign key (org_id, application_id) references applications (org_id, id),
    constraint offers_manager_id_fkey foreign key (org_id, manager_id) references employees (org_id, id),
    constraint offers_pay_group_id_fkey foreign key (org_id, pay_group_id) references pay_groups (org_id, id),
    constraint offers_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id),
    constraint a_contract_ends_after_it_starts check (contract_ends_on >= starts_on),
    constraint a_fixed_term_has_an_end check (contract_type <> 'fixed_term' or contract_ends_on is not null),
    constraint who_accepted_is_an_employee check ((status = 'accepted') = (employee_id is not null))
);
create unique index an_application_has_one_offer_at_a_time on offers (org_id, application_id) where status in ('draft', 'approved', 'sent', 'accepted');
create index offers_by_application on offers (org_id, application_id, id);
create index offers_by_status on offers (org_id, status, id);
create index offers_by_expiry on offers (org_id, expires_on, id);
create index offers_by_manager on offers (org_id, manager_id);
create index offers_by_pay_group on offers (org_id, pay_group_id);
create index offers_by_employee on offers (org_id, employee_id);
select manage_resource('offers', secret => '{message,answer_reason}', personal => '{pay_basis,pay_amount,pay_currency}');
create index offers_by_created_at on offers (org_id, created_at, id);
select approvable('offers', '{approve}');

create table checklist_templates (
    org_id      uuid  not null,
    id          uuid  not null,
    name        text  not null constraint checklist_templates_name_length check (length(name) between 1 and 100),
    kind        text  not null constraint checklist_templates_kind_check check (kind in ('onboarding', 'offboarding')),
    -- For whom: null is everybody. The closest fits: position and country, position, country, everybody.
    position_id uuid,
    country     text  constraint checklist_templates_country_format check (country ~ '^[A-Z]{2}$'),
    items       jsonb not null constraint checklist_templates_items_length check (jsonb_typeof(items) = 'array' and jsonb_array_length(items) between 1 and 100),
    status      text  not null default 'active' constraint checklist_templates_status_check check (status in ('active', 'archived')),
    primary key (org_id, id),
    constraint checklist_templates_name_key unique (org_id, name),
    constraint checklist_templates_position_id_fkey foreign key (org_id, position_id) references positions (org_id, id)
);
create index checklist_templates_by_position on checklist_templates (org_id, position_id);
create index checklist_templates_by_name on checklist_templates (org_id, name, id);
create index checklist_templates_by_kind on checklist_templates (org_id, kind, id);
select manage_resource('checklist_templates');
create index checklist_templates_by_created_at on checklist_templates (org_id, created_at, id);

create table checklists (
    org_id              uuid not null,
    id                  uuid not null,
    employee_id         uuid not null,
    template_id         uuid not null,
    kind                text not null constraint checklists_kind_check check (kind in ('onboarding', 'offboarding')),
    -- The first or the last day, by which the days of its tasks go.
    day_on              date not null,
    cancellation_reason text constraint checklists_cancellation_reason_length check (length(cancellation_reason) between 1 and 500),
    done_at             timestamptz,
    status              text not null default 'open' constraint checklists_status_check check (status in ('open', 'done', 'cancelled')),
    primary key (org_id, id),
    constraint checklists_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade,
    constraint checklists_template_id_fkey foreign key (org_id, template_id) references checklist_templates (org_id, id),
    constraint what_is_done_has_a_moment check ((status = 'done') = (done_at is not null))
);
create unique index somebody_has_one_checklist_of_a_kind_for_a_day on checklists (org_id, employee_id, kind, day_on) where status <> 'cancelled';
create index checklists_by_employee on checklists (org_id, employee_id, id);
create index checklists_by_template on checklists (org_id, template_id, id);
create index checklists_by_day on checklists (org_id, day_on, id);
create index checklists_by_status on checklists (org_id, status, id);
select manage_resource('checklists', person => 'employee_id');
create index checklists_by_created_at on checklists (org_id, created_at, id);
select limit_reach('checklists');

create table checklist_tasks (
    org_id         uuid    not null,
    id             uuid    not null,
    checklist_id   uuid    not null,
    -- Whom it is about.
    employee_id    uuid    not null,
    place          integer not null,
    title          text    not null constraint checklist_tasks_title_length check (length(title) between 1 and 200),
    description    text    constraint checklist_tasks_description_length check (length(description) between 1 and 2000),
    role           text    not null constraint checklist_tasks_role_check check (role in ('hr', 'it', 'manager', 'employee')),
    -- Who does it, where that is one person.
    responsible_id uuid,
    due_on         date    not null,
    -- What is asked for, where it is: IT's part of the system hears of it by the event of the task.
    request_kind   text    constraint checklist_tasks_request_kind_check check (request_kind in ('asset', 'access')),
    request_item   text    constraint checklist_tasks_request_item_length check (length(request_item) between 1 and 200),
    done_at        timestamptz,
    done_by        uuid,
    skip_reason    text    constraint checklist_tasks_skip_reason_length check (length(skip_reason) between 1 and 500),
    status         text    not null default 'open' constraint checklist_tasks_status_check check (status in ('open', 'done', 'skipped')),
    primary key (org_id, id),
    constraint checklist_tasks_place_key unique (org_id, checklist_id, place),
    constraint checklist_tasks_checklist_id_fkey foreign key (org_id, checklist_id) references checklists (org_id, id) on delete cascade,
    constraint checklist_tasks_employee_id_fkey foreign key (org_id, employee_id) references employees (org_id, id) on delete cascade,
    constraint checklist_tasks_responsible_id_fkey foreign key (org_id, responsible_id) references employees (org_id, id),
    constraint a_request_says_what_is_asked_for check ((request_kind is null) = (request_item is null)),
    constraint what_is_done_was_done_by_somebody check ((status = 'done') = (done_at is not null))
);
create index checklist_tasks_by_employee on checklist_tasks (org_id, employee_id, id);
create index checklist_tasks_by_responsible on checklist_tasks (org_id, responsible_id, id);
create index checklist_tasks_by_due_on on checklist_tasks (org_id, due_on, id);
create index checklist_tasks_by_status on checklist_tasks (org_id, status, due_on, id);
select manage_resource('checklist_tasks', person => 'responsible_id');
create index checklist_tasks_by_created_at on checklist_tasks (org_id, created_at, id);
select limit_reach('checklist_tasks');

-- The template that fits somebody closest.
create function fitting_template(in_kind text, in_position uuid, in_country text) returns uuid language sql stable as $$
    select id from checklist_templates t
    where t.org_id = current_org() and t.kind = in_kind and t.status = 'active'
        and (t.position_id is null or t.position_id = in_position) and (t.country is null or t.country = in_country)
    order by t.position_id is null, t.country is null, t.created_at, t.id limit 1
$$;

-- Starts checklists: [{id, employee_id, kind, day_on, template_id}]. Without a template the one that fits, or nothing where none does; where there is
-- one of the kind for the day already, nothing either. Answers the ids of those that were started.
create function start_checklists(in_lists jsonb) returns uuid[] language plpgsql security definer set search_path = public, pg_temp as $$
declare
    started uuid[];
begin
    with asked as (
        select coalesce(l.id, ordered_uuid(now(), given.ordinality)) as id, l.employee_id, l.kind, l.day_on,
            coalesce(l.template_id, fitting_template(l.kind, e.position_id, employee_country(e.id))) as template_id
        from jsonb_array_elements(in_lists) with ordinality given, jsonb_to_record(given.value) l (id uuid, employee_id uuid, kind text, day_on date, template_id uuid)
        join employees e on e.org_id = current_org() and e.id = l.employee_id
    ), made as (
        insert into checklists (org_id, id, employee_id, template_id, kind, day_on)
            select current_org(), a.id, a.employee_id, a.template_id, a.kind, a.day_on from asked a where a.template_id is not null
            on conflict do nothing returning *
    ), tasks as (
        insert into checklist_tasks (org_id, id, checklist_id, employee_id, place, title, description, role, responsible_id, due_on, request_kind, request_item)
            select m.org_id, ordered_uuid(now(), row_number() over (order by m.id, item.ordinality)), m.id, m.employee_id, item.ordinality::int, i.title, i.description, i.role,
                case i.role when 'manager' then e.manager_id when 'employee' then e.id end, m.day_on + i.due_days, i.request ->> 'kind', i.request ->> 'item'
            from made m
            join employees e on e.org_id = m.org_id and e.id = m.employee_id
            join checklist_templates t on t.org_id = m.org_id and t.id = m.template_id
            cross join lateral jsonb_array_elements(t.items) with ordinality item
            cross join lateral jsonb_to_record(item.value) i (title text, description text, role text, due_days int, request jsonb)
    )
    select coalesce(array_agg(id), '{}') into started from made;
    return started;
end $$;

-- Refuses a checklist that can not be started by hand.
create function check_checklist(in_list jsonb) returns jsonb language plpgsql stable as $$
declare
    org constant uuid := current_org();
    asked record;
    employee employees;
    template checklist_templates;
begin
    select * into asked from jsonb_to_record(in_list) l (employee_id uuid, kind text, day_on date, template_id uuid);
    select * into employee from employees where org_id = org and id = asked.employee_id;
    select * into template from checklist_templates where org_id = org
        and id = coalesce(asked.template_id, fitting_template(asked.kind, employee.position_id, employee_country(employee.id)));
    if employee.id is null then
        perform tell_fault(422, 'checklists', '/employee_id', 'unknown-reference', 'there is no such row in this organization');
    elsif template.id is null and asked.template_id is not null then
        perform tell_fault(422, 'checklists', '/template_id', 'unknown-reference', 'there is no such row in this organization');
    elsif template.id is null then
        perform tell_fault(409, 'checklists', '/template_id', 'none-fits', 'must be named: no active template of this kind fits the position and the country of the employee');
    elsif template.kind <> asked.kind then
        perform tell_fault(422, 'checklists', '/template_id', 'other-kind', format('must be a template of the kind %s, and `%s` is not', asked.kind, template.name));
    elsif template.status <> 'active' then
        perform tell_fault(409, 'checklists', '/template_id', 'archived', 'is archived: restore it, or name another one');
    elsif exists (select from checklists c where c.org_id = org and c.employee_id = employee.id and c.kind = asked.kind and c.day_on = asked.day_on and c.status <> 'cancelled') then
        perform tell_fault(409, 'checklists', '/day_on', 'already-taken', 'has a checklist of this kind already: cancel that one first');
    end if;
    return null;
end $$;

-- Where somebody works on a day, or first will.
create function employee_country(in_employee uuid) returns text language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return (select country from assignments where org_id = current_org() and employee_id = in_employee
        order by daterange(starts_on, ends_on, '[]') @> today_utc() desc, starts_on desc limit 1);
end $$;

-- Who comes is brought in, by whatever path they were hired; at the end of the transaction, when all is known of them. Whoever was here before is
-- entered without that.
create function start_onboarding() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.hired_on >= today_utc() then
        perform start_checklists(jsonb_build_array(jsonb_build_object('employee_id', new.id, 'kind', 'onboarding', 'day_on', new.hired_on)));
    end if;
    return null;
end $$;
create constraint trigger start_onboarding after insert on employees deferrable initially deferred for each row execute function start_onboarding();

-- Who goes is let go in order; another last day moves what is under way. Who comes again is brought in again.
create function start_offboarding() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    lists jsonb;
begin
    select jsonb_agg(jsonb_build_object('employee_id', n.id, 'kind', f.kind, 'day_on', f.day) order by n.id) into lists
        from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id
        cross join lateral (values ('offboarding', n.terminated_on, n.terminated_on is not null and o.terminated_on is distinct from n.terminated_on),
            ('onboarding', n.hired_on, n.hired_on > o.hired_on and n.hired_on >= today_utc() and o.terminated_on is not null and n.terminated_on is null)) f (kind, day, is_due)
        where f.is_due;
    if lists is null then return null; end if;
    update checklists c set day_on = n.terminated_on from new_rows n
        where c.org_id = n.org_id and c.employee_id = n.id and c.kind = 'offboarding' and c.status = 'open' and n.terminated_on is not null and c.day_on <> n.terminated_on;
    perform start_checklists(lists);
    return null;
end $$;
create trigger start_offboarding after update on employees referencing old table as old_rows new table as new_rows
    for each statement execute function start_offboarding();

-- A checklist is done when all of its tasks are; one that is cancelled leaves nothing to be done; another day moves what is open.
create function keep_checklist() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if old.status <> 'open' and new.day_on <> old.day_on or old.status = 'cancelled' then
        raise exception 'over' using errcode = 'restrict_violation', table = 'checklists', constraint = 'a_checklist_that_is_done_or_cancelled_stays_as_it_is';
    end if;
    return new;
end $$;
create trigger keep_checklist before update on checklists for each row execute function keep_checklist();
create function follow_checklist() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.status = 'cancelled' then
        update checklist_tasks set status = 'skipped', skip_reason = 'The checklist was cancelled'
            where org_id = new.org_id and checklist_id = new.id and status = 'open';
    elsif new.day_on <> old.day_on then
        update checklist_tasks set due_on = due_on + (new.day_on - old.day_on) where org_id = new.org_id and checklist_id = new.id and status = 'open';
    end if;
    return null;
end $$;
create trigger follow_checklist after update on checklists for each row execute function follow_checklist();

-- Whose task it is does it: HR, who keep the checklist, do theirs and, in somebody's stead, everybody's; IT do IT's; a manager and an
-- employee their own.
create function keep_checklist_task() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    may boolean;
begin
    if new.status <> old.status and current_caller() is not null and exists (select from checklists where org_id = new.org_id and id = new.checklist_id and status <> 'cancelled') then
        may := old.responsible_id = current_person() or may_reach(current_session(), 'write', 'checklists', old.checklist_id)
            or old.role = 'it' and may_reach(current_session(), 'run', 'checklist-tasks', old.id);
        if may is not true then
            raise exception 'forbidden: %', case old.role
                when 'it' then 'This is IT''s to do: it needs the permission `checklist-tasks:run`.'
                when 'hr' then 'This is HR''s to do: it needs the permission `checklists:write`.'
                else 'This is for whoever it names, or for HR, who have the permission `checklists:write`.' end using errcode = 'insufficient_privilege';
        end if;
    end if;
    if new.status = 'open' and old.status <> 'open' and exists (select from checklists where org_id = new.org_id and id = new.checklist_id and status = 'cancelled') then
        raise exception 'cancelled' using errcode = 'restrict_violation', table = 'checklist_tasks', constraint = 'a_task_of_a_checklist_that_was_cancelled_stays_skipped';
    end if;
    new.done_at := case when new.status = 'done' then coalesce(new.done_at, now()) end;
    new.done_by := case when new.status = 'done' then coalesce(new.done_by, current_actor_id()) end;
    if new.status <> 'skipped' then new.skip_reason := null; end if;
    return new;
end $$;
create trigger keep_task before update on checklist_tasks for each row execute function keep_checklist_task();
create function end_checklists() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    touched uuid[];
begin
    select array_agg(distinct n.checklist_id) into touched from new_rows n join old_rows o on o.org_id = n.org_id and o.id = n.id and o.status <> n.status;
    if touched is null then return null; end if;
    -- Of two last tasks that are done at once the second waits here, and then finds the first.
    perform from checklists where org_id = current_org() and id = any(touched) order by id for update;
    update checklists c set status = now_is.status, done_at = case now_is.status when 'done' then now() end
        from (select l.id, case when exists (select from checklist_tasks t where t.org_id = l.org_id and t.checklist_id = l.id and t.status = 'open') then 'open' else 'done' end as status
            from checklists l where l.org_id = current_org() and l.id = any(touched) and l.status <> 'cancelled') now_is
        where c.org_id = current_org() and c.id = now_is.id and c.status <> now_is.status;
    return null;
end $$;
create trigger end_checklists after update on checklist_tasks referencing old table as old_rows new table as new_rows
    for each statement execute function end_checklists();

-- Only a draft of an offer is written in; who wrote it does not approve it. Accepting it takes a seat of the opening, under its lock.
create function keep_offer() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    free constant text[] := '{status,message,answer_reason,sent_at,answered_at,employee_id,version,updated_at,updated_by}';
    application applications;
    opening job_openings;
    paid_in text;
begin
    if tg_op <> 'DELETE' and is_service() and new.org_id is distinct from current_org() then return new; end if; -- which the wall refuses
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'approved' using errcode = 'restrict_violation', table = 'offers', constraint = 'only_a_draft_of_an_offer_is_deleted_so_withdraw_it_instead';
        end if;
        return old;
    end if;
    if tg_op = 'UPDATE' then
        if old.status <> 'draft' and to_jsonb(new) - free <> to_jsonb(old) - free then
            raise exception 'approved' using errcode = 'restrict_violation', table = 'offers', constraint = 'what_was_approved_of_an_offer_stays_so_revise_it_first';
        elsif old.status in ('accepted', 'declined', 'expired', 'withdrawn') and new.status <> old.status then
            raise exception 'answered' using errcode = 'restrict_violation', table = 'offers', constraint = 'an_offer_that_is_answered_stays_as_it_is';
        elsif old.status = 'draft' and new.status = 'approved' and current_actor_id() in (old.created_by, old.updated_by) then
            raise exception 'forbidden: Nobody approves an offer that they wrote: ask somebody else to.' using errcode = 'insufficient_privilege';
        end if;
        if new.status = 'sent' and old.status <> 'sent' then new.sent_at := now(); end if;
        if new.status in ('accepted', 'declined') and old.status = 'sent' then new.answered_at := now(); end if;
    end if;
    if tg_op = 'INSERT' or new.pay_group_id <> old.pay_group_id then
        select currency into paid_in from pay_groups where org_id = new.org_id and id = new.pay_group_id;
        new.pay_currency := coalesce(new.pay_currency, paid_in, books_currency());
        if new.pay_currency <> paid_in then
            perform tell_fault(422, 'offers', '/pay_currency', 'other-currency', format('must be the currency of the pay group, %s', paid_in));
        end if;
    end if;
    if tg_op = 'INSERT' or new.status in ('sent', 'accepted') and new.status <> old.status then
        select * into application from applications where org_id = new.org_id and id = new.application_id;
        if application.id is null then return new; end if;
        select * into opening from job_openings where org_id = new.org_id and id = application.job_opening_id for no key update;
        if application.status <> 'active' then
            perform tell_fault(409, 'offers', '/application_id', 'ended', format('has ended: it is %s', application.status));
        elsif opening.status <> 'open' then
            perform tell_fault(409, 'offers', '/application_id', 'not-open', format('is for an opening that is %s: no seat of it is left to be offered', opening.status));
        elsif new.status in ('sent', 'accepted') and new.expires_on < today_utc() then
            perform tell_fault(409, 'offers', '/expires_on', 'expired', format('was %s: write a new offer', new.expires_on));
        end if;
        if new.status = 'accepted' then
            update applications set status = 'hired', ended_on = today_utc() where org_id = new.org_id and id = application.id;
            update job_openings set filled_seats = filled_seats + 1 where org_id = new.org_id and id = opening.id;
            update candidates set employee_id = new.employee_id where org_id = new.org_id and id = application.candidate_id;
            perform start_checklists(jsonb_build_array(jsonb_build_object('employee_id', new.employee_id, 'kind', 'onboarding', 'day_on', new.starts_on)));
        end if;
    end if;
    return new;
end $$;
create trigger keep_offer before insert or update or delete on offers for each row execute function keep_offer();

-- Hires whom an offer is for, as the employee with this id and as staff hires everybody: what they do from their first day on is what was offered. The opening is locked first, so that
-- two take turns at the last seat.
create function hire_for_offer(in_offer uuid, in_employee uuid, in_number text, in_email text) returns uuid language plpgsql volatile as $$
declare
    org constant uuid := current_org();
    offer offers;
    application applications;
    opening job_openings;
    candidate candidates;
begin
    select * into offer from offers where org_id = org and id = in_offer;
    select * into application from applications where org_id = org and id = offer.application_id;
    select * into opening from job_openings where org_id = org and id = application.job_opening_id for no key update;
    select * into candidate from candidates where org_id = org and id = application.candidate_id for no key update;
    if opening.status <> 'open' then
        perform tell_fault(409, 'offers', '', 'not-open', format('is for an opening that is %s: no seat of it is left', opening.status));
    elsif offer.expires_on < today_utc() then
        perform tell_fault(409, 'offers', '', 'expired', format('could be accepted until %s: write a new one', offer.expires_on));
    elsif candidate.employee_id is not null then
        perform tell_fault(409, 'offers', '', 'employee-already', 'is for somebody who is an employee already: transfer or rehire them instead');
    end if;
    perform hire_all(jsonb_build_array(jsonb_build_object('id', in_employee, 'employee_number', in_number, 'given_name', candidate.given_name,
        'family_name', candidate.family_name, 'work_email', in_email, 'phone', candidate.phone, 'position_id', opening.position_id,
        'department_id', (select department_id from positions where org_id = org and id = opening.position_id), 'manager_id', offer.manager_id,
        'hired_on', offer.starts_on, 'workplace', offer.workplace, 'location', offer.location, 'country', offer.country, 'grade', offer.grade,
        'full_time_equivalent', offer.full_time_equivalent, 'contract_type', offer.contract_type, 'contract_ends_on', offer.contract_ends_on)));
    return in_employee;
end $$;

-- What was offered until a day that is over is expired. Answers how many there were.
create function expire_offers() returns int language plpgsql as $$
declare
    expired int;
begin
    update offers set status = 'expired' where org_id = current_org() and status = 'sent' and expires_on < today_utc();
    get diagnostics expired = row_count;
    return expired;
end $$;

-- Forgets who these candidates are: names, contacts, notes, letters, opinions, files, comments. That somebody applied, when, from where and with what
-- outcome stays, for the figures.
create function anonymize_candidates(in_candidates uuid[]) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
    org constant uuid := current_org();
    theirs uuid[];
    mine uuid[];
begin
    select array_agg(id) into mine from (select id from candidates where org_id = org and id = any(in_candidates) and status = 'active' order by id for update) c;
    if mine is null then return 0; end if;
    select mine || array(select id from applications where org_id = org and candidate_id = any(mine))
        || array(select i.id from interviews i join applications a on a.org_id = i.org_id and a.id = i.application_id where a.org_id = org and a.candidate_id = any(mine))
        || array(select s.id from scorecards s join applications a on a.org_id = s.org_id and a.id = s.application_id where a.org_id = org and a.candidate_id = any(mine))
        || array(select f.id from offers f join applications a on a.org_id = f.org_id and a.id = f.application_id where a.org_id = org and a.candidate_id = any(mine))
        into theirs;
    delete from comments where org_id = org and resource_id = any(theirs);
    delete from files where org_id = org and resource_id = any(theirs);
    update offers f set message = null, answer_reason = null, status = case when f.status in ('draft', 'approved', 'sent') then 'withdrawn' else f.status end
        where f.org_id = org and f.id = any(theirs);
    update interviews i set cancellation_reason = case when i.status = 'held' then null else 'The candidate is not on record any more' end,
            status = case i.status when 'planned' then 'cancelled' else i.status end
        where i.org_id = org and i.id = any(theirs);
    update applications a set cover_letter = null, end_reason = null, status = case a.status when 'active' then 'withdrawn' else a.status end
        where a.org_id = org and a.id = any(theirs);
    update candidates set given_name = null, family_name = null, email = null, phone = null, location = null, profile_url = null, notes = null,
            status = 'anonymized', anonymized_at = now()
        where org_id = org and id = any(mine);
    update scorecards s set strengths = null, concerns = null where s.org_id = org and s.id = any(theirs);
    return cardinality(mine);
end $$;

-- Those whose consent has ended, some at a time. Answers how many there were.
create function anonymize_whose_consent_ended(in_most int) returns int language sql volatile as $$
    select anonymize_candidates(array(select id from candidates where org_id = (select current_org()) and status = 'active' and consent_ends_on < today_utc()
        order by consent_ends_on, id limit in_most))
$$;
revoke all on function start_checklists(jsonb), anonymize_candidates(uuid[]) from public;
grant execute on function start_checklists(jsonb), anonymize_candidates(uuid[]) to backoffice_service;

-- Interviews as calendars show them, as far as the caller sees them: one of them, or those of somebody on the panel.
create function interview_calendar(in_interview uuid, in_interviewer uuid) returns jsonb language sql stable as $$
    select jsonb_agg(jsonb_build_object('id', i.id, 'sequence', i.sequence, 'changed_at', i.updated_at, 'starts_at', i.starts_at, 'ends_at', i.ends_at,
            'is_cancelled', i.status = 'cancelled', 'title', i.title, 'place', i.place, 'link', i.link,
            'candidate', (select concat_ws(' ', c.given_name, c.family_name) from applications a join candidates c on c.org_id = a.org_id and c.id = a.candidate_id
                where a.org_id = i.org_id and a.id = i.application_id),
            'panel', (select jsonb_agg(jsonb_build_object('name', e.given_name || ' ' || e.family_name, 'address', e.work_email) order by p.place)
                from unnest(i.panel) with ordinality p (id, place) join employees e on e.org_id = i.org_id and e.id = p.id)) order by i.starts_at, i.id)
    from interviews i
    where i.org_id = (select current_org()) and (i.id = in_interview
        or in_interview is null and i.starts_at > now() - interval '90 days'
            and i.id in (select p.interview_id from interview_panel p where p.org_id = i.org_id and p.employee_id = coalesce(in_interviewer, current_person())))
$$;

-- Reports. Each as one value, of what the caller may see.
create function report_pipeline(in_opening uuid) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('stage_id', s.id, 'name', s.name, 'place', s.place, 'status', s.status, 'active', n.active,
            'rejected', n.rejected, 'withdrawn', n.withdrawn, 'hired', n.hired, 'average_days', n.average_days) order by s.place, s.id), '[]')
    from hiring_stages s
    cross join lateral (select count(*) filter (where a.status = 'active') as active, count(*) filter (where a.status = 'rejected') as rejected,
            count(*) filter (where a.status = 'withdrawn') as withdrawn, count(*) filter (where a.status = 'hired') as hired,
            round((avg(extract(epoch from now() - a.stage_since_at) / 86400) filter (where a.status = 'active'))::numeric, 1)::text as average_days
        from applications a where a.org_id = s.org_id and a.stage_id = s.id and (in_opening is null or a.job_opening_id = in_opening)) n
    where s.org_id = (select current_org()) and (s.status = 'active' or n.active + n.rejected + n.withdrawn + n.hired > 0)
$$;

-- From the day on which somebody applied to the day on which they accepted.
create function report_time_to_hire(in_from date, in_to date) returns jsonb language sql stable as $$
    with hires as (
        select a.job_opening_id, o.title, a.ended_on - a.applied_on as days, a.ended_on - o.opened_on as days_open
        from applications a join job_openings o on o.org_id = a.org_id and o.id = a.job_opening_id
        where a.org_id = (select current_org()) and a.status = 'hired' and a.ended_on between in_from and in_to
    ), figures as (
        select job_opening_id, title, count(*) as hires, round(avg(days), 1)::text as average_days,
            (percentile_cont(0.5) within group (order by days))::numeric(10,1)::text as median_days, round(avg(days_open), 1)::text as average_days_open
        from hires group by grouping sets ((job_opening_id, title), ())
    )
    select jsonb_build_object('hires', coalesce((select hires from figures where job_opening_id is null), 0),
        'average_days', (select average_days from figures where job_opening_id is null), 'median_days', (select median_days from figures where job_opening_id is null),
        'openings', (select coalesce(jsonb_agg(jsonb_build_object('job_opening_id', job_opening_id, 'title', title, 'hires', hires, 'average_days', average_days,
            'median_days', median_days, 'average_days_open', average_days_open) order by title, job_opening_id), '[]') from figures where job_opening_id is not null))
$$;

-- Of those who applied in a time: where they came from, and who of them was hired.
create function report_hire_sources(in_from date, in_to date) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('source', source, 'candidates', candidates, 'applications', applications, 'hires', hires,
            'hired_percent', round(100.0 * hires / applications, 1)::text) order by hires desc, applications desc, source), '[]')
    from (select c.source, count(distinct c.id) as candidates, count(*) as applications, count(*) filter (where a.status = 'hired') as hires
        from applications a join candidates c on c.org_id = a.org_id and c.id = a.candidate_id
        where a.org_id = (select current_org()) and a.applied_on between in_from and in_to group by c.source) s
$$;

create function report_open_checklists(in_kind text) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(l.line order by l.day_on, l.id), '[]') from (
        select c.day_on, c.id, jsonb_build_object('checklist_id', c.id, 'employee_id', c.employee_id, 'employee', e.given_name || ' ' || e.family_name, 'kind', c.kind, 'day_on', c.day_on,
            'tasks', t.tasks, 'open_tasks', t.open_tasks, 'overdue_tasks', t.overdue_tasks, 'next_due_on', t.next_due_on) as line
        from checklists c join employees e on e.org_id = c.org_id and e.id = c.employee_id
        cross join lateral (select count(*) as tasks, count(*) filter (where t.status = 'open') as open_tasks,
                count(*) filter (where t.status = 'open' and t.due_on < today_utc()) as overdue_tasks, min(t.due_on) filter (where t.status = 'open') as next_due_on
            from checklist_tasks t where t.org_id = c.org_id and t.checklist_id = c.id) t
        where c.org_id = (select current_org()) and c.status = 'open' and (in_kind is null or c.kind = in_kind)
        order by c.day_on, c.id limit 1000) l
$$;
