// Numbers, times, paths, countries and strangers' text, for people.
import { t } from "./texts.js";

const LOCALE = "en";
const number = new Intl.NumberFormat(LOCALE);
const share = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 });
const regions = new Intl.DisplayNames([LOCALE], { type: "region", fallback: "code" });
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayOnly = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });

export const count = (n) => number.format(n || 0);
export const percent = (part, whole) => (whole ? (part && part / whole < 0.01 ? "<1%" : share.format(part / whole)) : "");
export const exactTime = (iso) => exact.format(new Date(iso));
export const clockTime = (iso) => clock.format(new Date(iso));
export const day = (iso) => dayOnly.format(new Date(iso));

export const base = (path) => path.split("/").pop();

export function country(code) {
	if (!code)
		return t.unknownPlace;
	try {
		return regions.of(code);
	} catch {
		return code; // a database may say what is no code
	}
}

// As it stands in a sentence: "in the United States".
const WITH_ARTICLE = new Set(["US", "GB", "AE", "NL", "PH", "CZ", "DO", "BS", "MV", "CF", "CG", "CD", "GM", "MH", "SB", "SC", "KM", "VG", "VI", "TC", "KY", "FK", "FO", "CK", "AX"]);
export const countryInText = (code) => (WITH_ARTICLE.has(code) ? "the " : "") + country(code);

const SPANS = [
	[60, 1, "s"],
	[3600, 60, "min"],
	[86400, 3600, "h"],
	[86400 * 60, 86400, "d"],
	[Infinity, 86400 * 30, "months"],
];

export function ago(iso, now = Date.now()) {
	const seconds = Math.max(0, (now - new Date(iso)) / 1000);
	if (seconds < 10)
		return t.now;
	const [, unit, word] = SPANS.find(([limit]) => seconds < limit);
	return t.ago(Math.floor(seconds / unit), word);
}

export function duration(seconds) {
	const [, unit, word] = SPANS.find(([limit]) => seconds < limit);
	return t.span(Math.floor(seconds / unit), word);
}

export function bytes(n) {
	if (n < 1024)
		return count(n) + " B";
	const units = ["KiB", "MiB", "GiB", "TiB"];
	let i = -1;
	do {
		n /= 1024;
		i++;
	} while (n >= 1024 && i < units.length - 1);
	return (n < 10 ? n.toFixed(1) : Math.round(n)) + " " + units[i];
}

// Names come from strangers. What could steer a terminal or turn the direction of the text is shown as its number.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
export const plain = (text) =>
	String(text === null || text === undefined ? "" : text).replace(
		UNSEEN,
		(c) => "\u27e8U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + "\u27e9",
	);

// "a", "a and b", "a, b and c"
export function join(words) {
	if (words.length < 2)
		return words.join("");
	return words.slice(0, -1).join(", ") + " " + t.and + " " + words[words.length - 1];
}

export const STANDINGS = ["home", "overseas", "disputed", "indeterminate", "unknown"];

// "AS16509 Amazon.com, Inc." and "Amazon.com, Inc." are "Amazon.com" to people.
export const organisation = (text) => text.replace(/^AS\d+ /, "").replace(/[,.]? (Inc|LLC|Ltd|Co|Limited|GmbH|Corporation)\b.*$/i, "");
