// The daemon's API. What goes wrong is thrown as an Error with the daemon's own sentence, and its HTTP status.
export class Problem extends Error {
	constructor(status, sentence, document) {
		super(sentence);
		this.status = status;
		this.document = document;
	}
}

async function call(path, options) {
	const response = await fetch(`/api/v1/${path}`, {credentials: "same-origin", ...options});
	const document = response.status === 204 ? null : await response.json();
	if (!response.ok) throw new Problem(response.status, document.detail, document);
	return document;
}

export const get = (path) => call(path);
export const post = (path, members = {}) =>
	call(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(members)});
