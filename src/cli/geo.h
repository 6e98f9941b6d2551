/* Private to cli/: what the two halves of `geo` share. */
#ifndef PF_CLI_GEO_H
#define PF_CLI_GEO_H

#include <jansson.h>

#include "cli/cli.h"
#include "geo/geo.h"

/* The databases and homes of the configuration, loaded here: no daemon is asked. */
struct geo_sources {
	struct config *config;
	struct geo *geo;
	struct now now;
};

/* What one address is, with room for it. */
union geo_judged {
	struct answer_facts facts;
	char room[sizeof(struct answer_facts) + sizeof(struct address_facts)];
};
const struct address_facts *geo_judge_one(const struct geo_sources *sources,
                                          const struct addr *addr, union geo_judged *judged);

/* The databases as a document: name, kind, the day of the build, credit. Paths and ages are left out, since they are those of
 * this machine and of today. */
json_t *geo_sources_json(const struct geo_sources *sources);

/* `geo --audit`. Returns the exit code. */
int geo_audit(const struct cli *cli, const struct geo_sources *sources);

#endif
