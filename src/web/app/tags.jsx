// The tags of a device, with who set each, and a place to add one.
import { useState } from "preact/hooks";
import { post } from "./api.js";
import { plain } from "./format.js";
import { useNotes } from "./notes.jsx";
import { Pill } from "./parts.jsx";
import { t } from "./texts.js";

// Why a device has a tag: {by, rule?, since?} of the API as words.
function why(device, tag) {
	const origin = (device.tag_origins || {})[tag];
	if (!origin)
		return "";
	return (t.devices.tagBy[origin.by] || plain(origin.by)) + (origin.rule ? ": " + plain(origin.rule) : "");
}

export function Tags({ device, again }) {
	const [tag, setTag] = useState("");
	const notes = useNotes();
	const change = async (verb, what, back) => {
		try {
			await post(verb, { device: device.id, tags: [what] });
			const said = verb === "tag" ? t.devices.tagged : t.devices.untagged;
			notes.say(said(plain(device.name), plain(what)), back && { word: t.devices.undo, run: () => change(back, what) });
			again();
		} catch (problem) {
			notes.fail(problem);
		}
	};
	const add = (event) => {
		event.preventDefault();
		if (tag.trim())
			change("tag", tag.trim(), "untag").then(() => setTag(""));
	};
	return (
		<span class="tags">
			{device.tags
				.filter((had) => had !== "all")
				.map((had) => {
					const origin = (device.tag_origins || {})[had] || {};
					return (
						<Pill kind={had === "new" ? "fresh" : ""} title={why(device, had)}>
							{plain(had)}
							{origin.by === "person" && (
								<button class="untag" aria-label={t.devices.untag(had)} onClick={() => change("untag", had, "tag")}>
									×
								</button>
							)}
						</Pill>
					);
				})}
			<form class="add-tag" onSubmit={add}>
				<input aria-label={t.devices.tagLabel(device.name)} placeholder={t.devices.tagHint} value={tag} onInput={(event) => setTag(event.target.value)} />
				<button>{t.devices.addTag}</button>
			</form>
		</span>
	);
}
