// A day's work with the generated types: what an application of the company's own would do.
// Every code and number is of this run alone, so that it can be repeated on the same organization.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "contract";

declare const process: { env: Record<string, string | undefined> };

type Problem = components["schemas"]["Problem"];
type Json = "application/json" | "application/problem+json"; // lists answer CSV too
type Backoffice = Client<paths, Json>;

const baseUrl = setting("BACKOFFICE_URL");
const run = crypto.randomUUID().slice(0, 8).toUpperCase();

function setting(name: string): string {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
}

function expect(holds: boolean, what: unknown): asserts holds {
    if (!holds) throw new Error(typeof what === "string" ? what : JSON.stringify(what));
}

/** What was answered, if that is what the contract promises. */
function answered<Data>(result: { data?: Data; error?: unknown; response: Response }, status = 200): Data {
    expect(result.response.status === status, `${result.response.status} instead of ${status}: ${JSON.stringify(result.error)}`);
    expect(result.data !== undefined, "no body");
    return result.data;
}

function refused(code: string, status: number, result: { error?: Problem; response: Response }): void {
    expect(result.response.status === status, `${result.response.status} instead of ${status}`);
    expect(result.response.headers.get("content-type")?.startsWith("application/problem+json") === true, "not a problem");
    expect(result.error?.code === code, result.error);
}

function header(result: { response: Response }, name: string): string {
    const value = result.response.headers.get(name);
    expect(value !== null, `no ${name}`);
    return value;
}

async function loggedIn(): Promise<Backoffice> {
    const body = { email: setting("BACKOFFICE_EMAIL"), password: setting("BACKOFFICE_PASSWORD") };
    const tokens = answered(await createClient<paths, Json>({ baseUrl }).POST("/v1/auth/login", { body }));
    return createClient<paths, Json>({ baseUrl, headers: { Authorization: `Bearer ${tokens.access_token}` } });
}

/** A department is opened, corrected and closed again. */
async function structure(client: Backoffice): Promise<void> {
    answered(await client.GET("/v1/departments"));

    const body = { name: `Day desk ${run}`, code: `D${run}` };
    const tried = await client.POST("/v1/departments", { params: { query: { dry_run: true } }, body });
    expect(header(tried, "dry-run") === "true", "not a dry run");
    const nobody = { params: { path: { id: answered(tried, 201).id } } };
    refused("not-found", 404, await client.GET("/v1/departments/{id}", nobody));

    const once = { params: { header: { "Idempotency-Key": crypto.randomUUID() } }, body };
    const first = await client.POST("/v1/departments", once);
    const again = await client.POST("/v1/departments", once);
    const department = answered(first, 201);
    expect(answered(again, 201).id === department.id, "made twice");
    expect(header(again, "idempotency-replayed") === "true", "not replayed");
    expect(header(first, "location").endsWith(`/v1/departments/${department.id}`), "another location");

    const path = { id: department.id };
    const read = await client.GET("/v1/departments/{id}", { params: { path } });
    expect(answered(read).name === body.name, "another name");
    const stale = { params: { path, header: { "If-Match": header(read, "etag") } } };
    const patch = { body: { name: `Early desk ${run}` }, headers: { "Content-Type": "application/merge-patch+json" } };
    // @ts-expect-error The types see to it that nobody forgets If-Match; so does the service.
    refused("precondition-required", 428, await client.PATCH("/v1/departments/{id}", { params: { path }, ...patch }));
    const changed = await client.PATCH("/v1/departments/{id}", { ...stale, ...patch });
    const early = answered(changed);
    expect(early.name === patch.body.name && early.code === body.code && early.version === department.version + 1, early);
    refused("stale-version", 412, await client.PATCH("/v1/departments/{id}", { ...stale, ...patch }));

    const fresh = { params: { path, header: { "If-Match": header(changed, "etag") } } };
    const gone = await client.DELETE("/v1/departments/{id}", fresh);
    expect(gone.response.status === 204, gone.error);
    refused("not-found", 404, await client.GET("/v1/departments/{id}", { params: { path } }));
}

/** Three are hired, one of them starts and leaves. */
async function people(client: Backoffice): Promise<void> {
    const body = { name: `Reception ${run}`, code: `R${run}` };
    const team = answered(await client.POST("/v1/departments", { body }), 201);
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

    const hired = [];
    for (const [n, given_name] of ["Ana", "Ștefan", "Zoë"].entries()) {
        const employee = {
            employee_number: `${run}-${n}`,
            given_name,
            family_name: "Ionescu",
            department_id: team.id,
            hired_on: daysAgo(30),
        };
        hired.push(answered(await client.POST("/v1/employees", { body: employee }), 201));
    }
    const ana = hired[0];
    expect(ana?.status === "pending" && ana.available_actions.includes("activate"), ana);

    const params = { path: { id: ana.id } };
    const active = answered(await client.POST("/v1/employees/{id}/activate", { params }));
    expect(active.status === "active" && !active.available_actions.includes("activate"), active);
    refused("invalid-state", 409, await client.POST("/v1/employees/{id}/activate", { params }));

    // Three pages of one; the filter keeps everyone else out.
    const seen: string[] = [];
    const query: { department_id: string; limit: number; cursor?: string } = { department_id: team.id, limit: 1 };
    for (;;) {
        const page = answered(await client.GET("/v1/employees", { params: { query } }));
        seen.push(...page.data.map((one) => one.given_name));
        if (page.next_cursor === null) break;
        query.cursor = page.next_cursor;
    }
    expect(seen.toSorted().join() === "Ana,Zoë,Ștefan", seen);

    const end = { params, body: { last_day: daysAgo(1), reason: "Resigned" } };
    expect(answered(await client.POST("/v1/employees/{id}/terminate", end)).status === "terminated", "still here");
    expect(answered(await client.GET("/v1/employees/{id}", { params })).status === "terminated", "still here");
}

const stranger = createClient<paths, Json>({ baseUrl, headers: { Authorization: "Bearer nonsense" } });
refused("unauthenticated", 401, await stranger.GET("/v1/departments"));
const client = await loggedIn();
await structure(client);
await people(client);
console.log("The TypeScript client did a day's work.");
