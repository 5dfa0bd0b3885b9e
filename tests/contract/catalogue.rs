//! What the database holds true, read from its catalogue: each table of an organization keeps the same rules.
use crate::support::{Caller, run, service};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::{Client, Statement};

/// Tables with an `org_id`, partitions aside.
pub const TABLES: &str =
    "select c.oid, c.relname::text as name, c.relrowsecurity, c.relforcerowsecurity from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition";

/// The tables that requests write; events are sealed and balances folded meanwhile, by schedules.
pub const WRITTEN: &str = "select name from managed_tables where name not in
    ('checkpoints', 'sealed_events', 'sealed_nodes', 'account_balances', 'balance_deltas') order by 1";

/// What an organization has, asked for before and after each operation: in one statement, which is planned once.
pub struct Contents {
    database: Client,
    statement: Statement,
}

impl Contents {
    pub async fn new() -> Self {
        let digests = format!(
            "select string_agg(format(
                'select %L, count(*), sum(hashtextextended(t.ctid::text || t.xmin::text, 0))::text from %I t where %I = $1', name, name, organization), ' union all ')
            from (select name, 'org_id' as organization from ({WRITTEN}) w union all values ('logins', 'home_organization_id')) t"
        );
        let database = service().database().await;
        // Planned once, and no process is started for it.
        let settings = "set plan_cache_mode = force_generic_plan; set jit = off; set max_parallel_workers_per_gather = 0";
        database.batch_execute(settings).await.unwrap();
        let statement = database.prepare(&found(&digests).await[0]).await.unwrap();
        Self { database, statement }
    }

    /// Everything of the caller's organization, and the logins that are at home in it: for each table the number of rows and a
    /// digest of where they are and who wrote them, which is another after any write, even one that changed nothing.
    pub async fn of(&self, caller: &Caller) -> BTreeMap<String, (i64, Option<String>)> {
        let rows = self.database.query(&self.statement, &[&caller.organization]).await.unwrap();
        rows.into_iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
    }
}

/// The first column of each answer, as text, sorted: what breaks a rule.
pub async fn found(sql: &str) -> Vec<String> {
    let rows = service().database().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[track_caller]
pub fn none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}: {broken:#?}");
}

pub async fn tables() -> Vec<String> {
    let tables = found(&format!("select name from ({TABLES}) t order by 1")).await;
    assert!(tables.len() >= 15 && tables.contains(&"employees".to_owned()), "{tables:?}");
    tables
}

#[test]
fn every_table_of_an_organization_is_kept() {
    run(async {
        tables().await;
        none(
            "row-level security is on and forced",
            found(&format!(
                "select name from ({TABLES}) t where not (relrowsecurity and relforcerowsecurity)"
            ))
            .await,
        );
        none(
            "the policy `organization` shows and takes rows of the transaction's organization alone",
            found(&format!(
                "select name from ({TABLES}) t where not exists (
                    select from pg_policies p where p.schemaname = 'public' and p.tablename = t.name
                        and p.policyname = 'organization' and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL'
                        and p.roles = '{{public}}' and p.qual ~ 'org_id = .*current_org' and p.with_check = p.qual)"
            ))
            .await,
        );
        none(
            "another policy only narrows",
            found("select tablename || '.' || policyname from pg_policies join managed_tables on name = tablename
                where schemaname = 'public' and policyname <> 'organization' and permissive <> 'RESTRICTIVE'")
            .await,
        );
        none(
            "it is listed in managed_tables",
            found(&format!("select name from ({TABLES}) t where not exists (select from managed_tables m where m.name = t.name)")).await,
        );
        none(
            "managed_tables lists nothing else",
            found(&format!("select name from managed_tables m where not exists (select from ({TABLES}) t where m.name = t.name)")).await,
        );
        none(
            "org_id defaults to the transaction's organization and is never null",
            found(&format!(
                "select name from ({TABLES}) t join pg_attribute a on a.attrelid = t.oid and a.attname = 'org_id'
                left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where not a.attnotnull or pg_get_expr(d.adbin, d.adrelid) is distinct from 'current_org()'"
            ))
            .await,
        );
        none(
            "a partition is reached through its table alone",
            found(
                "select c.relname::text from pg_class c where c.relispartition and c.relkind = 'r'
                and has_table_privilege('backoffice_service', c.oid, 'select, insert, update, delete')",
            )
            .await,
        );
    });
}

