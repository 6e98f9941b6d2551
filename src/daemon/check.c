/* `portafilterd -n`: is this configuration right, with all that it names? */
#include <stdio.h>

#include "daemon/daemon.h"
#include "daemon/state.h"

int daemon_check(const char *config_path)
{
	struct diag diag;
	struct snapshot *snapshot = NULL;
	diag_init(&diag);
	int error = snapshot_build(config_path, 1, clock_now(), &diag, &snapshot);
	/* For a person or an editor, not for the log: FILE:LINE:COLUMN comes first. */
	for (size_t i = 0; i < diag.count; i++) {
		char text[DIAG_TEXT_MAX + 512];
		diag_format(&diag.entries[i], text, sizeof text);
		fprintf(stderr, "%s\n", text);
	}
	if (error == PF_OK)
		fprintf(stderr, "%s is right.\n", config_path);
	else
		fprintf(stderr, "%s is not right: %s.\n", config_path,
		        diag.errors ? "see above" : pf_strerror(error));
	snapshot_free(&snapshot);
	diag_deinit(&diag);
	return error == PF_OK ? 0 : 1;
}
