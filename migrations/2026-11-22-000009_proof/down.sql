delete from managed_tables where name in ('checkpoints', 'sealed_nodes', 'sealed_events');
drop table checkpoints;
drop table sealed_nodes;
drop table sealed_events;
