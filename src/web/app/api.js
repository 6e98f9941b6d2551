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

async function send(path, options) {
	let response;
	try {
		response = await fetch(BASE + path, { credentials: "same-origin", ...options });
	} catch {
		throw new Problem(0, t.unreachable);
	}
	return read(response);
}

export const get = (path, params, signal) => send(path + query(params), { signal });

export const post = (path, body) =>
	send(path, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body || {}),
	});

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
			.then((data) => latest.current === mine && setState({ data, problem: null }))
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
