// A browser for the tests: reads a command as JSON from each line of standard input, answers with one line. It speaks only of what a
// person sees: text, roles, places to press.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [modules, executable] = process.argv.slice(2);
const require = createRequire(modules + "/");
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const patience = Number(process.env.PF_PATIENCE_MS || 20000);

const browser = await chromium.launch({
	executablePath: executable,
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"],
});
let page;
let troubles = []; // what no page may do

async function open({ url, width = 1280, height = 900, scheme = "light" }) {
	const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, bypassCSP: false });
	page = await context.newPage();
	page.setDefaultTimeout(patience);
	page.on("dialog", (dialog) => (troubles.push("dialog: " + dialog.message()), dialog.dismiss()));
	page.on("pageerror", (error) => troubles.push("error: " + error.message));
	page.on("console", (message) => /Content Security Policy/.test(message.text()) && troubles.push(message.text()));
	const { origin } = new URL(url);
	page.on("request", (request) => request.url().startsWith(origin + "/") || request.url().startsWith("data:") || troubles.push("asked elsewhere: " + request.url()));
	await page.goto(url);
}

const commands = {
	open,
	go: ({ hash }) => page.evaluate((to) => (location.hash = to), hash),
	see: ({ selector, text }) => page.locator(selector).filter({ hasText: text }).first().waitFor(),
	gone: ({ selector }) => page.locator(selector).first().waitFor({ state: "detached" }),
	press: ({ selector, text }) => page.locator(selector).filter({ hasText: text }).first().click(),
	type: ({ selector, value }) => page.locator(selector).first().fill(value),
	choose: ({ selector, value }) => page.locator(selector).first().selectOption(value),
	key: ({ key }) => page.keyboard.press(key),
	text: ({ selector }) => page.locator(selector).first().innerText(),
	count: ({ selector }) => page.locator(selector).count(),
	measure: ({ script }) => page.evaluate(script),
	size: ({ width, height }) => page.setViewportSize({ width, height }),
	shot: ({ path }) => page.screenshot({ path, fullPage: true }).then(() => path),
	troubles: () => troubles.splice(0),
	// Rules of axe-core that a page breaks badly: "rule: target".
	faults: async () => {
		const source = await page.evaluate(() => typeof window.axe);
		if (source === "undefined") {
			const session = await page.context().newCDPSession(page);
			const { readFileSync } = await import("node:fs");
			await session.send("Runtime.evaluate", { expression: readFileSync(axe, "utf8") });
		}
		const { violations } = await page.evaluate(() => window.axe.run());
		return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => one.id + ": " + one.nodes.map((node) => node.target + " " + (node.any[0]?.message || "")).join(" | "));
	},
};

for await (const line of createInterface({ input: process.stdin })) {
	const command = JSON.parse(line);
	let answer;
	try {
		answer = { value: (await commands[command.do](command)) ?? null };
	} catch (error) {
		answer = { error: error.message.split("\n")[0], page: await page?.locator("body").innerText().catch(() => "") };
	}
	process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