#[test]
fn every_key_and_index_leads_with_the_organization() {
    run(async {
        let first_column =
            "(select attname from pg_attribute where attrelid = t.oid and attnum = i.indkey[0])";
        none(
            "every index leads with org_id",
            found(&format!(
                "select i.indexrelid::regclass::text from ({TABLES}) t join pg_index i on i.indrelid = t.oid
                where {first_column} is distinct from 'org_id'"
            ))
            .await,
        );
        none(
            "every table has a primary key",
            found(&format!("select name from ({TABLES}) t where not exists (select from pg_index where indrelid = t.oid and indisprimary)")).await,
        );
        none(
            "a foreign key to a table of the organization leads with org_id on both sides",
            found(&format!(
                "select f.conname::text from pg_constraint f join ({TABLES}) t on t.oid = f.conrelid join ({TABLES}) r on r.oid = f.confrelid
                where f.contype = 'f' and f.conparentid = 0
                    and not ((select attname from pg_attribute where attrelid = f.conrelid and attnum = f.conkey[1]) = 'org_id'
                        and (select attname from pg_attribute where attrelid = f.confrelid and attnum = f.confkey[1]) = 'org_id')"
            ))
            .await,
        );
        none(
            "a column named …_id refers to something by a foreign key",
            found(&format!(
                "select t.name || '.' || a.attname from ({TABLES}) t join managed_tables m on m.name = t.name and m.kind = 'resource'
                join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                    and a.atttypid = 'uuid'::regtype and a.attname like '%\\_id' and a.attname <> 'org_id'
                    and a.attname <> 'resource_id' -- of whatever resource its neighbour names
                    and (t.name, a.attname) not in (('sessions', 'user_id'), ('sessions', 'employee_id')) -- copies of the membership's
                    and a.attname <> 'resource_id' -- of any resource: kept by `hang`
                where not exists (select from pg_constraint f where f.contype = 'f' and f.conrelid = t.oid and a.attnum = any(f.conkey))"
            ))
            .await,
        );
        none(
            "a foreign key is served by a whole index",
            found(
                "select f.conrelid::regclass || '.' || f.conname from pg_constraint f
                where f.contype = 'f' and f.conparentid = 0
                    and exists (select from pg_attribute where attrelid = f.confrelid and attname = 'org_id') and not exists (
                    select from pg_index i where i.indrelid = f.conrelid
                        -- Or one without the rows that refer to nothing.
                        and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) in (
                            select format('(%I IS NOT NULL)', attname) from pg_attribute where attrelid = f.conrelid and attnum = any(f.conkey)))
                        and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)",
            )
            .await,
        );
    });
}

#[test]
fn no_index_is_written_for_what_another_one_finds() {
    run(async {
        none(
            "an index that begins another one, of the same rows, is that one",
            found(
                "with i as (select i.*, i.indkey::text || ' ' as columns, coalesce(pg_get_expr(i.indpred, i.indrelid), '') as rows
                    from pg_index i join pg_class t on t.oid = i.indrelid
                    where t.relnamespace = 'public'::regnamespace and not t.relispartition and i.indexprs is null)
                select one.indexrelid::regclass || ' by ' || other.indexrelid::regclass from i one join i other on other.indrelid = one.indrelid
                    and other.indexrelid <> one.indexrelid and starts_with(other.columns, one.columns) and other.rows = one.rows
                    and other.indclass[0] = one.indclass[0]
                    and (other.columns <> one.columns or other.indexrelid < one.indexrelid or other.indisunique)
                where not one.indisunique",
            )
            .await,
        );
    });
}

#[test]
fn a_resource_has_a_version_times_and_triggers() {
    run(async {
        none(
            "a resource has id, version, created_at, updated_at and their makers",
            found(
                "select m.name || '.' || wanted.name from managed_tables m cross join (values ('id', 'uuid'::regtype, true),
                    ('version', 'bigint', true), ('created_at', 'timestamptz', true), ('updated_at', 'timestamptz', true),
                    ('created_by', 'uuid', false), ('updated_by', 'uuid', false)) wanted (name, type, not_null)
                where m.kind = 'resource' and not exists (select from pg_attribute a where a.attrelid = m.name::regclass
                    and a.attname = wanted.name and a.atttypid = wanted.type and a.attnotnull = wanted.not_null)",
            )
            .await,
        );
        none(
            "a resource has the four triggers, switched on",
            found(
                "select m.name || '.' || wanted from managed_tables m
                cross join unnest('{count_version,record_insert,record_update,record_delete}'::text[]) wanted
                where m.kind = 'resource' and not exists (select from pg_trigger g where g.tgrelid = m.name::regclass
                    and g.tgname = wanted and g.tgenabled = 'O'
                    and g.tgfoid = case wanted when 'count_version' then 'count_version'::regproc else 'record_events'::regproc end)",
            )
            .await,
        );
    });
}

#[test]
fn a_table_with_custom_fields_is_held_to_them() {
    run(async {
        none(
            "a resource with a column `custom` takes custom fields, and no other does",
            found(
                "select m.name from managed_tables m where m.custom is distinct from exists (
                    select from pg_attribute a where a.attrelid = m.name::regclass and a.attname = 'custom' and not a.attisdropped)",
            )
            .await,
        );
        none(
            "it has the three triggers, switched on",
            found(
                "select m.name || '.' || wanted from managed_tables m
                cross join unnest('{keep_custom_insert,keep_custom_update,keep_custom_delete}'::text[]) wanted
                where m.custom and not exists (select from pg_trigger g where g.tgrelid = m.name::regclass
                    and g.tgname = wanted and g.tgenabled = 'O' and g.tgfoid = 'keep_custom'::regproc)",
            )
            .await,
        );
        none(
            "what refers to it refers by a foreign key",
            found(
                "select m.name from managed_tables m where m.custom and not exists (
                    select from pg_constraint f where f.contype = 'f' and f.confrelid = m.name::regclass
                        and f.conrelid = to_regclass('custom_references_' || m.name))",
            )
            .await,
        );
        let told = found("select replace(name, '_', '-') from managed_tables where custom order by 1").await;
        assert!(told.len() >= 3, "{told:?}");
    });
}

