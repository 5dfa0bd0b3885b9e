-- Proof: events are sealed into a Merkle tree per organization (RFC 6962 §2.1), whose roots are signed and chained. Sealing
-- reads the events behind the horizon and writes here; nothing here is in the way of who writes events.

-- Where each sealed event stands in the tree, in the order of the feed, counted from 0.
create table sealed_events (
    org_id     uuid        not null,
    leaf_index bigint      not null constraint sealed_events_leaf_index_range check (leaf_index >= 0),
    event_id   uuid        not null,
    -- With the id the key of the event itself.
    at         timestamptz not null,
    sequence   bigint      not null,
    primary key (org_id, leaf_index),
    constraint sealed_events_event_id_key unique (org_id, event_id)
);
select manage_record('sealed_events');
grant select, insert on sealed_events to backoffice_service;

-- The hashes of all complete subtrees: at level 0 the leaves, at level n the roots over 2^n of them. They never change, so a
-- proof looks up as many as the tree has levels.
create table sealed_nodes (
    org_id uuid     not null,
    level  smallint not null constraint sealed_nodes_level_range check (level between 0 and 62),
    index  bigint   not null constraint sealed_nodes_index_range check (index >= 0),
    hash   bytea    not null constraint sealed_nodes_hash_length check (length(hash) = 32),
    primary key (org_id, level, index)
);
select manage_record('sealed_nodes');
grant select, insert on sealed_nodes to backoffice_service;

-- A signed root. Two that seal at the same time make the same number, and one of them nothing.
create table checkpoints (
    org_id        uuid        not null,
    number        bigint      not null constraint checkpoints_number_range check (number >= 1),
    tree_size     bigint      not null constraint checkpoints_tree_size_range check (tree_size >= 1),
    root          bytea       not null constraint checkpoints_root_length check (length(root) = 32),
    hash          bytea       not null constraint checkpoints_hash_length check (length(hash) = 32),
    previous_hash bytea       constraint checkpoints_previous_hash_length check (length(previous_hash) = 32),
    sealed_at     timestamptz not null default now(),
    -- A JWS (RFC 7515) whose payload says all of the above.
    signature     text        not null constraint checkpoints_signature_length check (length(signature) between 100 and 2000),
    -- Kept with what it signed: keys are retired, checkpoints are not.
    key_id        uuid        not null,
    public_key    bytea       not null constraint checkpoints_public_key_length check (length(public_key) = 65),
    -- The last event sealed; the next seal begins behind it.
    transaction   xid8        not null,
    sequence      bigint      not null,
    primary key (org_id, number),
    constraint checkpoints_tree_size_key unique (org_id, tree_size),
    constraint only_the_first_has_no_previous check ((number = 1) = (previous_hash is null))
);
select manage_record('checkpoints');
grant select, insert on checkpoints to backoffice_service;
