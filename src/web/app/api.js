// Questions to the daemon. Every answer is JSON; every failure is an Error with what the daemon said (RFC 9457).
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "./texts.js";

const BASE = "/api/v1/";

export class Problem extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

export function query(params) {
	const pairs = Object.entries(params || {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
	return pairs.length ? "?" + pairs.map(([k, v]) => k + "=" + encodeURIComponent(v)).join("&") : "";
}

// What was answered last, by question: whoever asks again says what it has, and is told when that has not changed. In memory only:
// nothing of it is written to the disk of whoever looks.
const KNOWN_MAX = 40;
const known = new Map();

async function ask(path, signal) {
	const had = known.get(path);
	const response = await reach(path, { signal, headers: had ? { "If-None-Match": had.etag } : {} });
	if (response.status === 304 && had)
		return had.data;
	const data = await read(response);
	const etag = response.headers.get("ETag");
	known.delete(path);
	if (etag)
		known.set(path, { etag, data });
	if (known.size > KNOWN_MAX)
		known.delete(known.keys().next().value);
	return data;
}

async function read(response) {
	let body = null;
	try {
		body = await response.json();
	} catch {
		// the status says enough
	}
	if (!response.ok)
		throw new Problem(response.status, (body && (body.detail || body.title)) || t.httpFailed(response.status));
	return body;
}

async function reach(path, options) {
	try {
		return await fetch(BASE + path, { credentials: "same-origin", cache: "no-store", ...options });
	} catch {
		throw new Problem(0, t.unreachable);
	}
}

export const get = (path, params, signal) => ask(path + query(params), signal);

export const post = async (path, body) =>
	read(
		await reach(path, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(body || {}),
		}),
	);

// The answer to a question, asked again every `seconds` while the page is seen, and whenever `again` is called.
// {data, problem, again}: the last good answer stays when a later one fails.
export function useAnswer(path, params, seconds) {
	const [state, setState] = useState({ data: null, problem: null });
	const key = path ? path + query(params) : null;
	const latest = useRef(null);
	const again = useCallback(() => {
		if (!key)
			return Promise.resolve();
		const mine = (latest.current = {});
		return get(key)
			.then((data) => latest.current === mine && setState((old) => (old.data === data && !old.problem ? old : { data, problem: null })))
			.catch((problem) => latest.current === mine && setState((old) => ({ data: old.data, problem })));
	}, [key]);
	useEffect(() => {
		setState({ data: null, problem: null });
		again();
		const timer = seconds ? setInterval(() => document.hidden || again(), seconds * 1000) : 0;
		return () => {
			latest.current = null;
			clearInterval(timer);
		};
	}, [again, seconds]);
	return { ...state, again };
}