#[test]
fn events_are_told_what_to_write_as_text_and_what_to_keep_to_themselves() {
    run(async {
        let rows = service()
            .database()
            .await
            .query(
                "select m.name, g.tgname::text, g.tgargs, m.singular, m.secret_columns, m.personal_columns,
                    array(select attname::text from pg_attribute where attrelid = m.name::regclass and attnum > 0 and not attisdropped) as columns,
                    array(select attname::text from pg_attribute where attrelid = m.name::regclass and attnum > 0 and not attisdropped
                        and atttypid = 'numeric'::regtype) as decimals
                from managed_tables m join pg_trigger g on g.tgrelid = m.name::regclass and g.tgname like 'record\\_%'
                where m.kind = 'resource'",
                &[],
            )
            .await
            .unwrap();
        assert!(rows.len() >= 3 * 6, "three triggers on each resource");
        for row in rows {
            let (table, trigger, arguments): (String, String, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            let arguments: Vec<String> = arguments
                .split(|byte| *byte == 0)
                .map(|each| String::from_utf8(each.to_vec()).unwrap())
                .collect();
            let listed = |index: usize| -> BTreeSet<String> {
                let inner = arguments[index].trim_matches(['{', '}']);
                inner.split(',').filter(|each| !each.is_empty()).map(str::to_owned).collect()
            };
            let columns: Vec<String> = row.get("columns");
            let decimals: Vec<String> = row.get("decimals");
            assert_eq!(arguments[0], table.replace('_', "-"), "{table} {trigger}");
            assert_eq!(arguments[1], row.get::<_, String>("singular"), "{table} {trigger}");
            assert_eq!(
                arguments[2] == "t",
                columns.contains(&"status".to_owned()),
                "{table} {trigger} knows of the status"
            );
            for secret in row.get::<_, Vec<String>>("secret_columns") {
                assert!(columns.contains(&secret), "{table} has no column {secret}");
                assert!(listed(3).contains(&secret), "{table} {trigger} tells the secret {secret}");
            }
            for personal in row.get::<_, Vec<String>>("personal_columns") {
                assert!(columns.contains(&personal), "{table} has no column {personal}");
                assert!(listed(4).contains(&personal), "{table} {trigger} does not mark {personal}");
            }
            assert_eq!(
                listed(5),
                decimals.into_iter().collect(),
                "{table} {trigger}: decimals are written as text; call manage_resource again"
            );
            let times = |name: &&String| name.ends_with("_at") || name.ends_with("_on");
            for column in columns.iter().filter(|name| {
                ["hash", "secret", "password"].iter().any(|word| name.contains(word)) && !times(name)
            }) {
                assert!(
                    listed(3).contains(column),
                    "{table}.{column} sounds like a secret, and events tell it"
                );
            }
        }
    });
}

#[test]
fn constraints_name_their_column_or_read_as_a_sentence() {
    run(async {
        let rows = service()
            .database()
            .await
            .query(
                &format!(
                    "select t.name, c.conname::text, array(select attname::text from pg_attribute where attrelid = t.oid and attnum > 0)
                    from ({TABLES}) t join pg_constraint c on c.conrelid = t.oid where c.contype in ('c', 'f', 'u', 'x')
                    union all
                    select t.name, i.indexrelid::regclass::text, array(select attname::text from pg_attribute where attrelid = t.oid and attnum > 0)
                    from ({TABLES}) t join pg_index i on i.indrelid = t.oid where i.indisunique and not i.indisprimary"
                ),
                &[],
            )
            .await
            .unwrap();
        assert!(rows.len() > 40, "{} constraints", rows.len());
        let kinds = ["key", "fkey", "check", "length", "format", "range", "type"];
        for row in rows {
            let (table, name, columns): (String, String, Vec<String>) = (row.get(0), row.get(1), row.get(2));
            // The platform cuts the table and the kind off and tells the rest as the place of the fault.
            match name.strip_prefix(&format!("{table}_")).and_then(|rest| rest.rsplit_once('_')) {
                Some((column, kind)) => {
                    // A copy of a column of another table may keep the place that clients know.
                    let told = columns.iter().any(|each| each == column || format!("{each}s") == column);
                    assert!(told, "{name}: {table} has no column {column}");
                    assert!(kinds.contains(&kind), "{name}: {kind} is none of {kinds:?}");
                }
                None => assert!(name.split('_').count() >= 3, "{name} reads as no sentence"),
            }
        }
    });
}
