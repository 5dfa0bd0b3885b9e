//! What the database holds true, read from its catalogue: each table of an organization keeps the same rules.
use crate::examples::{body, lists, operation, row};
use crate::support::{Caller, Organization, run, service};
use serde_json::Value;
use std::collections::BTreeSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Tables with an `org_id`, partitions aside.
const TABLES: &str = "select c.oid, c.relname::text as name, c.relrowsecurity, c.relforcerowsecurity from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition";

/// The first column of each answer, as text, sorted: what breaks a rule.
async fn found(sql: &str) -> Vec<String> {
    let rows = service().database().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[track_caller]
fn none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}: {broken:#?}");
}

async fn tables() -> Vec<String> {
    let tables = found(&format!("select name from ({TABLES}) t order by 1")).await;
    assert!(tables.len() >= 15 && tables.contains(&"employees".to_owned()), "{tables:?}");
    tables
}

/// An organization with rows in every table that a request can write.
async fn furnished() -> Caller {
    let caller = Organization::new().await.owner().await;
    for list in lists() {
        row(&caller, &list.path).await;
    }
    let database = service().database().await;
    let refresh = "insert into refresh_tokens (org_id, hash, session_id) values ($1, sha256($2::text::bytea), $3)";
    let [org, session] = [caller.organization, caller.session];
    database.execute(refresh, &[&org, &session.to_string(), &session]).await.unwrap();
    let clients = "insert into sessions (org_id, id, api_client_id, role_ids, expires_at)
        select org_id, gen_random_uuid(), id, array[id], now() + interval '1 hour' from api_clients where org_id = $1";
    database.execute(clients, &[&org]).await.unwrap();
    let department = row(&caller, "/v1/departments").await;
    let child = caller.department("Child", Some(&department)).await;
    let boss = caller.hire("Boss", None).await;
    let report = caller.hire("Report", Some(&boss)).await;
    let position = row(&caller, "/v1/positions").await;
    let place = serde_json::json!({"department_id": child, "position_id": position});
    caller.patch(&format!("/v1/employees/{report}"), place).await.is(200);
    caller.patch(&format!("/v1/departments/{child}"), serde_json::json!({"head_id": boss})).await.is(200);
    let invite = operation("create_invitation");
    let mut invited = body(&caller, &invite).await;
    invited["employee_id"] = serde_json::json!(boss);
    let key = Uuid::now_v7().to_string();
    let request = caller.request(invite.method.clone(), &invite.path).header("idempotency-key", &key);
    request.json(&invited).send().await.is(201);
    let login = "update memberships set employee_id = $3 where org_id = $1 and id = $2";
    let report: Uuid = report.parse().unwrap();
    database.execute(login, &[&org, &caller.membership, &report]).await.unwrap();
    caller
}

