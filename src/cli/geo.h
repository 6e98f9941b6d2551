/* Private to cli/: what the two halves of `geo` share. */
#ifndef PF_CLI_GEO_H
#define PF_CLI_GEO_H

#include "cli/cli.h"
#include "report/addresses.h"

/* The databases and homes of the configuration, loaded here: no daemon is asked. */
struct geo_sources {
	struct config *config;
	struct geo *geo;
	struct now now;
};

/* `geo --audit`. Returns the exit code. */
int geo_audit(const struct cli *cli, const struct geo_sources *sources);

#endif
