// How a question came, and what is known of the signatures of its answer: words, no colours.
import { t } from "./texts.js";

// How a question came: the word, and what it means for who listens on the way.
export const Over = ({ protocol }) => {
	const [word, means] = t.live.protocols[protocol] || [protocol];
	return (
		<span class="quiet" title={means}>
			{word}
		</span>
	);
};

export const Signed = ({ dnssec }) =>
	dnssec && (
		<span class="quiet" title={t.explain.dnssec[dnssec]}>
			{dnssec}
		</span>
	);
