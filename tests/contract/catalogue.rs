//! What the database holds true, read from its catalogue: each table of an organization keeps the same rules.
use crate::support::{Caller, run, service};
use serde_json::{Value, json};
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
                    and g.tgfoid = case wanted when 'count_version' then 'count_version' else 'events_of_' || m.name end::regproc)",
            )
            .await,
        );
        none(
            "events know all columns: call `tell_events` again after adding some",
            found(
                "select m.name from managed_tables m join pg_proc f on f.proname = 'events_of_' || m.name
                where m.kind = 'resource' and f.prosrc <> events_told(m.name)",
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

/// Two values of each type that a column may have, as JSON.
fn samples(kind: &str) -> [Value; 2] {
    match kind {
        "text" => [json!("one \"quoted\" \\ line\nand ș"), json!("another")],
        "uuid" => {
            [json!("6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1"), json!("0b0f7a4e-2a3c-4a52-8f0e-3d2c1b0a9f8e")]
        }
        "int2" | "int4" | "int8" => [json!(7), json!(-8)],
        "numeric" => [json!("1.5000"), json!("-20.25")],
        "bool" => [json!(true), json!(false)],
        "date" => [json!("2026-03-02"), json!("2027-01-31")],
        "timestamptz" => [json!("2026-03-02T10:00:00.123456Z"), json!("2027-01-31T00:00:00Z")],
        "jsonb" => {
            [json!({"size": 42, "band": "B", "none": null}), json!({"size": 43, "new": [1, {"a": "\u{e9}"}]})]
        }
        "_uuid" => [json!(["6f1b2a6e-5c0e-4f39-9d51-0e6ad6a8d1c1"]), json!([])],
        "_text" => [json!(["a", "b, c"]), json!([])],
        "bytea" => [json!("\\x00ff"), json!("\\x01")],
        "inet" => [json!("192.0.2.1"), json!("2001:db8::1")],
        "cidr" => [json!("192.0.2.0/24"), json!("2001:db8::/32")],
        other => panic!("say two values of {other}"),
    }
}

/// A row's image with its custom fields beside the others.
fn flat(image: &Value) -> BTreeMap<String, Value> {
    let custom = |(name, value): (&String, &Value)| (format!("custom.{name}"), value.clone());
    let fields = image.as_object().unwrap().iter().filter(|(name, _)| *name != "custom");
    let custom = image["custom"].as_object().into_iter().flatten().map(custom);
    fields.map(|(name, value)| (name.clone(), value.clone())).chain(custom).collect()
}

/// What the events of a change have to tell, by the images of its row before and after it.
fn told(before: &Value, after: &Value, hidden: &[String], personal: &[String]) -> Value {
    let (before, after) = (flat(before), flat(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = serde_json::Map::new();
    for name in names {
        let of = |image: &BTreeMap<String, Value>| image.get(name).cloned().unwrap_or(Value::Null);
        let column = name.split('.').next().unwrap().to_owned();
        if of(&before) == of(&after) || hidden.contains(&column) {
            continue;
        }
        let mut change = json!({"before": of(&before), "after": of(&after)});
        if personal.contains(&column) {
            change["personal"] = json!(true);
        }
        changes.insert(name.clone(), change);
    }
    Value::Object(changes)
}

/// Each table's triggers are asked on a table of the same columns, where rows may say anything.
#[test]
fn events_tell_what_is_new_has_changed_and_went_and_keep_secrets() {
    run(async {
        let mut database = service().database().await;
        let tables = "select m.name, m.singular, m.secret_columns, m.personal_columns, array_agg(a.attname::text order by attnum),
                array_agg(t.typname::text order by attnum)
            from managed_tables m join pg_attribute a on a.attrelid = m.name::regclass and attnum > 0 and not attisdropped
            join pg_type t on t.oid = a.atttypid where m.kind = 'resource' group by m.name";
        let tables = database.query(tables, &[]).await.unwrap();
        assert!(tables.len() >= 170, "{} resources", tables.len());
        for table in tables {
            let (name, singular): (String, String) = (table.get(0), table.get(1));
            let [secret, personal, columns, kinds]: [Vec<String>; 4] =
                std::array::from_fn(|index| table.get(index + 2));
            assert!(
                secret.iter().chain(&personal).all(|each| columns.contains(each)),
                "{name}: {secret:?} {personal:?}"
            );
            let hidden =
                [secret, ["org_id", "version", "updated_at", "updated_by"].map(str::to_owned).into()]
                    .concat();
            // All columns full; every second one changed and every third one empty; as it was then, and gone.
            let full: Value = columns
                .iter()
                .zip(&kinds)
                .map(|(column, kind)| (column.clone(), samples(kind)[0].clone()))
                .collect();
            let mut changed = full.clone();
            for (index, (column, kind)) in columns.iter().zip(&kinds).enumerate() {
                let stays = ["org_id", "id", "version"].contains(&column.as_str());
                let is_free = !["status", "custom"].contains(&column.as_str());
                match index % 6 {
                    _ if stays => {}
                    2 | 5 if is_free => changed[column] = Value::Null,
                    0 | 4 if is_free => {}
                    _ => changed[column] = samples(kind)[1].clone(),
                }
            }
            let transaction = database.transaction().await.unwrap();
            // As clients see it: decimals are text.
            let image = "select (select jsonb_object_agg(key, case when a.atttypid = 'numeric'::regtype then coalesce(to_jsonb(value #>> '{}'), 'null') else value end)
                from jsonb_each(to_jsonb(p)) join pg_attribute a on attrelid = 'probe'::regclass and attname = key) from probe p";
            let free = |column: &String| format!("alter table probe alter column \"{column}\" drop not null");
            let free = columns.iter().map(free).collect::<Vec<_>>().join(";");
            let set = columns
                .iter()
                .map(|column| format!("\"{column}\" = r.\"{column}\""))
                .collect::<Vec<_>>()
                .join(", ");
            let begin = format!(
                "select enter_as_system('{}', true); create temp table probe (like {name}) on commit drop; {free};
                create trigger i after insert on probe referencing new table as new_rows for each statement execute function events_of_{name}();
                create trigger u after update on probe referencing old table as old_rows new table as new_rows for each statement execute function events_of_{name}();
                create trigger d after delete on probe referencing old table as old_rows for each statement execute function events_of_{name}()",
                samples("uuid")[0].as_str().unwrap()
            );
            transaction.batch_execute(&begin).await.unwrap();
            let insert = format!("insert into probe select (jsonb_populate_record(null::{name}, $1)).*");
            transaction.execute(&insert, &[&full]).await.unwrap();
            let was: Value = transaction.query_one(image, &[]).await.unwrap().get(0);
            let change =
                format!("update probe set {set} from (select (jsonb_populate_record(null::{name}, $1)).*) r");
            transaction.execute(&change, &[&changed]).await.unwrap();
            let is: Value = transaction.query_one(image, &[]).await.unwrap().get(0);
            transaction.execute("delete from probe", &[]).await.unwrap();
            let events = "select jsonb_build_array(type, resource, resource_id, version, changes) from events
                where transaction = pg_current_xact_id() order by sequence";
            let events = transaction.query(events, &[]).await.unwrap();
            let events: Vec<Value> = events.iter().map(|event| event.get(0)).collect();
            let step = if columns.contains(&"status".to_owned()) {
                is["status"].as_str().unwrap()
            } else {
                "updated"
            };
            let [resource, id, version] =
                [json!(name.replace('_', "-")), is["id"].clone(), is["version"].clone()];
            let told = |before, after| told(before, after, &hidden, &personal);
            let wanted = [
                json!([format!("{singular}.created"), resource, id, version, told(&json!({}), &was)]),
                json!([format!("{singular}.{step}"), resource, id, version, told(&was, &is)]),
                json!([format!("{singular}.deleted"), resource, id, 8, told(&is, &json!({}))]),
            ];
            assert_eq!(events, wanted, "{name}");
            transaction.rollback().await.unwrap();
            let times = |name: &&String| name.ends_with("_at") || name.ends_with("_on");
            for column in columns.iter().filter(|name| {
                ["hash", "secret", "password"].iter().any(|word| name.contains(word)) && !times(name)
            }) {
                assert!(hidden.contains(column), "{name}.{column} sounds like a secret, and events tell it");
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