#[test]
fn every_table_of_an_organization_is_kept() {
    run(async {
        tables().await;
        none(
            "row-level security is on and forced",
            found(&format!("select name from ({TABLES}) t where not (relrowsecurity and relforcerowsecurity)")).await,
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
            found("select c.relname::text from pg_class c where c.relispartition and c.relkind = 'r'
                and has_table_privilege('backoffice_service', c.oid, 'select, insert, update, delete')")
            .await,
        );
    });
}

#[test]
fn every_key_and_index_leads_with_the_organization() {
    run(async {
        let first_column = "(select attname from pg_attribute where attrelid = t.oid and attnum = i.indkey[0])";
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
                    and (t.name, a.attname) not in (('sessions', 'user_id'), ('sessions', 'employee_id')) -- copies of the membership's
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
                    select from pg_index i where i.indrelid = f.conrelid and i.indpred is null
                        and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)",
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
            let arguments: Vec<String> = arguments.split(|byte| *byte == 0).map(|each| String::from_utf8(each.to_vec()).unwrap()).collect();
            let listed = |index: usize| -> BTreeSet<String> {
                let inner = arguments[index].trim_matches(['{', '}']);
                inner.split(',').filter(|each| !each.is_empty()).map(str::to_owned).collect()
            };
            let columns: Vec<String> = row.get("columns");
            let decimals: Vec<String> = row.get("decimals");
            assert_eq!(arguments[0], table.replace('_', "-"), "{table} {trigger}");
            assert_eq!(arguments[1], row.get::<_, String>("singular"), "{table} {trigger}");
            assert_eq!(arguments[2] == "t", columns.contains(&"status".to_owned()), "{table} {trigger} knows of the status");
            for secret in row.get::<_, Vec<String>>("secret_columns") {
                assert!(columns.contains(&secret), "{table} has no column {secret}");
                assert!(listed(3).contains(&secret), "{table} {trigger} tells the secret {secret}");
            }
            for personal in row.get::<_, Vec<String>>("personal_columns") {
                assert!(columns.contains(&personal), "{table} has no column {personal}");
                assert!(listed(4).contains(&personal), "{table} {trigger} does not mark {personal}");
            }
            assert_eq!(listed(5), decimals.into_iter().collect(), "{table} {trigger}: decimals are written as text; call manage_resource again");
            let times = |name: &&String| name.ends_with("_at") || name.ends_with("_on");
            for column in columns.iter().filter(|name| ["hash", "secret", "password"].iter().any(|word| name.contains(word)) && !times(name)) {
                assert!(listed(3).contains(column), "{table}.{column} sounds like a secret, and events tell it");
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

#[test]
fn the_service_owns_nothing_and_passes_no_wall() {
    run(async {
        none(
            "no superuser, no row-level security passed by, no role or database made, no login of its own",
            found("select rolname::text from pg_roles where rolname = 'backoffice_service' and
                (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)")
            .await,
        );
        none("it owns nothing", found("select relname::text from pg_class where relowner = 'backoffice_service'::regrole").await);
        none("nor functions", found("select proname::text from pg_proc where proowner = 'backoffice_service'::regrole").await);
        none("it can be no other role", found("select roleid::regrole::text from pg_auth_members where member = 'backoffice_service'::regrole").await);
        none(
            "it truncates nothing, and makes no triggers and references",
            found("select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
                and (has_table_privilege('backoffice_service', oid, 'truncate') or has_table_privilege('backoffice_service', oid, 'trigger')
                    or has_table_privilege('backoffice_service', oid, 'references'))")
            .await,
        );
        none(
            "it can make nothing in the schema",
            found("select nspname::text from pg_namespace where nspname = 'public' and has_schema_privilege('backoffice_service', oid, 'create')").await,
        );
        none(
            "what works as the owner names where it looks things up (CVE-2018-1058)",
            found("select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
                and not coalesce(proconfig::text like '%search_path=public, pg_temp%', false)")
            .await,
        );
        // As the service stands there, a request's context set or not, SQL that it was never meant to run fails.
        let service = service().as_service().await;
        for statement in ["create table t (a int)", "select password_hash from logins", "set role postgres", "drop table employees",
            "alter table employees disable row level security", "select * from organization_slugs"] {
            let refused = service.batch_execute(statement).await;
            let refused = refused.err().unwrap_or_else(|| panic!("the service could: {statement}"));
            let code = refused.code().cloned();
            let allowed = [Some(SqlState::INSUFFICIENT_PRIVILEGE), Some(SqlState::INVALID_PARAMETER_VALUE)];
            assert!(allowed.contains(&code), "{statement}: {refused}");
        }
    });
}

/// Whether the statement did nothing: refused for want of a right, or no row met.
async fn does_nothing(client: &tokio_postgres::Client, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<(), String> {
    match client.execute(statement, values).await {
        Ok(0) => Ok(()),
        Ok(rows) => Err(format!("{rows} rows: {statement}")),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(()),
        Err(error) => Err(format!("{statement}: {error} {:?}", error.as_db_error())),
    }
}

#[test]
fn with_no_organization_set_the_service_sees_and_changes_nothing() {
    run(async {
        let caller = furnished().await;
        let (owner, service) = (service().database().await, service().as_service().await);
        service.batch_execute("begin").await.unwrap();
        for table in tables().await {
            let sample: Option<(Value,)> = owner
                .query_opt(&format!("select to_jsonb(t) from {table} t where org_id = $1 limit 1"), &[&caller.organization])
                .await
                .unwrap()
                .map(|row| (row.get(0),));
            let rows: i64 = owner.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
            service.batch_execute("savepoint s").await.unwrap();
            match service.query(&format!("select * from {table} limit 1"), &[]).await {
                Ok(seen) => assert!(seen.is_empty(), "{table} shows rows, of {rows}"),
                Err(error) => assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}: {error}"),
            }
            service.batch_execute("rollback to s").await.unwrap();
            let Some((row,)) = sample else { panic!("{table} has no row to try with: let furnished() make one") };
            let set = format!("update {table} set org_id = org_id");
            let delete = format!("delete from {table}");
            let insert = format!("insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, $1)");
            let mut done = Vec::new();
            done.push(does_nothing(&service, &set, &[]).await);
            service.batch_execute("rollback to s").await.unwrap();
            done.push(does_nothing(&service, &delete, &[]).await);
            service.batch_execute("rollback to s").await.unwrap();
            // A row as it is there already: the wall is met before the key.
            done.push(does_nothing(&service, &insert, &[&row]).await);
            service.batch_execute("rollback to s").await.unwrap();
            let failed: Vec<_> = done.into_iter().filter_map(Result::err).collect();
            assert!(failed.is_empty(), "{table}: {failed:#?}");
        }
    });
}

#[test]
fn in_its_organization_the_service_sees_no_other_and_puts_nothing_there() {
    run(async {
        let (ours, theirs) = (furnished().await, furnished().await);
        let (owner, service) = (service().database().await, service().as_service().await);
        service.batch_execute("begin").await.unwrap();
        let enter = "select enter_as_system($1, false)";
        service.execute(enter, &[&ours.organization]).await.unwrap();
        for table in tables().await {
            let sample = format!("select to_jsonb(t) from {table} t where org_id = $1 limit 1");
            let row: Value = owner.query_opt(&sample, &[&theirs.organization]).await.unwrap().unwrap_or_else(|| panic!("{table} has no row to try with")).get(0);
            let others = format!("select count(*) from {table} where org_id is distinct from $1");
            service.batch_execute("savepoint s").await.unwrap();
            match service.query_one(&others, &[&ours.organization]).await {
                Ok(count) => assert_eq!(count.get::<_, i64>(0), 0, "{table} shows rows of others"),
                Err(error) => assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}: {error}"),
            }
            service.batch_execute("rollback to s").await.unwrap();
            let move_there = format!("update {table} set org_id = '{}'", theirs.organization);
            let insert = format!("insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, $1)");
            for (statement, values) in [(&move_there, vec![]), (&insert, vec![&row as &(dyn ToSql + Sync)])] {
                if let Err(done) = does_nothing(&service, statement, &values).await {
                    // A row that others refer to, or that a trigger keeps, is refused for that before.
                    assert!(done.contains("violates") || done.contains("23001"), "{table}: {done}");
                }
                service.batch_execute("rollback to s").await.unwrap();
            }
        }
    });
}

#[test]
fn what_is_written_to_the_events_stays() {
    run(async {
        let caller = furnished().await;
        let service = service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&caller.organization]).await.unwrap();
        let seen: i64 = service.query_one("select count(*) from events", &[]).await.unwrap().get(0);
        assert!(seen >= 3, "the service reads {seen} events");
        for statement in ["update events set actor = 'nobody'", "delete from events", "truncate events",
            "insert into events (type, resource, resource_id, version, changes) values ('a.b', 'a', gen_random_uuid(), 1, '{}')"] {
            let refused = service.execute(statement, &[]).await.expect_err(statement);
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {refused}");
        }
    });
}

#[test]
fn a_foreign_key_crosses_to_no_other_organization() {
    run(async {
        let (ours, theirs) = (furnished().await, furnished().await);
        let owner = service().database().await;
        let keys = owner
            .query(
                &format!(
                    "select t.name, f.conname::text, r.name,
                        (select attname::text from pg_attribute where attrelid = f.conrelid and attnum = f.conkey[2]),
                        (select attname::text from pg_attribute where attrelid = f.confrelid and attnum = f.confkey[2])
                    from pg_constraint f join ({TABLES}) t on t.oid = f.conrelid join ({TABLES}) r on r.oid = f.confrelid
                    where f.contype = 'f' order by 1, 2"
                ),
                &[],
            )
            .await
            .unwrap();
        assert!(keys.len() >= 15, "{} foreign keys", keys.len());
        // The tables' own triggers have their own reasons to refuse; here the key alone is asked.
        for key in keys {
            let [table, name, other, column, referred]: [String; 5] = std::array::from_fn(|index| key.get(index));
            let foreign = format!("select {referred} from {other} where org_id = $1 limit 1");
            let foreign = owner.query_opt(&foreign, &[&theirs.organization]).await.unwrap();
            let foreign: Uuid = foreign.unwrap_or_else(|| panic!("{other} has no row to refer to")).get(0);
            let mut client = service().database().await;
            let transaction = client.transaction().await.unwrap();
            transaction.batch_execute(&format!("alter table {table} disable trigger user")).await.unwrap();
            let update = format!("update {table} set {column} = $1 where ctid = (select ctid from {table} where org_id = $2 and {column} is not null limit 1)");
            let refused = match transaction.execute(&update, &[&foreign, &ours.organization]).await {
                Ok(rows) => {
                    assert_eq!(rows, 1, "{table} has no row to try {name} with");
                    transaction.batch_execute("set constraints all immediate").await.err()
                }
                Err(error) => Some(error),
            };
            let refused = refused.unwrap_or_else(|| panic!("{name} took another organization's row"));
            let told = refused.as_db_error().unwrap();
            assert_eq!((told.code(), told.constraint()), (&SqlState::FOREIGN_KEY_VIOLATION, Some(name.as_str())), "{told}");
        }
    });
}
