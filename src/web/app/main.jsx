// The shell: which page stands in the address, the navigation, light and dark, and the door.
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { get, post } from "./api.js";
import { Device } from "./device.jsx";
import { Devices } from "./devices.jsx";
import { Endpoints } from "./endpoints.jsx";
import { Explain } from "./explain.jsx";
import { Health } from "./health.jsx";
import { Lists } from "./lists.jsx";
import { Live } from "./live.jsx";
import { Login } from "./login.jsx";
import { NotesPlace } from "./notes.jsx";
import { Overview } from "./overview.jsx";
import { link, Waiting } from "./parts.jsx";
import { Rules } from "./rules.jsx";
import { t } from "./texts.js";

const SCHEMES = ["auto", "light", "dark"];
const SCHEME_KEY = "portafilter-colours";
const DARK = matchMedia("(prefers-color-scheme: dark)");

const pages = {
	overview: ({ tone }) => <Overview tone={tone} />,
	devices: () => <Devices />,
	device: ({ parts }) => <Device key={parts[0]} name={parts[0]} />,
	live: () => <Live />,
	endpoints: () => <Endpoints />,
	rules: () => <Rules />,
	lists: () => <Lists />,
	health: () => <Health />,
	explain: ({ parts }) => <Explain key={parts.join("\n")} device={parts[0]} name={parts[1]} type={parts[2]} />,
};
const NAVIGATION = Object.keys(t.pages);
const BELONGS = { device: "devices", explain: "endpoints" }; // pages that the navigation does not name

// "#/device/hall%20camera" → {page: "device", parts: ["hall camera"]}
function where() {
	const [page, ...parts] = location.hash.replace(/^#\/?/, "").split("/");
	try {
		return { page: pages[page] ? page : "overview", parts: parts.map(decodeURIComponent) };
	} catch {
		return { page: "overview", parts: [] };
	}
}

function usePlace() {
	const [place, setPlace] = useState(where);
	useEffect(() => {
		const moved = () => {
			setPlace(where());
			window.scrollTo(0, 0);
			document.getElementById("page").focus();
		};
		addEventListener("hashchange", moved);
		return () => removeEventListener("hashchange", moved);
	}, []);
	return place;
}

// [what was chosen, how to choose, "light" or "dark"]
function useScheme() {
	const [scheme, setScheme] = useState(() => localStorage.getItem(SCHEME_KEY) || "auto");
	const [dark, setDark] = useState(DARK.matches);
	const tone = scheme === "auto" ? (dark ? "dark" : "light") : scheme;
	useLayoutEffect(() => {
		document.documentElement.dataset.scheme = tone;
		localStorage.setItem(SCHEME_KEY, scheme);
	}, [scheme, tone]);
	useEffect(() => {
		const changed = () => setDark(DARK.matches);
		DARK.addEventListener("change", changed);
		return () => DARK.removeEventListener("change", changed);
	}, []);
	return [scheme, setScheme, tone];
}

const Mark = () => (
	<svg class="mark" viewBox="0 0 24 18" aria-hidden="true">
		<path d="M1 2h13v1h8a1.5 1.5 0 0 1 0 3h-8.2A6.5 6.5 0 0 1 9 11.8V14H6v-2.2A6.5 6.5 0 0 1 1 5.5z" />
		<circle cx="7.5" cy="16.5" r="1.2" />
	</svg>
);

function Side({ page, scheme, setScheme, onLogout }) {
	const here = BELONGS[page] || page;
	return (
		<div class="side">
			<a class="brand" href={link("overview")}>
				<Mark />
				{t.title}
			</a>
			<nav aria-label={t.navigation}>
				{NAVIGATION.map((key) => (
					<a href={link(key)} aria-current={here === key ? "page" : undefined}>
						{t.pages[key]}
					</a>
				))}
			</nav>
			<div class="foot">
				<label>
					<span class="unseen">{t.themeLabel}</span>
					<select value={scheme} onChange={(event) => setScheme(event.target.value)}>
						{SCHEMES.map((key) => (
							<option value={key}>{t.theme[key]}</option>
						))}
					</select>
				</label>
				<button class="plain quiet" onClick={onLogout}>
					{t.logout}
				</button>
			</div>
		</div>
	);
}

// undefined: not asked yet. Who reaches the control socket needs no password: there nobody answers "session" with a role of null.
function useSession() {
	const [session, setSession] = useState(undefined);
	useEffect(() => {
		get("session").then(setSession, (problem) => setSession({ problem }));
	}, []);
	return [session, setSession];
}

function App() {
	const { page, parts } = usePlace();
	const [scheme, setScheme, tone] = useScheme();
	const [session, setSession] = useSession();
	useEffect(() => {
		document.title = (t.pages[page] || t.explain.title) + " · " + t.title;
	}, [page]);
	if (!session)
		return null;
	if (session.problem)
		return (
			<main>
				<Waiting answer={{ problem: session.problem, again: () => location.reload() }} />
			</main>
		);
	if (!session.role)
		return <Login session={session} onDone={(now) => setSession({ ...session, ...now })} />;
	const Page = pages[page];
	const leave = () => post("logout").finally(() => setSession({ ...session, role: null }));
	return (
		<NotesPlace>
			<a class="skip" href="#page" onClick={(event) => (event.preventDefault(), document.getElementById("page").focus())}>
				{t.skip}
			</a>
			<Side page={page} scheme={scheme} setScheme={setScheme} onLogout={leave} />
			<main id="page" tabIndex="-1">
				{session.role === "viewer" && <p class="quiet small no-print">{t.login.viewer}</p>}
				<Page parts={parts} tone={tone} />
			</main>
		</NotesPlace>
	);
}

render(<App />, document.getElementById("app"));
