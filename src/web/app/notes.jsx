// Short notes at the foot of the page: what was done, with a way back, or why it was not.
import { createContext } from "preact";
import { useCallback, useContext, useMemo, useRef, useState } from "preact/hooks";
import { plain } from "./format.js";
import { t } from "./texts.js";

const Notes = createContext(null);
const SECONDS = 12;

export const useNotes = () => useContext(Notes);

export function NotesPlace({ children }) {
	const [note, setNote] = useState(null);
	const timer = useRef(0);
	const show = useCallback((next) => {
		clearTimeout(timer.current);
		timer.current = setTimeout(() => setNote(null), SECONDS * 1000);
		setNote(next);
	}, []);
	const notes = useMemo(() => ({ say: (text, way) => show({ text, way }), fail: (problem) => show({ text: problem.message, bad: true }) }), [show]);
	return (
		<Notes.Provider value={notes}>
			{children}
			<div class="notes" role="status">
				{note && (
					<div class={"note " + (note.bad ? "bad" : "")}>
						<span>{plain(note.text)}</span>
						{note.way && (
							<button
								onClick={() => {
									setNote(null);
									note.way.run();
								}}
							>
								{note.way.word}
							</button>
						)}
						<button class="plain" onClick={() => setNote(null)}>
							{t.close}
						</button>
					</div>
				)}
			</div>
		</Notes.Provider>
	);
}
