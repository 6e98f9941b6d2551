/* The two fences together, see sandbox.h. */
#include "daemon/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define INHERITED "PORTAFILTER_SANDBOX" /* "CALLS LANDLOCK", of the program before this one */

bool sandbox_is_inherited(void)
{
	return getenv(INHERITED);
}

/* True: this program was born in a sandbox. */
static bool inherit(struct sandbox *sandbox)
{
	const char *text = getenv(INHERITED);
	unsigned calls = 0, version = 0;
	bool any = text && sscanf(text, "%u %u", &calls, &version) == 2 && calls <= SANDBOX_CALLS_KILL;
	unsetenv(INHERITED);
	if (!any || (!calls && !version))
		return false;
	sandbox->calls = calls;
	sandbox->landlock = (int)version;
	return true;
}

void sandbox_send(const struct sandbox *sandbox)
{
	char text[32];
	if (!sandbox_is_up(sandbox))
		return;
	snprintf(text, sizeof text, "%d %d", (int)sandbox->calls, sandbox->landlock);
	if (setenv(INHERITED, text, 1))
		log_error("the next program can not be told of its sandbox: out of memory");
}

static void say_missing(struct sandbox *sandbox, bool calls, bool files)
{
	if (!calls && !files)
		return;
	snprintf(sandbox->missing, sizeof sandbox->missing, "%s%s%s",
	         calls ? "calls of the kernel are not fenced (no seccomp in this build or kernel)" : "",
	         calls && files ? "; " : "",
	         files ? "files are not fenced (no Landlock in this kernel)" : "");
	log_warning("sandbox: %s", sandbox->missing);
}

int sandbox_enter(const struct config *config, struct sandbox *sandbox, char *error,
                  size_t error_size)
{
	bool no_calls = false;
	*sandbox = (struct sandbox){.wanted = config->sandbox};
	if (inherit(sandbox)) {
		if (sandbox->calls == SANDBOX_CALLS_REFUSED)
			sandbox_watch_calls();
		if (config->sandbox == CONFIG_SANDBOX_OFF)
			log_warning("`sandbox: off` counts after a restart: what was fenced stays fenced");
		return PF_OK;
	}
	if (config->sandbox == CONFIG_SANDBOX_OFF)
		return PF_OK;
	int result = sandbox_fence_files(config, SANDBOX_OF_DAEMON, &sandbox->landlock);
	if (result == PF_OK) {
		bool kill = config->sandbox == CONFIG_SANDBOX_STRICT;
		result = sandbox_fence_calls(SANDBOX_OF_DAEMON, kill);
		no_calls = result == PF_ENOENT;
		if (result == PF_OK)
			sandbox->calls = kill ? SANDBOX_CALLS_KILL : SANDBOX_CALLS_REFUSED;
	}
	if (result != PF_OK && !no_calls) {
		snprintf(error, error_size,
		         "The sandbox can not be put up: %s. `sandbox: off` does without it.",
		         errno ? strerror(errno) : pf_strerror(result));
		return result;
	}
	say_missing(sandbox, no_calls, !sandbox->landlock);
	return PF_OK;
}

int sandbox_enter_recursor(const struct config *config)
{
	int version;
	if (config->sandbox == CONFIG_SANDBOX_OFF)
		return PF_OK;
	int result = sandbox_fence_files(config, SANDBOX_OF_RECURSOR, &version);
	if (result == PF_OK)
		result = sandbox_fence_calls(SANDBOX_OF_RECURSOR, true);
	return result == PF_ENOENT ? PF_OK : result;
}
