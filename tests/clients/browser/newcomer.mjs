// node newcomer.mjs <folder of node_modules> <screenshot to write>

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const [tools, screenshot] = process.argv.slice(2);
const { chromium } = createRequire(tools)("playwright-core");
const { BACKOFFICE_URL: url, BACKOFFICE_EMAIL: email, BACKOFFICE_PASSWORD: password } = process.env;

const browser = await chromium.launch({
    executablePath: execFileSync("/bin/sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
    args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
});

try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    page.setDefaultTimeout(20_000);

    // Everything comes from the service itself, and nothing goes wrong on the way.
    const strangers = [];
    const complaints = [];
    page.on("request", (request) => {
        if (!request.url().startsWith("data:") && new URL(request.url()).origin !== new URL(url).origin) strangers.push(request.url());
    });
    page.on("response", (response) => {
        if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));

    await page.goto(new URL("/docs/", url).href);

    const login = await execute("Sign-in", "login", async (operation) => {
        await operation.locator("textarea.body-param__text").fill(JSON.stringify({ email, password }));
    });
    assert.equal(login.status, 200, login.body);

    await page.locator(".auth-wrapper .btn.authorize").first().click();
    const dialog = page.locator(".dialog-ux");
    await dialog.locator("input[type=text], input[type=password]").first().fill(JSON.parse(login.body).access_token);
    await dialog.locator("button.authorize").first().click();
    await dialog.locator(".btn-done").click();

    const list = await execute("People", "list_employees", async () => {});
    assert.equal(list.status, 200, list.body);
    assert.ok(Array.isArray(JSON.parse(list.body).data), list.body);

    await page.screenshot({ path: screenshot });
    assert.deepEqual(strangers, [], "the page asks other hosts");
    assert.deepEqual(complaints, [], "the page complains");
    console.log("A newcomer logged in and tried a request in Swagger UI.");

    /** Goes to a part of the contract, opens an operation, fills it in, executes it, and reads what is shown. */
    async function execute(tag, operationId, fill) {
        await page.locator("select#select").selectOption({ label: tag });
        await page.locator(`.opblock-tag[data-tag="${tag}"]`).waitFor();
        // The page begins with its tags folded up.
        const operation = page.locator(`.opblock[id$="-${operationId}"]`);
        const folded = page.locator(`.opblock-tag[data-is-open="false"][data-tag="${tag}"]`);
        if (await folded.count()) await folded.click();
        await operation.locator(".opblock-summary-control").click();
        const tryOut = operation.locator(".try-out__btn:not(.cancel)");
        if (await tryOut.isVisible({ timeout: 1_000 })) await tryOut.click();
        await fill(operation);
        await operation.locator(".execute.btn").click();
        const shown = operation.locator(".live-responses-table tbody tr").first();
        await shown.locator(".response-col_status").waitFor();
        return {
            status: Number.parseInt(await shown.locator(".response-col_status").innerText(), 10),
            body: await shown.locator(".response-col_description .highlight-code code, .response-col_description pre.microlight").first().innerText(),
        };
    }
} finally {
    await browser.close();
}
