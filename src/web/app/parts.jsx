// The pieces that every page is made of.
import { ago, exactTime, plain, percent, STANDINGS } from "./format.js";
import { t } from "./texts.js";

// A sentence of texts.js: strings, {strong: …} and {loud: …}.
export const Rich = ({ of }) =>
	of.map((part) =>
		typeof part === "string" ? part : part.loud ? <strong class="loud">{part.loud}</strong> : <strong>{plain(part.strong)}</strong>,
	);

export const Sentence = ({ of, children }) => (
	<h1 class="sentence" tabIndex="-1" id="said">
		{of && <Rich of={of} />}
		{children}
	</h1>
);

export function Card({ title, children, className, aside }) {
	return (
		<section class={"card " + (className || "")}>
			{title && (
				<header>
					<h2>{title}</h2>
					{aside}
				</header>
			)}
			{children}
		</section>
	);
}

export const Pill = ({ kind, children, title }) => (
	<span class={"pill " + (kind || "")} title={title}>
		{children}
	</span>
);

// `more`: what else stands there when somebody points at it.
export function Standing({ standing, confidence, more = [] }) {
	if (!standing)
		return null;
	const sure = confidence && standing !== "indeterminate" && standing !== "unknown" && standing !== "home";
	return (
		<Pill kind={standing} title={[t.standingMeans[standing] + (confidence ? " " + t.confidence(confidence) : ""), ...more].filter(Boolean).join("\n")}>
			{t.standing[standing] || plain(standing)}
			{sure && " · " + confidence}
		</Pill>
	);
}

export const Name = ({ children }) => <span class="name">{plain(children)}</span>;

export const When = ({ at }) =>
	at ? (
		<time dateTime={at} title={exactTime(at)}>
			{ago(at)}
		</time>
	) : (
		<span>{t.never}</span>
	);

export const Empty = ({ children, how }) => (
	<div class="empty">
		<p>{children}</p>
		{how && <p class="quiet">{how}</p>}
	</div>
);

// What stands there while a question is open, or went wrong. Nothing when there is data and all is well.
export function Waiting({ answer }) {
	if (answer.problem)
		return (
			<div class="problem" role="alert">
				<span>{plain(answer.problem.message)}</span>
				<button onClick={answer.again}>{t.tryAgain}</button>
			</div>
		);
	return answer.data ? null : <p class="quiet waiting">{t.loading}</p>;
}

// `columns`: {key: [title, "number" or ""]}; rows are cells by key, with an optional `key` of their own.
export function Table({ columns, rows, caption, className }) {
	const keys = Object.keys(columns);
	return (
		<div class="scroll" tabIndex="0" role="region" aria-label={caption}>
			<table class={className}>
				<caption class="unseen">{caption}</caption>
				<thead>
					<tr>
						{keys.map((key) => (
							<th scope="col" class={columns[key][1]}>
								{columns[key][0]}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr key={row.key}>
							{keys.map((key) => (
								<td class={columns[key][1]} data-column={columns[key][0]}>
									{row[key]}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

// How answers divide among the standings, as a bar with words for those who do not see it.
export function Share({ of }) {
	const parts = STANDINGS.map((standing) => [standing, of[standing] || 0]).concat([["none", of.none || 0], ["sinkholed", of.sinkhole || 0]]);
	const all = parts.reduce((sum, [, value]) => sum + value, 0);
	const words = parts.filter(([, value]) => value).map(([standing, value]) => `${t.standing[standing] || t.layer[standing] || t.sinkholed} ${percent(value, all)}`);
	return (
		<div class="share" role="img" aria-label={words.join(", ") || t.none} title={words.join(", ")}>
			{parts.map(([standing, value]) => value > 0 && <span class={"bar " + standing} style={{ flexGrow: value }} />)}
		</div>
	);
}

export const Field = ({ label, value, onInput, type, list, options }) => (
	<label class="field">
		<span>{label}</span>
		{options ? (
			<select value={value} onChange={(event) => onInput(event.target.value)}>
				{options.map(([key, word]) => (
					<option value={key}>{word}</option>
				))}
			</select>
		) : (
			<input type={type || "text"} value={value} list={list} onInput={(event) => onInput(event.target.value)} autocomplete="off" spellcheck={false} />
		)}
	</label>
);

export const link = (page, ...parts) => "#/" + [page, ...parts.map(encodeURIComponent)].join("/");

export const DeviceLink = ({ device }) => (
	<a class="device" href={link("device", device)}>
		{plain(device)}
	</a>
);
