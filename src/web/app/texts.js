// Every sentence that people read, in one place.
export const texts = {
	title: "portafilter",
	login: "Password",
	enter: "Log in",
	leave: "Log out",
	firstRun: "No password is set yet. On the machine that runs portafilter, type:",
	firstRunCommand: "portafilter password",
	status: (queries, devices) => `${queries} queries so far, from ${devices} devices of the configuration and others.`,
	failed: "The daemon does not answer.",
};
